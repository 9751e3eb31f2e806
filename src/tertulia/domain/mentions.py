"""Mentions: `@` and the longest username of a member behind it, outside of code."""

import re
from collections.abc import Collection, Iterable

from tertulia.domain.models import User

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


class Names:
    """The members of a room by username; looks only at lengths that some username has."""

    __slots__ = ("_lengths", "_users")

    def __init__(self, users: Iterable[User] = ()) -> None:
        self._users = {user.username: user for user in users}
        self._lengths = sorted({len(username) for username in self._users}, reverse=True)

    def longest(self, candidate: str) -> User | None:
        """Who has the longest username that `candidate` starts with."""
        for length in self._lengths:
            user = self._users.get(candidate[:length])
            if user is not None:
                return user
        return None

    def __len__(self) -> int:
        return len(self._users)
