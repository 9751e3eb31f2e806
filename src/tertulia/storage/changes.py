"""What changed in a room since a seq: resume by state."""

from sqlalchemy import Connection, bindparam, select

from tertulia.domain.events import Changed
from tertulia.domain.models import Member, Message, Room, User
from tertulia.storage import members, messages, rooms, users
from tertulia.storage.tables import members as members_table
from tertulia.storage.tables import users as users_table

MAX_ROWS = 2_000


def since(connection: Connection, room: Room, seq: int) -> list[Changed] | None:
    """Every row that changed after `seq`, as it is now, ascending by `changed_seq`; None when there are too many.

    Complete up to `room.head_seq`, which must have been read before, or in this transaction.
    """
    rows = messages.changed_since(connection, room.number, seq, MAX_ROWS + 1)
    people = _members_since(connection, room.number, seq)
    if len(rows) + len(people) > MAX_ROWS:
        return None
    rows = [row for row in rows if row.after >= room.first_index - 1]  # what is too old is about to be purged
    found = [of_message(room, row) for row in rows] + [_member(room, *row) for row in people]
    if room.settings_seq > seq:
        found.append(Changed(room.number, room.id, room.settings_seq, "room", settings=room))
    return sorted((change for change in found if change.seq <= room.head_seq), key=lambda change: change.seq)


def _members_since(connection: Connection, room: int, seq: int) -> list[tuple[Member, User]]:
    rows = connection.execute(_MEMBERS_SINCE, {"_room": room, "_seq": seq})
    return [(members.member_of(row), users.user_of(row[members.WIDTH :])) for row in rows]


_MEMBERS_SINCE = (
    select(*members.COLUMNS, *users.COLUMNS)
    .join(users_table, users_table.c.number == members_table.c.user)
    .where(members_table.c.room == bindparam("_room"), members_table.c.changed_seq > bindparam("_seq"))
    .limit(MAX_ROWS + 1)
)


def of_message(room: Room, message: Message) -> Changed:
    """What happened to a message last."""
    return Changed(room.number, room.id, message.changed_seq, "message", message=message)


def _member(room: Room, member: Member, user: User) -> Changed:
    return Changed(
        room.number, room.id, member.changed_seq, "member", members=((member, user),), member_count=room.member_count
    )


def refresh(connection: Connection, number: int, seq: int) -> tuple[Room, list[Changed] | None] | None:
    """The room and what changed in it after `seq`; None when it is gone."""
    room = rooms.by_number(connection, number)
    return (room, since(connection, room, seq)) if room else None
