"""uvicorn's own WebSocket protocol, for the ASGI transport, with the bounds that it lacks."""

import asyncio

import websockets.http11
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from tertulia.domain.errors import CloseCode
from tertulia.gateway.guard import MAX_HEAD
from tertulia.gateway.lines import LINGER_SECONDS, bound_buffers, linger
from tertulia.gateway.transport import is_utf8

# websockets takes lines of 8 KiB, and a browser sends all its cookies in one; the guard has measured the whole head.
websockets.http11.MAX_LINE_LENGTH = MAX_HEAD


class GuardedSocket(WebSocketsSansIOProtocol):
    """One socket that an ASGI application serves."""

    _early = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        bound_buffers(self.transport)

    def data_received(self, data: bytes) -> None:
        """What comes behind the handshake waits for its answer: uvicorn would read it now, and fail if it is wrong."""
        if self.handshake_initiated and not self.handshake_complete:
            self._early += data
            self.transport.pause_reading()
        else:
            super().data_received(data)

    def send_receive_event_to_app(self) -> None:
        """As uvicorn's, but text that is no UTF-8 is no error of ours, and not in the log."""
        data = b"".join(self.frames)
        if self.curr_msg_data_type == "text" and not self.close_sent and not is_utf8(data):
            self.frames = []
            if self.conn.state is State.OPEN:  # else the client's close stands behind it, and is answered
                self.conn.send_close(CloseCode.INVALID_TEXT)
                self.handle_parser_exception()
        else:
            self.frames = [data]
            super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set() and not self.close_sent:  # else pongs pile up for a peer that asks and never reads
            self.transport.write(pong)

    def handle_parser_exception(self) -> None:
        """As uvicorn's, but the code arrives although the client is still sending."""
        told = self.conn.close_sent
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": told.code if told else CloseCode.PROTOCOL})
        self.transport.write(b"".join(self.conn.data_to_send()))
        linger(self.transport, self.connection_lost)

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        self._read_early()
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # refused, and answered: else uvicorn logs an error for each

    def _read_early(self) -> None:
        if self._early and self.handshake_complete and not self.transport.is_closing():
            early, self._early = self._early, b""
            self.transport.resume_reading()
            self.data_received(early)

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)  # a stalled reader never takes the rest
