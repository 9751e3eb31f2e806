"""Messages and notices: the rows of a room's timeline."""

import json
from collections.abc import Callable, Collection, Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from tertulia.domain.models import Message, MessageKind
from tertulia.storage import users
from tertulia.storage.keys import as_list, given, listed, matches
from tertulia.storage.prepared import Prepared
from tertulia.storage.tables import mentions, messages, reactions, room_mentions
from tertulia.storage.tables import users as users_table

NOTICES_IN_PAGE = 100

_COLUMNS = [
    messages.c[name]
    for name in (
        "room", "seq", "changed_seq", "index", "after", "id", "kind", "body", "created_at", "notice", "reply_to",
        "client_id", "mentions", "reactions", "edited_at", "deleted_at", "sender", "mentions_room", "pinned_at",
        "pinned_by", "metadata",
    )
]  # fmt: skip
WIDTH = len(_COLUMNS)


def selected() -> Select[Any]:
    return select(*_COLUMNS, *users.COLUMNS).outerjoin(users_table, users_table.c.number == messages.c.sender)


def message_of(row: Any) -> Message:
    """A message from a row of `selected`."""
    return Message(
        room=row[0],
        seq=row[1],
        changed_seq=row[2],
        index=row[3],
        after=row[4],
        id=row[5],
        kind=MessageKind(row[6]),
        body=row[7],
        created_at=row[8],
        notice=json.loads(row[9]) if row[9] else None,
        reply_to=row[10],
        client_id=row[11],
        mentions=tuple(json.loads(row[12])) if row[12] else (),
        reactions=tuple(json.loads(row[13])) if row[13] else (),
        edited_at=row[14],
        deleted_at=row[15],
        sender=users.user_of(row[WIDTH:]) if row[16] is not None else None,
        mentions_room=row[17],
        pinned_at=row[18],
        pinned_by=row[19],
        metadata=row[20],
    )


def fetch(connection: Connection, query: Select[Any]) -> list[Message]:
    """The messages of a query that began with `selected`."""
    return [message_of(row) for row in connection.execute(query)]


def span(connection: Connection, room: int, first: int, last: int, *, notices_after: int) -> list[Message]:
    """Messages `first` to `last` by index, and the newest notices placed after `notices_after` … `last`; in seq order.

    Both are looked up by index, so a page costs the same however deep it lies.
    """
    counted = selected().where(messages.c.room == room, messages.c.index.between(first, last))
    notices = (
        selected()
        .where(
            messages.c.room == room,
            messages.c.index.is_(None),
            messages.c.after.between(notices_after, last),
        )
        .order_by(messages.c.after.desc(), messages.c.seq.desc())
        .limit(NOTICES_IN_PAGE)
    )
    page = fetch(connection, counted) + fetch(connection, notices)
    return sorted(page, key=lambda message: message.seq)


def by_indexes(connection: Connection, wanted: Collection[tuple[int, int]]) -> list[Message]:
    """Messages by (room, index); what is not there is left out."""
    if not wanted:
        return []
    rows = connection.execute(_BY_INDEXES, {"wanted": as_list(wanted)}).all()
    return [message_of(row) for row in rows]


_BY_INDEXES = selected().where(matches(given("wanted"), messages.c.room, messages.c.index))


def by_client_ids(connection: Connection, keys: Collection[tuple[int, int, str]]) -> list[Message]:
    """Messages by (room, sender, client_id)."""
    if not keys:
        return []
    query = selected().where(matches(listed(keys), messages.c.room, messages.c.sender, messages.c.client_id))
    return fetch(connection, query)


def posted_in(sender: int) -> Select[tuple[int]]:
    """The rooms in which somebody posted: one look into the index for each, however much it was."""
    here = messages.c.sender == sender
    posted = select(func.min(messages.c.room).label("room")).where(here).cte("posted", recursive=True)
    following = select(func.min(messages.c.room)).where(here, messages.c.room > posted.c.room).scalar_subquery()
    posted = posted.union_all(select(following).where(posted.c.room.is_not(None)))
    return select(posted.c.room).where(posted.c.room.is_not(None))


def by_ids(connection: Connection, ids: Collection[str]) -> list[Message]:
    return fetch(connection, selected().where(messages.c.id.in_(ids))) if ids else []


