"""A clock that stands still until a test moves it."""

import asyncio
import heapq
from itertools import count

START = 1_750_000_000_000_000


class FakeClock:
    """Wall and monotonic time move together, by `advance` only."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._tie = count()

    def now(self) -> int:
        return START + int(self._elapsed * 1_000_000)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._elapsed + seconds, next(self._tie), future))
        await future

    def advance(self, seconds: float) -> None:
        """Move time; everybody whose sleep is over wakes in order."""
        self._elapsed += seconds
        while self._waiting and self._waiting[0][0] <= self._elapsed:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)
