"""One-time links: what they are for, and how long they are good."""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

from tertulia.domain.times import MINUTE

LIFETIME = 30 * MINUTE
MAX_TOKEN = 128
"""Characters of a token that is looked at; ours have 43."""


class Purpose(StrEnum):
    """RESET: choose a new password. CONFIRM: the account's address reaches its owner. CHANGE: take another address."""

    RESET = "reset"
    CONFIRM = "confirm"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is stored; its token is known only to whoever got the link.

    `email`: where it was sent. RESET and CONFIRM are good only while it is the account's address; CHANGE makes it so.
    None: it was given out by hand and proves nothing about an address.
    """

    token_hash: str
    user: int
    purpose: Purpose
    email: str | None
    created_at: int
    expires_at: int


def new_token() -> str:
    """256 random bits: nobody guesses one."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of a token. A plain hash is enough for what is random."""
    return hashlib.sha256(token.encode()).hexdigest()
