"""A member's own affair in a room: how much they want to be told, whether they hid it, what they marked as unread.

Nobody else sees any of it, so none of it takes a seq. What the committer writes of members leaves it alone, but for
two things: posting ends the mark, and who comes back into a room has neither mark nor hidden it (storage/members.py).
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select, update

from tertulia.domain.models import Member, Notify, Room, RoomView
from tertulia.storage import members, rooms
from tertulia.storage.keys import listed, matches
from tertulia.storage.tables import members as members_table
from tertulia.storage.tables import rooms as rooms_table

_TABLE = members_table.c
_COUNT = select(rooms_table.c.message_count).where(rooms_table.c.number == _TABLE.room).scalar_subquery()


def set_notify(connection: Connection, room: int, user: int, notify: Notify) -> None:
    _set(connection, room, user, notify=notify.value)


def set_hidden(connection: Connection, room: int, user: int, *, hidden: bool) -> None:
    """Hidden until a message comes after those that are there now."""
    _set(connection, room, user, hidden_index=_COUNT if hidden else None)


def set_unread_from(connection: Connection, room: int, user: int, index: int | None) -> None:
    """The mark; None: none. Whoever calls this sees to it that the message is there."""
    _set(connection, room, user, unread_from=index)


def _set(connection: Connection, room: int, user: int, **values: object) -> None:
    mine = (_TABLE.room == room, _TABLE.user == user, _TABLE.left_at.is_(None))
    connection.execute(update(members_table).where(*mine).values(**values))


def read_again(connection: Connection, reads: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """(room, user, index): they looked at the room up to there. A mark before it moves behind it, or ends.

    Call it after `receipts.advance` of the same reads. The (room, user) pairs whose mark moved.
    """
    if not reads:
        return []
    pairs = matches(listed([(room, user) for room, user, _ in reads]), _TABLE.room, _TABLE.user)
    query = select(_TABLE.room, _TABLE.user, _TABLE.unread_from, _TABLE.read_index)
    marked = {
        (row.room, row.user): row
        for row in connection.execute(query.where(pairs, _TABLE.unread_from.is_not(None), _TABLE.left_at.is_(None)))
    }
    moved: dict[tuple[int, int], int | None] = {}
    for room, user, index in reads:
        before = marked.get((room, user))
        if before is not None and index >= before.unread_from:
            moved[room, user] = index + 1 if index < before.read_index else None
    if moved:
        rows = [{"_room": room, "_user": user, "_from": start} for (room, user), start in sorted(moved.items())]
        connection.execute(_MOVE, rows)
    return list(moved)


_MOVE = (
    update(members_table)
    .where(_TABLE.room == bindparam("_room"), _TABLE.user == bindparam("_user"))
    .values(unread_from=bindparam("_from"))
)


def views(connection: Connection, user: int, in_rooms: Collection[int]) -> list[RoomView]:
    """How the user stands in those of the rooms of which they are a member: without last message and partner."""
    query = (
        select(*rooms.COLUMNS, *members.COLUMNS)
        .join(members_table, _TABLE.room == rooms_table.c.number)
        .where(
            _TABLE.user == user,
            _TABLE.room.in_(sorted(in_rooms)),
            _TABLE.left_at.is_(None),
            rooms_table.c.deleted_at.is_(None),
        )
    )
    found = [(rooms.room_of(row), members.member_of(row[rooms.WIDTH :])) for row in connection.execute(query)]
    return _counted(connection, user, found)


def recent(connection: Connection, user: int, limit: int) -> list[RoomView]:
    """The same of their most recently active rooms."""
    return _counted(connection, user, members.rooms_of(connection, user, limit))


def _counted(connection: Connection, user: int, found: list[tuple[Room, Member]]) -> list[RoomView]:
    mentioned = members.mention_counts(connection, user, [room.number for room, _ in found])
    return [RoomView(room, member, mentioned.get(room.number, 0)) for room, member in found]
