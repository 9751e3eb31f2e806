"""Whether a member may say something in a room now: post, edit, react, type."""

from tertulia.domain.errors import Rejection
from tertulia.domain.times import SECOND
from tertulia.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Voice:
    """`blocked`: the other person of the direct room does not want to hear from them."""

    archived: bool = False
    muted_until: int | None = None
    blocked: bool = False

    def check(self, now: int) -> None:
        """Raises `archived`, `muted` or `blocked`."""
        if self.archived:
            raise archived()
        if self.muted_until is not None and self.muted_until > now:
            seconds = (self.muted_until - now) / SECOND
            raise Rejection(
                "muted", "You are muted in this room for now: you can read, and that is all.", retry_after=seconds
            )
        if self.blocked:
            raise Rejection("blocked", "You cannot write to them.")


def archived() -> Rejection:
    return Rejection("archived", "This room is archived: it can be read, and nothing else.")
