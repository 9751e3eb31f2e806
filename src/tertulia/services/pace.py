"""How fast one person may change things."""

from tertulia.domain.buckets import Buckets
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller


class Pace:
    """Every change is a commit and goes to everybody in the room: it is counted for the user, not the connection."""

    def __init__(self, buckets: Buckets, message: str) -> None:
        self._buckets = buckets
        self._message = message

    def refusal(self, caller: Caller) -> Rejection | None:
        """Count one change; why it may not be made, if it may not. Ask first, so that it tells nothing (promise 7)."""
        wait = self._buckets.take(caller.user)
        return Rejection("rate_limited", self._message, retry_after=wait) if wait else None

    def check(self, caller: Caller) -> None:
        """Count one change; raises `rate_limited`."""
        refusal = self.refusal(caller)
        if refusal is not None:
            raise refusal
