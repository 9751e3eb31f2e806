"""Blocks: from whom one does not want to hear."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, insert, select

from tertulia.domain.models import Room, User
from tertulia.domain.rooms import direct_key
from tertulia.storage import users
from tertulia.storage.engines import hold
from tertulia.storage.keys import as_list, given, listed, matches
from tertulia.storage.tables import blocks, rooms
from tertulia.storage.tables import users as users_table


def among(connection: Connection, pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of the pairs (user, other) in which the user blocks the other."""
    query = select(blocks.c.user, blocks.c.blocked).where(
        matches(listed(sorted(pairs)), blocks.c.user, blocks.c.blocked)
    )
    return {(row.user, row.blocked) for row in connection.execute(query)} if pairs else set()


def add(connection: Connection, user: int, blocked: int, now: int) -> bool:
    """Whether it is new."""
    if among(connection, [(user, blocked)]):
        return False
    connection.execute(insert(blocks).values(user=user, blocked=blocked, created_at=now))
    return True


def remove(connection: Connection, user: int, blocked: int) -> bool:
    """Whether it was there."""
    done = connection.execute(delete(blocks).where(blocks.c.user == user, blocks.c.blocked == blocked))
    return done.rowcount == 1


def count(connection: Connection, user: int) -> int:
    """There will be no more until the transaction ends."""
    hold(connection, f"blocks {user}")
    return connection.scalar(select(func.count()).select_from(blocks).where(blocks.c.user == user)) or 0


def of(connection: Connection, user: int, after: int, limit: int) -> list[User]:
    """Whom the user blocks, by number greater than `after`."""
    query = (
        select(*users.COLUMNS)
        .join(blocks, blocks.c.blocked == users_table.c.number)
        .where(blocks.c.user == user, blocks.c.blocked > after)
        .order_by(blocks.c.blocked)
        .limit(limit)
    )
    return [users.user_of(row) for row in connection.execute(query)]


def who(connection: Connection, among: Collection[int]) -> set[int]:
    """Those of the users who block somebody."""
    return set(connection.scalars(_WHO, {"among": as_list([(user,) for user in among])}))


_WHO = select(blocks.c.user).distinct().where(matches(given("among"), blocks.c.user))


def direct_rooms(connection: Connection, user: int) -> dict[int, int]:
    """The direct rooms with those whom the user blocks: the room's number → the other."""
    blocked = connection.scalars(select(blocks.c.blocked).where(blocks.c.user == user)).all()
    keys = {direct_key(user, other): other for other in blocked}
    if not keys:
        return {}
    query = select(rooms.c.number, rooms.c.direct_key).where(
        matches(listed([(key,) for key in keys]), rooms.c.direct_key), rooms.c.deleted_at.is_(None)
    )
    return {row.number: keys[row.direct_key] for row in connection.execute(query)}


def is_silent(connection: Connection, room: Room) -> bool:
    """It is a direct room, and one of the two blocks the other."""
    if room.direct_key is None:
        return False
    one, other = map(int, room.direct_key.split(":"))
    return bool(among(connection, [(one, other), (other, one)]))


def ids_of(connection: Connection, user: int, limit: int) -> list[str]:
    """The ids of those whom the user blocks."""
    query = (
        select(users_table.c.id)
        .join(blocks, blocks.c.blocked == users_table.c.number)
        .where(blocks.c.user == user)
        .limit(limit)
    )
    return list(connection.scalars(query))
