"""Who types where. Never stored; told when it changed: all who do, a few times a second at the most, and each one."""

from collections.abc import Callable, Container

from tertulia.clock import Clock
from tertulia.domain.events import Typed
from tertulia.domain.events import Typing as TypingNews
from tertulia.domain.models import User
from tertulia.hub.hub import Hub

LASTS = 6.0
"""Seconds after which somebody who does not say it again is taken to have stopped."""
TICK = 0.25
LARGE_TICKS = 4
"""A large room hears of it once a second."""
MAX_TYPING = 50
"""So many in a room; who comes on top is not shown."""
NAMED = 10
AGAIN = 2.0
"""Seconds before other nodes are told of somebody again who still types."""

Said = Callable[[int, str, int, User, bool], None]


class Typing:
    """`large`: rooms with more members get a count instead of names. In `silent` ones nobody is seen typing."""

    def __init__(self, hub: Hub, clock: Clock, *, large: int, silent: Container[int] = ()) -> None:
        self._hub = hub
        self._clock = clock
        self._large = large
        self._silent = silent
        self._rooms: dict[int, _Room] = {}
        self._changed: set[int] = set()
        self._ticks = 0
        self._on_said: list[Said] = []

    def on_said(self, callback: Said) -> None:
        """`callback(room, room_id, members, user, on)`: it was said on this node."""
        self._on_said.append(callback)

    def say(self, room: int, room_id: str, members: int, user: User, *, on: bool) -> None:
        """Somebody types, or stopped."""
        if not on:
            self.stop(room, user.number)
            return
        _, until = self._typists(room).get(user.number, (user, 0.0))
        self.heard(room, room_id, members, user, on=True)
        if user.number in self._typists(room) and until < self._clock.monotonic() + LASTS - AGAIN:
            self._said(room, room_id, members, user, on=True)

    def _typists(self, room: int) -> "dict[int, tuple[User, float]]":
        there = self._rooms.get(room)
        return there.typists if there is not None else {}

    def _said(self, room: int, room_id: str, members: int, user: User, *, on: bool) -> None:
        for call in self._on_said:
            call(room, room_id, members, user, on)

    def heard(self, room: int, room_id: str, members: int, user: User, *, on: bool) -> None:
        """Somebody types, or stopped, on whatever node."""
        if not on:
            self._stop(room, user.number)
            return
        if room in self._silent:
            return
        there = self._rooms.setdefault(room, _Room(room_id))
        there.large = members > self._large
        limit = MAX_TYPING * (20 if there.large else 1)
        if user.number not in there.typists:
            if len(there.typists) >= limit:
                return
            self._changed.add(room)
        there.typists[user.number] = (user, self._clock.monotonic() + LASTS)
        self._tell_one(room, room_id, user, on=True)

    def stop(self, room: int, user: int) -> None:
        """Also when somebody posts, or is gone."""
        there = self._rooms.get(room)
        stopped = self._stop(room, user) if there is not None else None
        if there is not None and stopped is not None:
            self._said(room, there.room_id, 0, stopped, on=False)

    def _stop(self, room: int, user: int) -> User | None:
        there = self._rooms.get(room)
        found = there.typists.pop(user, None) if there is not None else None
        if found is None:
            return None
        assert there is not None
        self._changed.add(room)
        self._tell_one(room, there.room_id, found[0], on=False)
        return found[0]

    def stop_all(self, room: int) -> None:
        """Nobody may speak there any more."""
        there = self._rooms.get(room)
        for user in list(there.typists) if there is not None else ():
            self._stop(room, user)

    def _tell_one(self, room: int, room_id: str, user: User, *, on: bool) -> None:
        """At once, for sockets that hear of each by themselves (dialects)."""
        self._hub.news.to_room(room, f"typed {user.number}", Typed(room_id, user, on))

    async def run(self) -> None:
        """Tell and forget, until cancelled."""
        while True:
            await self._clock.sleep(TICK)
            self.tick()

    def tick(self) -> None:
        """Forget who fell silent; tell the rooms in which something changed."""
        self._ticks += 1
        now = self._clock.monotonic()
        for number, room in list(self._rooms.items()):
            silent = [user for user, (_, until) in room.typists.items() if until <= now]
            for user in silent:
                self._stop(number, user)
        for number in [number for number in self._changed if self._is_due(number)]:
            self._changed.discard(number)
            self._tell(number)

    def _is_due(self, number: int) -> bool:
        return not self._rooms[number].large or self._ticks % LARGE_TICKS == 0

    def _tell(self, number: int) -> None:
        room = self._rooms[number]
        users = None if room.large else tuple(user for user, _ in list(room.typists.values())[:NAMED])
        self._hub.news.to_room(number, "typing", TypingNews(room.room_id, users, len(room.typists)))
        if not room.typists:
            del self._rooms[number]


class _Room:
    __slots__ = ("large", "room_id", "typists")

    def __init__(self, room_id: str) -> None:
        self.room_id = room_id
        self.large = False
        self.typists: dict[int, tuple[User, float]] = {}
