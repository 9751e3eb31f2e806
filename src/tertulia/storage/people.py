"""Looking for people by how their names begin."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, not_, or_, select

from tertulia.domain.models import User
from tertulia.domain.people import SearchCursor
from tertulia.storage.tables import SEARCHED, users
from tertulia.storage.users import COLUMNS, user_of

LAST = "\U0010ffff"
"""Sorts after every text."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Those whose `name` begins with `prefix`."""

    name: ColumnElement[str]
    prefix: str

    @property
    def matches(self) -> ColumnElement[bool]:
        return and_(self.name >= self.prefix, self.name < self.prefix + LAST)


def search(
    connection: Connection, prefix: str, after: SearchCursor | None, limit: int
) -> tuple[list[User], SearchCursor | None]:
    """Active users whose username, full name or last name begins so, in this order; and where to go on, if there.

    Each step walks one index from where the last page ended: a page costs the same however deep it is.
    """
    steps = _steps(prefix)
    found: list[User] = []
    place = after or SearchCursor(0, "", 0)
    for number in range(place.step, len(steps)):
        start = place if place.step == number else SearchCursor(number, "", 0)
        for row in connection.execute(_page(steps, start, limit + 1 - len(found))).all():
            if len(found) == limit:
                return found, place
            found.append(user_of(row))
            place = SearchCursor(number, row.key, row.number)
    return found, None


def _steps(prefix: str) -> list[_Step]:
    if not prefix:
        return [_Step(SEARCHED[0], "")]
    return [_Step(name, form) for name in SEARCHED for form in _forms(prefix)]


def _forms(prefix: str) -> list[str]:
    """What the database's `lower` may have made of it: SQLite's leaves all but A to Z as they are."""
    return list(dict.fromkeys((prefix.lower(), _lower_ascii(prefix), _lower_ascii(prefix.title()))))


def _lower_ascii(text: str) -> str:
    return "".join(character.lower() if character.isascii() else character for character in text)


def _page(steps: list[_Step], start: SearchCursor, limit: int) -> Select[Any]:
    step, before = steps[start.step], steps[: start.step]
    return (
        select(*COLUMNS, step.name.label("key"))
        .where(
            step.matches,
            step.name >= start.key,
            or_(step.name > start.key, users.c.number > start.number),
            users.c.is_active,
            *(not_(earlier.matches) for earlier in before),
        )
        .order_by(step.name, users.c.number)
        .limit(limit)
    )
