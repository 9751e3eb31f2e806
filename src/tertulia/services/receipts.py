"""Receipts: gathered for a moment, written in one go, told once a room. They are not changes.

A crash may lose the last moment of them; clients repeat their own positions when they come back.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Container, Sequence

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.events import Membership, Positions, Seen
from tertulia.domain.events import Receipts as ReceiptsNews
from tertulia.domain.models import Caller, Message, Room, RoomView, User
from tertulia.hub.hub import Hub
from tertulia.services.access import joined
from tertulia.storage import blocks, membership, receipts, users
from tertulia.storage.database import Database
from tertulia.storage.engines import is_outage

log = structlog.get_logger(__name__)

GATHER = 0.3
"""Seconds between two flushes."""
MAX_GATHERED = 50_000
FLUSHED_AT_ONCE = 500


_Position = tuple[int, int, int]
"""Read up to, received up to, and read up to as far as it ends a mark (0: not at all)."""
Gathered = tuple[int, int, int, int, int]
"""Room, user, and their `_Position`."""


class Receipts:
    """In rooms with more members than `large`, and in `silent` ones, people get their own receipts only."""

    def __init__(self, db: Database, hub: Hub, clock: Clock, *, large: int, silent: Container[int] = ()) -> None:
        self._db = db
        self._hub = hub
        self._clock = clock
        self._large = large
        self._silent = silent
        self._gathered: dict[tuple[int, int], _Position] = {}
        self._held: Counter[tuple[int, int]] = Counter()
        self._on_written: list[Callable[[list[Positions], list[Positions]], None]] = []
        self._on_mark: list[Callable[[int, int], None]] = []
        self._on_seen: list[Callable[[int, int, Seen], None]] = []

    def on_written(self, callback: Callable[[list[Positions], list[Positions]], None]) -> None:
        """`callback(positions, own)`: they were written here; `own` may be told to nobody but those themselves."""
        self._on_written.append(callback)

    def on_mark(self, callback: Callable[[int, int], None]) -> None:
        """`callback(user, room)`: reading moved where they had marked something as unread."""
        self._on_mark.append(callback)

    def advance(self, user: int, room: int, read: int | None, delivered: int | None, *, repeated: bool = False) -> None:
        """Note that a member has read or received so far; told and stored with the next flush.

        `repeated`: they say again how far they were, so it ends no mark (`unread_from`).
        """
        before = self._gathered.get((room, user))
        if before is None and len(self._gathered) >= MAX_GATHERED:
            raise Rejection("busy", "Too many receipts at once. Try again shortly.", retry_after=1)
        index = read or 0
        self.gather([(room, user, index, max(delivered or 0, index), 0 if repeated else index)])

    def see(self, user: User, message: Message, members: int) -> None:
        """`advance` up to a message, told at once: for sockets that hear of each by itself (dialects)."""
        assert message.index is not None
        self.advance(user.number, message.room, message.index, None)
        seen = Seen(user, message.id, self._clock.now())
        self.heard_seen(message.room, members, seen)
        for call in self._on_seen:
            call(message.room, members, seen)

    def on_seen(self, callback: Callable[[int, int, Seen], None]) -> None:
        """`callback(room, members, seen)`: it was said on this node."""
        self._on_seen.append(callback)

    def heard_seen(self, room: int, members: int, seen: Seen) -> None:
        """It was said on whatever node."""
        if members <= self._large and room not in self._silent:
            self._hub.news.to_room(room, f"seen {seen.user.number}", seen, members_only=True)

    async def advance_now(self, caller: Caller, room_id: str, read: int | None, delivered: int | None) -> Positions:
        """The same, written before it returns: for REST, where the next request may ask for the count."""
        room, silent = await self._db.read(_place, room_id, caller.user)
        key = room.number, caller.user
        before = self._gathered.get(key)
        self.advance(caller.user, room.number, read, delivered)
        try:
            written = await self._write([key], {room.number} if silent else self._silent)
        except (SQLAlchemyError, Rejection):
            if before is not None:  # said on a socket, and answered
                self.gather([(*key, *before)])
            raise
        if not written:
            raise Rejection("not_member", "Join the room first.")
        return written[0]

    def hold(self, user: int, room: int) -> list[Gathered]:
        """What the member said before this, to be written before what they say now (`tell_held`); what they say
        after it stays here until `release`.
        """
        self._held[room, user] += 1
        position = self._gathered.pop((room, user), None)
        return [] if position is None else [(room, user, *position)]

    def gather(self, said: Sequence[Gathered]) -> None:
        """To be written with the next flush; also what was held and could not be written."""
        for room, user, *position in said:
            now = self._gathered.get((room, user), (0, 0, 0))
            read, delivered, looked = map(max, now, position)
            self._gathered[room, user] = read, delivered, looked

    def release(self, user: int, room: int) -> None:
        """What they said since goes its way."""
        self._held[room, user] -= 1
        if not self._held[room, user]:
            del self._held[room, user]

    def tell_held(self, written: Collection[Positions]) -> None:
        """What was held is written."""
        self._written(written, self._silent)

    async def run(self) -> None:
        """Flush again and again, until cancelled."""
        while True:
            await self._clock.sleep(GATHER)
            await self.flush()

    async def flush(self) -> None:
        """Write and tell what is gathered by now, in slices. What another node is writing, and what cannot be written
        now, waits for the next time.
        """
        gathered = list(self._gathered)
        for start in range(0, len(gathered), FLUSHED_AT_ONCE):
            slice_ = gathered[start : start + FLUSHED_AT_ONCE]
            keys = [key for key in slice_ if key in self._gathered and key not in self._held]
            try:
                await self._write_free(keys)
            except (SQLAlchemyError, Rejection) as error:
                log.warning("receipts.not_written", count=len(keys), error=type(error).__name__)
                return

    async def _write_free(self, keys: Collection[tuple[int, int]]) -> None:
        if not keys:
            return
        taken = [(*key, *self._gathered.pop(key)) for key in keys]
        try:
            written, marks, later = await self._db.write(_write_free, taken)
        except (SQLAlchemyError, Rejection) as error:
            if isinstance(error, Rejection) or is_outage(error):  # else it would stand in the way for ever
                self.gather([(*row[:4], 0) for row in taken] if _may_have_happened(error) else taken)
            raise
        self.gather(later)
        self._tell_written(written, marks, self._silent)

    async def _write(self, keys: Collection[tuple[int, int]], silent: Container[int]) -> list[Positions]:
        """Write and tell what was gathered for these (room, user)."""
        taken = [(*key, *self._gathered.pop(key)) for key in keys]
        written, marks = await self._db.write(write_gathered, taken)
        self._tell_written(written, marks, silent)
        return written

    def _tell_written(self, written: Collection[Positions], marks: list[RoomView], silent: Container[int]) -> None:
        """No await between the write and this: who is told of two writes is told in their order."""
        self._written(written, silent)
        for view in marks:
            tell_me(self._hub, view)
            assert view.member is not None
            for call in self._on_mark:
                call(view.member.user, view.room.number)

    def _written(self, written: Collection[Positions], silent: Container[int]) -> None:
        self._tell(written, silent)
        if written:
            shown = [position for position in written if position.room not in silent]
            own = [position for position in written if position.room in silent]
            for call in self._on_written:
                call(shown, own)

    def heard(self, positions: Collection[Positions], own: Collection[Positions]) -> None:
        """They were written on another node."""
        self._tell(positions, self._silent)
        self._tell(own, {position.room for position in own})

    def _tell(self, written: Collection[Positions], silent: Container[int]) -> None:
        by_room: dict[str, list[Positions]] = defaultdict(list)
        for position in written:
            if position.member_count > self._large or position.room in silent:
                news = ReceiptsNews(position.room_id, (_plain(position),))
                self._hub.news.to_users((position.user,), ("receipt", position.room_id), news)
            else:
                by_room[position.room_id].append(position)
        for room_id, positions in by_room.items():
            self._hub.news.to_room(
                positions[0].room, "receipt", ReceiptsNews(room_id, tuple(map(_plain, positions))), members_only=True
            )


def _place(connection: Connection, room_id: str, user: int) -> tuple[Room, bool]:
    """A room of the user's, and whether it is silent: who is not connected is not in memory."""
    room, _ = joined(connection, room_id, user)
    return room, blocks.is_silent(connection, room)


