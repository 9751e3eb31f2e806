"""Bans: who may not come into a room."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from tertulia.domain.models import User
from tertulia.storage import users
from tertulia.storage.keys import listed, matches
from tertulia.storage.tables import bans
from tertulia.storage.tables import users as users_table


@dataclass(frozen=True, slots=True)
class BanRow:
    """`by` None: the server itself."""

    room: int
    user: int
    by: int | None
    reason: str
    created_at: int


_DROP = delete(bans).where(bans.c.room == bindparam("_room"), bans.c.user == bindparam("_user"))


def among(connection: Connection, pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of the (room, user) pairs that are banned."""
    query = select(bans.c.room, bans.c.user).where(matches(listed(pairs), bans.c.room, bans.c.user))
    return {(row.room, row.user) for row in connection.execute(query)} if pairs else set()


def is_banned(connection: Connection, room: int, user: int) -> bool:
    query = select(bans.c.room).where(bans.c.room == room, bans.c.user == user)
    return connection.execute(query).first() is not None


def rooms_of(connection: Connection, user: int, in_rooms: Collection[int]) -> set[int]:
    """Those of `in_rooms` from which the user is banned."""
    query = select(bans.c.room).where(bans.c.user == user, bans.c.room.in_(in_rooms))
    return set(connection.scalars(query)) if in_rooms else set()


def page(connection: Connection, room: int, after: tuple[int, int] | None, limit: int) -> list[tuple[BanRow, User]]:
    """By user's number; `after`: (room, user) of the last one before."""
    columns = (bans.c.room, bans.c.user, bans.c.by, bans.c.reason, bans.c.created_at)
    query = (
        select(*columns, *users.COLUMNS)
        .join(users_table, users_table.c.number == bans.c.user)
        .where(bans.c.room == room, bans.c.user > (after[1] if after else 0))
        .order_by(bans.c.user)
        .limit(limit)
    )
    return [(BanRow(*row[: len(columns)]), users.user_of(row[len(columns) :])) for row in connection.execute(query)]


def save(connection: Connection, dropped: Collection[tuple[int, int]], added: Iterable[BanRow]) -> None:
    """Drop (room, user) pairs, then add; a ban that is there already is written anew."""
    rows = [
        {"room": ban.room, "user": ban.user, "by": ban.by, "reason": ban.reason, "created_at": ban.created_at}
        for ban in added
    ]
    gone = sorted({*dropped, *((ban["room"], ban["user"]) for ban in rows)})
    if gone:
        connection.execute(_DROP, [{"_room": room, "_user": user} for room, user in gone])
    if rows:
        connection.execute(insert(bans), rows)
