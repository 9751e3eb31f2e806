"""A real uvicorn with a real socket endpoint in the test's loop, and a client that can send any bytes."""

import asyncio
import base64
import hashlib
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tertulia.clock import SystemClock
from tertulia.gateway.admission import Accept, Admission, Decision, Endpoint, UpgradeRequest
from tertulia.gateway.asgi import WithSockets
from tertulia.gateway.guard import HttpLimits
from tertulia.gateway.server import Server, build_uvicorn
from tertulia.gateway.sockets import PicowsTransport
from tertulia.gateway.transport import Transport
from tertulia.protocol.forwarded import Forwarded
from tertulia.protocol.frames import Frames
from tertulia.protocol.origins import Hosts, Origins

Kind = Literal["picows", "asgi"]

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA
MASK = b"\x37\xfa\x21\x3d"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = base64.b64encode(hashlib.sha1(KEY.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


class RecordingPeer:
    """Remembers what the transport told, in order; answers each text with itself if `echo`."""

    def __init__(self, *, echo: bool = False, pause_when_congested: bool = False) -> None:
        self.told: list[Any] = []
        self.signs = 0
        self.transport: Transport = None  # type: ignore[assignment]
        self._echo = echo
        self._pause = pause_when_congested
        self._changed = asyncio.Event()

    def opened(self, transport: Transport) -> None:
        self.transport = transport
        self._note("opened")

    def received(self, text: bytes) -> None:
        self._note(text)
        if self._echo:
            self.transport.send(Frames((text,)))

    def received_binary(self) -> None:
        self._note("binary")

    def heard(self) -> None:
        self.signs += 1
        self._changed.set()

    def congested(self) -> None:
        self._note("congested")
        if self._pause:
            self.transport.pause_reading()

    def drained(self) -> None:
        self._note("drained")
        if self._pause:
            self.transport.resume_reading()

    def closed(self, code: int) -> None:
        self._note(("closed", code))

    @property
    def texts(self) -> list[bytes]:
        return [told for told in self.told if isinstance(told, bytes)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when `condition` holds, looked at after each thing told."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def until_told(self, what: object) -> None:
        await self.until(lambda: what in self.told)

    async def until_closed(self) -> int:
        """The code."""
        await self.until(lambda: bool(self.told) and isinstance(self.told[-1], tuple))
        code: int = self.told[-1][1]
        return code

    def _note(self, what: object) -> None:
        self.told.append(what)
        self._changed.set()


def accepting(peer: Any, subprotocol: str | None = None) -> Endpoint:
    async def endpoint(_request: UpgradeRequest) -> Decision:
        return Accept(peer, subprotocol)

    return endpoint


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True

    @property
    def code(self) -> int:
        """Of a close frame."""
        return int.from_bytes(self.payload[:2], "big")


@dataclass
class RawSocket:
    """One TCP connection. Nothing is checked, nothing is answered by itself."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, path: str = "/ws", *, early: bytes = b"", **options: Any) -> Response:
        """A handshake and its answer. Options: see `handshake`."""
        await self.send(handshake(path, **options) + early)
        return await self.response()

    async def response(self) -> Response:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Response(int(head[0].split()[1]), headers, body)

    async def frame(self) -> Frame:
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8), "big")
        return Frame(first & 0x0F, await self.reader.readexactly(size), bool(first & 0x80))

    async def text(self, payload: bytes | str) -> None:
        await self.send(frame(TEXT, payload.encode() if isinstance(payload, str) else payload))

    async def close_code(self) -> int:
        """Read to the close frame; what comes before it is skipped."""
        while True:
            got = await self.frame()
            if got.opcode == CLOSE:
                return got.code

    async def ended(self) -> bool:
        """Wait for the end of the line; False if bytes came instead."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    async def until_stuck(self) -> None:
        """Return when nothing more of what was written is taken from us."""
        transport, before = self.writer.transport, -1
        while (left := transport.get_write_buffer_size()) != before:
            before = left
            await SystemClock().sleep(0.02)

    def shut(self) -> None:
        """End it, as a program that exits does."""
        self.writer.close()

    def cut(self) -> None:
        """Reset it."""
        self.writer.transport.abort()


async def connected(port: int, *, receive_buffer: int | None = None) -> RawSocket:
    """A line to `port`. `receive_buffer` bounds what the kernel takes for a client that does not read."""
    sock = socket.create_connection(("127.0.0.1", port))
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    limit = receive_buffer or 2**20  # what the client's own stream takes before it stops reading
    return RawSocket(*await asyncio.open_connection(sock=sock, limit=limit))


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """A frame as a client sends it, or breaks it."""
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    size, mark = len(payload), 0x80 if masked else 0
    if size < 126:
        head = first + bytes([mark | size])
    elif size < 65_536:
        head = first + bytes([mark | 126]) + size.to_bytes(2, "big")
    else:
        head = first + bytes([mark | 127]) + size.to_bytes(8, "big")
    return head + (MASK + _xor(payload) if masked else payload)


def _xor(payload: bytes) -> bytes:
    size = len(payload)
    mask = (MASK * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def handshake(
    path: str = "/ws",
    *,
    headers: Iterable[tuple[str, str]] = (),
    connection: str = "Upgrade",
    method: str = "GET",
    version: str = "13",
    key: str = KEY,
    http: str = "HTTP/1.1",
) -> bytes:
    lines = [
        f"{method} {path} {http}",
        "Host: localhost",
        "Upgrade: websocket",
        f"Connection: {connection}",
        f"Sec-WebSocket-Version: {version}",
        f"Sec-WebSocket-Key: {key}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@dataclass
class Running:
    """A server, and the clients that a test opened at it."""

    server: Server
    admission: Admission
    _clients: list[RawSocket] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.port

    async def connect(self, *, receive_buffer: int | None = None) -> RawSocket:
        """See `connected`; cut when the server stops."""
        client = await connected(self.port, receive_buffer=receive_buffer)
        self._clients.append(client)
        return client

    async def open(self, path: str = "/ws", **options: Any) -> RawSocket:
        """A client whose handshake was accepted."""
        client = await self.connect()
        assert (await client.ask(path, **options)).status == 101
        return client

    async def stop(self) -> None:
        """At once, without uvicorn's manners: they take 200 ms a test."""
        for client in self._clients:
            client.cut()
        for listener in self.server.servers:
            listener.close()
        for transport in self.admission.transports():
            transport.abort()
        for connection in list(self.server.server_state.connections):
            connection.transport.abort()
        await until(lambda: not self.admission.open and not self.server.server_state.connections)
        await asyncio.gather(*self.server.server_state.tasks, return_exceptions=True)


def open_admission(**options: Any) -> Admission:
    """Admits everybody from everywhere, unless told otherwise."""
    rules: dict[str, Any] = {"visitors": Forwarded(), "origins": Origins(("*",)), "hosts": Hosts(("*",)), **options}
    return Admission(SystemClock(), **rules)


async def plain_http(scope: Scope, receive: Receive, send: Send) -> None:
    """The HTTP side of a test server: reads the body and says how long it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await PlainTextResponse(str(size))(scope, receive, send)


@asynccontextmanager
async def socket_server(
    kind: Kind,
    endpoint: Endpoint | None = None,
    *,
    admission: Admission | None = None,
    http: ASGIApp = plain_http,
    limits: HttpLimits | None = None,
) -> AsyncIterator[Running]:
    """uvicorn on a free port with `endpoint` at `/ws`."""
    admission = admission or open_admission()
    if endpoint is not None:
        admission.register("/ws", endpoint)
    server = build_uvicorn(
        WithSockets(http, admission),
        admission,
        SystemClock(),
        host="127.0.0.1",
        port=0,
        sockets=kind,
        lifespan="off",
        http_limits=limits or HttpLimits(),
    )
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    running = Running(server, admission)
    try:
        yield running
    finally:
        await running.stop()


async def until(condition: Callable[[], bool]) -> None:
    """For what nobody tells: looks every few milliseconds."""
    async with asyncio.timeout(10):
        while not condition():
            await SystemClock().sleep(0.005)


async def turn() -> None:
    """Let everything else run once."""
    await SystemClock().sleep(0)


def underlying(running: Running, peer: RecordingPeer) -> asyncio.Transport:
    """The TCP transport that the only socket of `running` writes to."""
    transport: Any = peer.transport
    if isinstance(transport, PicowsTransport):
        return transport._underlying
    [connection] = running.server.server_state.connections
    return connection.transport
