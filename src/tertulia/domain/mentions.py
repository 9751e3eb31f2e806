"""Mentions: `@` and the longest username of a member behind it, outside of code."""

import re
from collections.abc import Iterable
from itertools import islice

from tertulia.domain.models import User

MAX_MENTIONS = 50
"""So many `@` of a message are looked at."""

ROOM = "room"
"""`@room`: everybody in it."""

MENTIONS_CEILING = 100
"""Unread mentions of a room are counted up to here; clients show "100 or more"."""

MAX_PREFIXES = 2_500
"""So many possible usernames of a message are looked up, where a room is too large to know all its members."""

_TICKS = re.compile("`+")
_AT = re.compile(r"(?<![\w@.+-])@([\w@.+-]{1,150})")


def candidates(body: str) -> tuple[str, ...]:
    """What stands behind each `@` that starts a word, as far as it could be a username."""
    if "@" not in body:
        return ()
    text = _without_code(body) if "`" in body else body
    return tuple(dict.fromkeys(found.group(1) for found in _AT.finditer(text)))[:MAX_MENTIONS]


def says_room(names: Iterable[str]) -> bool:
    """Whether one of the candidates is `@room`, as far as it is followed by nothing or by a full stop."""
    return any(name.rstrip(".-") == ROOM for name in names)


def _without_code(body: str) -> str:
    """Without what stands between two runs of equally many backticks: in one line, or from three on, over several.

    Three or more that are never closed reach to the end.
    """
    runs = [found.span() for found in _TICKS.finditer(body)]
    kept: list[str] = []
    position = 0
    for (start, end), closing in zip(runs, _closing(runs), strict=True):
        fence = end - start >= 3
        closed = closing is not None and (fence or "\n" not in body[end : closing[0]])
        if start >= position and (closed or fence):
            kept.append(body[position:start])
            position = closing[1] if closing is not None else len(body)
    return " ".join([*kept, body[position:]])


def _closing(runs: list[tuple[int, int]]) -> list[tuple[int, int] | None]:
    """For each run of backticks the next one that is as long."""
    following: dict[int, tuple[int, int]] = {}
    closing: list[tuple[int, int] | None] = []
    for start, end in reversed(runs):
        closing.append(following.get(end - start))
        following[end - start] = (start, end)
    return closing[::-1]


def prefixes(names: Iterable[str]) -> set[str]:
    """Every username that one of a message's candidates may mean, up to `MAX_PREFIXES`."""
    every = (name[:end] for name in names for end in range(1, len(name) + 1))
    return set(islice(every, MAX_PREFIXES))


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

    def every(self, candidate: str) -> list[User]:
        """All who have a username that `candidate` starts with."""
        users = self._users
        return [users[candidate[:length]] for length in self._lengths if candidate[:length] in users]

    def add(self, user: User) -> None:
        self._users[user.username] = user
        if len(user.username) not in self._lengths:
            self._lengths = sorted([*self._lengths, len(user.username)], reverse=True)

    def discard(self, user: User) -> None:
        """Also if they had another username when they were added (a deleted account has none of its own)."""
        known = self._users.get(user.username)
        if known is not None and known.number == user.number:
            del self._users[user.username]
            return
        for username in [name for name, known in self._users.items() if known.number == user.number]:
            del self._users[username]

    def __len__(self) -> int:
        return len(self._users)
