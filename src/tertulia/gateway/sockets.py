"""A WebSocket on a line taken over from uvicorn: picows reads frames in C, everything is written ready-made.

picows sees only a small, always equal handshake and a `_Line` instead of the transport. So what it cannot do
(long requests, Firefox's `Connection`, giving memory back, bounded closes) never reaches it: docs/adr/0004-takeover.md.
"""

import asyncio
import sys
from collections.abc import Callable
from enum import Enum
from typing import Any

import structlog
from picows import WSAutoPingStrategy, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeResponse
from picows.common import WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in its stub

from tertulia.domain.errors import CloseCode
from tertulia.gateway.admission import Admitted, Goodbye
from tertulia.gateway.lines import LINGER_SECONDS, bound_buffers, linger
from tertulia.gateway.transport import MAX_FRAME, Peer, is_utf8
from tertulia.protocol.frames import Frames

log = structlog.get_logger(__name__)

NO_STATUS = 1005
CUT = 1006

_SMALL_BUFFER = 2 * 1024
_LARGE = 8 * 1024  # picows' read buffer only grows: after this much in one go it gets a new one
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
)
_ANY_KEY = b"dGVydHVsaWF0ZXJ0dWxpYQ=="
_PING = b"\x89\x00"
_SENT_CODES = frozenset([*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)])
"""Close codes that may stand in a frame (RFC 6455, section 7.4)."""
_GONE = Goodbye(CloseCode.NORMAL, "")


class _Stage(Enum):
    """Whose bytes picows writes at the moment."""

    GREETING = 1  # the answer to the handshake
    RENEWING = 2  # the same again, for nobody
    OPEN = 3  # a close frame: the peer broke the protocol