def write_gathered(connection: Connection, taken: Sequence[Gathered]) -> tuple[list[Positions], list[RoomView]]:
    """The positions as they are then; and how those stand there whose mark moved."""
    written = receipts.advance(connection, [row[:4] for row in taken])
    moved = membership.read_again(connection, [(room, user, looked) for room, user, _, _, looked in taken if looked])
    users.bump(connection, {user for _, user in moved})
    rooms_of: dict[int, list[int]] = defaultdict(list)
    for room, user in moved:
        rooms_of[user].append(room)
    return written, [view for user, rooms in rooms_of.items() for view in membership.views(connection, user, rooms)]


def _write_free(
    connection: Connection, taken: Sequence[Gathered]
) -> tuple[list[Positions], list[RoomView], list[Gathered]]:
    """The same of those that nobody else is writing; and the others."""
    free = receipts.free(connection, [row[:2] for row in taken])
    there = receipts.there(connection, {row[:2] for row in taken} - free)
    written, marks = write_gathered(connection, [row for row in taken if row[:2] in free])
    return written, marks, [row for row in taken if row[:2] in there]


def _may_have_happened(error: Exception) -> bool:
    """Then a mark may be newer than what was said, and must not be ended by saying it again."""
    return isinstance(error, Rejection) and error.code == "outcome_unknown"


def tell_me(hub: Hub, view: RoomView) -> None:
    """How somebody stands in a room, to all of their own connections: the latest state wins."""
    assert view.member is not None
    hub.news.to_users((view.member.user,), ("me", view.room.id), Membership(view))


def _plain(position: Positions) -> tuple[str, int, int]:
    return position.user_id, position.read_index, position.delivered_index
