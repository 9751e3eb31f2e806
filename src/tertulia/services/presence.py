"""Who is there: online, away or offline. Never stored, but for when somebody was last seen.

A user is online while any device is, away when all are (said, or five minutes without a command), offline without a
connection, on whatever node. It is told to those who share a room of at most `large` members, gathered for a second,
once a room; but not in `silent` rooms. Each node tells its own; what others need to know for that goes to `on_here`.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Hashable
from collections.abc import Set as AbstractSet
from itertools import islice

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.events import Presence as PresenceNews
from tertulia.domain.events import RoomBatch
from tertulia.hub.hub import Hub
from tertulia.protocol.codec import encode
from tertulia.services.elsewhere import RANK, Elsewhere
from tertulia.storage import receipts
from tertulia.storage.database import Database

log = structlog.get_logger(__name__)

TICK = 1.0
IDLE = 300.0
"""Seconds without a command after which a device counts as away."""
LINGER = 3.0
"""Seconds before somebody without a connection counts as offline: a page that is loaded again is no news."""
SAID_AT_ONCE = 200
"""People in one letter to other nodes."""
SAID_ROOMS = 200
"""Rooms of a person of which other nodes are told."""

Said = tuple[int, str, str, tuple[int, ...]]
"""A user's number and id, how they are here, their rooms."""


