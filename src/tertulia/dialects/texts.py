"""What all dialects do with the texts and times of the core."""

from collections.abc import Iterable, Mapping, Sequence

from tertulia.dialects.errors import Refused
from tertulia.dialects.fields import USERNAME, Fault
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER, canonical_id
from tertulia.domain.models import Room
from tertulia.domain.passwords import Weakness, weaknesses
from tertulia.domain.rooms import check_room_name, direct_name
from tertulia.domain.text import MAX_BODY
from tertulia.domain.times import iso
from tertulia.domain.usernames import check_username
from tertulia.services.lookup import Filed

GREETING_BYTES = 1024 * 1024
"""Of texts in what a socket is sent when it opens; the newest messages that fit."""
MAX_NAME = 255
MAX_DESCRIPTION = 4096
WEAK = {
    Weakness.SIMILAR: "The password is too similar to the {}.",
    Weakness.SHORT: "This password is too short. It must contain at least 8 characters.",
    Weakness.COMMON: "This password is too common.",
    Weakness.NUMERIC: "This password is entirely numeric.",
}

time = iso
"""Microseconds as `2024-02-15T12:00:00.123456Z`."""


def username(text: str) -> None:
    """A check for a `Text` field."""
    try:
        check_username(text)
    except Rejection:
        raise Fault(USERNAME) from None


def weak(password: str, about: dict[str, str]) -> list[str]:
    """All that is wrong with a password, in Django's words and order."""
    found = dict(weaknesses(password, about))
    return [text.format(found[weakness]) for weakness, text in WEAK.items() if weakness in found]


def body(text: str) -> None:
    """A check for the `Text` field of a message."""
    if len(text) > MAX_BODY:
        raise Fault(f"Ensure this field has no more than {MAX_BODY} characters.")


def room_name(text: str) -> None:
    """A check for the `Text` field of a new room's name: what a path cannot hold, `dm_` is for direct rooms."""
    if "/" in text or text in {".", ".."}:
        raise Fault("A name may not contain a slash, and is not . or ..")
    try:
        check_room_name(text)
    except Rejection as rejection:
        raise Fault(rejection.message) from None


def ref_of(text: str) -> int | str:
    """What a path calls a row: a number, else an id."""
    if text.isascii() and text.isdecimal():
        return int(text[: len(str(MAX_INTEGER)) + 1])
    return canonical_id(text) or text


def name_of(room: Room) -> str:
    """What a room is called: rooms of other APIs may have no name, and direct ones have one that is not stored."""
    if room.direct_key is not None:
        return direct_name(room.direct_key)
    return room.name or room.title or room.id


def taken(rejection: Rejection, said: Mapping[str, Refused]) -> Refused:
    """`said[rejection.code]`, or `rejection` again."""
    if rejection.code not in said:
        raise rejection
    return said[rejection.code]


def written(found: Iterable[Filed]) -> list[Filed]:
    """Those that were not deleted."""
    return [one for one in found if one.message.deleted_at is None]


def fitting(found: Sequence[Filed]) -> list[Filed]:
    """The newest of them, oldest first, whose texts fit into a greeting."""
    kept: list[Filed] = []
    left = GREETING_BYTES
    for one in reversed(found):
        left -= len((one.message.body or "").encode())
        if left < 0 and kept:
            break
        kept.append(one)
    return kept[::-1]
