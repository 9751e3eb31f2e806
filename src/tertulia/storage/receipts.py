"""Receipts: how far members have read and received. Positions only grow, and end at the room's last message."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, select, update

from tertulia.domain.events import Positions
from tertulia.storage.keys import listed, matches
from tertulia.storage.members import greater
from tertulia.storage.tables import members, rooms, users


def free(connection: Connection, pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those (room, user) that nobody else is writing, locked in their order; the others wait for the next time."""
    query = (
        select(members.c.room, members.c.user)
        .where(matches(listed(sorted(pairs)), members.c.room, members.c.user))
        .order_by(members.c.room, members.c.user)
        .with_for_update(key_share=True, skip_locked=True, of=members)
    )
    return {(row.room, row.user) for row in connection.execute(query)}


def there(connection: Connection, pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those (room, user) that are members."""
    query = select(members.c.room, members.c.user).where(
        matches(listed(sorted(pairs)), members.c.room, members.c.user), members.c.left_at.is_(None)
    )
    return {(row.room, row.user) for row in connection.execute(query)} if pairs else set()


def advance(connection: Connection, wanted: Sequence[tuple[int, int, int, int]]) -> list[Positions]:
    """Advance (room, user, read_index, delivered_index); the positions as they are then, members only.

    Computed in SQL, so that two nodes cannot take each other's back.
    """
    rows = [
        {"_room": room, "_user": user, "_read": read, "_delivered": delivered}
        for room, user, read, delivered in sorted(wanted)
    ]
    if not rows:
        return []
    connection.execute(_ADVANCE, rows)
    query = (
        select(
            members.c.room,
            members.c.user,
            members.c.read_index,
            members.c.delivered_index,
            users.c.id,
            rooms.c.id,
            rooms.c.member_count,
        )
        .join(users, users.c.number == members.c.user)
        .join(rooms, rooms.c.number == members.c.room)
        .where(
            matches(listed([(room, user) for room, user, _, _ in wanted]), members.c.room, members.c.user),
            members.c.left_at.is_(None),
            rooms.c.deleted_at.is_(None),
        )
    )
    return [Positions(*row) for row in connection.execute(query)]


_COUNT = select(rooms.c.message_count).where(rooms.c.number == members.c.room).scalar_subquery()


def _least(position: str) -> ColumnElement[int]:
    return case((bindparam(position) > _COUNT, _COUNT), else_=bindparam(position))


_READ = _least("_read")
_DELIVERED = greater(_least("_delivered"), _READ)
_ADVANCE = (
    update(members)
    .where(
        members.c.room == bindparam("_room"),
        members.c.user == bindparam("_user"),
        members.c.left_at.is_(None),
    )
    .values(
        read_index=greater(members.c.read_index, _READ),
        delivered_index=greater(members.c.delivered_index, _DELIVERED),
    )
)


def seen(connection: Connection, when: Sequence[tuple[int, int]]) -> None:
    """(user, time): when they were last here; of a deleted account nothing is kept."""
    statement = (
        update(users)
        .where(
            users.c.number == bindparam("_user"),
            users.c.deleted_at.is_(None),
            func.coalesce(users.c.last_seen_at, 0) < bindparam("_time"),
        )
        .values(last_seen_at=bindparam("_time"))
    )
    connection.execute(statement, [{"_user": user, "_time": time} for user, time in sorted(when)])
