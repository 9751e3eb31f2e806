"""Users of the product's own backend: what its tokens (JWT) and calls may say of them.

A token's claims come from people as much as from the backend: what does not fit is left out, never refused, for a
strange name must keep nobody out of their own product.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.domain.text import BIDI, BREAKS, check_text
from tertulia.domain.times import SECOND
from tertulia.domain.usernames import check_email, check_username, normal_username

MAX_EXTERNAL_ID = 255
MAX_AVATAR = 2_048
MAX_NAME = 150
MAX_WISH = 100
"""Characters of a username that is made here: what tells it from others is added."""
LAST_SECOND = 253_402_300_799
"""The last second of the year 9999: later times count as this one."""

_SESSION = "foreign:"
_NOT_IN_USERNAMES = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True, slots=True)
class Profile:
    """What claims say of a user; None: nothing. `wish`: what the username might be."""

    wish: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    email_confirmed: bool = False
    avatar: str | None = None


def foreign_session(user_id: str) -> str:
    """What stands for the session of a user who comes with a token of the product's backend."""
    return _SESSION + user_id


def is_foreign(caller: Caller) -> bool:
    return caller.session.startswith(_SESSION)


def is_cut(issued_at: int | None, ended_at: int | None) -> bool:
    """Whether all sessions were ended since a token was made: within that second counts, for tokens tell no more."""
    return ended_at is not None and (issued_at is None or issued_at // SECOND <= ended_at // SECOND)


def check_external_id(text: str) -> str:
    """The id itself; raises `invalid` or `invalid_text`."""
    check_text(text)
    if not 1 <= len(text) <= MAX_EXTERNAL_ID:
        raise Rejection("invalid", f"An external_id has 1 to {MAX_EXTERNAL_ID} characters.", field="external_id")
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise Rejection("invalid", "An external_id has no control characters.", field="external_id")
    if text != text.strip() or text in {".", ".."}:
        message = "An external_id does not begin or end with a space, and is neither . nor .."
        raise Rejection("invalid", message, field="external_id")
    return text


def check_avatar(url: str) -> str:
    """An http(s) address of a picture; raises `invalid`."""
    bad = Rejection("invalid", "Give an http(s) address of a picture, without a password in it.", field="avatar")
    if len(url) > MAX_AVATAR or any(character.isspace() or not character.isprintable() for character in url):
        raise bad
    try:
        parts = urlsplit(check_text(url))
        _ = parts.port
    except ValueError:
        raise bad from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or "\\" in url:
        raise bad
    return url


def micros_of(value: Any) -> int | None:
    """A time of a token (seconds, whole or not) in microseconds; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    if value == math.inf:
        return None
    return int(min(value, LAST_SECOND) * SECOND)


def profile_of(claims: Mapping[str, Any]) -> Profile:
    """What the standard claims of OpenID Connect say: names, email, picture, preferred_username."""
    first_name, last_name = _names(claims)
    email = _email(claims.get("email"))
    return Profile(
        wish=_wish(claims.get("preferred_username")) or _wish(f"{first_name or ''} {last_name or ''}".lower()),
        first_name=first_name,
        last_name=last_name,
        email=email,
        email_confirmed=email is not None and _is_true(claims.get("email_verified")),
        avatar=_avatar(claims.get("picture")),
    )


def _names(claims: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """`name` as a whole is a first name: nobody can tell where it would have to be cut."""
    given, family = _name(claims.get("given_name")), _name(claims.get("family_name"))
    if given or family:
        return given or "", family or ""
    whole = _name(claims.get("name"))
    return (whole, "") if whole else (None, None)


def _name(value: Any) -> str | None:
    """On one line, without what would turn the text around it; cut to what fits."""
    if not isinstance(value, str):
        return None
    kept = "".join(
        " " if unicodedata.category(character) in BREAKS else character
        for character in value[: MAX_NAME * 4]
        if character not in BIDI and unicodedata.category(character) != "Cs"
    )
    return " ".join(kept.split())[:MAX_NAME].strip()


def _is_true(value: Any) -> bool:
    return value is True or value == "true"  # some providers send all claims as text


def _email(value: Any) -> str | None:
    if not isinstance(value, str) or not value.isprintable():
        return None
    try:
        return check_email(check_text(value))
    except Rejection:
        return None


def _avatar(value: Any) -> str | None:
    try:
        return check_avatar(value) if isinstance(value, str) else None
    except Rejection:
        return None


def _wish(value: Any) -> str | None:
    """A username of what somebody is called; of an address only what stands before the @: it is not for everybody."""
    if not isinstance(value, str):
        return None
    wish = username_like(value[: MAX_NAME * 2].partition("@")[0])
    try:
        return check_username(wish)
    except Rejection:
        return None


def username_like(text: str) -> str:
    """A username that looks like the text; may be empty."""
    return _NOT_IN_USERNAMES.sub(".", normal_username(text).strip())[:MAX_WISH].strip(".")
