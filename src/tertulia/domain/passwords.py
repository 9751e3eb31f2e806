"""Which passwords are good enough. Checked where one is chosen, never where one is tried."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache

from tertulia.domain.errors import Rejection

MIN_LENGTH = 8
MAX_SIMILARITY = 0.7

_NOT_A_WORD = re.compile(r"\W+")


def check_password(password: str, about: dict[str, str], *, field: str = "password") -> None:
    """Raise `weak_password` unless it is long enough, uncommon, not a number and unlike the person.

    `about` maps what a similarity is called (`username`, `first name`, …) to the value. May take some 30 ms the
    first time, when it loads the common passwords.
    """
    weakness = _weakness(password, about)
    if weakness is not None:
        raise Rejection("weak_password", weakness, field=field)


def _weakness(password: str, about: dict[str, str]) -> str | None:
    if len(password) < MIN_LENGTH:
        return f"Choose a longer password: at least {MIN_LENGTH} characters."
    for name, value in about.items():
        if _alike(password.lower(), value.lower()):
            return f"Choose another password: this one is too much like the {name}."
    if password.isdigit():
        return "Choose another password: this one is only digits."
    if password.lower().strip() in common_passwords():
        return "Choose another password: this one is among the most common."
    return None


def _alike(password: str, value: str) -> bool:
    return any(
        SequenceMatcher(a=password, b=part).quick_ratio() >= MAX_SIMILARITY for part in _comparable(password, value)
    )


def _comparable(password: str, value: str) -> Iterator[str]:
    """The value and its words, without those too short to matter in so long a password."""
    for part in (*_NOT_A_WORD.split(value), value):
        if part and not (len(password) >= 10 * len(part) and len(part) < MAX_SIMILARITY / 2 * len(password)):
            yield part


@cache
def common_passwords() -> frozenset[str]:
    """The 30,000 most common, as far as they are long enough; loaded when first asked for."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= MIN_LENGTH)
