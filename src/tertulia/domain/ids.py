"""Identifiers.

API v1 speaks UUIDs (version 7, so that they sort by time) as canonical 36-character text; the database and
the inside of the process speak small integers, called `number`.
"""

import os
import time
import uuid

MAX_INTEGER = 2**63 - 1
"""The greatest integer that both databases can hold; every integer from outside is checked against it."""


def new_id() -> str:
    """A new UUID, version 7 (RFC 9562, section 5.7)."""
    millis = time.time_ns() // 1_000_000
    value = (millis << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


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
