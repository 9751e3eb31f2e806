"""Who is connected to other nodes, and how they are, as those say. A node that is silent for a lease counts as gone."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from tertulia.broker.letters import Here
from tertulia.clock import Clock
from tertulia.domain.values import dataclass
from tertulia.services.lease import SECONDS

RANK = {"offline": 0, "away": 1, "online": 2}


@dataclass(frozen=True, slots=True)
class There:
    """Somebody, as one node says: a person with rooms that are not large."""

    user_id: str
    status: str
    rooms: frozenset[int]


class Elsewhere:
    """`heard` takes what nodes say, `take_changed` tells of whom there is news."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard_at: dict[str, float] = {}
        self._people: dict[int, dict[str, There]] = {}  # user → node
        self._rooms: defaultdict[int, set[int]] = defaultdict(set)
        self._changed: set[int] = set()
        self._looked_at = clock.monotonic()
        self._on_silent: list[Callable[[str], None]] = []

    def on_silent(self, callback: Callable[[str], None]) -> None:
        """`callback(node)` is called when a node counts as gone."""
        self._on_silent.append(callback)

    def lives(self, node: str) -> bool:
        """A sign of life of a node; whether it did not count as gone, so that what is known of it is right."""
        known = node in self._heard_at
        self._heard_at[node] = self._clock.monotonic()
        return known

    def heard(self, node: str, letter: Here) -> None:
        """A node lives, and says how some are there, or all."""
        self.lives(node)
        named = {number for number, *_ in letter.users}
        if letter.whole:
            for user in [user for user, nodes in self._people.items() if node in nodes and user not in named]:
                self._put(user, node, None)
        for number, user_id, status, rooms in letter.users:
            there = There(user_id, status, frozenset(rooms))
            self._put(number, node, None if status == "offline" else there)

    def _put(self, user: int, node: str, there: There | None) -> None:
        nodes = self._people.setdefault(user, {})
        if nodes.get(node) == there:
            there = nodes.pop(node, None)  # as it was
        else:
            self._changed.add(user)
        before = self.rooms(user)
        nodes.pop(node, None)
        if there is not None:
            nodes[node] = there
        if not nodes:
            del self._people[user]
        self._index(user, before, self.rooms(user))

    def _index(self, user: int, before: set[int], now: set[int]) -> None:
        for room in now - before:
            self._rooms[room].add(user)
        for room in before - now:
            self._rooms[room].discard(user)
            if not self._rooms[room]:
                del self._rooms[room]

    def take_changed(self) -> set[int]:
        """Users of whom there is news since the last time."""
        now = self._clock.monotonic()
        if now - self._looked_at > SECONDS:  # it is this node that was away
            self._heard_at = dict.fromkeys(self._heard_at, now)
        self._looked_at = now
        for node in [node for node, at in self._heard_at.items() if now - at > SECONDS]:
            self.heard(node, Here(whole=True))
            del self._heard_at[node]
            for call in self._on_silent:
                call(node)
        changed, self._changed = self._changed, set()
        return changed

    def status(self, user: int) -> str:
        """The best of what all nodes say."""
        return max((there.status for there in self._there(user)), key=RANK.__getitem__, default="offline")

    def user_id(self, user: int) -> str | None:
        return next((there.user_id for there in self._there(user)), None)

    def rooms(self, user: int) -> set[int]:
        return {room for there in self._there(user) for room in there.rooms}

    def in_rooms(self, rooms: Iterable[int], limit: int) -> set[int]:
        """Users in any of `rooms`; about `limit` at most."""
        found: set[int] = set()
        for room in rooms if self._rooms else ():
            found |= self._rooms.get(room, set())
            if len(found) >= limit:
                break
        return found

    def _there(self, user: int) -> Iterable[There]:
        return self._people.get(user, {}).values()
