"""What only the ASGI transport has: a server of which nothing is known but the interface; and four real ones."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from support.sockets import CLOSE, RawSocket, RecordingPeer, accepting, frame, open_admission, until
from tertulia.gateway.asgi import MAX_UNSENT, AsgiTransport, serve_socket
from tertulia.gateway.transport import HIGH_WATER, MAX_FRAME
from tertulia.protocol.frames import Frames

BIG = Frames((b"x" * 50_000,))


class FakeServer:
    """The two callables of ASGI. `gate` shut: the client reads nothing."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.incoming.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> Message:
        return await self.incoming.get()

    async def send(self, message: Message) -> None:
        await self.gate.wait()
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self.incoming.put_nowait({"type": "websocket.disconnect", "code": message["code"]})

    def text(self, text: str | None, **more: Any) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": text, **more})

    def leave(self, code: int) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect", "code": code})


@asynccontextmanager
async def served(server: FakeServer, peer: RecordingPeer, **scope: Any) -> AsyncIterator[None]:
    admission = open_admission()
    admission.register("/ws", accepting(peer))
    given = {"type": "websocket", "path": "/ws", "headers": [(b"host", b"localhost")], **scope}
    async with asyncio.TaskGroup() as group:
        task = group.create_task(serve_socket(admission, given, server.receive, server.send))
        yield
        server.leave(1001)
        await asyncio.wait_for(task, 5)
    assert admission.open == 0