class Presence:
    """Of the users connected to this node, with what others say. Plain methods; `run` tells what changed."""

    def __init__(self, hub: Hub, db: Database, clock: Clock, *, large: int, silent: Container[int] = ()) -> None:
        self._hub = hub
        self._silent = silent
        self._large = large
        self._db = db
        self._clock = clock
        self._people: dict[int, _Person] = {}
        self._dirty: set[int] = set()
        self._seen: dict[int, int] = {}
        self._ticks = 0
        self.elsewhere = Elsewhere(clock)
        self._told: dict[int, tuple[str, str, set[int]]] = {}  # of those who are elsewhere only: id, status, rooms
        self._to_say: set[int] = set()
        self._say_all = False
        self._on_here: list[Callable[[tuple[Said, ...], bool], None]] = []

    def on_here(self, callback: Callable[[tuple[Said, ...], bool], None]) -> None:
        """`callback(people, whole)` is called each second with those who changed here; `whole`: and who is not among
        them, nor in the next calls of this second, is not here.
        """
        self._on_here.append(callback)

    def say_all(self) -> None:
        """Another node does not know, or is not sure."""
        self._say_all = True

    def arrive(self, user: int, user_id: str, device: Hashable) -> None:
        """A connection of the user is live."""
        person = self._people.setdefault(user, _Person(user_id))
        person.devices[device] = _Device(self._clock.monotonic())
        self._dirty.add(user)

    def depart(self, user: int, device: Hashable) -> None:
        """A connection of the user ended."""
        person = self._people.get(user)
        if person is not None and person.devices.pop(device, None) is not None and not person.devices:
            person.left_at = self._clock.monotonic()
            self._seen[user] = self._clock.now()

    def says(self, user: int, device: Hashable, *, away: bool) -> None:
        """The client says how its device is."""
        person = self._people.get(user)
        if person is not None and device in person.devices:
            person.devices[device].away = away
            person.devices[device].active_at = self._clock.monotonic()
            self._dirty.add(user)

    def active(self, user: int, device: Hashable) -> None:
        """A command came: whoever was away by silence is back."""
        person = self._people.get(user)
        found = person.devices.get(device) if person is not None else None
        if person is not None and found is not None:
            found.active_at = self._clock.monotonic()
            if person.told == "away":
                self._dirty.add(user)

    def follows(self, user: int, room: int) -> None:
        """The user is a member of this room that is not large: its people hear how the user is."""
        person = self._people.get(user)
        if person is not None and room not in person.rooms and room not in self._silent:
            person.rooms.add(room)
            person.fresh.add(room)
            self._dirty.add(user)

    def unfollows(self, user: int, room: int) -> None:
        person = self._people.get(user)
        if person is not None:
            person.rooms.discard(room)
            person.fresh.discard(room)
            self._to_say.add(user)

    def heard(self, batch: RoomBatch) -> None:
        """What was committed in a room, after the hub has delivered it: those who are out are told of no more."""
        out = {user for event in batch.events for user in event.removed}
        for user in out.union(batch.banned):
            # Who came back already, and follows the room by what they read since, stays.
            if not any(one.is_member(batch.room_id) for one in self._hub.of_user(user)):
                self.unfollows(user, batch.room)

    def hush(self, room: int, one: int, other: int) -> None:
        """The two of a direct room hear no more of each other there: they look offline, unless they share another
        small room, which is told again.
        """
        for user, to in ((one, other), (other, one)):
            person = self._people.get(user)
            if person is None or room not in person.rooms:
                continue
            self.unfollows(user, room)
            news = PresenceNews(((person.user_id, "offline"),))
            self._hub.news.to_users((to,), ("presence of one", person.user_id), news)
            person.fresh |= person.rooms
            self._dirty.add(user)

    def of(self, users: AbstractSet[int]) -> list[bytes]:
        """A `PresenceResource` in JSON of each who is not offline."""
        people, elsewhere = self._people, self.elsewhere
        found = [people[user].shown for user in users if user in people]
        for user in () if len(found) == len(users) else users - people.keys():
            user_id = elsewhere.user_id(user)
            if user_id is not None:
                found.append(_shown(user_id, elsewhere.status(user)))
        return found

    def is_there(self, user: int) -> bool:
        """They are not offline."""
        return user in self._people or self.elsewhere.status(user) != "offline"

    def _status(self, user: int, person: "_Person", now: float) -> str:
        """The best of all nodes."""
        here = person.status(now)
        return here if here == "online" else max(here, self.elsewhere.status(user), key=RANK.__getitem__)

    def _now(self) -> float:
        return self._clock.monotonic()

    async def run(self) -> None:
        """Tell what changed, until cancelled."""
        while True:
            await self._clock.sleep(TICK)
            self.tick()
            await self.flush()

    def tick(self) -> None:
        """Gather what changed since the last tick and tell each room once."""
        self._ticks += 1
        now = self._now()
        if self._ticks % 10 == 0:
            self._dirty.update(self._people)  # who fell silent is away; looked at every ten seconds
        gone = [user for user, person in self._people.items() if person.is_gone(now)]
        by_room: dict[int, list[tuple[str, str]]] = defaultdict(list)
        changed = self.elsewhere.take_changed()
        for user in changed.difference(self._people):
            self._gather_elsewhere(user, by_room)
        for user in {*self._dirty, *gone, *changed.intersection(self._people)}:
            self._gather(user, now, by_room)
        self._dirty.clear()
        self._say()
        self._tell(by_room)
        for user in gone:
            person = self._people.pop(user)
            if self.elsewhere.user_id(user) is not None:
                self._told[user] = person.user_id, person.told or "offline", person.rooms

    def _tell(self, by_room: dict[int, list[tuple[str, str]]]) -> None:
        news = {
            room: PresenceNews(tuple(statuses))
            for room, statuses in by_room.items()
            if self._hub.member_count(room) <= self._large
        }
        # Each tick tells what changed in it, so a later one does not stand for those before.
        self._hub.news.to_members(f"presence {self._ticks}", news)

    def _say(self) -> None:
        """What changed here, to the other nodes; also when nothing did: it is a sign of life."""
        whole, self._say_all = self._say_all, False
        users, self._to_say = list(self._people) if whole else list(self._to_say), set()
        said = [self._said(user, self._people[user]) for user in users if user in self._people]
        parts = [tuple(said[start : start + SAID_AT_ONCE]) for start in range(0, len(said), SAID_AT_ONCE)] or [()]
        for number, part in enumerate(parts):
            for call in self._on_here:
                call(part, whole and number == 0)

    def _said(self, user: int, person: "_Person") -> Said:
        status = "offline" if person.is_gone(self._now()) else person.told_here or "online"
        return user, person.user_id, status, tuple(islice(person.rooms, SAID_ROOMS))

    def _gather_elsewhere(self, user: int, by_room: dict[int, list[tuple[str, str]]]) -> None:
        user_id, told, rooms = self._told.pop(user, (self.elsewhere.user_id(user), "offline", set[int]()))
        status, now = self.elsewhere.status(user), self.elsewhere.rooms(user)
        if user_id is None:
            return
        for room in now | rooms if status != told else now - rooms:
            if room not in self._silent:
                by_room[room].append((user_id, status))
        if status != "offline":
            self._told[user] = user_id, status, now

    def _gather(self, user: int, now: float, by_room: dict[int, list[tuple[str, str]]]) -> None:
        person = self._people.get(user)
        if person is None or not (person.devices or person.is_gone(now)):
            return
        status, here = self._status(user, person, now), person.status(now)
        if person.fresh or here != person.told_here:
            self._to_say.add(user)
            person.told_here = here
        rooms = person.rooms | self.elsewhere.rooms(user) if status != person.told else person.fresh
        for room in rooms:
            by_room[room].append((person.user_id, status))
        person.fresh.clear()
        if status != person.told:
            person.told, person.shown = status, _shown(person.user_id, status)

    async def flush(self) -> None:
        """Store when those who left were last seen, all in one go."""
        if not self._seen:
            return
        seen, self._seen = self._seen, {}
        try:
            await self._db.write(receipts.seen, list(seen.items()))
        except (SQLAlchemyError, Rejection) as error:
            log.warning("presence.last_seen_lost", count=len(seen), error=type(error).__name__)


def _shown(user_id: str, status: str) -> bytes:
    """A `PresenceResource` in JSON."""
    return encode({"user": user_id, "status": status})


class _Device:
    __slots__ = ("active_at", "away")

    def __init__(self, now: float) -> None:
        self.away = False
        self.active_at = now


class _Person:
    """`told`: the status that the others know, `told_here`: as far as it is of this node. `shown`: what those who come
    are told. `fresh`: rooms that were not told yet.
    """

    __slots__ = ("devices", "fresh", "left_at", "rooms", "shown", "told", "told_here", "user_id")

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.shown = _shown(user_id, "online")  # who has just come
        self.devices: dict[Hashable, _Device] = {}
        self.rooms: set[int] = set()
        self.fresh: set[int] = set()
        self.left_at = 0.0
        self.told: str | None = None
        self.told_here: str | None = None

    def is_gone(self, now: float) -> bool:
        return not self.devices and now >= self.left_at + LINGER

    def status(self, now: float) -> str:
        for device in self.devices.values():
            if not device.away and now - device.active_at < IDLE:
                return "online"
        return "away" if self.devices else "offline"
