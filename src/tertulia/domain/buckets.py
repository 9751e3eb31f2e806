"""How often something may be done, by key; in bounded memory.

When more than `max_keys` keys are known, the one that was quiet the longest is forgotten, that is, starts afresh.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable

from tertulia.clock import Clock


class Buckets:
    """A token bucket for each key: `burst` at once, then `rate_per_second`."""

    def __init__(self, rate_per_second: float, burst: int, clock: Clock, max_keys: int = 100_000) -> None:
        assert rate_per_second > 0, rate_per_second
        assert burst >= 1, burst
        self._interval = 1 / rate_per_second
        self._burst = burst
        self._clock = clock
        self._max_keys = max_keys
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()  # when the key's bucket is full again

    def take(self, key: Hashable) -> float:
        """Take one: 0.0; or, when there is none, the seconds until there is one, and nothing is taken."""
        now = self._clock.monotonic()
        wait, full_at = _take(self._full_at.get(key, now), now, self._interval, self._burst)
        if wait:
            return wait
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._max_keys:
            self._full_at.popitem(last=False)
        return 0.0

    def wait(self, key: Hashable) -> float:
        """What `take` would say; nothing is taken."""
        now = self._clock.monotonic()
        return _take(self._full_at.get(key, now), now, self._interval, self._burst)[0]

    def __len__(self) -> int:
        return len(self._full_at)


class Bucket:
    """A single token bucket: `burst` at once, then `rate_per_second`."""

    __slots__ = ("_burst", "_clock", "_full_at", "_interval")

    def __init__(self, rate_per_second: float, burst: int, clock: Clock) -> None:
        self._interval = 1 / rate_per_second
        self._burst = burst
        self._clock = clock
        self._full_at = 0.0

    def take(self) -> float:
        """Take one: 0.0; or, when there is none, the seconds until there is one, and nothing is taken."""
        wait, self._full_at = _take(self._full_at, self._clock.monotonic(), self._interval, self._burst)
        return wait


def _take(full_at: float, now: float, interval: float, burst: int) -> tuple[float, float]:
    """The seconds until there is one (0.0: it is taken), and when the bucket is full again."""
    full_at = max(full_at, now)
    wait = full_at - now - (burst - 1) * interval
    return (wait, full_at) if wait > 1e-9 else (0.0, full_at + interval)


class Attempts:
    """At most `limit` attempts that count in any `seconds`, for each key: a guard against guessing."""

    def __init__(self, limit: int, seconds: float, clock: Clock, max_keys: int = 100_000) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._max_keys = max_keys
        self._times: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def wait(self, key: Hashable) -> float:
        """Seconds until the next attempt is allowed; 0.0: now."""
        times = self._times.get(key)
        if times is None or len(times) < self._limit:
            return 0.0
        return max(0.0, times[0] + self._seconds - self._clock.monotonic())

    def add(self, key: Hashable) -> None:
        """Count an attempt, before its outcome is known: many at once must not slip through together."""
        times = self._times.setdefault(key, deque(maxlen=self._limit))
        times.append(self._clock.monotonic())
        self._times.move_to_end(key)
        if len(self._times) > self._max_keys:
            self._times.popitem(last=False)

    def take_back(self, key: Hashable) -> None:
        """The newest attempt does not count after all."""
        times = self._times.get(key)
        if times:
            times.pop()
            if not times:
                del self._times[key]

    def __len__(self) -> int:
        return len(self._times)
