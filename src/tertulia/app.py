"""One node of the server: what was put together (composition), started, drained and stopped."""

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
import uvloop

from tertulia.broker.broker import Broker
from tertulia.clock import Clock, SystemClock
from tertulia.composition.core import build_core
from tertulia.composition.edges import Edges
from tertulia.composition.services import build_services
from tertulia.domain.events import Changed, RoomBatch
from tertulia.gateway.server import Server, build_uvicorn
from tertulia.logs import set_up_logs
from tertulia.refusal import Refusal
from tertulia.services.neighbours import Neighbours
from tertulia.services.retention import Retention
from tertulia.settings import Settings
from tertulia.storage.schema import HEAD, State, state_in

log = structlog.get_logger(__name__)

FIRST_ROOM = "general"
GOODBYE_SPREAD = 10.0
"""Seconds over which clients are asked to spread their return after a restart."""


class Application:
    """One node. The database must be migrated already; `settings.secret_key` must be set. `broker`: to the others."""

    def __init__(self, settings: Settings, clock: Clock | None = None, broker: Broker | None = None) -> None:
        core = build_core(settings, clock or SystemClock(), self._repair, self._deliver)
        composed = build_services(core)
        edges = Edges(core, composed.services)
        self.settings, self.clock, self.metrics, self.tasks = core.settings, core.clock, core.metrics, core.tasks
        self.db, self.hub, self.committer, self.lease = core.db, core.hub, core.committer, core.lease
        self.tokens, self.words, self.passwords, self.mail = core.tokens, core.words, core.passwords, core.mail
        self.services, self.deliveries, self.jwks = composed.services, composed.deliveries, composed.jwks
        self.gateway, self.lines, self.admission, self.asgi = edges.gateway, edges.lines, edges.admission, edges.asgi
        self.readiness = edges.readiness
        self.retention = Retention(self.db, self.committer, self.clock, days=settings.retention_days)
        self.neighbours = Neighbours(
            broker,
            self.hub,
            self.db,
            self.clock,
            self.tasks,
            self.services,
            resync=edges.resync,
            version=self.gateway.version,
            forget=self.committer.forget_users,
            refresh=self.deliveries.refresh,
        )

    # Events.

    def _deliver(self, batches: list[RoomBatch]) -> None:
        """What a transaction did, to everybody on this node, to the other nodes, and to webhooks."""
        self.neighbours.deliver(batches)
        self.deliveries.nudge()

    async def _repair(self, room: int, after: int) -> tuple[int, Sequence[Changed] | None] | None:
        """What the hub missed of a room. Bound late: the services are made after the hub."""
        return await self.services.rooms.missed(room, after)

    # Life.

    async def start(self) -> None:
        """Ready to serve when this returns."""
        if await self.db.read(state_in) is State.AHEAD:
            log.warning("database.newer", schema_of_this_version=HEAD, hint="take the version that made it soon")
        await self.services.history.begin()
        self.tokens.bind(self.services.history.installation, self.services.history.server)
        await self.services.sessions.load()
        await self.services.keys.load()
        await self.words.load()
        await self.services.avatars.start()
        if self.jwks is not None:
            self.jwks.start()
        await self._first_room()
        await self.neighbours.start()
        for work, name in (
            (self.services.sessions.upkeep(), "sessions"),
            (self.services.keys.upkeep(), "api keys"),
            (self.services.recovery.upkeep(), "recovery"),
            (self.services.receipts.run(), "receipts"),
            (self.services.typing.run(), "typing"),
            (self.services.erasure.run(), "erasure"),
            (self.retention.run(), "retention"),
            (self.services.presence.run(), "presence"),
            (self.deliveries.run(), "webhooks"),
            (self.services.rooms.purge_again_and_again(self.clock), "purge"),
            (self.gateway.wheel.run(), "wheel"),
            (self.neighbours.sweep.run(), "sweep"),
            (self.services.history.watch(), "history"),
            (self._live(), "life"),
        ):
            self.tasks.spawn(work, name)

    async def _first_room(self) -> None:
        """A new installation has one room, so that there is somewhere to talk."""
        history, what = self.services.history, f"room {FIRST_ROOM}"
        if not await history.is_done(what):
            await self.services.rooms.create_first(FIRST_ROOM)
            await history.mark_done(what)

    async def _live(self) -> None:
        while True:
            self.lease.beat()
            self.metrics.queue_depth.labels("committer").set(self.committer.waiting)
            self.metrics.queue_depth.labels("reads").set(self.db.reads_waiting)
            self.metrics.queue_depth.labels("writes").set(self.db.writer.waiting)
            if self.mail is not None:
                self.metrics.queue_depth.labels("mail").set(self.mail.waiting)
            await self.clock.sleep(1)

    def on_history_lost(self, end: Callable[[], None]) -> None:
        """`end` is called when the database went on without something that was there; to be called after the start."""
        self.tasks.spawn(self._end(end), "end")

    async def _end(self, end: Callable[[], None]) -> None:
        await self.db.writer.history_lost.wait()
        end()

    async def drain(self) -> None:
        """Take nothing new, answer what waits, say goodbye to everybody."""
        self.readiness.set_draining()
        self.admission.drain()
        await self.committer.close()
        await self.services.receipts.flush()
        await self.gateway.close(spread=GOODBYE_SPREAD)
        self.services.attendance.close()
        await self.lines.close()

    async def stop(self) -> None:
        """Everything is written and let go of when this returns."""
        await self.committer.close()
        await self.neighbours.leave()
        await self.deliveries.close()
        await self.tasks.close()
        if self.mail is not None:
            await self.mail.close()
        await self.services.keys.flush()
        await self.services.presence.flush()
        await self.services.receipts.flush()
        await asyncio.to_thread(self.db.close)
        self.passwords.close()
        self.services.avatars.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Application"]:
        """Started and stopped, without a port: for commands and tests."""
        await self.start()
        try:
            yield self
        finally:
            await self.drain()
            await self.stop()

    def server(self) -> Server:
        """A uvicorn for this application; start it before serving."""
        return build_uvicorn(
            self.asgi,
            self.admission,
            self.clock,
            host=self.settings.host,
            port=self.settings.port,
            sockets=self.settings.sockets,
            on_shutdown=self.drain,
            drain_seconds=self.settings.drain_seconds,
            lifespan="off",
        )


def serve(settings: Settings, listeners: list[socket.socket]) -> None:
    """Run on listening sockets until a signal says stop. Raises `Refusal` when the database became another one."""
    pretty = settings.log_format == "pretty" or (settings.log_format == "auto" and sys.stderr.isatty())
    set_up_logs(settings.log_level, pretty=pretty)
    uvloop.run(_serve(settings, listeners))


async def _serve(settings: Settings, listeners: list[socket.socket]) -> None:
    application = Application(settings)
    await application.start()
    gc.collect()
    gc.freeze()  # what is there now stays
    try:
        server = application.server()
        application.on_history_lost(server.end_at_once)
        await server.serve(sockets=listeners)
    finally:
        await application.stop()
    if application.db.writer.history_lost.is_set():  # whoever looks after this process shall see that it failed
        raise Refusal("The database is not the one that this server began with: a standby took over. Start it again.")
