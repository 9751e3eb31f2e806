"""Who somebody says they are: only a claim, which must be that of the credential."""

from typing import Any

from tertulia.domain.models import User
from tertulia.domain.usernames import normal_username

AS_SOMEBODY_ELSE = "You may only send messages as yourself."


def is_self(claim: Any, me: User) -> bool:
    """Whether a body or a frame names its own sender: by username, by number (also as text), or not at all."""
    if claim is None:
        return True
    if isinstance(claim, int) and not isinstance(claim, bool):
        return claim == me.number
    return isinstance(claim, str) and (normal_username(claim) == me.username or claim == str(me.number))
