"""picows on uvicorn's port: an upgrade leaves uvicorn, and its line goes on as a `PicowsTransport`."""

import asyncio
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from tertulia.gateway.admission import Admission, Admitted, Refuse
from tertulia.gateway.guard import LIMITS, GuardedHttp, HttpLimits
from tertulia.gateway.lines import linger
from tertulia.gateway.refusals import bytes_of
from tertulia.gateway.sockets import PicowsTransport
from tertulia.tasks import Tasks

_NOBODY = asyncio.Protocol()


class Takeover(GuardedHttp):
    """One HTTP connection that may become a socket. After that nothing of it is left."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        admission: Admission,
        tasks: Tasks,
        limits: HttpLimits = LIMITS,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, limits=limits)
        self._admission = admission
        self._admissions = tasks
        self._early: bytes | None = None

    def data_received(self, data: bytes) -> None:
        if self._early is None:
            super().data_received(data)
        else:
            self._early += data  # read already when reading was paused

    def _upgrade(self, early: bytes) -> None:
        self._early = early
        self.transport.pause_reading()  # what the client sends meanwhile waits in the kernel
        self._admissions.spawn(self._admit(), "socket.admission")

    async def _admit(self) -> None:
        transport = self.transport
        try:
            outcome = await self._ask()
            if isinstance(outcome, Refuse):
                self._turn_away(outcome)
            else:
                self._hand_over(outcome)
        except BaseException:  # the server is going down, or picows is not what it was
            transport.abort()
            raise

    async def _ask(self) -> Refuse | Admitted:
        url = httptools.parse_url(self.url)
        return await self._admission.admit(
            peer=self.client[0] if self.client else "",
            scheme=self.scheme or "http",
            path=unquote((url.path or b"/").decode("latin-1")),
            query=(url.query or b"").decode("latin-1"),
            headers=self.headers,
        )

    def _turn_away(self, refuse: Refuse) -> None:
        if not self.transport.is_closing():
            self.transport.write(bytes_of(refuse))
            linger(self.transport, self.connection_lost)

    def _hand_over(self, admitted: Admitted) -> None:
        transport, key, early = self.transport, dict(self.headers)[b"sec-websocket-key"], self._early or b""
        try:
            if not transport.is_closing():
                transport.set_protocol(_NOBODY)  # uvloop keeps the last `data_received` it was given: not ours
                self._let_go()
                PicowsTransport(transport, admitted).begin(key, admitted.subprotocol, early)
        except BaseException:
            admitted.seat.leave()
            raise
        if admitted.seat.transport is None:
            admitted.seat.leave()

    def _let_go(self) -> None:
        """Cut what uvicorn's protocol holds, and what holds it: parser and cycle each form a ring with it."""
        self.connections.discard(self)
        self.parser = None  # type: ignore[assignment]
        self.cycle = self.flow = self.scope = None  # type: ignore[assignment]
        self.headers = []
