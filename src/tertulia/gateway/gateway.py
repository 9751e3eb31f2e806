"""The socket edge of API v1: who is connected, what each may do next, and how all of it ends.

One a node. Connections call it; it calls services and the hub.
"""

import asyncio
import random
from collections.abc import Awaitable, Collection, Iterable
from dataclasses import dataclass
from itertools import count

import structlog

from tertulia.clock import Clock
from tertulia.domain.buckets import Bucket, Buckets
from tertulia.domain.errors import CloseCode, Disconnect, Rejection
from tertulia.domain.models import Caller
from tertulia.gateway.admission import Accept, AcceptThenClose, Decision, UpgradeRequest
from tertulia.gateway.catchup import CatchUp, at_once
from tertulia.gateway.commands import COMMANDS, Handler
from tertulia.gateway.connection import Connection
from tertulia.gateway.follow import Follow
from tertulia.gateway.heartbeat import Heartbeat, Wheel
from tertulia.gateway.hello import SHOWN_ROOMS, refused_token
from tertulia.gateway.told import Told
from tertulia.hub.hub import Hub
from tertulia.metrics import Metrics
from tertulia.protocol.codec import encode_with
from tertulia.protocol.commands import Command
from tertulia.protocol.formats import V1
from tertulia.protocol.frames import Frames
from tertulia.services import Services
from tertulia.services.rooms import Rooms
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

SUBPROTOCOL = "tertulia.v1"
BEARER = "bearer."
READING = 32
"""Catch-ups that read the database at the same time; the others wait their turn."""
MAX_PRESENCE = 1_000
USER_SHARE = 4
"""So many connections of a user may be as fast as one may be; beyond, they share."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the sockets. `unsent`: bytes; `command_rate`: a second and connection; of a user's together, four
    times that.
    """

    unsent: int = 1024 * 1024
    per_user: int = 100
    command_rate: float = 50.0
    hello_seconds: float = 10.0
    large: int = 100


