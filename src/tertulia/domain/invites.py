"""Invitations: to a room, or to the server."""

import secrets

from tertulia.domain.errors import Rejection
from tertulia.domain.models import Invite

CODE_BYTES = 20
"""160 bits: nobody guesses one."""
INVITE_SECONDS = 7 * 86_400
MAX_INVITE_SECONDS = 365 * 86_400
MAX_ROOM_INVITES = 100
"""Good ones of a room at a time."""
MAX_SERVER_INVITES = 1_000


def new_code() -> str:
    return secrets.token_urlsafe(CODE_BYTES)


def is_good(invite: Invite, now: int) -> bool:
    """Neither revoked, nor expired, nor used up."""
    if invite.revoked_at is not None or (invite.expires_at is not None and invite.expires_at <= now):
        return False
    return invite.max_uses is None or invite.uses < invite.max_uses


def check_invite(invite: Invite | None, now: int) -> Invite:
    """The invitation itself; `invite_invalid`, the same for everything that can be wrong with it."""
    if invite is None or not is_good(invite, now):
        raise invalid()
    return invite


def invalid() -> Rejection:
    return Rejection("invite_invalid", "This invitation is not good (any more). Ask for a new one.")
