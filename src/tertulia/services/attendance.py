"""Who has a socket in which room, for dialects that show it: each user once, however many sockets, on whatever node.

Never stored. Plain methods; told at once, also to other nodes (`on_changed`, `letters`). Not in `silent` rooms.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator
from itertools import islice

from tertulia.broker.letters import Attends
from tertulia.domain.events import Attended
from tertulia.domain.models import User
from tertulia.hub.hub import Hub

SHOWN = 1_000
"""People of a room in one list."""
SAID_AT_ONCE = 500
"""In one letter to other nodes."""

Place = tuple[int, int]
"""A room and a user."""


class Attendance:
    """On this node, with what others say."""

    def __init__(self, hub: Hub, silent: Container[int] = ()) -> None:
        self._hub = hub
        self._silent = silent
        self._here: Counter[Place] = Counter()
        self._there: defaultdict[str, dict[Place, str]] = defaultdict(dict)  # node → who, by what name
        self._parts: dict[str, list[set[Place]]] = {}  # node → who is there, as far as it has told
        self._people: defaultdict[int, dict[int, _Person]] = defaultdict(dict)  # room → user
        self._on_changed: list[Callable[[Attends], None]] = []
        self._closing = False

    def on_changed(self, callback: Callable[[Attends], None]) -> None:
        """`callback(letter)`: for the other nodes, which hear it in this order."""
        self._on_changed.append(callback)

    def enter(self, room: int, user: User) -> bool:
        """A socket of the user is live in the room; whether it is their first there, which all others are told."""
        place = room, user.number
        self._here[place] += 1
        if self._here[place] > 1:
            return False
        self._say(Attends(came=((*place, user.username),)))
        return self._come(place, user.username)

    def leave(self, room: int, user: int) -> None:
        """One of these sockets has ended. With the last one all others are told."""
        place = room, user
        if self._here[place] > 1:
            self._here[place] -= 1
        elif self._here.pop(place, 0):
            self._say(Attends(gone=(place,)))
            self._go(place)

    def of(self, room: int, me: User) -> list[tuple[int, str]]:
        """(number, username) of who is there, with `me`; in a silent room of nobody else."""
        people = self._people.get(room, {}) if room not in self._silent else {}
        found = {number: person.username for number, person in islice(people.items(), SHOWN)}
        return list({**found, me.number: me.username}.items())

    def hush(self, room: int) -> None:
        """The room has fallen silent: all look gone, and those who are here are told of no more."""
        people = self._people.get(room, {})
        for user, person in people.items():
            self._hub.news.to_room(room, _key(user), Attended(user, person.username, on=False))
        for place in [(room, user) for user in people]:
            if self._here.pop(place, 0):
                self._say(Attends(gone=(place,)))
                self._go(place)

    def close(self) -> None:
        """This node stops: it tells nobody one by one who goes."""
        self._closing = True

    # Other nodes.

    def letters(self) -> Iterator[Attends]:
        """Everybody who is here, for nodes that do not know."""
        here = [(*place, self._people[place[0]][place[1]].username) for place in self._here]
        starts = range(0, len(here), SAID_AT_ONCE) or (0,)
        for part, start in enumerate(starts, 1):
            yield Attends(came=tuple(here[start : start + SAID_AT_ONCE]), part=part, parts=len(starts))

    def heard(self, node: str, letter: Attends) -> None:
        """A node says who came and went there, or who is there."""
        there = self._there[node]
        for room, user, username in letter.came:
            place = room, user
            if place not in there:
                there[place] = username
                self._come(place, username)
        for room, user in letter.gone:
            self._went(node, (room, user))
        if letter.parts:
            self._gather(node, letter)
        if not there:
            del self._there[node]

    def _gather(self, node: str, letter: Attends) -> None:
        """Who is not in any of the parts is gone. If one was lost, there are new ones soon."""
        told = self._parts.pop(node, [])
        if letter.part == 1:
            told = []
        elif len(told) != letter.part - 1:
            return
        told.append({(room, user) for room, user, _ in letter.came})
        if letter.part < letter.parts:
            self._parts[node] = told
            return
        for place in self._there[node].keys() - set().union(*told):
            self._went(node, place)

    def forget(self, node: str) -> None:
        """Nobody is there any more: nothing was heard of the node for too long."""
        self.heard(node, Attends(part=1, parts=1))

    def _went(self, node: str, place: Place) -> None:
        if self._there[node].pop(place, None) is not None:
            self._go(place)

    # All nodes.

    def _come(self, place: Place, username: str) -> bool:
        """On one node more; whether it is the first."""
        room, user = place
        person = self._people[room].setdefault(user, _Person(username))
        person.nodes += 1
        if person.nodes == 1:
            self._tell(place, username, on=True)
        return person.nodes == 1

    def _go(self, place: Place) -> None:
        room, user = place
        people = self._people[room]
        people[user].nodes -= 1
        if not people[user].nodes:
            self._tell(place, people.pop(user).username, on=False)
            if not people:
                del self._people[room]

    def _tell(self, place: Place, username: str, *, on: bool) -> None:
        room, user = place
        if room not in self._silent and not self._closing:
            self._hub.news.to_room(room, _key(user), Attended(user, username, on))

    def _say(self, letter: Attends) -> None:
        if not self._closing:
            for call in self._on_changed:
                call(letter)


class _Person:
    """`nodes`: on how many they are there."""

    __slots__ = ("nodes", "username")

    def __init__(self, username: str) -> None:
        self.username = username
        self.nodes = 0


def _key(user: int) -> str:
    """Of news: somebody who reads slowly is told the latest of each."""
    return f"attended {user}"
