"""TCP lines under sockets: bounded buffers, and an end that arrives."""

import asyncio
import socket
from collections.abc import Callable

from tertulia.gateway.transport import HIGH_WATER

LINGER_SECONDS = 2.0

KERNEL_BUFFER = 256 * 1024
"""Bytes that a socket may hold in the kernel, each way; without a bound it is up to 6 MB."""

_VOID = bytearray(16 * 1024)  # shared: what lands here is never looked at

Lost = Callable[[Exception | None], None]


def bound_buffers(transport: asyncio.Transport) -> None:
    """A slow reader costs us `HIGH_WATER` and what the kernel holds; a fast writer is read in small pieces."""
    transport.set_write_buffer_limits(high=HIGH_WATER)
    line = transport.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)


def linger(transport: asyncio.Transport, lost: Lost, seconds: float = LINGER_SECONDS) -> None:
    """Send what is written and the end of the stream, read until the peer's end or for `seconds`, then cut the line.

    A socket that is closed while the peer still sends is reset, and the reset overtakes what was written last: the
    peer sees a broken line instead of a status or a close code. So the rest is read, into the void, for a moment.
    `transport` belongs to nobody else from now on. `lost` is called once, when the line is down.
    """
    if not transport.is_closing():
        transport.pause_reading()
        transport.set_protocol(_Lingering(transport, lost, seconds))
        if transport.can_write_eof():
            transport.write_eof()
        transport.resume_reading()


class _Lingering(asyncio.BufferedProtocol):
    def __init__(self, transport: asyncio.Transport, lost: Lost, seconds: float) -> None:
        self._lost = lost
        self._deadline = asyncio.get_running_loop().call_later(seconds, transport.abort)

    def get_buffer(self, _sizehint: int) -> bytearray:
        return _VOID

    def buffer_updated(self, nbytes: int) -> None:
        """Nothing is kept."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        self._lost(exc)
