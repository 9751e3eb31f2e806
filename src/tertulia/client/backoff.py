"""How long to wait before coming back."""

from random import Random

FIRST = 0.5
LONGEST = 30.0


class Backoff:
    """Exponential, with full jitter, so that a thousand clients do not come back at once.

    One per client. `reset` after a connection that was good.
    """

    def __init__(self, random: Random, *, first: float = FIRST, longest: float = LONGEST) -> None:
        self._random = random
        self._first = first
        self._longest = longest
        self._failures = 0

    def next(self, hint: float | None = None) -> float:
        """Seconds to wait. `hint` is what the server asked for (`reconnect_in`, `Retry-After`): never less than it."""
        bound = min(self._longest, self._first * 2.0 ** min(self._failures, 32))
        self._failures += 1
        jitter = self._random.uniform(0.0, bound)
        if hint is None:
            return jitter
        return max(hint, 0.0) + min(jitter, 1.0)

    def reset(self) -> None:
        """The next wait is short again."""
        self._failures = 0