def last_of(connection: Connection, counts: dict[int, int]) -> dict[int, Message]:
    """The last message of each room; `counts`: room → its message_count."""
    wanted = [(room, count) for room, count in counts.items() if count]
    return {message.room: message for message in by_indexes(connection, wanted)}


def changed_since(connection: Connection, room: int, seq: int, limit: int) -> list[Message]:
    """Rows with a greater `changed_seq`, ascending, at most `limit`.

    Two looks, because only rows that changed after they were made are in the index of changes.
    """
    wanted = {"_room": room, "_seq": seq, "_most": limit}
    rows = [message_of(row) for query in (_MADE, _CHANGED) for row in connection.execute(query, wanted)]
    return sorted(rows, key=lambda message: message.changed_seq)[:limit]


_MADE = (
    selected()
    .where(messages.c.room == bindparam("_room"), messages.c.seq > bindparam("_seq"))
    .order_by(messages.c.seq)
    .limit(bindparam("_most"))
)
# Written so that SQLite sees that the partial index serves.
_CHANGED = (
    selected()
    .where(
        messages.c.room == bindparam("_room"),
        messages.c.changed_seq > messages.c.seq,
        messages.c.changed_seq > bindparam("_seq"),
        messages.c.seq <= bindparam("_seq"),
    )
    .order_by(messages.c.changed_seq)
    .limit(bindparam("_most"))
)


def append(connection: Connection, new: Iterable[Message]) -> None:
    """Insert new rows, those of a room in order; raises IntegrityError when a client_id is there already."""
    plain: list[Message] = []
    others: list[Message] = []
    for _, of_room in groupby(new, attrgetter("room")):
        rows = list(of_room)
        # By room, so that `number` has the order of `seq` in each.
        (plain if all(map(_is_plain, rows)) else others).extend(rows)
    _INSERT_PLAIN.run(connection, map(_plain_row, plain))
    _INSERT.run(connection, map(_row, others))


def _is_plain(message: Message) -> bool:
    """Nothing but a text that somebody wrote: most are, and half of the columns take half of the time."""
    return (
        message.changed_seq == message.seq
        and message.sender is not None
        and not (message.notice or message.mentions or message.mentions_room or message.metadata)
    )


_plain_row: Callable[[Message], tuple[object, ...]] = attrgetter(
    "room", "seq", "index", "after", "changed_seq", "id", "sender.number", "body", "reply_to", "client_id",
    "created_at",
)  # fmt: skip
# What somebody wrote is a message, never a notice.
_INSERT_PLAIN = Prepared(
    insert(messages).inline().values(kind=literal_column(f"'{MessageKind.MESSAGE}'")),
    (
        "room", "seq", "index", "after", "changed_seq", "id", "sender", "body", "reply_to", "client_id", "created_at",
    ),
)  # fmt: skip


def _row(message: Message) -> tuple[object, ...]:
    return (
        message.room,
        message.seq,
        message.index,
        message.after,
        message.changed_seq,
        message.id,
        message.sender.number if message.sender else None,
        message.kind.value,
        message.body,
        _json(message.notice),
        message.reply_to,
        message.client_id,
        _json(message.mentions),
        message.mentions_room,
        _json(message.reactions),
        message.metadata,
        message.created_at,
        message.edited_at,
        message.deleted_at,
        message.pinned_at,
        message.pinned_by,
    )


_INSERT = Prepared(
    insert(messages).inline(),
    (
        "room", "seq", "index", "after", "changed_seq", "id", "sender", "kind", "body", "notice", "reply_to",
        "client_id", "mentions", "mentions_room", "reactions", "metadata", "created_at", "edited_at", "deleted_at",
        "pinned_at", "pinned_by",
    ),
)  # fmt: skip


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None


_UPDATE = (
    update(messages)
    .where(messages.c.room == bindparam("_room"), messages.c.seq == bindparam("_seq"))
    .values(
        {
            name: bindparam(f"_{name}")
            for name in (
                "changed_seq",
                "body",
                "mentions",
                "reactions",
                "edited_at",
                "deleted_at",
                "mentions_room",
                "pinned_at",
                "pinned_by",
                "metadata",
                "notice",
            )
        }
    )
)


