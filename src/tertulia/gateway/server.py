"""uvicorn, as Tertulia runs it: which protocol reads the port, and how it goes down."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Literal, cast

import structlog
import uvicorn
from starlette.types import ASGIApp

from tertulia.clock import Clock
from tertulia.domain.errors import CloseCode
from tertulia.gateway.admission import Admission
from tertulia.gateway.guard import LIMITS, GuardedHttp, HttpLimits
from tertulia.gateway.heartbeat import PING_SECONDS
from tertulia.gateway.sansio import GuardedSocket
from tertulia.gateway.selfcheck import takeover_fault, versions
from tertulia.gateway.takeover import Takeover
from tertulia.gateway.transport import MAX_FRAME
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

Sockets = Literal["auto", "picows", "asgi"]
"""`auto`: picows if it passes its self-check, else plain ASGI with a warning."""

KEEP_ALIVE_SECONDS = 75
"""Longer than the usual proxy keeps an idle line (60), so that it is the proxy who closes it."""

HOOK_SECONDS = 5.0
SOCKET_SECONDS = 2.5
HTTP_SECONDS = 2


class Server(uvicorn.Server):
    """Runs in the caller's event loop: `await server.serve()`. `listening` is set when the port is open."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        admission: Admission,
        clock: Clock,
        sockets: Sockets,
        on_shutdown: Callable[[], Coroutine[Any, Any, None]] | None,
        drain_seconds: float,
        http_limits: HttpLimits,
    ) -> None:
        super().__init__(config)
        self._admission = admission
        self._clock = clock
        self._tasks = Tasks()
        self._on_shutdown = on_shutdown
        self._drain_seconds = drain_seconds
        self._http_limits = http_limits
        self.sockets = sockets
        """What reads the sockets; `auto` until it is decided at start."""
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.sockets == "auto":
            self.sockets = await self._choose()
        self.config.http_protocol_class = self._protocol()
        await super().startup(sockets)
        self.listening.set()

    @property
    def port(self) -> int:
        """The one that is listened on, also when 0 was asked for."""
        number: int = self.servers[0].sockets[0].getsockname()[1]
        return number

    def end_at_once(self) -> None:
        """As a signal does, but no load balancer is waited for."""
        self._drain_seconds = 0
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """In all under 10 seconds, but for `drain_seconds`: HTTP ends last, since sockets are what holds it up."""
        self._admission.drain()
        if self._drain_seconds and not self.force_exit:
            await self._clock.sleep(self._drain_seconds)
        for server in self.servers:
            server.close()
        if self._on_shutdown is not None:
            await self._within(self._on_shutdown(), HOOK_SECONDS, "shutdown.hook")
        await self._tasks.close()  # handshakes that wait for their decision
        await self._within(self._end_sockets(), SOCKET_SECONDS, "shutdown.sockets")
        for transport in self._admission.transports():
            transport.abort()
        await super().shutdown(sockets)

    async def _choose(self) -> Sockets:
        fault = await takeover_fault(self._clock)
        if fault is None:
            return "picows"
        log.warning("sockets.fallback", reason=fault, **versions())
        return "asgi"

    def _protocol(self) -> type[asyncio.Protocol]:
        """uvicorn wants a class, and only ever calls it."""
        protocol: Any = partial(Takeover, admission=self._admission, tasks=self._tasks, limits=self._http_limits)
        if self.sockets == "asgi":
            protocol = partial(GuardedHttp, limits=self._http_limits)
        return cast("type[asyncio.Protocol]", protocol)

    async def _end_sockets(self) -> None:
        """Close those that the hook left open, and wait until all are down."""
        for transport in self._admission.transports():
            transport.close(CloseCode.RESTART, "The server restarts.")
        while self._admission.transports():
            await self._clock.sleep(0.05)

    async def _within(self, work: Coroutine[Any, Any, None], seconds: float, name: str) -> None:
        """Give `work` its time, or less: a second Ctrl+C ends everything."""
        task = self._tasks.spawn(work, name)
        deadline = self._clock.monotonic() + seconds
        while not task.done() and not self.force_exit and self._clock.monotonic() < deadline:
            await asyncio.wait({task}, timeout=0.1)
        if not task.done():
            task.cancel()
            log.warning("shutdown.late", what=name)


def build_uvicorn(  # noqa: PLR0913
    app: ASGIApp,
    admission: Admission,
    clock: Clock,
    *,
    host: str,
    port: int,
    sockets: Sockets = "auto",
    on_shutdown: Callable[[], Coroutine[Any, Any, None]] | None = None,
    drain_seconds: float = 0,
    http_limits: HttpLimits = LIMITS,
    lifespan: Literal["auto", "on", "off"] = "on",
    ssl_certfile: str | None = None,
    ssl_keyfile: str | None = None,
) -> Server:
    """`app` serves HTTP, and with `sockets="asgi"` its `websocket` scopes (see `asgi.WithSockets`).

    `on_shutdown` runs when the port is closed and before anything else ends: it drains, says goodbye and closes
    sockets, within 5 seconds. For `drain_seconds` before that the port stays open while `admission.draining` is
    set, so that load balancers notice.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=GuardedHttp,
        ws=GuardedSocket,
        ws_max_size=MAX_FRAME,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        lifespan=lifespan,
        log_config=None,
        log_level="warning",  # below it, uvicorn prints query strings
        access_log=False,
        server_header=False,
        proxy_headers=False,  # ours are read in one place: protocol.forwarded
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=HTTP_SECONDS,
        ssl_certfile=ssl_certfile,
        ssl_keyfile=ssl_keyfile,
    )
    return Server(
        config,
        admission=admission,
        clock=clock,
        sockets=sockets,
        on_shutdown=on_shutdown,
        drain_seconds=drain_seconds,
        http_limits=http_limits,
    )
