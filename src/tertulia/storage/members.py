"""Members: users in rooms. Who left stays as a row."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from tertulia.domain.mentions import MENTIONS_CEILING
from tertulia.domain.models import Member, Role, Room, User
from tertulia.storage import rooms, users
from tertulia.storage.keys import listed, matches
from tertulia.storage.tables import members, mentions
from tertulia.storage.tables import rooms as rooms_table
from tertulia.storage.tables import users as users_table

COLUMNS = tuple(
    members.c[name]
    for name in (
        "room", "user", "role", "read_index", "delivered_index", "joined_at", "left_at", "changed_seq",
    )
)  # fmt: skip
"""What `member_of` takes, in its order."""

WIDTH = len(COLUMNS)


def member_of(row: Any) -> Member:
    """A member from the first `WIDTH` columns of a row."""
    return Member(row[0], row[1], Role(row[2]), *row[3:WIDTH])


def one(connection: Connection, room: int, user: int) -> Member | None:
    """The row, also of somebody who left."""
    row = connection.execute(select(*COLUMNS).where(members.c.room == room, members.c.user == user)).first()
    return member_of(row) if row else None


def some(connection: Connection, pairs: Collection[tuple[int, int]]) -> list[Member]:
    """The rows of (room, user) pairs, also of people who left; those without a row are left out."""
    if not pairs:
        return []
    query = select(*COLUMNS).where(matches(listed(pairs), members.c.room, members.c.user))
    return [member_of(row) for row in connection.execute(query)]


def page(connection: Connection, room: int, after: tuple[int, int] | None, limit: int) -> list[tuple[Member, User]]:
    """Who is a member now, in the order of joining; `after`: (joined_at, user) of the last one before."""
    query = (
        select(*COLUMNS, *users.COLUMNS)
        .join(users_table, users_table.c.number == members.c.user)
        .where(members.c.room == room, members.c.left_at.is_(None))
        .order_by(members.c.joined_at, members.c.user)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(members.c.joined_at, members.c.user) > tuple_(*after))
    return [(member_of(row), users.user_of(row[WIDTH:])) for row in connection.execute(query)]


def heirs(connection: Connection, room: int, limit: int) -> list[int]:
    """The users who have been members longest."""
    query = (
        select(members.c.user)
        .where(members.c.room == room, members.c.left_at.is_(None))
        .order_by(members.c.joined_at, members.c.user)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def named(connection: Connection, room: int, usernames: Collection[str]) -> list[User]:
    """Those members of the room who have one of `usernames`."""
    found = users.by_usernames(connection, usernames)
    rows = some(connection, [(room, number) for number in found])
    return [found[member.user] for member in rows if member.left_at is None]


def rooms_of(connection: Connection, user: int, limit: int, offset: int = 0) -> list[tuple[Room, Member]]:
    """The user's rooms, the most recently active first."""
    query = (
        select(*rooms.COLUMNS, *COLUMNS)
        .join(members, members.c.room == rooms_table.c.number)
        .where(members.c.user == user, members.c.left_at.is_(None), rooms_table.c.deleted_at.is_(None))
        .order_by(rooms_table.c.last_at.desc(), rooms_table.c.number.desc())
        .limit(limit)
        .offset(offset)
    )
    return [(rooms.room_of(row), member_of(row[rooms.WIDTH :])) for row in connection.execute(query)]


def mention_counts(connection: Connection, user: int, in_rooms: Collection[int]) -> dict[int, int]:
    """How often the user is mentioned above their read index in each room, up to `MENTIONS_CEILING`."""
    above = (
        select(mentions.c.index)
        .where(
            mentions.c.user == members.c.user,
            mentions.c.room == members.c.room,
            mentions.c.index > members.c.read_index,
        )
        .limit(MENTIONS_CEILING)
        .correlate(members)
        .subquery()
    )
    count = select(func.count()).select_from(above).scalar_subquery()
    query = select(members.c.room, count).where(members.c.user == user, members.c.room.in_(in_rooms))
    return dict(connection.execute(query).all()) if in_rooms else {}


def partners(connection: Connection, user: int, direct_rooms: Collection[int]) -> dict[int, User]:
    """The other person of each direct room."""
    query = (
        select(members.c.room, *users.COLUMNS)
        .join(users_table, users_table.c.number == members.c.user)
        .where(members.c.room.in_(direct_rooms), members.c.user != user)
    )
    return {row[0]: users.user_of(row[1:]) for row in connection.execute(query)} if direct_rooms else {}


def companions(connection: Connection, user: int, large: int, limit: int) -> set[int]:
    """Users who share a room of at most `large` members with `user`."""
    mine = members.alias()
    query = (
        select(members.c.user)
        .distinct()
        .select_from(mine)
        .join(rooms_table, rooms_table.c.number == mine.c.room)
        .join(members, members.c.room == mine.c.room)
        .where(
            mine.c.user == user,
            mine.c.left_at.is_(None),
            rooms_table.c.member_count <= large,
            rooms_table.c.deleted_at.is_(None),
            members.c.left_at.is_(None),
        )
        .limit(limit)
    )
    return set(connection.execute(query).scalars())


def save(connection: Connection, changed: Iterable[Member]) -> None:
    """Write members as the committer decided them."""
    rows = [
        {
            "room": member.room,
            "user": member.user,
            "role": member.role.value,
            "read_index": member.read_index,
            "delivered_index": member.delivered_index,
            "joined_at": member.joined_at,
            "left_at": member.left_at,
            "changed_seq": member.changed_seq,
        }
        for member in changed
    ]
    if not rows:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(members)
    updated = {name: statement.excluded[name] for name in rows[0] if name not in ("room", "user")}
    # A receipt that was flushed since must not be taken back.
    for name in ("read_index", "delivered_index"):
        updated[name] = greater(members.c[name], statement.excluded[name])
    connection.execute(statement.on_conflict_do_update(index_elements=["room", "user"], set_=updated), rows)


def greater(left: Any, right: Any) -> Any:
    """The greater of two numbers, in SQL that both databases know."""
    return case((left > right, left), else_=right)


_READ_OWN = (
    update(members)
    .where(members.c.room == bindparam("_room"), members.c.user == bindparam("_user"))
    .values(
        read_index=greater(members.c.read_index, bindparam("_index")),
        delivered_index=greater(members.c.delivered_index, bindparam("_index")),
    )
)


def save_reads(connection: Connection, reads: Iterable[tuple[int, int, int]]) -> None:
    """(room, user, index): who posts has read up to the post."""
    rows = [{"_room": room, "_user": user, "_index": index} for room, user, index in reads]
    if rows:
        connection.execute(_READ_OWN, rows)
