"""Users as rows: what every other table that points at them needs."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from tertulia.domain.models import User
from tertulia.storage.keys import as_list, given, listed, matches
from tertulia.storage.tables import members, users

COLUMNS = tuple(
    users.c[name]
    for name in (
        "number", "id", "username", "email", "first_name", "last_name", "is_staff", "is_active", "is_bot", "version",
        "created_at", "last_seen_at", "external_id", "avatar", "metadata", "email_confirmed_at", "sessions_ended_at",
        "deleted_at", "email_login",
    )
)  # fmt: skip
"""What `user_of` takes, in its order."""

WIDTH = len(COLUMNS)


def user_of(row: Any) -> User:
    """A user from the first `WIDTH` columns of a row."""
    # Not `IS NOT NULL` in the query: SQLite looks at another column for that behind RETURNING.
    return User(*(*row[: WIDTH - 1], row[WIDTH - 1] is not None))


def by_numbers(connection: Connection, numbers: Collection[int]) -> dict[int, User]:
    """Those of `numbers` that are there."""
    if not numbers:
        return {}
    wanted = {"numbers": as_list([(number,) for number in numbers])}
    return {row[0]: user_of(row) for row in connection.execute(_BY_NUMBERS, wanted).all()}


_BY_NUMBERS = select(*COLUMNS).where(matches(given("numbers"), users.c.number))


def by_usernames(connection: Connection, usernames: Collection[str]) -> dict[int, User]:
    """Those who have one of `usernames`, by number."""
    query = select(*COLUMNS).where(matches(listed([(username,) for username in usernames]), users.c.username))
    return {row[0]: user_of(row) for row in connection.execute(query)} if usernames else {}


def by_id(connection: Connection, user_id: str) -> User | None:
    row = connection.execute(select(*COLUMNS).where(users.c.id == user_id)).first()
    return user_of(row) if row else None


def lock(connection: Connection, number: int) -> None:
    """Until the end of the transaction nobody else changes this user."""
    connection.execute(select(users.c.number).where(users.c.number == number).with_for_update(key_share=True))


def bump(connection: Connection, numbers: Collection[int]) -> None:
    """Something of these users changed: their rooms, their sessions, themselves."""
    if numbers:
        _bump(connection, users.c.number.in_(sorted(numbers)))


def bump_members(connection: Connection, rooms: Collection[int]) -> None:
    """`bump` for all members of rooms."""
    if rooms:
        there = select(members.c.user).where(members.c.room.in_(rooms), members.c.left_at.is_(None))
        _bump(connection, users.c.number.in_(there))


def _bump(connection: Connection, which: ColumnElement[bool]) -> None:
    """In the order of their numbers: two that take the same users never wait for each other."""
    numbers = connection.scalars(
        select(users.c.number).where(which).order_by(users.c.number).with_for_update(key_share=True)
    )
    changed = update(users).where(users.c.number.in_(numbers.all()))
    connection.execute(changed.values(version=users.c.version + 1))


def versions(connection: Connection, numbers: Collection[int]) -> dict[int, int]:
    query = select(users.c.number, users.c.version).where(users.c.number.in_(numbers))
    return {row.number: row.version for row in connection.execute(query)}
