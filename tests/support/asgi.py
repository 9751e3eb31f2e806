"""Small ASGI applications, and a way to ask one below the level of httpx."""

from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = Iterable[tuple[str, str]]


def http_scope(path: str = "/", method: str = "GET", headers: Headers = (), **more: Any) -> Scope:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.7", 5000),
        "headers": raw,
        **more,
    }


async def ask(app: ASGIApp, scope: Scope, chunks: Iterable[bytes] = (b"",)) -> tuple[list[Message], int]:
    """What `app` sends for a body that comes in `chunks`, and how many of these it took."""
    waiting = list(chunks)
    total = len(waiting)
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent, total - len(waiting)


async def echo_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 200 with the body it was sent."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})
