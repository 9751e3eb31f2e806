"""What a room's name and title may be."""

import re

from tertulia.domain.errors import Rejection
from tertulia.domain.text import check_line

_JOINED = re.compile("(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])")
"""Joiners where emoji and Persian need them; elsewhere they are invisible, and names could look alike."""


def check_title(title: str) -> str:
    """The title itself, one line."""
    return check_line(title, "title")


def check_room_name(name: str) -> str:
    """The name itself; refuses blank ones, spaces at the ends, control characters and the reserved `dm_`."""
    if not name.strip() or name != name.strip():
        raise Rejection("invalid", "A room's name may not be blank or begin or end with a space.", field="name")
    if not _JOINED.sub("", name).isprintable():
        raise Rejection("invalid", "A room's name may not contain control characters.", field="name")
    if name.startswith("dm_"):
        raise Rejection("invalid", "Names that begin with dm_ are reserved for direct rooms.", field="name")
    return name
