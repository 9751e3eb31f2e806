"""Server keys: with one of them a product's backend acts, within its scopes, for everybody."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from tertulia.domain.errors import Rejection
from tertulia.domain.text import check_text

SCOPES = ("users", "rooms", "members", "messages", "sessions")
PREFIX = "tk_"
"""So that a key is known as one, to scanners of source code too."""
KEY_BYTES = 32
KEY_LENGTH = len(PREFIX) + 43
"""32 bytes in base64 without padding."""
MAX_KEY = 200
MAX_KEY_NAME = 64


@dataclass(frozen=True, slots=True)
class ServerKey:
    """A key that is in force. `name` stands in the audit log."""

    number: int
    id: str
    name: str
    scopes: frozenset[str]

    @property
    def via(self) -> str:
        """How the audit log names it."""
        return f"key {self.name}"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it is listed."""

    key: ServerKey
    created_at: int
    last_used_at: int | None
    revoked_at: int | None


def new_key() -> str:
    """256 random bits, as text."""
    return PREFIX + secrets.token_urlsafe(KEY_BYTES)


def is_key(text: str) -> bool:
    """It looks like a key; whether one is in force is another question."""
    return text.startswith(PREFIX) and len(text) == KEY_LENGTH


def hash_key(key: str) -> str:
    """What is stored: nobody guesses 256 bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def check_key_name(name: str) -> str:
    """One line of 1 to 64 characters."""
    name = check_text(name).strip()
    if not 1 <= len(name) <= MAX_KEY_NAME or not name.isprintable():
        raise Rejection("invalid", f"The name of a key has 1 to {MAX_KEY_NAME} visible characters.", field="name")
    return name


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """At least one, all of them known."""
    given = frozenset(scopes)
    if not given or not given <= set(SCOPES):
        raise Rejection("invalid", f"Scopes are one or more of {', '.join(SCOPES)}.", field="scopes")
    return given