async def test_the_outbox_is_bounded() -> None:
    server, peer = FakeServer(), RecordingPeer()
    async with served(server, peer):
        await peer.until_told("opened")
        server.gate.clear()
        while peer.transport.unsent <= HIGH_WATER:
            peer.transport.send(BIG)
        assert peer.told == ["opened", "congested"]
        for _ in range(MAX_UNSENT // 50_000 + 2):
            peer.transport.send(BIG)
        assert await peer.until_closed() == 1006
        assert peer.transport.unsent <= MAX_UNSENT + 50_000


async def test_drained_once_the_server_takes_again() -> None:
    server, peer = FakeServer(), RecordingPeer()
    async with served(server, peer):
        await peer.until_told("opened")
        server.gate.clear()
        for _ in range(3):
            peer.transport.send(BIG)
        server.gate.set()
        await peer.until_told("drained")
        await until(lambda: peer.transport.unsent == 0)
        assert peer.told == ["opened", "congested", "drained"]


async def test_what_was_sent_goes_out_before_the_close() -> None:
    server, peer = FakeServer(), RecordingPeer()
    async with served(server, peer):
        await peer.until_told("opened")
        peer.transport.send(Frames((b"one", b"two")))
        peer.transport.close(4001, "Enough.")
        peer.transport.send(Frames((b"three",)))
        assert await peer.until_closed() == 4001
    types = [message["type"] for message in server.sent]
    assert types == ["websocket.accept", "websocket.send", "websocket.send", "websocket.close"]
    assert [message["text"] for message in server.sent[1:3]] == ["one", "two"]
    assert (server.sent[3]["code"], server.sent[3]["reason"]) == (4001, "Enough.")


async def test_a_ping_counts_as_heard() -> None:
    server, peer = FakeServer(), RecordingPeer()
    async with served(server, peer):
        await peer.until_told("opened")
        before = peer.signs
        peer.transport.ping()
        assert peer.signs == before + 1


async def test_both_ways_of_saying_text_and_binary() -> None:
    server, peer = FakeServer(), RecordingPeer()
    async with served(server, peer):
        server.text("a", bytes=None)
        server.text(None, bytes=b"b")
        server.incoming.put_nowait({"type": "websocket.receive", "bytes": b"c"})
        server.incoming.put_nowait({"type": "websocket.receive", "text": "ñ"})
        await peer.until_told("ñ".encode())
        assert peer.told == ["opened", b"a", "binary", "binary", "ñ".encode()]


@pytest.mark.parametrize("message", [{"text": "ñ" * (MAX_FRAME // 2 + 1)}, {"bytes": b"x" * (MAX_FRAME + 1)}])
async def test_a_server_without_a_bound_on_messages(message: dict[str, Any]) -> None:
    server, peer = FakeServer(), RecordingPeer()
    async with served(server, peer):
        server.incoming.put_nowait({"type": "websocket.receive", **message})
        assert await peer.until_closed() == 1009


async def test_a_server_that_raises_when_the_client_is_gone() -> None:
    class Raising(FakeServer):
        async def send(self, message: Message) -> None:
            if message["type"] == "websocket.send":
                raise OSError
            await super().send(message)

    peer = RecordingPeer()
    async with served(Raising(), peer):
        await peer.until_told("opened")
        peer.transport.send(BIG)
        assert await peer.until_closed() == 1006


async def test_a_client_that_left_before_it_was_accepted() -> None:
    class Gone(FakeServer):
        async def send(self, message: Message) -> None:
            raise OSError

    peer = RecordingPeer()
    async with served(Gone(), peer):
        pass
    assert peer.told == []


async def test_a_refusal_where_the_server_knows_no_responses() -> None:
    server = FakeServer()
    async with served(server, RecordingPeer(), path="/nowhere"):
        await until(lambda: bool(server.sent))
    assert [message["type"] for message in server.sent] == ["websocket.close"]


async def test_a_refusal_as_a_response() -> None:
    server = FakeServer()
    async with served(server, RecordingPeer(), path="/nowhere", extensions={"websocket.http.response": {}}):
        await until(lambda: len(server.sent) == 2)
    assert server.sent[0]["type"] == "websocket.http.response.start"
    assert server.sent[0]["status"] == 404


async def test_mounted_below_a_path() -> None:
    server, peer = FakeServer(), RecordingPeer()
    async with served(server, peer, path="/chat/ws", root_path="/chat"):
        await peer.until_told("opened")


async def test_the_server_cancels() -> None:
    server, peer = FakeServer(), RecordingPeer()
    admission = open_admission()
    admission.register("/ws", accepting(peer))
    scope = {"type": "websocket", "path": "/ws", "headers": []}
    task = asyncio.get_running_loop().create_task(serve_socket(admission, scope, server.receive, server.send))
    await peer.until_told("opened")
    assert isinstance(peer.transport, AsgiTransport)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert peer.told == ["opened", ("closed", 1006)]
    assert admission.open == 0


SERVERS = {
    "uvicorn": ["uvicorn", "support.smoke_app:app", "--host", "127.0.0.1", "--port", "{port}"],
    "hypercorn": ["hypercorn", "support.smoke_app:app", "--bind", "127.0.0.1:{port}"],
    "granian": ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}", "support.smoke_app:app"],
    "daphne": ["daphne", "-b", "127.0.0.1", "-p", "{port}", "support.smoke_app:app"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVERS)
async def test_any_asgi_server_carries_sockets(name: str, tmp_path: Path) -> None:
    port = _free_port()
    command = [part.format(port=port) for part in SERVERS[name]]
    tests = Path(__file__).parent.parent
    with (tmp_path / "out").open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, env={**os.environ, "PYTHONPATH": str(tests)}, stdout=out, stderr=out
        )
    try:
        async with asyncio.timeout(30):
            await until_open(port)
            await _talk(port)
    except BaseException:
        print((tmp_path / "out").read_text())  # noqa: T201 - shown when it failed
        raise
    finally:
        process.terminate()
        await process.wait()


async def _talk(port: int) -> None:
    client = RawSocket(*await asyncio.open_connection("127.0.0.1", port))
    response = await client.ask(headers=[("Sec-WebSocket-Protocol", "tertulia.v1, bearer.x")])
    assert (response.status, response.headers["sec-websocket-protocol"]) == (101, "tertulia.v1")
    await client.text("¡hola!")
    assert (await client.frame()).payload.decode() == "¡hola!"
    await client.send(frame(CLOSE, (1000).to_bytes(2, "big")))
    assert await client.close_code() == 1000
    client.shut()
    refused = RawSocket(*await asyncio.open_connection("127.0.0.1", port))
    assert (await refused.ask("/closed")).status == 403
    refused.shut()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def until_open(port: int) -> None:
    def is_open() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    await until(is_open)
