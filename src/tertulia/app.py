"""The composition root: builds every object from the settings, starts and stops them. Nothing else wires."""

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog
import uvloop
from starlette.types import ASGIApp

from tertulia.broker.broker import Broker
from tertulia.clock import Clock, SystemClock
from tertulia.committer.committer import Committer
from tertulia.dialects import places
from tertulia.dialects.dialect import Bounds, Ground
from tertulia.dialects.lines import Lines
from tertulia.dialects.mounts import Mounts, Where, register_sockets
from tertulia.domain.buckets import Buckets
from tertulia.domain.events import Changed, RoomBatch
from tertulia.gateway.admission import Admission
from tertulia.gateway.asgi import WithSockets
from tertulia.gateway.gateway import Gateway, Limits
from tertulia.gateway.server import Server, build_uvicorn
from tertulia.http.api import ApiConfig, build_http
from tertulia.http.operations import Readiness
from tertulia.http.throttle import Throttle
from tertulia.hub.hub import Hub
from tertulia.logs import set_up_logs
from tertulia.metrics import Metrics
from tertulia.protocol.forwarded import Forwarded
from tertulia.protocol.origins import Hosts, Origins, Sites, is_loopback
from tertulia.services import Services
from tertulia.services.access import RoomNumbers
from tertulia.services.accounts import Accounts
from tertulia.services.api_keys import ApiKeys
from tertulia.services.attendance import Attendance
from tertulia.services.avatars import Avatars
from tertulia.services.blocks import Blocks, Silent
from tertulia.services.calls import Calls
from tertulia.services.deliveries import Deliveries, Rules
from tertulia.services.erasure import Erasure
from tertulia.services.export import Export
from tertulia.services.foreign import Foreign
from tertulia.services.foreign_tokens import ForeignTokens, Keys, Secret
from tertulia.services.history import History
from tertulia.services.invites import Invites
from tertulia.services.jwks import Jwks
from tertulia.services.lease import Lease
from tertulia.services.lookup import Lookup
from tertulia.services.mail import Mailer, mail_server
from tertulia.services.members import Members
from tertulia.services.membership import Membership
from tertulia.services.messages import Messages
from tertulia.services.neighbours import Neighbours
from tertulia.services.pace import Pace
from tertulia.services.passwords import Passwords
from tertulia.services.people import People
from tertulia.services.policy import Makers, Policy, Reach, Registration
from tertulia.services.presence import Presence
from tertulia.services.receipts import Receipts
from tertulia.services.recovery import Recovery
from tertulia.services.reports import Reports
from tertulia.services.retention import Retention
from tertulia.services.rooms import Rooms
from tertulia.services.server_rooms import ServerRooms
from tertulia.services.server_users import ServerUsers
from tertulia.services.sessions import Sessions
from tertulia.services.staff import Staff
from tertulia.services.targets import Targets
from tertulia.services.tokens import Lifetimes, Tokens
from tertulia.services.typing import Typing
from tertulia.services.verifier import Verifier
from tertulia.services.voice import Voices
from tertulia.services.webhooks import Webhooks
from tertulia.services.words import Words
from tertulia.settings import Settings
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

FIRST_ROOM = "general"
GOODBYE_SPREAD = 10.0
"""Seconds over which clients are asked to spread their return after a restart."""


