"""uvicorn's own WebSocket protocol, for the ASGI transport, with the bounds that it lacks."""

import asyncio

import websockets.http11
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tertulia.domain.errors import CloseCode
from tertulia.gateway.guard import MAX_HEAD
from tertulia.gateway.lines import LINGER_SECONDS, bound_buffers, linger

# websockets takes lines of 8 KiB, and a browser sends all its cookies in one; the guard has measured the whole head.
websockets.http11.MAX_LINE_LENGTH = MAX_HEAD


class GuardedSocket(WebSocketsSansIOProtocol):
    """One socket that an ASGI application serves."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        bound_buffers(self.transport)

    def handle_ping(self) -> None:
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set():  # else pongs pile up for a peer that asks and never reads
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
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # refused, and answered: else uvicorn logs an error for each

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)  # a stalled reader never takes the rest
