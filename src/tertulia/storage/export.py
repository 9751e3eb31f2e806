"""What the server has of one person, in pages."""

from sqlalchemy import Connection, select

from tertulia.domain.models import Message
from tertulia.domain.reports import Report
from tertulia.storage import messages
from tertulia.storage.reports import COLUMNS, report_of
from tertulia.storage.tables import members, reactions, reports
from tertulia.storage.tables import messages as messages_table
from tertulia.storage.tables import rooms as rooms_table

SPAN = 5_000
"""Indexes that are looked through at once."""


def rooms_of(connection: Connection, user: int) -> list[tuple[int, str, int]]:
    """(number, id, message_count) of the rooms in which the user is or was a member, or posted (by a server key)."""
    joined = select(members.c.room).where(members.c.user == user)
    query = (
        select(rooms_table.c.number, rooms_table.c.id, rooms_table.c.message_count)
        .where(
            rooms_table.c.number.in_(joined.union(messages.posted_in(user))),
            rooms_table.c.deleted_at.is_(None),
        )
        .order_by(rooms_table.c.number)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def messages_of(connection: Connection, room: int, user: int, first: int) -> list[Message]:
    """The user's messages among the `SPAN` from index `first` on, by index; without those that are deleted."""
    query = (
        messages.selected()
        .where(
            messages_table.c.room == room,
            messages_table.c.index.between(first, first + SPAN - 1),
            messages_table.c.sender == user,
            messages_table.c.deleted_at.is_(None),
        )
        .order_by(messages_table.c.index)
    )
    return messages.fetch(connection, query)


def reactions_of(connection: Connection, room: int, user: int, first: int) -> list[tuple[int, str]]:
    """(index, emoji) of what the user reacted to, of the same messages."""
    query = (
        select(reactions.c.index, reactions.c.emoji)
        .where(
            reactions.c.room == room,
            reactions.c.index.between(first, first + SPAN - 1),
            reactions.c.user == user,
        )
        .order_by(reactions.c.number)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def reports_by(connection: Connection, user: int, limit: int) -> list[Report]:
    query = select(*COLUMNS).where(reports.c.reporter == user).order_by(reports.c.number).limit(limit)
    return [report_of(row) for row in connection.execute(query)]