class Gateway:
    """`boot` and `epoch` name this server's history; `knows_boot` says whether a client's is the same."""

    def __init__(
        self,
        services: Services,
        hub: Hub,
        clock: Clock,
        tasks: Tasks,
        metrics: Metrics,
        limits: Limits,
    ) -> None:
        self.services = services
        self.rooms: Rooms = services.rooms
        self.hub = hub
        self.clock = clock
        self.metrics = metrics
        self.limits = limits
        self.wheel = Wheel(clock)
        self.heartbeat = Heartbeat(self.wheel)
        self.wire = V1()
        self.told = Told()
        self.commands: dict[type[Command], Handler] = COMMANDS
        self.reading = asyncio.Semaphore(READING)
        self.unsent_limit = limits.unsent
        self.hello_seconds = limits.hello_seconds
        rate = limits.command_rate * USER_SHARE
        self._of_users = Buckets(rate, int(rate * 2), clock)
        self._hellos = Buckets(max(1.0, limits.per_user / 10), max(20, limits.per_user * 2), clock)
        self._tasks = tasks
        self._numbers = count(1)
        self._open: set[Connection] = set()
        self._by_session: dict[str, set[Connection]] = {}
        services.sessions.on_ended(self._sessions_ended)
        services.lease.on_held(self._go_on)

    # Admission.

    async def admit(self, request: UpgradeRequest) -> Decision:
        """The endpoint at `/ws`: a token in the header or a subprotocol is checked here, else it comes in `hello`."""
        offered = request.subprotocols
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in offered else None
        token = _bearer(request)
        caller = None
        if token is not None:
            try:
                caller = await self.services.sessions.identify(token)
            except Rejection as rejection:
                refused = refused_token(rejection)  # raises what is not about the token: 503, come back
                return AcceptThenClose(refused.code, refused.reason, subprotocol)
        return Accept(Connection(self, next(self._numbers), request.address, caller), subprotocol)

    # Connections.

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)
        self.metrics.connections.inc()

    def closed(self, connection: Connection, code: int) -> None:
        self._open.discard(connection)
        self.metrics.connections.dec()
        self.leave_hub(connection)
        log.debug("socket.closed", connection=connection.id, code=code)

    def enlist(self, connection: Connection) -> None:
        """The connection has said hello."""
        assert connection.caller is not None
        self._by_session.setdefault(connection.caller.session, set()).add(connection)
        self.hub.attach(connection)
        self.services.presence.arrive(connection.user, connection.caller.user_id, connection)

    def leave_hub(self, connection: Connection) -> None:
        """Out of everything; a second time does nothing."""
        if not connection.said_hello or connection.caller is None:
            return
        of_session = self._by_session.get(connection.caller.session)
        if of_session is not None:
            of_session.discard(connection)
            if not of_session:
                del self._by_session[connection.caller.session]
        for follow in connection.rooms.values():
            if not any(other is not connection for other in self.hub.of_user(connection.user)):
                self.services.typing.stop(follow.number, connection.user)
        self.hub.detach(connection, [follow.number for follow in connection.rooms.values()])
        connection.rooms = {}
        self.services.presence.depart(connection.user, connection)
        self.services.blocks.departed(connection.user)

    def active(self, connection: Connection) -> None:
        """A command came."""
        if connection.said_hello and connection.caller is not None:
            self.services.presence.active(connection.user, connection)

    def command_bucket(self) -> Bucket:
        return Bucket(self.limits.command_rate, int(self.limits.command_rate * 2), self.clock)

    def count_command(self, caller: Caller) -> float:
        """One more of a user, on whatever connection; the seconds to wait, 0.0: none."""
        return self._of_users.take(caller.user)

    def count_hello(self, caller: Caller) -> None:
        """`hello` is the dearest command: all connections may come back at once, but not again and again."""
        if self._hellos.take(caller.user):
            raise Disconnect(CloseCode.FLOOD, "You come back too often. Come back after a pause.")

    def seconds_left(self, caller: Caller) -> float:
        return max(0.0, (caller.expires_at - self.clock.now()) / 1_000_000)

    def work(self, connection: Connection, number: int | None, work: Awaitable[None]) -> None:
        """Run a command that waits for something; what it raises becomes its answer."""
        connection.begin()
        self._tasks.spawn(self._work(connection, number, work), "command")

    async def _work(self, connection: Connection, number: int | None, work: Awaitable[None]) -> None:
        try:
            await work
        except Rejection as rejection:
            connection.refuse(number, rejection)
        except Disconnect as disconnect:
            connection.end(disconnect.code, disconnect.reason)
        except Exception:
            log.exception("command.failed", connection=connection.id)
            connection.refuse(number, Rejection("internal", "Something went wrong on our side. It was logged."))
            connection.end(CloseCode.INTERNAL, "Something went wrong on our side.")
        finally:
            connection.finish()

    # Rooms of a connection.

    def follow(self, connection: Connection, room: int, room_id: str) -> None:
        """The user became a member: all their connections get the room afresh, unless they follow it as such. One that
        still catches up does so again: it may have read before, when they had just left.
        """
        there = connection.rooms.get(room_id)
        if there is None:
            there = Follow(room, member=False)
        if not there.member or there.catching:
            there.member = True
            self.start_catching(connection, room_id, there, None)

    def start_catching(self, connection: Connection, room_id: str, follow: Follow, cursor: int | None) -> None:
        """Catch up in the background. While one catch-up of a room runs, another one waits for its end."""
        if connection.ended:
            return
        connection.rooms[room_id] = follow
        if follow.catching:
            follow.again, follow.wanted = True, cursor
            return
        follow.catching = True
        self._tasks.spawn(self._catch(connection, room_id, follow, cursor), "catch up")

    async def _catch(self, connection: Connection, room_id: str, follow: Follow, cursor: int | None) -> None:
        try:
            await connection.until_greeted()
            while True:
                await CatchUp(self, connection, room_id, follow).run(cursor)
                if follow.told:
                    await self.services.membership.tell(connection.user, [follow.number])
                    follow.told = False  # only now: this was a telling, too
                if not follow.again or connection.rooms.get(room_id) is not follow:
                    break  # no await from here to the end of `catching`: what is asked for later starts anew
                follow.again, cursor = False, follow.wanted
        except Disconnect as disconnect:
            connection.end(disconnect.code, disconnect.reason)  # nothing happens when the line is down
        except Rejection as rejection:
            log.warning("catch_up.refused", code=rejection.code)
            connection.end(CloseCode.BUSY, "The server is busy. Come back and resume.", reconnect_in=2)
        except Exception:
            log.exception("catch_up.failed", connection=connection.id)
            connection.end(CloseCode.INTERNAL, "Something went wrong on our side.")
        finally:
            follow.catching = follow.told = False

    async def catch_now(self, connection: Connection, room_id: str, follow: Follow, cursor: int | None) -> None:
        """Catch up and return when live: for `hello`, where the rooms come one after the other."""
        connection.rooms[room_id] = follow
        if not follow.catching:  # else the user has just become a member: the room is sent afresh
            follow.catching = True
            await self._catch(connection, room_id, follow, cursor)

    def catch_at_once(self, connection: Connection, room_id: str, follow: Follow, cursor: int | None) -> Frames | None:
        """The same without waiting: it is live, and is to be given the frames first. None: `catch_now`."""
        if cursor is None or follow.catching:
            return None
        return at_once(self, connection, room_id, follow, cursor)

    def go_live(self, connection: Connection, room_id: str, follow: Follow, seq: int, members: int) -> bool:
        """Live from `seq` on; False: too much happened meanwhile, read again. No await in here.

        `members`: how many the room had at `seq`.
        """
        missed = self.hub.activate(follow.number, connection, seq, members)
        if missed is None:
            return False
        for frames in missed:
            connection.offer(frames)
        if follow.member and connection.rooms.get(room_id) is follow:
            self.services.presence.follows(connection.user, follow.number)
        return True

    def gone(self, connection: Connection, room_id: str) -> None:
        """The room is not there for this user."""
        follow = connection.rooms.pop(room_id, None)
        if follow is not None:
            self.hub.leave(follow.number, connection)
            self.services.presence.unfollows(connection.user, follow.number)
        self.metrics.resumes.labels("gone").inc()
        connection.resumed(room_id)
        connection.offer(Frames((self.wire.gone(room_id),)))

    def dropped(self, connection: Connection, room: int, room_id: str, *, told: bool) -> None:
        """The hub let go of it: the user was removed, or left, or the room is deleted."""
        connection.rooms.pop(room_id, None)
        self.services.presence.unfollows(connection.user, room)
        connection.resumed(room_id)
        if not told and connection.greeted:  # before that, nothing is sent; `hello` sees what is missing
            connection.offer(Frames((self.wire.gone(room_id),)))

    def behind(self, connection: Connection, room: int, room_id: str) -> None:
        """Too much was missed: send the room afresh."""
        follow = connection.rooms.get(room_id) or Follow(room, member=True)
        self.start_catching(connection, room_id, follow, None)

    def unfollow(self, connection: Connection, room_id: str) -> None:
        follow = connection.rooms.pop(room_id, None)
        if follow is not None:
            self.hub.leave(follow.number, connection)

    async def resync(self, user: int) -> None:
        """Another process changed something about the user: compare what they follow with what is theirs."""
        before = [
            (connection, room_id, follow, follow.member)
            for connection in self._of_user(user)
            for room_id, follow in connection.rooms.items()
        ]
        followed = (await self.rooms.followed(user, 0)).rooms
        visible = await self.rooms.visible(user, {room_id for _, room_id, *_ in before})
        for connection in self._of_user(user):
            for room in followed:
                if not connection.is_member(room.id):
                    self.follow(connection, room.number, room.id)
        for connection, room_id, follow, was_member in before:
            there, member = visible.get(room_id, (None, False))
            lost = there is None or (was_member and not member)  # who only looked on may do so, unless banned
            if lost and connection.rooms.get(room_id) is follow:
                self.gone(connection, room_id)
        if self.hub.of_user(user):
            await self.services.membership.tell_again(user, SHOWN_ROOMS)
            await self.services.blocks.tell_again(user)

    def version(self, user: int) -> int | None:
        """That of the user when their connections began to read what is theirs; None: it is not known."""
        details = [connection.user_details for connection in self._of_user(user)]
        return min((user.version for user in details if user is not None), default=None)

    def _of_user(self, user: int) -> list[Connection]:
        return [subscriber for subscriber in self.hub.of_user(user) if isinstance(subscriber, Connection)]

    # Presence.

    def presence_of(self, connection: Connection) -> list[bytes]:
        """Who of those the user shares a small room with is not offline, in JSON."""
        return self._present(follow.number for follow in connection.rooms.values() if follow.member)

    def tell_presence(self, connection: Connection, room_id: str, follow: Follow) -> None:
        """Who of the people of one room is not offline, for who has just come to know them."""
        present = self._present((follow.number,))
        if present:
            frames = Frames((encode_with({"ev": "presence"}, users=present),))
            connection.offer_latest(("presence of all", room_id), frames)

    def _present(self, rooms: Iterable[int]) -> list[bytes]:
        large = self.limits.large
        heard = [room for room in rooms if room not in self.services.blocks.silent]
        small = (room for room in heard if self.hub.member_count(room) <= large)
        users = self.hub.companions(heard, large, MAX_PRESENCE)
        users |= self.services.presence.elsewhere.in_rooms(small, MAX_PRESENCE)
        return self.services.presence.of(users)

    def _go_on(self) -> None:
        for connection in list(self._open):
            connection.go_on()

    # The end.

    def _sessions_ended(self, sessions: Collection[str], users: Collection[int]) -> None:
        ended = [
            connection
            for session in sessions
            for connection in self._by_session.get(session, ())
            # One session stands for all tokens of the product's backend, and this may be a newer one.
            if connection.caller is None or not self.services.sessions.is_open(connection.caller)
        ]
        for user in users:
            ended += self._of_user(user)
        for connection in ended:
            connection.end(CloseCode.SESSION_ENDED, "This session has ended. Sign in again.")

    async def close(self, *, spread: float = 10.0) -> None:
        """Say bye to all, with times to come back that are spread over `spread` seconds, and close."""
        for number, connection in enumerate(list(self._open)):
            seconds = 1 + random.random() * spread  # noqa: S311 - only spreads them
            connection.end(CloseCode.RESTART, "The server restarts. Come back and resume.", reconnect_in=seconds)
            if number % 500 == 499:
                await asyncio.sleep(0)  # noqa: TID251 - lets the lines be written between batches

    @property
    def connections(self) -> int:
        return len(self._open)


def _bearer(request: UpgradeRequest) -> str | None:
    """The access token of a handshake: from the header, or from the subprotocols that a browser can set."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    for offered in request.subprotocols:
        if offered.startswith(BEARER):
            return offered.removeprefix(BEARER)
    return None
