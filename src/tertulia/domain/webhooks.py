"""Webhooks: what a product's backend is told by HTTP, signed, in the order of each room."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, get_args
from urllib.parse import urlsplit

from tertulia.domain.errors import Rejection

EventName = Literal["message", "edit", "delete", "mention", "member", "report"]
EVENTS: tuple[EventName, ...] = get_args(EventName)
TEST = "test"
"""What a backend gets when somebody tries its webhook; it cannot be subscribed to."""

MAX_WEBHOOKS = 20
MAX_RESENT = 100
"""Ids of one request to send again."""
MAX_URL = 2_048
MIN_SECRET, MAX_SECRET = 16, 255
MAX_OFFLINE = 1_000
"""People named as offline in one delivery."""
FIRST_DELAY = 5.0
MAX_DELAY = 6 * 3600.0
JITTER = 0.25

_URL = re.compile(r"[\x21-\x5b\x5d-\x7e]+")  # printable ASCII without the backslash, which browsers read as a slash


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that wants to be told. `disabled_at`: nothing is recorded for it or sent to it since."""

    number: int
    id: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    events: tuple[EventName, ...]
    created_at: int
    disabled_at: int | None = None

    @property
    def host(self) -> str:
        """What may stand in logs: the rest of a URL can be secret."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a delivery concerns, of the members of its room: `users` (ids), and everybody if `room`.

    `sender` is their number; `mention`: who is to be told of mentions only counts too.
    """

    sender: int | None
    users: tuple[str, ...] = ()
    room: bool = False
    mention: bool = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that one webhook is told. `payload`: JSON, without what is only known when it is sent.

    `audience` None: it concerns nobody in particular.
    """

    number: int
    id: str
    webhook: int
    room: int | None
    event: str
    payload: str = field(repr=False)
    audience: Audience | None
    created_at: int
    attempts: int = 0
    next_at: int = 0
    dead_at: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Something to be told to every webhook that wants `event`."""

    event: str
    room: int | None
    payload: str = field(repr=False)
    audience: Audience | None = None


def new_secret() -> str:
    return "whsec_" + secrets.token_urlsafe(32)


def signature(secret: str, at: int, body: bytes) -> str:
    """The `Tertulia-Signature` of `body`, sent `at` (seconds since 1970)."""
    digest = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def delay(attempts: int, random: Random) -> float:
    """Seconds to wait after so many failed attempts: doubled each time, with jitter."""
    longest: float = min(MAX_DELAY, FIRST_DELAY * 2.0 ** min(attempts - 1, 30))
    return longest * random.uniform(1 - JITTER, 1 + JITTER)


def check_url(url: str) -> str:
    """Raises `invalid`. Where it leads is not looked at here."""
    try:
        parts = urlsplit(url)
        good = (
            len(url) <= MAX_URL
            and _URL.fullmatch(url) is not None
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not parts.fragment
        )
    except ValueError:
        good = False
    if not good:
        raise Rejection("invalid", "Give an address such as https://app.example.org/hooks.", field="url")
    if "@" in parts.netloc:
        message = "Leave user name and password out of the address: the signature says who sends."
        raise Rejection("invalid", message, field="url")
    return url


def check_events(events: Collection[str]) -> tuple[EventName, ...]:
    """In the order of `EVENTS`, each once; raises `invalid`."""
    if not events or not set(events) <= set(EVENTS):
        raise Rejection("invalid", f"Give some of: {', '.join(EVENTS)}.", field="events")
    return tuple(event for event in EVENTS if event in events)


def check_secret(secret: str | None) -> str:
    """The secret that was given, or a new one; raises `invalid`."""
    if secret is None:
        return new_secret()
    if not (MIN_SECRET <= len(secret) <= MAX_SECRET and secret.isascii() and secret.isprintable()):
        message = f"Give {MIN_SECRET} to {MAX_SECRET} printable ASCII characters, or none: then one is made."
        raise Rejection("invalid", message, field="secret")
    return secret


def wanting(webhooks: Sequence[Webhook], event: str) -> list[Webhook]:
    """Those that want to be told of `event`."""
    return [webhook for webhook in webhooks if event in webhook.events]
