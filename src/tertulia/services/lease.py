"""Whether this node was there all the time: one that was stopped wakes with old rights, old heads, old sessions."""

from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from tertulia.clock import Clock
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

SECONDS = 10.0
"""A node from which nothing was heard for so long counts as gone, also to itself."""
MAX_KEPT = 1_000
"""Deliveries kept while it is lost; what is beyond, another sweep finds."""
RETRY = 1.0


class Lease:
    """Held while `beat` comes in time. When it was lost, nothing is delivered and no command is taken before a whole
    sweep is done.
    """

    def __init__(self, clock: Clock, tasks: Tasks) -> None:
        self._clock = clock
        self._tasks = tasks
        self._recover: Callable[[], Awaitable[None]]
        self._matters: Callable[[], bool] = lambda: False
        self._beat_at = clock.monotonic()
        self._is_lost = False
        self._kept: deque[Callable[[], None]] = deque()
        self._overflowed = False
        self._on_held: list[Callable[[], None]] = []

    def watch(self, *, recover: Callable[[], Awaitable[None]], matters: Callable[[], bool]) -> None:
        """From now on. `recover`: the sweep; `matters`: whether anybody else could have written meanwhile."""
        self._recover, self._matters = recover, matters

    def on_held(self, callback: Callable[[], None]) -> None:
        """`callback()` is called when a lost lease is held again."""
        self._on_held.append(callback)

    def beat(self) -> None:
        """Alive. To be called every second or so."""
        if self.is_held:
            self._beat_at = self._clock.monotonic()

    @property
    def is_held(self) -> bool:
        """Asked before anything is taken: the first to ask after a stop finds out."""
        if not self._is_lost and self._clock.monotonic() - self._beat_at > SECONDS:
            if self._matters():
                self._lose()
            else:
                self._beat_at = self._clock.monotonic()
        return not self._is_lost

    def _lose(self) -> None:
        log.warning("lease.lost", seconds=round(self._clock.monotonic() - self._beat_at, 1))
        self._is_lost = True
        self._tasks.spawn(self._come_back(), "lease")

    async def _come_back(self) -> None:
        while True:
            try:
                await self._recover()
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing is taken before it works
                log.warning("lease.recovery_failed", error=type(error).__name__)
                await self._clock.sleep(RETRY)
                continue
            if not self._overflowed:
                break
            self._kept.clear()  # the next sweep finds all of it, and there is room for what comes meanwhile
            self._overflowed = False
        self._beat_at = self._clock.monotonic()
        self._is_lost = False
        while self._kept:
            self._call(self._kept.popleft())
        for callback in self._on_held:
            self._call(callback)

    def _call(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("lease.call_failed")  # the others still have their turn

    def when_held(self, work: Callable[[], None]) -> None:
        """`work()`: now, or in its turn when the lease is held again."""
        if self.is_held and not self._kept:
            work()
        elif len(self._kept) < MAX_KEPT:
            self._kept.append(work)
        else:
            self._overflowed = True
