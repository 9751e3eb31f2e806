"""Looking for people by how their names begin, and by the rooms one shares with them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select

from tertulia.domain.models import User
from tertulia.domain.people import SearchCursor
from tertulia.domain.rooms import direct_key
from tertulia.storage.keys import listed, matches
from tertulia.storage.tables import SEARCHED, members, rooms, users
from tertulia.storage.users import COLUMNS, user_of

LAST = "\U0010ffff"
"""Sorts after every text."""
FEW = 2_000
"""Members that all rooms of somebody may have together, so that a search among them starts from them."""
CHUNK = 500
LOOKED_AT = 5_000
"""People whom one page of a search among many looks at."""
LOOKED_AT_SHARED = 100_000
"""Memberships that are looked at for everybody with whom somebody shares a room."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Those whose `name` begins with `prefix`."""

    name: ColumnElement[str]
    prefix: str

    @property
    def matches(self) -> ColumnElement[bool]:
        return and_(self.name >= self.prefix, self.name < self.prefix + LAST)


Rows = Callable[[list[_Step], SearchCursor, int], Iterable[Any]]
"""Of the steps, whom the one in the cursor finds after its place, in its order, up to so many."""
Found = tuple[list[User], SearchCursor | None]
"""A page, and where to go on, if there."""


def search(connection: Connection, prefix: str, after: SearchCursor | None, limit: int) -> Found:
    """Active users whose username, full name or last name begins so, in this order; and where to go on, if there.

    Each step walks one index from where the last page ended: a page costs the same however deep it is.
    """
    return _walk(lambda *place: connection.execute(_page(*place)), prefix, after, limit)


def _walk(rows: Rows, prefix: str, after: SearchCursor | None, limit: int) -> Found:
    steps = _steps(prefix)
    found: list[User] = []
    place = after or SearchCursor(0, "", 0)
    for number in range(place.step, len(steps)):
        start = place if place.step == number else SearchCursor(number, "", 0)
        for row in rows(steps, start, limit + 1 - len(found)):
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


def _matching(steps: list[_Step], start: SearchCursor) -> Select[Any]:
    """Whom the step of the cursor finds after its place, and no step before; in any order."""
    step, before = steps[start.step], steps[: start.step]
    return select(*COLUMNS, step.name.label("key")).where(
        step.matches,
        step.name >= start.key,
        or_(step.name > start.key, users.c.number > start.number),
        users.c.is_active,
        *(not_(earlier.matches) for earlier in before),
    )


def _page(steps: list[_Step], start: SearchCursor, limit: int) -> Select[Any]:
    return _matching(steps, start).order_by(steps[start.step].name, users.c.number).limit(limit)


# Among people with whom one shares a room.


def share_room(connection: Connection, one: int, other: int) -> bool:
    """Whether both are members of some room now."""
    return bool(sharing(connection, one, [other]))


def everybody(connection: Connection, user: int, limit: int) -> list[User]:
    """Active users but `user`, by number; the first `limit` of them."""
    return _others(connection, user, limit)


def everybody_shared(connection: Connection, user: int, limit: int) -> list[User]:
    """`everybody` among the people with whom `user` shares a room; of rooms that have more than `LOOKED_AT_SHARED`
    members together, some may be left out.
    """
    there = select(members.c.user).where(members.c.room.in_(_rooms_of(user)), members.c.left_at.is_(None))
    return _others(connection, user, limit, users.c.number.in_(there.limit(LOOKED_AT_SHARED)))


def _others(connection: Connection, user: int, limit: int, *which: ColumnElement[bool]) -> list[User]:
    query = select(*COLUMNS).where(users.c.is_active, users.c.number != user, *which)
    return [user_of(row) for row in connection.execute(query.order_by(users.c.number).limit(limit))]


def have_direct_room(connection: Connection, one: int, other: int) -> bool:
    return connection.scalar(select(rooms.c.number).where(rooms.c.direct_key == direct_key(one, other))) is not None


def search_shared(
    connection: Connection, user: int, prefix: str, after: SearchCursor | None, limit: int, *, few: int = FEW
) -> Found:
    """`search` among `user` and the people with whom they share a room.

    In rooms with few members together it looks these through; else it walks the names, at most `LOOKED_AT` of them,
    so that a page may hold fewer than `limit`, even nobody, although there is a next one.
    """
    reach = select(func.sum(rooms.c.member_count)).where(rooms.c.number.in_(_rooms_of(user)))
    if (connection.scalar(reach) or 0) > few:
        return _search_many(connection, user, _steps(prefix), after or SearchCursor(0, "", 0), limit)
    there = select(members.c.user).where(members.c.room.in_(_rooms_of(user)), members.c.left_at.is_(None))
    known = {user, *connection.scalars(there.distinct())}
    return _walk(lambda *place: _some(connection, known, *place), prefix, after, limit)


def _rooms_of(user: int) -> Select[Any]:
    return (
        select(members.c.room)
        .join(rooms, rooms.c.number == members.c.room)
        .where(members.c.user == user, members.c.left_at.is_(None), rooms.c.deleted_at.is_(None))
    )


def sharing(connection: Connection, user: int, others: Collection[int]) -> set[int]:
    """Those of `others` who are in a room with `user`; with `user`, if they are among them."""
    wanted = listed([(number,) for number in others])
    query = (
        select(members.c.user)
        .distinct()
        .where(matches(wanted, members.c.user), members.c.left_at.is_(None), members.c.room.in_(_rooms_of(user)))
    )
    return {*connection.scalars(query), *({user} & set(others))}


def _some(
    connection: Connection, known: Collection[int], steps: list[_Step], start: SearchCursor, limit: int
) -> list[Any]:
    """What `_page` finds, of those who are known: read by number, never by walking the names."""
    query = _matching(steps, start).where(matches(listed([(number,) for number in known]), users.c.number))
    return nsmallest(limit, connection.execute(query), key=lambda row: (row.key, row.number))


def _search_many(connection: Connection, user: int, steps: list[_Step], place: SearchCursor, limit: int) -> Found:
    found: list[User] = []
    looked_at = 0
    while looked_at < LOOKED_AT and place.step < len(steps):
        rows = connection.execute(_page(steps, place, CHUNK)).all()
        shared = sharing(connection, user, [row.number for row in rows])
        for row in rows:
            if row.number in shared:
                if len(found) == limit:
                    return found, place
                found.append(user_of(row))
            place = SearchCursor(place.step, row.key, row.number)
        looked_at += len(rows)
        if len(rows) < CHUNK:
            place = SearchCursor(place.step + 1, "", 0)
    return found, place if place.step < len(steps) else None
