"""Does the takeover work here? Asked once at start, by a handshake and an echo over the loopback.

picows, uvicorn and httptools are pinned together; this is for the day when somebody installs other ones.
"""

import asyncio
from functools import partial
from importlib.metadata import version

from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from tertulia.clock import Clock
from tertulia.gateway.admission import Accept, Admission, UpgradeRequest
from tertulia.gateway.takeover import Takeover
from tertulia.gateway.transport import Transport
from tertulia.protocol.forwarded import Forwarded
from tertulia.protocol.frames import Frames
from tertulia.protocol.origins import Hosts, Origins
from tertulia.tasks import Tasks

CHECK_SECONDS = 3.0

_HANDSHAKE = (
    b"GET /self-check HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_ACCEPTED = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3
_TEXT = b"tertulia"
_FRAME = b"\x81" + bytes([0x80 | len(_TEXT)]) + b"\0\0\0\0" + _TEXT
_ECHO = b"\x81" + bytes([len(_TEXT)]) + _TEXT


class _Echo:
    """The peer of the check."""

    def opened(self, transport: Transport) -> None:
        self._transport = transport

    def received(self, text: bytes) -> None:
        self._transport.send(Frames((text,)))

    def received_binary(self) -> None: ...

    def heard(self) -> None: ...

    def congested(self) -> None: ...

    def drained(self) -> None: ...

    def closed(self, code: int) -> None: ...


async def takeover_fault(clock: Clock) -> str | None:
    """Why the takeover does not work on this machine; None when it does."""
    tasks = Tasks()
    admission = Admission(clock, visitors=Forwarded(), origins=Origins(("*",)), hosts=Hosts(("*",)))
    admission.quiet = True
    admission.register("/self-check", _accept)
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await _echo_through(admission, tasks)
    except Exception as error:  # noqa: BLE001 - any failure at all is the answer
        return f"{type(error).__name__}: {error}"
    finally:
        for transport in admission.transports():
            transport.abort()
        await tasks.close()


def versions() -> dict[str, str]:
    """What the takeover is made of."""
    return {name: version(name) for name in ("picows", "uvicorn", "httptools", "uvloop")}


async def _accept(_request: UpgradeRequest) -> Accept:
    return Accept(_Echo())


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None: ...


async def _echo_through(admission: Admission, tasks: Tasks) -> str | None:
    config = Config(_nothing, log_config=None, access_log=False, ws="none", lifespan="off")
    config.load()
    protocol = partial(Takeover, config, ServerState(), {}, admission=admission, tasks=tasks)
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    try:
        return await _converse(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _converse(port: int) -> str | None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_HANDSHAKE)
        if _ACCEPTED not in await reader.readuntil(b"\r\n\r\n"):
            return "the handshake was not answered"
        writer.write(_FRAME)
        echo = await reader.readexactly(len(_ECHO))
        return None if echo == _ECHO else "the echo was wrong"
    finally:
        writer.close()