def save(connection: Connection, changed: Iterable[Message]) -> None:
    """Write the new state of messages that were there before."""
    rows = [
        {
            "_room": message.room,
            "_seq": message.seq,
            "_changed_seq": message.changed_seq,
            "_body": message.body,
            "_mentions": _json(message.mentions),
            "_reactions": _json(message.reactions),
            "_edited_at": message.edited_at,
            "_deleted_at": message.deleted_at,
            "_mentions_room": message.mentions_room,
            "_pinned_at": message.pinned_at,
            "_pinned_by": message.pinned_by,
            "_metadata": message.metadata,
            "_notice": _json(message.notice),
        }
        for message in changed
    ]
    if rows:
        connection.execute(_UPDATE, rows)


def _pinned_from(first: int) -> tuple[ColumnElement[bool], ...]:
    """By `after`, an index less than `index`: so that only pinned rows are looked at, and not all of the room."""
    return messages.c.pinned_at.is_not(None), messages.c.after >= first - 1


def count_pinned(connection: Connection, room: int, first: int) -> int:
    """How many messages from index `first` on are pinned."""
    query = select(func.count()).where(messages.c.room == room, *_pinned_from(first))
    return connection.scalar(query) or 0


def pinned(connection: Connection, room: int, first: int, after: tuple[int, int] | None, limit: int) -> list[Message]:
    """The pinned messages from index `first` on, pinned last first; `after`: (pinned_at, index) of the last before."""
    query = (
        selected()
        .where(messages.c.room == room, *_pinned_from(first))
        .order_by(messages.c.pinned_at.desc(), messages.c.index.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(messages.c.pinned_at, messages.c.index) < tuple_(*after))
    return fetch(connection, query)


def save_room_mentions(
    connection: Connection, dropped: Iterable[tuple[int, int]], added: Iterable[tuple[int, int, int]]
) -> None:
    """(room, index) that do not say @room any more; (room, index, sender) that do."""
    _drop(connection, room_mentions, dropped)
    rows = [{"room": room, "index": index, "sender": sender} for room, index, sender in added]
    if rows:
        connection.execute(insert(room_mentions), rows)


def add_mentions(connection: Connection, added: Iterable[tuple[int, int, int]]) -> None:
    """(user, room, index)."""
    rows = [{"user": user, "room": room, "index": index} for user, room, index in added]
    if rows:
        connection.execute(insert(mentions), rows)


def drop_mentions(connection: Connection, dropped: Iterable[tuple[int, int]]) -> None:
    """All of each (room, index)."""
    _drop(connection, mentions, dropped)


def clear_reactions(connection: Connection, cleared: Iterable[tuple[int, int]]) -> None:
    """All of each (room, index)."""
    _drop(connection, reactions, cleared)


def _drop(connection: Connection, table: Any, dropped: Iterable[tuple[int, int]]) -> None:
    rows = [{"_room": room, "_index": index} for room, index in dropped]
    if rows:
        where = (table.c.room == bindparam("_room")) & (table.c.index == bindparam("_index"))
        connection.execute(delete(table).where(where), rows)


def reactions_of(connection: Connection, wanted: Collection[tuple[int, int]]) -> list[tuple[int, int, str, int]]:
    """(room, index, emoji, user) of the messages (room, index), in the order in which they came."""
    if not wanted:
        return []
    query = (
        select(reactions.c.room, reactions.c.index, reactions.c.emoji, reactions.c.user)
        .where(matches(listed(wanted), reactions.c.room, reactions.c.index))
        .order_by(reactions.c.number)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def add_reactions(connection: Connection, added: Iterable[tuple[int, int, int, str]]) -> None:
    """(room, index, user, emoji)."""
    rows = [{"room": room, "index": index, "user": user, "emoji": emoji} for room, index, user, emoji in added]
    if rows:
        connection.execute(insert(reactions), rows)


def drop_reactions(connection: Connection, dropped: Iterable[tuple[int, int, int, str]]) -> None:
    """(room, index, user, emoji)."""
    rows = [{"_room": room, "_index": index, "_user": user, "_emoji": emoji} for room, index, user, emoji in dropped]
    if rows:
        where = and_(*(reactions.c[name] == bindparam(f"_{name}") for name in ("room", "index", "user", "emoji")))
        connection.execute(delete(reactions).where(where), rows)