class PicowsTransport(WSListener):
    """The `Transport` of one connection, and what picows tells about its frames."""

    __slots__ = (
        "_closing",
        "_code",
        "_congested",
        "_deadline",
        "_grown",
        "_is_text",
        "_parts",
        "_paused",
        "_peer",
        "_seat",
        "_stage",
        "_underlying",
        "_write",
    )

    def __init__(self, underlying: asyncio.Transport, admitted: Admitted) -> None:
        self._underlying = underlying
        self._write: Callable[[bytes], None] = underlying.write
        self._peer: Peer = admitted.peer
        self._seat = admitted.seat
        self._stage = _Stage.GREETING
        self._closing = False
        self._code = CUT
        self._congested = False
        self._paused = False
        self._grown = False
        self._parts: bytearray | None = None
        self._is_text = True
        self._deadline: asyncio.TimerHandle | None = None

    def begin(self, key: bytes, subprotocol: str | None, early: bytes) -> None:
        """Answer the handshake and open the peer. The line is paused; `early` came right behind the request."""
        self._seat.transport = self
        bound_buffers(self._underlying)
        parser = self._parser(subprotocol)
        self._underlying.set_protocol(parser)  # first: opening may write more than the high water
        _feed(self._underlying, _HANDSHAKE % key)
        _feed(self._underlying, early)
        if not self._paused and not self._underlying.is_closing():
            self._underlying.resume_reading()

    # Transport

    @property
    def unsent(self) -> int:
        return self._underlying.get_write_buffer_size()

    def send(self, frames: Frames) -> None:
        self._write(frames.wire)

    def ping(self) -> None:
        if not self._congested:
            self._write(_PING)

    def pause_reading(self) -> None:
        """Frames that were read before still come: at most what the kernel held."""
        self._paused = not self._closing
        if self._paused and not self._underlying.is_closing():
            self._underlying.pause_reading()

    def resume_reading(self) -> None:
        self._paused = False
        if not self._underlying.is_closing():
            self._underlying.resume_reading()

    def close(self, code: int, reason: str) -> None:
        if not self._closing:
            self._end(close_frame(code, reason))

    def abort(self) -> None:
        self._closing = True
        self._write = _nowhere
        self._underlying.abort()

    # WSListener

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.request.headers.clear()  # picows keeps both for the connection's life
        transport.response.headers.clear()
        if self._stage is _Stage.GREETING:
            self._stage = _Stage.OPEN
            self._tell(lambda: self._peer.opened(self))

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        try:
            if self._closing:
                self._take_late(frame)
            elif frame.rsv1 or frame.rsv2 or frame.rsv3:
                self.close(CloseCode.PROTOCOL, "Extensions are not in use.")
            else:
                self._peer.heard()
                _TAKE[frame.msg_type](self, frame)
        except Exception:
            log.exception("socket.failed")
            self._failed()
        if frame.payload_size > _LARGE or frame.tail_size > _LARGE:
            self._grown = True
        if self._grown and not frame.tail_size:
            self._renew()

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        self._lost(None)

    def pause_writing(self) -> None:
        self._congested = True
        if not self._closing:
            self._tell(self._peer.congested)

    def resume_writing(self) -> None:
        self._congested = False
        if not self._closing:
            self._tell(self._peer.drained)

    # Frames

    def _take_message(self, frame: WSFrame, is_text: bool) -> None:
        if self._parts is not None:
            self.close(CloseCode.PROTOCOL, "A message began inside another one.")
        elif frame.fin:
            self._deliver(frame.get_payload_as_bytes() if is_text else b"", is_text)
        else:
            self._is_text = is_text
            self._parts = bytearray(frame.get_payload_as_memoryview())

    def _take_text(self, frame: WSFrame) -> None:
        self._take_message(frame, True)

    def _take_binary(self, frame: WSFrame) -> None:
        self._take_message(frame, False)

    def _take_continuation(self, frame: WSFrame) -> None:
        parts = self._parts
        if parts is None:
            self.close(CloseCode.PROTOCOL, "A fragment of nothing.")
        elif len(parts) + frame.payload_size > MAX_FRAME:
            self.close(CloseCode.TOO_BIG, "Messages have at most 256 KiB.")
        else:
            parts += frame.get_payload_as_memoryview()
            if frame.fin:
                self._parts = None
                self._deliver(bytes(parts), self._is_text)

    def _deliver(self, payload: bytes, is_text: bool) -> None:
        if not is_text:
            self._peer.received_binary()
        elif is_utf8(payload):
            self._peer.received(payload)
        else:
            self.close(CloseCode.INVALID_TEXT, "Text must be UTF-8.")

    def _take_ping(self, frame: WSFrame) -> None:
        if not self._congested:  # else pongs pile up for a peer that asks and never reads
            self._write(b"\x8a" + frame.payload_size.to_bytes(1, "big") + frame.get_payload_as_bytes())

    def _take_pong(self, frame: WSFrame) -> None:
        """A sign of life, and that was told."""

    def _take_close(self, frame: WSFrame) -> None:
        code = frame.get_payload_as_bytes()[:2]
        if code and int.from_bytes(code, "big") not in _SENT_CODES:
            self.close(CloseCode.PROTOCOL, "There is no such close code.")
            return
        self._code = int.from_bytes(code, "big") if code else NO_STATUS
        self._end(b"\x88" + len(code).to_bytes(1, "big") + code)
        self._underlying.close()

    def _take_late(self, frame: WSFrame) -> None:
        """After our close frame only the peer's counts. What it sends behind that must not reset the line."""
        if frame.msg_type == WSMsgType.CLOSE and self._code == CUT:
            code = int.from_bytes(frame.get_payload_as_bytes()[:2], "big")
            self._code = code if code in _SENT_CODES else NO_STATUS
            self._linger()

    # The end

    def _end(self, last_words: bytes) -> None:
        """Write a close frame, nothing after it; a line that is not down soon is cut (a stalled peer holds memory)."""
        self._write(last_words)
        self._write = _nowhere
        self._closing = True
        self._parts = None
        self.resume_reading()  # else the peer's close is never seen
        self._deadline = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._underlying.abort)

    def _lost(self, _exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._closing = True
        self._write = _nowhere
        peer, self._peer = self._peer, _GONE
        self._seat.leave()
        self._tell(lambda: peer.closed(self._code))

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            log.exception("socket.failed")
            self._failed()

    def _failed(self) -> None:
        self.close(CloseCode.INTERNAL, "Something went wrong here, and it is logged.")

    # picows

    def _parser(self, subprotocol: str | None) -> asyncio.BufferedProtocol:
        extra = {"Sec-WebSocket-Protocol": subprotocol} if subprotocol else None
        response = WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(extra), self)
        parser: asyncio.BufferedProtocol = WSProtocol(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=lambda _request: response,
            logger=_QUIET,
            disconnect_on_exception=True,
            websocket_handshake_timeout=None,
            enable_auto_ping=False,
            auto_ping_idle_timeout=None,
            auto_ping_reply_timeout=None,
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,
            max_frame_size=MAX_FRAME,
            extra_headers=None,
            read_buffer_init_size=_SMALL_BUFFER,
        )
        parser.connection_made(_Line(self))  # type: ignore[arg-type]
        return parser

    def _renew(self) -> None:
        """Give a grown read buffer back. The frame at hand ended what was read, so no byte is inside the old one."""
        if self._closing:
            return
        self._grown = False
        self._stage = _Stage.RENEWING
        parser = self._parser(None)
        _feed_parser(parser, _HANDSHAKE % _ANY_KEY)
        self._stage = _Stage.OPEN
        self._underlying.set_protocol(parser)

    def wrote(self, data: bytes) -> None:
        """Picows writes: see `_Stage`."""
        if self._stage is _Stage.GREETING:
            self._underlying.write(data)
        elif self._stage is _Stage.OPEN:
            self._broken(data)

    def _broken(self, last_words: bytes) -> None:
        """The peer broke the protocol. picows would go on buffering: it is done with this line."""
        self._write(last_words)
        self._write = _nowhere
        self._closing = True
        self._code = int.from_bytes(last_words[2:4], "big")
        self._parts = None
        self._linger()

    def _linger(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        linger(self._underlying, self._lost)


class _NoSocket:
    """What picows takes for its socket: it sets TCP_NODELAY, as uvloop has done already, and asks the rest for a line
    of its log. Each would be a system call, and for uvloop a Python socket made and let go of.
    """

    def fileno(self) -> int:
        return -1

    def getsockopt(self, _level: int, _option: int) -> int:
        return 0

    def setsockopt(self, _level: int, _option: int, _value: int) -> None: ...


_SOCKET = _NoSocket()


class _Line:
    """What picows takes for its transport. It writes through us, and never closes anything."""

    __slots__ = ("_socket",)

    def __init__(self, socket: PicowsTransport) -> None:
        self._socket = socket

    def get_extra_info(self, name: str) -> Any:
        return _SOCKET if name == "socket" else None

    def get_write_buffer_size(self) -> int:
        return 1  # with 0 picows writes to the file descriptor, past what is buffered

    def write(self, data: bytes) -> None:
        self._socket.wrote(bytes(data))

    def close(self) -> None: ...

    def abort(self) -> None: ...


class _Quiet:
    """picows' logger. It has lines for each connection and an error for each bad frame; only its own bugs count."""

    def isEnabledFor(self, _level: int) -> bool:  # noqa: N802 - the name that picows calls
        return False

    def exception(self, message: str, *_args: object) -> None:
        error = sys.exc_info()[1]
        log.error("picows.failed", reason=message, exc_info=error)

    def ignore(self, *_args: object) -> None: ...

    log = debug = info = warning = error = ignore


_QUIET = _Quiet()

_TAKE: dict[WSMsgType, Callable[[PicowsTransport, WSFrame], None]] = {
    WSMsgType.TEXT: PicowsTransport._take_text,
    WSMsgType.BINARY: PicowsTransport._take_binary,
    WSMsgType.CONTINUATION: PicowsTransport._take_continuation,
    WSMsgType.PING: PicowsTransport._take_ping,
    WSMsgType.PONG: PicowsTransport._take_pong,
    WSMsgType.CLOSE: PicowsTransport._take_close,
}


def close_frame(code: int, reason: str) -> bytes:
    """As the server sends it; a reason that is too long for a control frame is cut."""
    payload = code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()
    return b"\x88" + len(payload).to_bytes(1, "big") + payload


def _feed(underlying: asyncio.Transport, data: bytes) -> None:
    """Hand on what was read before; a frame may put another protocol in place at any moment."""
    rest = memoryview(data)
    while rest and not underlying.is_closing():
        protocol = underlying.get_protocol()
        assert isinstance(protocol, asyncio.BufferedProtocol)
        rest = rest[_feed_piece(protocol, rest) :]


def _feed_parser(parser: asyncio.BufferedProtocol, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[_feed_piece(parser, rest) :]


def _feed_piece(protocol: asyncio.BufferedProtocol, data: memoryview) -> int:
    room = memoryview(protocol.get_buffer(len(data)))
    size = min(len(room), len(data))
    room[:size] = data[:size]
    protocol.buffer_updated(size)
    return size


def _nowhere(_data: bytes) -> None:
    """Where a closed connection writes."""
