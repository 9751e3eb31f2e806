"""uvicorn's HTTP protocol with the bounds that it lacks; under both socket transports.

A request's head has at most 16 KiB and 10 seconds, a body may not stall for 30, and nothing is upgraded while
a response is still on its way.
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httptools
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tertulia.domain.errors import Rejection
from tertulia.gateway.admission import Refuse
from tertulia.gateway.lines import linger
from tertulia.gateway.refusals import bytes_of, response_of

MAX_HEAD = 16 * 1024


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Seconds for a request's head, from its first byte, and between two pieces of its body."""

    head: float = 10.0
    stall: float = 30.0


LIMITS = HttpLimits()


class _Fault(Exception):  # noqa: N818
    """Stops the parser in the middle of a request."""


class GuardedHttp(HttpToolsProtocol):
    """One HTTP connection. Sockets go to uvicorn's own implementation, and from there to the ASGI application."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: HttpLimits = LIMITS,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._watch: asyncio.TimerHandle | None = None
        self._in_head = False  # of a request that has begun
        self._in_body = False
        self._refused_upgrade = False
        self._asks_for_socket: bool | None = None
        self._head = 0  # bytes of the head at hand, trailers too
        self._parsed = False  # the parser has told something about the piece at hand
        self._silent = 0  # bytes since it last did: one endless header, which it keeps to itself
        self._arrived = False  # bytes have come since the watch looked
        self._fault: Refuse | None = None

    # The line

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_for(self._limits.head, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)
        self.parser = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Unlike uvicorn's: bytes alone don't end the keep-alive timer, and none behind an upgrade are lost."""
        self._arrived = True
        rest: bytes | None = data
        while rest and self.parser is not None:
            rest = self._feed(rest)
        if self._in_body and self._watch is None:
            self._watch_for(self._limits.stall, self._body_late)

    def _feed(self, data: bytes) -> bytes | None:
        """Parse; what comes back stands behind an upgrade that was not taken."""
        self._parsed = False
        try:
            self.parser.feed_data(data)
            self._count_silence(len(data))
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            if not self._should_upgrade():
                return rest
            self._unwatch()
            self._unset_keepalive_if_required()
            self._upgrade(rest)
        except (httptools.HttpParserError, _Fault):
            self._refuse(self._fault or _refuse("invalid", "This is not HTTP/1.1."))
        return None

    def _upgrade(self, early: bytes) -> None:
        """Hand the line on. `early` came behind the handshake."""
        transport = self.transport
        self.handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment]  # it and we form a ring
        protocol = transport.get_protocol()
        if early and isinstance(protocol, asyncio.Protocol) and not transport.is_closing():
            protocol.data_received(early)

    # What the parser tells

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._parsed = True
        self._head = 0
        self._in_head = True
        self._refused_upgrade = False
        self._asks_for_socket = None
        self._unset_keepalive_if_required()
        if self._watch is None:
            self._watch_for(self._limits.head, self._head_late)

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._parsed = True
        self._in_head = False
        self._unwatch()
        httptools.parse_url(self.url)  # raises here for an upgrade too, of which uvicorn reads the address too late
        if self.parser.should_upgrade() and self._should_upgrade() and (refuse := self._upgrade_fault()):
            self._answer_with(response_of(refuse))
        else:
            super().on_headers_complete()
            if self.parser.should_upgrade() and not self._should_upgrade():
                self.cycle.keep_alive = False  # h2c and the like: answered as HTTP/1.1, and done
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        self._parsed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._parsed = True
        self._in_body = False
        self._unwatch()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_head or self._in_body:  # the next request is here already: this is no idle line
            self._unset_keepalive_if_required()

    def _should_upgrade(self) -> bool:
        if self._asks_for_socket is None:  # asked five times of a head that is complete
            self._asks_for_socket = self._get_upgrade() == b"websocket"
        return self._asks_for_socket and not self._refused_upgrade

    # Bounds

    def _count_head(self, size: int) -> None:
        self._parsed = True
        self._head += size
        if self._head > MAX_HEAD:
            self._stop_large_head()

    def _count_silence(self, size: int) -> None:
        self._silent = 0 if self._parsed else self._silent + size
        if self._silent > MAX_HEAD:
            self._stop_large_head()

    def _stop_large_head(self) -> None:
        body = _refuse("too_large", "A request's head has at most 16 KiB.").body
        self._fault = Refuse(431, {**body, "status": 431})
        raise _Fault

    def _watch_for(self, seconds: float, late: Any) -> None:
        self._arrived = False
        self._watch = self.loop.call_later(seconds, late)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _head_late(self) -> None:
        self._watch = None
        if self._in_head:
            body = _refuse("invalid", "The request did not arrive in time.").body
            self._refuse(Refuse(408, {**body, "status": 408}))
        else:
            self.transport.close()

    def _body_late(self) -> None:
        self._watch = None
        if not self._in_body:
            return
        if self._arrived or self.flow.read_paused:
            self._watch_for(self._limits.stall, self._body_late)
        else:
            self.transport.close()

    # Refusals

    def _upgrade_fault(self) -> Refuse | None:
        """Why this request for a socket is none, if it is none."""
        headers = dict(self.headers)
        if self._pending():
            return _refuse("invalid", "A handshake must not follow a request that is still being answered.")
        if self.parser.get_method() != b"GET" or self.parser.get_http_version() != "1.1":
            return _refuse("invalid", "A handshake is a GET of HTTP/1.1.")
        if b"transfer-encoding" in headers or headers.get(b"content-length", b"0").strip(b"0"):
            return _refuse("invalid", "A handshake has no body.")
        return handshake_fault(headers)

    def _pending(self) -> bool:
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _answer_with(self, app: ASGIApp) -> None:
        """Answer the request at hand with `app`, in its turn, and close."""
        self._refused_upgrade = True
        usual, self.app = self.app, app
        super().on_headers_complete()
        self.app = usual
        self.cycle.keep_alive = False

    def _refuse(self, refuse: Refuse) -> None:
        """Answer now and close; behind a response that is on its way, only close."""
        self._unwatch()
        if self._in_body and not self.pipeline and self.cycle is not None and not self.cycle.response_started:
            self.cycle.disconnected = True  # its application sees a client that left, and its answer goes nowhere
            self.cycle.message_event.set()
        elif self._in_body:
            self.transport.close()
        elif self._pending():
            self.cycle.keep_alive = False
            self.flow.pause_reading()
        if not self.transport.is_closing() and (self._in_body or not self._pending()):
            self.transport.write(bytes_of(refuse))
            linger(self.transport, self.connection_lost)
        self.parser = None  # type: ignore[assignment]


def handshake_fault(headers: Mapping[bytes, bytes]) -> Refuse | None:
    """What RFC 6455 wants to see in a request for a socket."""
    if headers.get(b"sec-websocket-version") != b"13":
        body = _refuse("invalid", "Sec-WebSocket-Version must be 13.").body
        return Refuse(426, {**body, "status": 426}, {"Sec-WebSocket-Version": "13", "Upgrade": "websocket"})
    try:
        nonce = base64.b64decode(headers.get(b"sec-websocket-key", b""), validate=True)
    except binascii.Error:
        nonce = b""
    return None if len(nonce) == 16 else _refuse("invalid", "Sec-WebSocket-Key must be 16 bytes in base64.")


def _refuse(code: str, message: str) -> Refuse:
    return Refuse.of(Rejection(code, message))
