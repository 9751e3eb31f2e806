"""Identifiers.

API v1 speaks UUIDs (version 7, so that they sort by time) as canonical 36-character text; the database and
the inside of the process speak small integers, called `number`.
"""

import os
import time
import uuid
from collections import deque
from functools import lru_cache

MAX_INTEGER = 2**63 - 1
"""The greatest integer that both databases can hold; every integer from outside is checked against it."""


_RANDOM_DIGITS = 20
_STOCK = 256
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_stock: deque[str] = deque()
# A child process would hand out the ids of its parent once more.
os.register_at_fork(after_in_child=_stock.clear)


def new_id() -> str:
    """A new UUID, version 7 (RFC 9562, section 5.7). For every thread."""
    return _beginning(time.time_ns() // 1_000_000) + _random()


@lru_cache(maxsize=16)  # under load many ids are made in a millisecond
def _beginning(milliseconds: int) -> str:
    """The time and the version."""
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-7"


def _random() -> str:
    """The random digits behind the version; made in stock: a call into the system takes longer than all the rest."""
    while True:
        try:
            return _stock.popleft()
        except IndexError:
            digits = os.urandom(_RANDOM_DIGITS // 2 * _STOCK).hex()
            starts = range(0, len(digits), _RANDOM_DIGITS)
            _stock.extend([_dressed(digits, start) for start in starts])


def _dressed(digits: str, at: int) -> str:
    """19 of the digits with their hyphens; the first after a hyphen says the variant."""
    return f"{digits[at : at + 3]}-{_VARIANT[digits[at + 3]]}{digits[at + 4 : at + 7]}-{digits[at + 7 : at + 19]}"


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
