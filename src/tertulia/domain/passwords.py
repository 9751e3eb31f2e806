"""Which passwords are good enough. Checked where one is chosen, never where one is tried."""

import hashlib
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cache

from tertulia.domain.errors import Rejection

MIN_LENGTH = 8
ANY_LENGTH = 128
"""Of a password of which nothing else is asked: characters at most."""
MAX_SIMILARITY = 0.7

_NOT_A_WORD = re.compile(r"\W+")


class Strength(StrEnum):
    """What is asked of a password: no weakness; none but that it may be like its owner; or only that there is one."""

    FULL = "full"
    GENERAL = "general"
    ANY = "any"


class Weakness(StrEnum):
    SHORT = "short"
    SIMILAR = "similar"
    NUMERIC = "numeric"
    COMMON = "common"


_TEXTS = {
    Weakness.SHORT: f"Choose a longer password: at least {MIN_LENGTH} characters.",
    Weakness.SIMILAR: "Choose another password: this one is too much like the {}.",
    Weakness.NUMERIC: "Choose another password: this one is only digits.",
    Weakness.COMMON: "Choose another password: this one is among the most common.",
}


def check_password(
    password: str, about: dict[str, str], *, field: str = "password", strength: Strength = Strength.FULL
) -> None:
    """Raise `weak_password` unless it is long enough, uncommon, not a number and unlike the person.

    `about` as for `weaknesses`. With `Strength.GENERAL` nobody asks whom it is like, with `Strength.ANY` it may be
    anything of 1 to 128 characters.
    """
    if strength is Strength.ANY:
        if not 1 <= len(password) <= ANY_LENGTH:
            raise Rejection("weak_password", f"A password has 1 to {ANY_LENGTH} characters.", field=field)
        return
    for weakness, like in _weaknesses(password, about if strength is Strength.FULL else {}):
        raise Rejection("weak_password", _TEXTS[weakness].format(like), field=field)


def weaknesses(password: str, about: dict[str, str]) -> list[tuple[Weakness, str]]:
    """All that is wrong with it, the worst first; with what it is like, if that is wrong, else with nothing.

    `about` maps what a similarity is called (`username`, `first name`, …) to the value; the first one counts. May take
    some 30 ms the first time, when it loads the common passwords.
    """
    return list(_weaknesses(password, about))


def _weaknesses(password: str, about: dict[str, str]) -> Iterator[tuple[Weakness, str]]:
    if len(password) < MIN_LENGTH:
        yield Weakness.SHORT, ""
    like = next((name for name, value in about.items() if _alike(password.lower(), value.lower())), None)
    if like is not None:
        yield Weakness.SIMILAR, like
    if password.isdigit():
        yield Weakness.NUMERIC, ""
    if password.lower().strip() in common_passwords():
        yield Weakness.COMMON, ""


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
    """The 30,000 most common; loaded when first asked for."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def password_session(password_hash: str) -> str:
    """What stands for the session of somebody who sends name and password each time: another one for another hash."""
    return f"password:{hashlib.sha256(password_hash.encode()).hexdigest()}"
