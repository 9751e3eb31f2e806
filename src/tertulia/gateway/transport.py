"""Between a connection and the line: the interface that both transports have (picows, ASGI).

The transport parses nothing and decides nothing; the connection touches no socket.
"""

from typing import Protocol

from tertulia.protocol.frames import Frames

HIGH_WATER = 64 * 1024
"""Unsent bytes above which a connection counts as congested."""

MAX_FRAME = 256 * 1024
"""Bytes of a frame from a client, fragments joined; more ends the connection with 1009."""


class Transport(Protocol):
    """One live WebSocket, owned by one `Peer`. No method blocks or raises; after `close` or `abort` all do nothing."""

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken yet."""

    def send(self, frames: Frames) -> None:
        """Write now, in order with all that was sent before."""

    def ping(self) -> None:
        """Send a WebSocket ping; the pong counts as a sign of life (`Peer.heard`)."""

    def pause_reading(self) -> None:
        """Take nothing more from the line until `resume_reading`."""

    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; if the line is not down 2 seconds later, abort it."""

    def abort(self) -> None:
        """Cut the line at once; unsent bytes are freed."""


class Peer(Protocol):
    """What a transport calls: a connection. All methods are plain and never raise."""

    def opened(self, transport: Transport) -> None:
        """The handshake is done. Called once, first."""

    def received(self, text: bytes) -> None:
        """One whole text message (UTF-8, checked), fragments joined."""

    def received_binary(self) -> None:
        """One whole binary message; its content is not for us."""

    def heard(self) -> None:
        """Any sign of life: a frame, a ping, a pong."""

    def congested(self) -> None:
        """More than `HIGH_WATER` bytes are unsent. Called at each crossing."""

    def drained(self) -> None:
        """The unsent bytes are few again."""

    def closed(self, code: int) -> None:
        """The line is down. Called once, last. `code`: the peer's, or 1006 when the line was cut."""


def is_utf8(payload: bytes) -> bool:
    """Whether it may be the payload of a text frame."""
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
