"""What is too old: where a room's kept messages begin, and the rows before that."""

from sqlalchemy import Connection, Table, and_, delete, or_, select, tuple_

from tertulia.storage.engines import hold
from tertulia.storage.tables import mentions, messages, reactions, room_mentions, rooms

PURGE_ROWS = 500


def rooms_with_retention(
    connection: Connection, everywhere: int | None, after: int, limit: int
) -> list[tuple[int, int]]:
    """(room, days) of rooms whose messages are removed at some age; `everywhere`: at the latest then, in all rooms."""
    query = (
        select(rooms.c.number, rooms.c.retention_days)
        .where(rooms.c.number > after, rooms.c.deleted_at.is_(None), rooms.c.message_count >= rooms.c.first_index)
        .order_by(rooms.c.number)
        .limit(limit)
    )
    if everywhere is None:
        query = query.where(rooms.c.retention_days.is_not(None))
    rows = connection.execute(query)
    return [(row[0], min(days for days in (row[1], everywhere) if days is not None)) for row in rows]


def first_since(connection: Connection, room: int, time: int) -> int | None:
    """The index of the first message that is not older than `time`, when there are older ones; None: nothing to do.

    Within a room, times grow with the index: so it is found by halving.
    """
    low, count = connection.execute(
        select(rooms.c.first_index, rooms.c.message_count).where(rooms.c.number == room)
    ).one()
    first, high = low, count + 1
    while low < high:
        middle = (low + high) // 2
        if _time(connection, room, middle) < time:
            low = middle + 1
        else:
            high = middle
    return low if low > first else None


def _time(connection: Connection, room: int, index: int) -> int:
    query = select(messages.c.created_at).where(messages.c.room == room, messages.c.index == index)
    return int(connection.execute(query).scalar_one())


def trimmed(connection: Connection, after: int, limit: int) -> list[int]:
    """Rooms whose first messages are gone, and perhaps not yet their rows."""
    query = (
        select(rooms.c.number)
        .where(rooms.c.number > after, rooms.c.first_index > 1, rooms.c.deleted_at.is_(None))
        .order_by(rooms.c.number)
        .limit(limit)
    )
    return list(connection.scalars(query))


def purge_slice(connection: Connection, room: int) -> bool:
    """Remove some rows before the room's first index; whether there may be more to do."""
    hold(connection, "purge")
    first = connection.scalar(select(rooms.c.first_index).where(rooms.c.number == room))
    if first is None:
        return False
    return any(_purge(connection, table, room, first) for table in (reactions, mentions, room_mentions, messages))


def _purge(connection: Connection, table: Table, room: int, first: int) -> bool:
    old = table.c.index < first
    if table is messages:  # notices stand after an index; those after the last one that is gone are still shown
        old = or_(old, and_(table.c.index.is_(None), table.c.after < first - 1))
    key = list(table.primary_key.columns)
    some = select(*key).where(table.c.room == room, old).limit(PURGE_ROWS)
    wanted = tuple_(*key).in_(some) if len(key) > 1 else key[0].in_(some)
    return connection.execute(delete(table).where(wanted)).rowcount > 0
