"""All sockets of dialects on this node: how they open, who they are, and how all of them end."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from tertulia.clock import Clock
from tertulia.dialects.histories import Histories
from tertulia.dialects.line import Line
from tertulia.domain.buckets import Buckets
from tertulia.domain.errors import CloseCode, Rejection
from tertulia.domain.models import Caller, Room, RoomKind
from tertulia.gateway.admission import Accept, AcceptThenClose, Decision, Refuse
from tertulia.gateway.gateway import USER_SHARE, Limits
from tertulia.gateway.heartbeat import Heartbeat, Wheel
from tertulia.hub.hub import Hub
from tertulia.metrics import Metrics
from tertulia.protocol.frames import Frames
from tertulia.services import Services
from tertulia.services.lookup import Entry
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

TRIES = 5
OPEN_SECONDS = 30.0
"""A handshake that was answered and not finished by then is given up."""
TYPING_RATE, TYPING_BURST = 4.0, 8


def refuse() -> Refuse:
    """HTTP 403 instead of a socket: who may not have it cannot tell why."""
    return Refuse.of(Rejection("forbidden", "This socket is not for you."))


class Lines:
    """`wheel`: the gateway's, so that one task turns for all sockets."""

    def __init__(
        self, services: Services, hub: Hub, clock: Clock, tasks: Tasks, metrics: Metrics, limits: Limits, wheel: Wheel
    ) -> None:
        self.services = services
        self.hub = hub
        self.metrics = metrics
        self.wheel = wheel
        self.heartbeat = Heartbeat(wheel)
        self.unsent_limit = limits.unsent
        self._limits = limits
        self._tasks = tasks
        self._clock = clock
        self._commands = Buckets(limits.command_rate * USER_SHARE, int(limits.command_rate * USER_SHARE * 2), clock)
        self._typing = Buckets(TYPING_RATE, TYPING_BURST, clock)
        self._open: set[Line] = set()
        self._histories = Histories()
        services.sessions.on_ended(self._sessions_ended)
        services.people.on_changed(lambda _numbers: self._histories.clear())

    # Opening.

    async def admit(self, line: Line, history: int = 0) -> Decision:
        """A socket that is live in its room when its handshake is answered: from then on nothing is missed.

        `history`: how many of the newest messages `line.history` is given. Raises `not_found` when the room is not
        there for them, `busy` when they have too many sockets.
        """
        self._check(line.caller)
        try:
            await self._go_live(line, history)
            if line.room.kind is RoomKind.DIRECT:
                await self.services.blocks.arrived(line.user)  # whether they may be seen typing there
        except BaseException:
            self.leave(line)
            raise
        return Accept(line)

    async def _go_live(self, line: Line, history: int) -> None:
        room = line.room
        for _ in range(TRIES):
            self.hub.enter(room.number, room.id, line)
            kept = self._histories.get(room.number, line.wire.name, self.hub.head(room.number))
            entry = await self.services.lookup.entry(line.caller, room.number, history if kept is None else 0)
            self._check(line.caller)
            if kept is not None and self._histories.get(room.number, line.wire.name, entry.room.head_seq) is None:
                continue  # it moved on
            missed = self.hub.activate(room.number, line, entry.room.head_seq, entry.room.member_count)
            if missed is not None:
                line.member = entry.member is not None
                first = [Frames((text,)) for text in line.greeting(entry)]
                first += kept if kept is not None else self._made(line, entry)
                line.prepare([*first, *missed], self.wheel.add(OPEN_SECONDS, line.give_up))
                self._enlist(line)
                return
        raise Rejection("busy", "Too much happens in this room right now.", retry_after=1)

    def _made(self, line: Line, entry: Entry) -> list[Frames]:
        frames = [Frames((text,)) for text in line.history(entry)]
        if frames:
            self._histories.keep(entry.room.number, line.wire.name, entry.room.head_seq, frames)
        return frames

    def _check(self, caller: Caller) -> None:
        """No await between this and going live: sessions end, and others come, at any time."""
        if not self.services.sessions.is_open(caller) or not self.services.lease.is_held:
            raise Rejection("unavailable", "This session has ended, or the server is not sure. Come back.")
        if len(self.hub.of_user(caller.user)) >= self._limits.per_user:
            raise Rejection("busy", "Too many connections of this user. Close others first.")

    def _enlist(self, line: Line) -> None:
        self._open.add(line)
        self.hub.attach(line)
        self.services.presence.arrive(line.user, line.caller.user_id, line)
        if line.member:
            self.services.presence.follows(line.user, line.room.number)

    def opened(self) -> None:
        """A handshake is done."""
        self.metrics.connections.inc()

    def leave(self, line: Line) -> None:
        """Out of everything; a second time does nothing."""
        self.hub.detach(line, [line.room.number])
        if line not in self._open:
            return
        self._open.discard(line)
        if hasattr(line, "transport"):
            self.metrics.connections.dec()
        if not self.of_user(line.user, line.room.number):
            self.services.typing.stop(line.room.number, line.user)
        self.services.presence.depart(line.user, line)
        self.services.blocks.departed(line.user)
        line.left()

    def of_user(self, user: int, room: int) -> list[Line]:
        """The user's sockets in a room."""
        found = (each for each in self.hub.of_user(user) if isinstance(each, Line))
        return [line for line in found if line.room.number == room and not line.ended]

    # What people do.

    def check_command(self, line: Line) -> None:
        """Count a frame; raises `rate_limited`, or `unavailable` while this node cannot know what holds."""
        wait = self._commands.take(line.user)
        if wait:
            raise Rejection("rate_limited", "Too many commands. Wait a moment.", retry_after=wait)
        if not self.services.lease.is_held:
            raise Rejection("unavailable", "Not now. Try again shortly.", retry_after=1)

    def types(self, line: Line, *, on: bool) -> None:
        """Somebody types; more often than a few times a second tells nobody anything."""
        room, user = line.room, line.user
        if not on:
            self.services.typing.stop(room.number, user)
        elif not self._typing.take(user):
            if self.services.voices.knows(room.number, user):
                self.services.voices.check(room.number, user)
                self._say_typing(line)
            else:
                self.work(line, self._ask_and_type(line))

    async def _ask_and_type(self, line: Line) -> None:
        await self.services.voices.ask(line.room.number, line.user)
        self._say_typing(line)

    def _say_typing(self, line: Line) -> None:
        room = line.room
        self.services.typing.say(room.number, room.id, self.hub.member_count(room.number), line.me, on=True)

    def work(self, line: Line, work: Awaitable[None]) -> None:
        """Do something that waits; what it raises as a rejection is told by `line.refused`."""
        line.begin()
        self._tasks.spawn(self._work(line, work), "dialect")

    async def _work(self, line: Line, work: Awaitable[None]) -> None:
        try:
            await work
        except Rejection as rejection:
            line.refuse(rejection)
        except Exception:
            log.exception("dialect.failed")
            line.end(CloseCode.INTERNAL, "Something went wrong on our side.")
        finally:
            line.finish()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it then: sooner than the wheel, for the few who are too fast."""
        self._tasks.spawn(self._later(seconds, call), "dialect.later")

    async def _later(self, seconds: float, call: Callable[[], None]) -> None:
        await self._clock.sleep(seconds)
        call()

    # Who may not stay.

    def dropped(self, line: Line) -> None:
        """The hub let go of it: they were removed, or the room is gone."""
        if not line.ended:
            self._tasks.spawn(self._end_lost(line), "dialect.lost")

    async def _end_lost(self, line: Line) -> None:
        try:
            end = line.lost(removed=await self._exists(line.room))
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing more reaches the line
            log.warning("dialect.look_failed", error=type(error).__name__)
            end = CloseCode.BUSY, "Come back."  # then they are told why
        line.end(*end)

    async def _exists(self, room: Room) -> bool:
        return bool(await self.services.rooms.heads([room.number]))

    async def resync(self, user: int) -> None:
        """Another process changed something about the user: do they still see their rooms?"""
        lines = [line for line in self.hub.of_user(user) if isinstance(line, Line)]
        visible = await self.services.rooms.visible(user, {line.room.id for line in lines}) if lines else {}
        for line in lines:
            there, member = visible.get(line.room.id, (None, False))
            if there is None or (line.member and not member):
                self.hub.leave(line.room.number, line)
                self.dropped(line)

    def _sessions_ended(self, sessions: Collection[str], users: Collection[int]) -> None:
        for line in list(self._open):
            ended = line.caller.session in sessions and not self.services.sessions.is_open(line.caller)
            if ended or line.user in users:
                line.end(CloseCode.SESSION_ENDED, "This session has ended. Sign in again.")

    async def close(self) -> None:
        """Close all: the server goes down."""
        for number, line in enumerate(list(self._open)):
            line.end(CloseCode.RESTART, "The server restarts. Come back.")
            if number % 500 == 499:
                await asyncio.sleep(0)  # noqa: TID251 - lets the lines be written between batches


def close_with(code: int, reason: str) -> AcceptThenClose:
    """A handshake, then this code, nothing before it: for refusals that a browser must be able to read."""
    return AcceptThenClose(code, reason)
