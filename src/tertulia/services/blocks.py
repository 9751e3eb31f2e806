"""Blocks: from whom one does not want to hear.

What the blocked one may not do is decided where it is done (domain/decisions, domain/voice.py). Here is the list, and
which direct rooms are silent: those of two people of whom one blocks the other tell no presence, typing or receipts.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.events import Blocked, RoomBatch
from tertulia.domain.ids import canonical_id
from tertulia.domain.models import Caller, User
from tertulia.hub.hub import Hub
from tertulia.services.gathering import Gathering
from tertulia.services.pace import Pace
from tertulia.services.policy import Policy
from tertulia.services.presence import Presence
from tertulia.storage import blocks, users
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

MAX_BLOCKS = 1_000

Silent = dict[int, set[int]]
"""Direct rooms by number → who of the two blocks the other; without an entry: nobody."""


@dataclass(frozen=True, slots=True)
class BlockList:
    """Whom a user blocks, and the direct rooms with them: the room's number → the other."""

    ids: tuple[str, ...]
    numbers: frozenset[int]
    rooms: dict[int, int]


_NOBODY = BlockList((), frozenset(), {})


class Blocks:
    """`silent` is kept here, of those who are connected, and read by others.

    `pace`: how many changes a user may make. `policy` says whom they may know of.
    """

    def __init__(  # noqa: PLR0913 - what it has to do with
        self,
        db: Database,
        hub: Hub,
        presence: Presence,
        pace: Pace,
        policy: Policy,
        clock: Clock,
        silent: Silent,
        *,
        tasks: Tasks,
    ) -> None:
        self.silent = silent
        self._policy = policy
        self._db = db
        self._hub = hub
        self._presence = presence
        self._pace = pace
        self._clock = clock
        self._lists: dict[int, BlockList] = {}
        self._reading: dict[int, set[object]] = {}  # by user; gone when their list changes
        self._arriving: Gathering[int, BlockList] = Gathering(db, tasks, lists)
        self._on_changed: list[Callable[[int, int], None]] = []
        self._on_silenced: list[Callable[[int], None]] = []

    def on_changed(self, call: Callable[[int, int], None]) -> None:
        """`call(user, other)`: the user blocks the other, or no more."""
        self._on_changed.append(call)

    def on_silenced(self, call: Callable[[int], None]) -> None:
        """`call(room)`: a direct room has fallen silent, or has done so for one more reason."""
        self._on_silenced.append(call)

    async def page(self, caller: Caller, after: int, limit: int) -> tuple[list[User], bool]:
        """Whom the caller blocks, by number greater than `after`, and whether there are more."""
        found = await self._db.read(blocks.of, caller.user, after, limit + 1)
        return found[:limit], len(found) > limit

    async def add(self, caller: Caller, user_id: str) -> None:
        """Block somebody; again is no error. Raises `not_found` also of whom the caller may not find; `invalid` for
        oneself, `too_many`.
        """
        self._pace.check(caller)
        user = await self._policy.person(caller, user_id)
        if user.number == caller.user:
            raise Rejection("invalid", "You cannot block yourself.", field="user")
        self._changed(caller.user, user.number, await self._db.write(_add, caller.user, user.number, self._clock.now()))

    async def remove(self, caller: Caller, user_id: str) -> None:
        """Block somebody no more; again is no error, nor is it if there is nobody: it must not tell (promise 7)."""
        self._pace.check(caller)
        wanted = canonical_id(user_id)
        user = await self._db.read(users.by_id, wanted) if wanted else None
        if user is not None:
            self._changed(caller.user, user.number, await self._db.write(_remove, caller.user, user.number))

    def _changed(self, user: int, other: int, now: BlockList | None) -> None:
        """Called right behind the write, so that two writes are told in their order. None: nothing changed."""
        if now is None:
            return
        self._keep(user, now)
        for call in self._on_changed:
            call(user, other)
        self._tell(user, now)

    def _tell(self, user: int, now: BlockList) -> None:
        self._hub.news.to_users((user,), ("blocked", ""), Blocked(now.ids))

    # Of those who are connected.

    async def arrived(self, user: int) -> None:
        """The user has a connection that the hub knows."""
        with self.arriving(user) as keep:
            keep(await self._arriving.read(user))

    @contextmanager
    def arriving(self, user: int) -> Iterator[Callable[[BlockList], None]]:
        """For who reads the list by themselves (`lists`) and then gives it to what they get: it counts unless it has
        changed meanwhile.
        """
        token = object()
        self._reading.setdefault(user, set()).add(token)

        def keep(found: BlockList) -> None:
            if token in self._reading.get(user, ()):  # else what was read is old
                self._keep(user, found)

        try:
            yield keep
        finally:
            self._read(user, token)

    def _read(self, user: int, token: object) -> None:
        reading = self._reading.get(user, set())
        reading.discard(token)
        if not reading:
            self._reading.pop(user, None)

    async def tell_again(self, user: int) -> None:
        """Another process may have changed something."""
        now = await self._db.write(_list, user)  # by the writer, as in `Membership.tell_again`
        self._keep(user, now)
        self._tell(user, now)

    def departed(self, user: int) -> None:
        """Without a connection there is nothing to keep silent about."""
        if not self._hub.of_user(user):
            self._keep(user, None)

    def heard(self, batch: RoomBatch) -> None:
        """A room that was made: a direct one may be silent from its beginning."""
        for event in batch.events:
            if event.seq == 1 and len(event.members) == 2:
                one, other = (member.user for member, _ in event.members)
                self._opened(batch.room, one, other)
                self._opened(batch.room, other, one)

    def _opened(self, room: int, user: int, other: int) -> None:
        mine = self._lists.get(user)
        if mine is not None and other in mine.numbers:
            mine.rooms[room] = other
            self._silence(room, user, other)

    def _keep(self, user: int, now: BlockList | None) -> None:
        """None: forget what is known."""
        self._reading.pop(user, None)
        before = self._lists.pop(user, None)
        if now is not None and now.numbers and self._hub.of_user(user):
            self._lists[user] = now
        was = before.rooms if before else {}
        new = now.rooms if user in self._lists and now else {}
        for room in new.keys() - was.keys():
            self._silence(room, user, new[room])
        for room in was.keys() - new.keys():
            self._allow(room, user, was[room])

    def _silence(self, room: int, user: int, other: int) -> None:
        self.silent.setdefault(room, set()).add(user)
        self._presence.hush(room, user, other)
        for call in self._on_silenced:
            call(room)

    def _allow(self, room: int, user: int, other: int) -> None:
        blockers = self.silent.get(room, set())
        blockers.discard(user)
        if not blockers:
            self.silent.pop(room, None)
            if self._hub.of_user(user):
                self._presence.follows(user, room)
            self._presence.follows(other, room)


def _add(connection: Connection, user: int, other: int, now: int) -> BlockList | None:
    if blocks.count(connection, user) >= MAX_BLOCKS and not blocks.among(connection, [(user, other)]):
        raise Rejection("too_many", f"You block {MAX_BLOCKS:,} people already. Unblock somebody first.")
    return _bumped(connection, user) if blocks.add(connection, user, other, now) else None


def _remove(connection: Connection, user: int, other: int) -> BlockList | None:
    return _bumped(connection, user) if blocks.remove(connection, user, other) else None


def _bumped(connection: Connection, user: int) -> BlockList:
    users.bump(connection, [user])
    return _list(connection, user)


def lists(connection: Connection, wanted: Collection[int]) -> dict[int, BlockList]:
    """By user. Most block nobody."""
    who = blocks.who(connection, wanted)
    return {user: _list(connection, user) if user in who else _NOBODY for user in wanted}


def _list(connection: Connection, user: int) -> BlockList:
    found = blocks.of(connection, user, 0, MAX_BLOCKS)
    if not found:
        return _NOBODY
    rooms = blocks.direct_rooms(connection, user)
    return BlockList(tuple(one.id for one in found), frozenset(one.number for one in found), rooms)
