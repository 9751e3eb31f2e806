"""What a room's name and title may be, and what a direct room is known by."""

import re

from tertulia.domain.errors import Rejection
from tertulia.domain.ids import canonical_id
from tertulia.domain.text import check_line

DIRECT = "dm_"
"""How the names of direct rooms begin, and no others."""
_DIRECT_NAME = re.compile(rf"{DIRECT}([1-9][0-9]{{0,18}})_([1-9][0-9]{{0,18}})")

_JOINED = re.compile("(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])")
"""Joiners where emoji and Persian need them; elsewhere they are invisible, and names could look alike."""


def direct_key(one: int, other: int) -> str:
    """What the direct room of two users is known by: the same for both, whoever asks."""
    return "{}:{}".format(*sorted((one, other)))


def direct_name(key: str) -> str:
    """What a direct room is called where rooms are known by name: both numbers in the order of text, `dm_10_9`."""
    return DIRECT + "_".join(sorted(key.split(":")))


def direct_pair(name: str) -> tuple[int, int] | None:
    """Whose direct room is called so, in either order; None when it is no such name."""
    found = _DIRECT_NAME.fullmatch(name)
    return None if found is None else (int(found[1]), int(found[2]))


def check_title(title: str) -> str:
    """The title itself, one line."""
    return check_line(title, "title")


def check_room_name(name: str) -> str:
    """The name itself; refuses blank ones, spaces at the ends, control characters, ids and the reserved `dm_`."""
    if not name.strip() or name != name.strip():
        raise Rejection("invalid", "A room's name may not be blank or begin or end with a space.", field="name")
    if not _JOINED.sub("", name).isprintable():
        raise Rejection("invalid", "A room's name may not contain control characters.", field="name")
    if canonical_id(name) is not None:
        raise Rejection("invalid", "A room's name may not look like an id.", field="name")
    if name.startswith(DIRECT):
        raise Rejection("invalid", f"Names that begin with {DIRECT} are reserved for direct rooms.", field="name")
    return name
