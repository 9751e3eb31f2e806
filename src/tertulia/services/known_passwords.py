"""Passwords that were verified a moment ago: who sends theirs with each request is not hashed each time."""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence

from tertulia.clock import Clock

SECONDS = 60.0
SIZE = 10_000


class KnownPasswords:
    """At most `size`, each for so many seconds after it was verified.

    What is kept is a hash of both the stored hashes and the password, under a key of this process. So a password that
    was changed is not known any more, and there is nothing here that a guess could be compared with elsewhere.
    """

    def __init__(self, clock: Clock, *, seconds: float = SECONDS, size: int = SIZE) -> None:
        self._clock = clock
        self._seconds = seconds
        self._size = size
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, tuple[int, float]] = OrderedDict()  # the oldest first

    def find(self, stored: Sequence[str | None], password: str) -> int | None:
        """Which one of these hashes is the first that is the password's, for sure; None: it must be verified."""
        place, until = self._kept.get(self._mark(stored, password), (None, 0.0))
        return place if self._clock.monotonic() < until else None

    def learn(self, stored: Sequence[str | None], password: str, place: int) -> None:
        """It was verified just now."""
        mark = self._mark(stored, password)
        self._kept[mark] = place, self._clock.monotonic() + self._seconds
        self._kept.move_to_end(mark)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def _mark(self, stored: Sequence[str | None], password: str) -> bytes:
        return hmac.digest(self._key, repr((tuple(stored), password)).encode(), "sha256")

    def __len__(self) -> int:
        return len(self._kept)
