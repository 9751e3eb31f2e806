"""Who may say something where, for what is said too often to ask the database each time: typing."""

from collections import OrderedDict

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.events import Changed, RoomBatch
from tertulia.domain.models import Room, RoomKind
from tertulia.domain.voice import Voice
from tertulia.services.access import member_in
from tertulia.services.typing import Typing
from tertulia.storage import blocks, rooms
from tertulia.storage.database import Database

KEPT = 100_000
"""Members whose voice is remembered; beyond, the rooms that were not asked about the longest are forgotten."""

ATTEMPTS = 3
"""In a room where somebody comes or goes all the time, what was read may be a little old."""

Pair = tuple[int, int]


class Voices:
    """Loaded on a miss, forgotten when a change is delivered, or when another process wrote.

    What was read before something was forgotten may be old: it is read again, and not kept.
    """

    def __init__(self, db: Database, typing: Typing, clock: Clock) -> None:
        self._db = db
        self._typing = typing
        self._clock = clock
        self._rooms: OrderedDict[int, dict[int, Voice]] = OrderedDict()
        self._direct: dict[Pair, int] = {}
        self._pairs: dict[int, Pair] = {}
        self._count = 0
        self._loading: dict[object, int] = {}

    def knows(self, room: int, user: int) -> bool:
        """Whether `check` answers without the database."""
        return user in self._rooms.get(room, ())

    def check(self, room: int, user: int) -> None:
        """Of somebody who is known; raises `archived`, `muted` or `blocked`."""
        self._rooms.move_to_end(room)
        self._rooms[room][user].check(self._clock.now())

    async def ask(self, room: int, user: int) -> None:
        """The same of anybody; raises also `not_member`, and `not_found` when they may not see the room."""
        if self.knows(room, user):
            self.check(room, user)
            return
        for _ in range(ATTEMPTS):
            voice, is_fresh = await self._load(room, user)
            if is_fresh:
                break
        voice.check(self._clock.now())

    async def _load(self, room: int, user: int) -> tuple[Voice, bool]:
        """As it was read, and whether nothing changed since."""
        token = object()
        self._loading[token] = room
        try:
            voice, pair = await self._db.read(_voice, room, user)
            is_fresh = token in self._loading
        finally:
            self._loading.pop(token, None)
        if is_fresh:
            self._keep(room, user, voice, pair)
        return voice, is_fresh

    def _keep(self, room: int, user: int, voice: Voice, pair: Pair | None) -> None:
        there = self._rooms.setdefault(room, {})
        self._count += user not in there
        there[user] = voice
        if pair is not None:
            self._direct[pair], self._pairs[room] = room, pair
        while self._count > KEPT or len(self._rooms) > KEPT:
            self.forget(next(iter(self._rooms)))

    # What makes it old.

    def heard(self, batch: RoomBatch) -> None:
        """What was committed in a room. Who may not speak any more has stopped typing."""
        if batch.gone:
            self._silence(batch.room)
        for event in batch.events:
            if event.settings is not None:
                self._settings_changed(batch.room, event.settings)
            if event.members:
                self._members_changed(event)

    def _settings_changed(self, room: int, settings: Room) -> None:
        self.forget(room)
        if settings.archived:
            self._silence(room)

    def _members_changed(self, event: Changed) -> None:
        self._outdate(event.room)
        known = self._rooms.get(event.room, {})  # may stay empty: those are forgotten in their turn, too
        for member, _ in event.members:
            self._count -= known.pop(member.user, None) is not None
            if member.left_at is not None or member.muted_until is not None:
                self._typing.stop(event.room, member.user)

    def _silence(self, room: int) -> None:
        self.forget(room)
        self._typing.stop_all(room)

    def blocks_changed(self, one: int, other: int) -> None:
        """One of the two blocks the other, or no more."""
        room = self._direct.get(_pair(one, other))
        if room is not None:
            self._silence(room)
        else:
            self._loading.clear()  # a direct room that is being loaded may be theirs

    def forget(self, room: int) -> None:
        self._outdate(room)
        self._count -= len(self._rooms.pop(room, ()))
        pair = self._pairs.pop(room, None)
        if pair is not None:
            del self._direct[pair]

    def _outdate(self, room: int) -> None:
        """What is being loaded of it is not kept."""
        for token in [token for token, loading in self._loading.items() if loading == room]:
            del self._loading[token]

    async def catch_up(self) -> None:
        """Another process wrote: nothing that is known here is sure."""
        self._rooms.clear()
        self._direct.clear()
        self._pairs.clear()
        self._loading.clear()
        self._count = 0


def _voice(connection: Connection, number: int, user: int) -> tuple[Voice, Pair | None]:
    room = rooms.by_number(connection, number)
    if room is None:
        raise not_found("room")
    member = member_in(connection, room, user)
    if member is None:
        raise Rejection("not_member", "Join the room first.")
    if room.kind is not RoomKind.DIRECT or room.direct_key is None:
        return Voice(room.archived, member.muted_until), None
    first, second = map(int, room.direct_key.split(":"))
    other = second if first == user else first
    blocked = bool(blocks.among(connection, [(other, user)]))
    return Voice(room.archived, member.muted_until, blocked), _pair(first, second)


def _pair(one: int, other: int) -> Pair:
    return min(one, other), max(one, other)
