"""Messages with their numbers, for those who know them by number; notices are none."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, select

from tertulia.domain.models import Message
from tertulia.storage.keys import listed, matches
from tertulia.storage.messages import message_of, selected
from tertulia.storage.tables import messages

Numbered = tuple[int, Message]


def span(connection: Connection, room: int, first: int, last: int) -> list[Numbered]:
    """Messages `first` to `last` by index, in order."""
    if first > last:
        return []
    query = _selected().where(messages.c.room == room, messages.c.index.between(first, last))
    return _fetch(connection, query.order_by(messages.c.index))


def by_numbers(connection: Connection, numbers: Collection[int]) -> list[Numbered]:
    """Those of `numbers` that are there, in any order."""
    if not numbers:
        return []
    return _fetch(connection, _selected().where(matches(listed([(number,) for number in numbers]), messages.c.number)))


def one(connection: Connection, ref: int | str) -> Numbered | None:
    """The message with this number, or with this id."""
    is_it = messages.c.number == ref if isinstance(ref, int) else messages.c.id == ref
    found = _fetch(connection, _selected().where(is_it, messages.c.index.is_not(None)))
    return found[0] if found else None


def places(connection: Connection, wanted: Collection[tuple[int, int]]) -> list[tuple[int, int, bool]]:
    """(number, room, whether it is deleted) of the messages (room, index), without what was said."""
    if not wanted:
        return []
    query = select(messages.c.number, messages.c.room, messages.c.deleted_at.is_not(None))
    query = query.where(matches(listed(wanted), messages.c.room, messages.c.index))
    return [(row[0], row[1], bool(row[2])) for row in connection.execute(query)]


def _selected() -> Select[Any]:
    return selected().add_columns(messages.c.number)


def _fetch(connection: Connection, query: Select[Any]) -> list[Numbered]:
    return [(row[-1], message_of(row)) for row in connection.execute(query)]
