"""A WebSocket as any ASGI server has it: uvicorn without picows, hypercorn, granian, daphne, a test client."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tertulia.domain.errors import CloseCode
from tertulia.gateway.admission import Admission, Admitted, Refuse
from tertulia.gateway.lines import LINGER_SECONDS
from tertulia.gateway.refusals import response_of
from tertulia.gateway.transport import HIGH_WATER, MAX_FRAME
from tertulia.protocol.frames import Frames

log = structlog.get_logger(__name__)

LOW_WATER = HIGH_WATER // 4
MAX_UNSENT = 4 * 1024 * 1024
"""Bytes an outbox may ever hold. A connection gives up on a slow reader long before."""

CUT = 1006


class WithSockets:
    """The ASGI application that adds sockets to `http`."""

    def __init__(self, http: ASGIApp, admission: Admission) -> None:
        self._http = http
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await serve_socket(self._admission, scope, receive, send)
        else:
            await self._http(scope, receive, send)


async def serve_socket(admission: Admission, scope: Scope, receive: Receive, send: Send) -> None:
    """Handle one scope of type `websocket` from its handshake to its end."""
    if (await receive())["type"] != "websocket.connect":
        return
    client = scope.get("client")
    outcome = await admission.admit(
        peer=client[0] if client else "",
        scheme=scope.get("scheme", "ws"),
        path=scope["path"].removeprefix(scope.get("root_path", "")),
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=[(bytes(name), bytes(value)) for name, value in scope["headers"]],
    )
    if not isinstance(outcome, Refuse):
        await AsgiTransport(receive, send, outcome).run()
    elif "websocket.http.response" in (scope.get("extensions") or {}):
        await response_of(outcome)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": CloseCode.PROTOCOL})  # servers make it a 403


class AsgiTransport:
    """The `Transport` of one connection: an outbox that one task empties, while `run` reads."""

    def __init__(self, receive: Receive, send: Send, admitted: Admitted) -> None:
        self._receive = receive
        self._send = send
        self._peer = admitted.peer
        self._seat = admitted.seat
        self._subprotocol = admitted.subprotocol
        self._limit = asyncio.timeout(None)
        self._outbox: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self._readable = asyncio.Event()
        self._readable.set()
        self._unsent = 0
        self._congested = False
        self._last: Message | None = None
        self._code = CUT

    async def run(self) -> None:
        """Accept, open the peer, and return when the line is down."""
        opened = False
        try:
            async with self._limit:
                await self._send({"type": "websocket.accept", "subprotocol": self._subprotocol})
                opened = True
                await self._talk()
        except TimeoutError:
            log.debug("socket.cut")
        except Exception:
            if opened:
                log.exception("socket.failed")
        finally:
            self._closing_words(None)
            self._outbox.clear()  # not with the peer, which may be kept for longer
            self._unsent = 0
            self._seat.leave()
            if opened:
                self._tell(lambda: self._peer.closed(self._code))

    async def _talk(self) -> None:
        self._seat.transport = self
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write_all())
            self._tell(lambda: self._peer.opened(self))
            await self._read_all()
            writer.cancel()

    # Transport

    @property
    def unsent(self) -> int:
        """Bytes that the server has not taken yet; what it holds itself nobody tells."""
        return self._unsent

    def send(self, frames: Frames) -> None:
        if self._last is not None:
            return
        self._outbox.extend(frames.texts)
        self._unsent += frames.size
        self._filled.set()
        if self._unsent > MAX_UNSENT:
            self.abort()
        elif self._unsent > HIGH_WATER and not self._congested:
            self._congested = True
            self._tell(self._peer.congested)

    def ping(self) -> None:
        """An application cannot ping through ASGI. The server does it by itself, and a line that it does not end is
        alive: so this counts as a sign of life.
        """
        if self._last is None:
            self._tell(self._peer.heard)

    def pause_reading(self) -> None:
        if self._last is None:
            self._readable.clear()

    def resume_reading(self) -> None:
        self._readable.set()

    def close(self, code: int, reason: str) -> None:
        if self._last is None:
            reason = reason.encode()[:123].decode(errors="ignore")
            self._closing_words({"type": "websocket.close", "code": int(code), "reason": reason})
            self._cut_in(LINGER_SECONDS)

    def abort(self) -> None:
        """What the server holds already it may go on sending: ASGI has no way to cut a line, only to leave it."""
        self._closing_words({})
        self._outbox.clear()
        self._cut_in(0)

    def _closing_words(self, last: Message | None) -> None:
        self._last = self._last or last or {}
        self._filled.set()
        self._readable.set()

    def _cut_in(self, seconds: float) -> None:
        with suppress(RuntimeError):  # the line is down already
            self._limit.reschedule(asyncio.get_running_loop().time() + seconds)

    # The two halves

    async def _write_all(self) -> None:
        try:
            while self._last is None or self._outbox:
                await self._write_next()
            if self._last:
                await self._send(self._last)
        except Exception:  # noqa: BLE001 - each server has its own for a line that is down
            self.abort()

    async def _write_next(self) -> None:
        if not self._outbox:
            self._filled.clear()
            await self._filled.wait()
            return
        text = self._outbox.popleft()
        await self._send({"type": "websocket.send", "text": text.decode()})
        self._unsent -= len(text)
        if self._congested and self._unsent <= LOW_WATER:
            self._congested = False
            self._tell(self._peer.drained)

    async def _read_all(self) -> None:
        while True:
            await self._readable.wait()
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._code = message.get("code") or CUT
                return
            if self._last is None:
                self._take(message)

    def _take(self, message: Message) -> None:
        self._tell(self._peer.heard)
        text = message.get("text")
        payload = message.get("bytes") or b"" if text is None else text.encode(errors="replace")
        if len(payload) > MAX_FRAME:
            self.close(CloseCode.TOO_BIG, "Messages have at most 256 KiB.")
        elif text is None:
            self._tell(self._peer.received_binary)
        else:
            self._tell(lambda: self._peer.received(payload))

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            log.exception("socket.failed")
            self.close(CloseCode.INTERNAL, "Something went wrong here, and it is logged.")
