"""uvicorn's own WebSocket protocol, for the ASGI transport, with the bounds that it lacks."""

import websockets.http11
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tertulia.gateway.guard import MAX_HEAD
from tertulia.gateway.lingering import LINGER_SECONDS

# websockets takes lines of 8 KiB, and a browser sends all its cookies in one; the guard has measured the whole head.
websockets.http11.MAX_LINE_LENGTH = MAX_HEAD


class GuardedSocket(WebSocketsSansIOProtocol):
    """One socket that an ASGI application serves."""

    def handle_ping(self) -> None:
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set():  # else pongs pile up for a peer that asks and never reads (E11)
            self.transport.write(pong)

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)  # a stalled reader never takes the rest (E12)
