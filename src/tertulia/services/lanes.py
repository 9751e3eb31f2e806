"""Whose turn it is: what waits for each webhook, room by room. Plain bookkeeping, without a database."""

import heapq
from collections import deque

Room = int | None


class Lanes:
    """Of one webhook. A room is ready, waits for its time, or is under way; only one delivery of it at a time.

    Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._ready: deque[Room] = deque()
        self._later: list[tuple[float, int, Room]] = []
        self._known: set[Room] = set()
        self._under_way: set[Room] = set()
        self._waited: set[Room] = set()
        self._ties = 0

    def add(self, room: Room) -> None:
        """Something waits in this room; one that is known already keeps its turn."""
        if room not in self._known:
            self._known.add(room)
            self._ready.append(room)

    def take(self, limit: int, now: float) -> list[Room]:
        """Up to `limit` rooms whose turn it is; each comes back by `back`, `wait` or `forget`."""
        while self._later and self._later[0][0] <= now:
            room = heapq.heappop(self._later)[2]
            self._waited.add(room)
            self._ready.append(room)
        taken = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        self._under_way.update(taken)
        return taken

    def has_waited(self, room: Room) -> bool:
        """Its time has come by the clock that never jumps, whatever the other one says."""
        return room in self._waited

    def back(self, room: Room) -> None:
        """It is done with one; the next may go."""
        self._leave(room)
        self._ready.append(room)

    def wait(self, room: Room, until: float) -> None:
        self._leave(room)
        self._ties += 1
        heapq.heappush(self._later, (until, self._ties, room))

    def forget(self, room: Room) -> None:
        """Nothing waits there."""
        self._leave(room)
        self._known.discard(room)

    def _leave(self, room: Room) -> None:
        self._under_way.discard(room)
        self._waited.discard(room)

    def restart(self, rooms: set[Room]) -> None:
        """Look at all of `rooms` again; those under way go on."""
        self._known = rooms | self._under_way
        self._ready = deque(room for room in rooms if room not in self._under_way)
        self._later, self._waited = [], self._waited & self._under_way

    @property
    def under_way(self) -> int:
        return len(self._under_way)