class Application:
    """One node. The database must be migrated already; `settings.secret_key` must be set. `broker`: to the others."""

    def __init__(self, settings: Settings, clock: Clock | None = None, broker: Broker | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.metrics = Metrics()
        self.tasks = Tasks()
        self.db = Database(settings.database_url)
        self.hub = Hub(
            self._repair,
            self.tasks.spawn,
            self.metrics,
            self.clock,
            ring_bytes=settings.ring_room_kb * 1024,
            rings_bytes=settings.ring_node_mb * 1024 * 1024,
        )
        self.lease = Lease(self.clock, self.tasks)
        self.committer = Committer(self.db.writer, self.clock, self.metrics, self._deliver)
        self.tokens = self._tokens()
        self.words = Words(self.db, self.clock)
        self.passwords = Passwords()
        self.mail = self._mail()
        self.services = self._services()
        self.gateway = Gateway(self.services, self.hub, self.clock, self.tasks, self.metrics, self._limits())
        self.lines = Lines(
            self.services, self.hub, self.clock, self.tasks, self.metrics, self._limits(), self.gateway.wheel
        )
        self.neighbours = self._neighbours(broker)
        self.retention = Retention(self.db, self.committer, self.clock, days=settings.retention_days)
        self.readiness = Readiness(self.db.probe, self.clock)
        self.admission = self._admission()
        self.throttle = self._throttle()
        self.where = where_of(settings)
        self.ground = self._ground()
        register_sockets(self.admission, self.where, self.ground)
        self.asgi = WithSockets(self._http(), self.admission)

    def _services(self) -> Services:
        """Who comes in, then what they hear of each other, then what they do."""
        db, clock, committer, words = self.db, self.clock, self.committer, self.words
        numbers, policy, large = RoomNumbers(db), self._policy(), self.settings.large_room
        sessions = Sessions(db, self.tokens, clock, self.tasks)
        people = self._people(sessions, policy)
        verifier = Verifier(db, sessions, self.passwords, clock, self.tasks, guesses=self.settings.password_attempts)
        accounts = Accounts(
            db, people, sessions, verifier, self.passwords, clock, self.tasks, policy=policy, words=words
        )
        recovery = self._recovery(people, sessions, verifier)
        accounts.on_registered(recovery.registered)
        silent: Silent = {}
        presence = Presence(self.hub, db, clock, large=large, silent=silent)
        typing = Typing(self.hub, clock, large=large, silent=silent)
        receipts = Receipts(db, self.hub, clock, large=large, silent=silent)
        voices = Voices(db, typing, clock)
        posts = self._pace("You post too fast. Wait a moment.")
        pace = self._pace("You change things too fast. Wait a moment.")
        blocks = Blocks(db, self.hub, presence, pace, policy, clock, silent, tasks=self.tasks)
        blocks.on_changed(voices.blocks_changed)
        attendance = Attendance(self.hub, silent)
        blocks.on_silenced(attendance.hush)
        rooms = Rooms(db, committer, numbers, pace, policy, words, self.tasks, large=large)
        messages = Messages(db, committer, numbers, posts, pace, words)
        invites = Invites(db, committer, clock, pace)
        accounts.on_invited(invites.arrived)
        avatars = self._avatars(people, pace)
        return Services(
            accounts=accounts,
            people=people,
            sessions=sessions,
            verifier=verifier,
            recovery=recovery,
            history=History(db, clock),
            numbers=numbers,
            rooms=rooms,
            members=Members(db, committer, numbers, pace, policy, clock, large=large),
            messages=messages,
            receipts=receipts,
            typing=typing,
            voices=voices,
            membership=Membership(db, self.hub, receipts, pace),
            blocks=blocks,
            presence=presence,
            attendance=attendance,
            erasure=Erasure(db, committer, people, sessions, verifier, clock, self.tasks),
            export=Export(db, people, avatars, sessions, rooms, clock),
            webhooks=self._webhooks(presence),
            words=words,
            invites=invites,
            reports=Reports(db, committer, people, policy, clock, pace),
            staff=Staff(db, people, sessions, clock, self.tasks),
            keys=ApiKeys(db, clock),
            server_rooms=ServerRooms(db, committer, words, rooms, messages),
            server_users=ServerUsers(db, people, sessions, words, clock, self.tasks),
            lease=self.lease,
            lookup=Lookup(db, numbers),
            avatars=avatars,
        )

    def _avatars(self, people: People, pace: Pace) -> Avatars:
        settings = self.settings
        max_bytes = settings.max_avatar_kb * 1024
        return Avatars(self.db, people, pace, self.clock, self.tasks, settings.address, max_bytes)

    def _neighbours(self, broker: Broker | None) -> Neighbours:
        return Neighbours(
            broker,
            self.hub,
            self.db,
            self.clock,
            self.tasks,
            self.services,
            resync=self._resync,
            version=self.gateway.version,
            forget=self.committer.forget_users,
            refresh=self.deliveries.refresh,
        )

    def _people(self, sessions: Sessions, policy: Policy) -> People:
        people = People(self.db, sessions, self.tasks, policy=policy)
        people.on_changed(self.committer.forget_users)
        self.jwks = self._accept_foreign(sessions, people)
        return people

    def _recovery(self, people: People, sessions: Sessions, verifier: Verifier) -> Recovery:
        return Recovery(
            self.db, people, sessions, verifier, self.passwords, self.clock, self.tasks,
            address=self.settings.address, mail=self.mail,
        )  # fmt: skip

    async def _resync(self, user: int) -> None:
        await self.gateway.resync(user)
        await self.lines.resync(user)

    def _tokens(self) -> Tokens:
        settings = self.settings
        days, minutes = settings.refresh_token_days, settings.access_token_minutes
        longest = max((each.access for each in lifetimes_of(settings).values()), default=0)
        key = settings.secret_key.encode()
        return Tokens(key, minutes * 60, days * 86_400, self.clock, longest_access=longest)

    def _pace(self, message: str) -> Pace:
        return Pace(Buckets(self.settings.post_rate, self.settings.post_burst, self.clock), message)

    def _policy(self) -> Policy:
        settings = self.settings
        return Policy(
            self.db,
            registration=Registration(settings.registration),
            public_rooms=Makers(settings.public_rooms),
            direct_rooms=Reach(settings.direct_rooms),
            find_people=Reach(settings.find_people),
        )

    def _accept_foreign(self, sessions: Sessions, people: People) -> Jwks | None:
        """Tokens of the product's own backend count, too, if the settings say how to check them."""
        settings = self.settings
        jwks: Jwks | None = None
        keys: Keys | None = None
        if settings.jwks_url:
            keys = jwks = Jwks(settings.jwks_url, settings.jwt_algorithm, self.clock, self.tasks)
        elif settings.jwt_secret:
            keys = Secret(settings.jwt_secret.encode())
        if keys is not None:
            tokens = ForeignTokens(keys, self.clock, issuer=settings.jwt_issuer, audience=settings.jwt_audience)
            foreign = Foreign(self.db, tokens, people, self.words, self.clock, self.tasks, settings.address)
            sessions.accept(foreign.identify)
        return jwks

    def _webhooks(self, presence: Presence) -> Webhooks:
        settings, forget = self.settings, self.committer.forget_webhooks
        calls = Calls(Targets(settings.webhook_allowed_networks), self.clock)
        rules = Rules(attempts=settings.webhook_attempts, waiting=settings.webhook_queue)
        self.deliveries = Deliveries(self.db, calls, self.clock, self.tasks, self.metrics, rules, presence.is_there)
        self.deliveries.on_disable(forget)
        return Webhooks(self.db, calls, self.clock, forget=forget, refresh=self.deliveries.refresh)

    def _mail(self) -> Mailer | None:
        settings = self.settings
        if not settings.smtp_url:
            return None
        own_name = urlsplit(settings.address).hostname or "localhost"
        return Mailer(mail_server(settings.smtp_url), settings.mail_from, own_name, self.clock)

    def _limits(self) -> Limits:
        return Limits(
            unsent=self.settings.unsent_limit_kb * 1024,
            per_user=self.settings.connections_per_user,
            command_rate=self.settings.command_rate,
            large=self.settings.large_room,
        )

    def _admission(self) -> Admission:
        settings, loopback = self.settings, is_loopback(self.settings.host)
        admission = Admission(
            self.clock,
            visitors=Forwarded(settings.trusted_proxies),
            origins=Origins(settings.allowed_origins, loopback=loopback),
            hosts=Hosts(settings.allowed_hosts, hosts_of(settings), loopback=loopback),
            max_connections=settings.max_connections or 100_000,
            per_address=settings.connections_per_address or settings.max_connections or 100_000,
        )
        admission.register("/ws", self.gateway.admit)
        return admission

    def _throttle(self) -> Throttle:
        settings = self.settings
        return Throttle(
            self.clock, settings.registrations_per_minute, settings.logins_per_minute, settings.requests_per_minute
        )

    def _http(self) -> ASGIApp:
        settings = self.settings
        config = ApiConfig(
            allowed_origins=settings.allowed_origins,
            allowed_hosts=settings.allowed_hosts,
            more_hosts=hosts_of(settings),
            trusted_proxies=settings.trusted_proxies,
            metrics_token=settings.metrics_token or None,
            max_body_bytes=settings.max_body_kb * 1024,
            max_avatar_bytes=settings.max_avatar_kb * 1024,
            listens_on_loopback=is_loopback(settings.host),
        )
        names = Hosts(config.allowed_hosts, config.more_hosts, loopback=config.listens_on_loopback)

        def mount(core: ASGIApp) -> ASGIApp:
            return Mounts(core, self.where, self.ground, names, config.max_body_bytes)

        return build_http(self.services, config, self.metrics, self.readiness, self.clock, self.throttle, mount)

    def _ground(self) -> Ground:
        settings = self.settings
        return Ground(
            self.services,
            self.lines,
            self.clock,
            self.throttle,
            Bounds(settings.dialect_list, settings.dialect_history, settings.dialect_greeting),
            lifetimes_of(settings),
            settings.dialect_origins,
            settings.max_avatar_kb * 1024,
            Sites((*settings.allowed_hosts, *hosts_of(settings)), settings.allowed_origins),
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


def where_of(settings: Settings) -> Where:
    """Which dialects are served, and where."""
    return places.where_of(settings.dialects, settings.root_dialect, settings.dialect_host)


def hosts_of(settings: Settings) -> tuple[str, ...]:
    """Host names of dialects: they are allowed."""
    return tuple(where_of(settings).hosts)


def lifetimes_of(settings: Settings) -> dict[str, Lifetimes]:
    """How long tokens are good, for each dialect that is served."""
    found = {name: dialect.lifetimes for name, dialect in where_of(settings).dialects.items()}
    for name, said in (each.split("=", 1) for each in settings.dialect_tokens):
        minutes, _, days = said.partition("/")
        if name in found:
            found[name] = Lifetimes(int(minutes) * 60, int(days) * 86_400)
    return found


def serve(settings: Settings, listeners: list[socket.socket]) -> None:
    """Run on listening sockets until a signal says stop."""
    pretty = settings.log_format == "pretty" or (settings.log_format == "auto" and sys.stderr.isatty())
    set_up_logs(settings.log_level, pretty=pretty)
    uvloop.run(_serve(settings, listeners))


async def _serve(settings: Settings, listeners: list[socket.socket]) -> None:
    application = Application(settings)
    await application.start()
    _collect_seldom()
    try:
        await application.server().serve(sockets=listeners)
    finally:
        await application.stop()


def _collect_seldom() -> None:
    """Each batch makes thousands of objects that live until its answers are out, and few cycles: Python's own pace
    would look through them again and again.
    """
    gc.collect()
    gc.freeze()  # what is there now stays
    gc.set_threshold(50_000, 20, 20)
