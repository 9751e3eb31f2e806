"""Identifiers.

API v1 speaks UUIDs (version 7, so that they sort by time) as canonical 36-character text; the database and
the inside of the process speak small integers, called `number`.
"""

import os
import time
import uuid
from collections import deque

MAX_INTEGER = 2**63 - 1
"""The greatest integer that both databases can hold; every integer from outside is checked against it."""


_RANDOM_BYTES = 10
_STOCK = 256
_stock: deque[int] = deque()
# A child process would hand out the ids of its parent once more.
os.register_at_fork(after_in_child=_stock.clear)


def new_id() -> str:
    """A new UUID, version 7 (RFC 9562, section 5.7). For every thread."""
    value = (time.time_ns() // 1_000_000 << 80) | _random()
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _random() -> int:
    """80 random bits; fetched in stock, because a call into the system takes longer than all the rest."""
    while True:
        try:
            return _stock.popleft()
        except IndexError:
            fresh = os.urandom(_RANDOM_BYTES * _STOCK)
            pieces = (fresh[at : at + _RANDOM_BYTES] for at in range(0, len(fresh), _RANDOM_BYTES))
            _stock.extend(int.from_bytes(piece, "big") for piece in pieces)


def canonical_id(text: str) -> str | None:
    """`text` as a canonical UUID, or None when it is none: such an id names nothing.

    Capitals are all that may differ. Python itself takes hyphens anywhere and digits of any script.
    """
    if len(text) != 36:
        return None
    try:
        canonical = str(uuid.UUID(text))
    except ValueError:
        return None
    return canonical if canonical == text.lower() else None
