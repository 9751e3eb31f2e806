"""Mentions: `@` and the longest username of a member behind it, outside of code."""

import re
from collections.abc import Collection

MAX_MENTIONS = 50
"""So many `@` of a message are looked at."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_AT = re.compile(r"(?<![\w@.+-])@([\w@.+-]{1,150})")


def candidates(body: str) -> tuple[str, ...]:
    """What stands behind each `@` that starts a word, as far as it could be a username."""
    if "@" not in body:
        return ()
    text = _CODE.sub(" ", body) if "`" in body else body
    return tuple(dict.fromkeys(found.group(1) for found in _AT.finditer(text)))[:MAX_MENTIONS]


def prefixes(found: Collection[str]) -> set[str]:
    """Every username that one of the candidates may mean."""
    return {text[:end] for text in found for end in range(1, len(text) + 1)}


def longest(candidate: str, usernames: Collection[str]) -> str | None:
    """The longest of `usernames` that `candidate` starts with."""
    for end in range(len(candidate), 0, -1):
        if candidate[:end] in usernames:
            return candidate[:end]
    return None
