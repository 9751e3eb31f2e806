"""The audit log: what staff, moderators, server keys and the command line did. Rows are added, never changed."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from tertulia.domain.audit import Entry
from tertulia.storage.tables import audit

MAX_DETAILS = 4_096
"""Characters as JSON; longer texts in them are cut."""
CUT = 200


def record(  # noqa: PLR0913 - a row
    connection: Connection,
    *,
    at: int,
    actor: int | None,
    via: str,
    act: str,
    room: int | None = None,
    room_id: str | None = None,
    user: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry, within the transaction of what it tells."""
    details = None if details is None else dict(details)
    record_all(connection, [Entry(0, at, actor, via, act, room, room_id, user, details)])


def record_all(connection: Connection, entries: Iterable[Entry]) -> None:
    """Several, in their order; their `number` is not looked at."""
    rows = [
        {
            "at": entry.at,
            "actor": entry.actor,
            "via": entry.via[:128],
            "act": entry.act,
            "room": entry.room,
            "room_id": entry.room_id,
            "user": entry.user,
            "details": _dump(entry.details) if entry.details else None,
        }
        for entry in entries
    ]
    if rows:
        connection.execute(insert(audit), rows)


def _dump(details: Mapping[str, Any]) -> str:
    text = json.dumps(details, ensure_ascii=False)
    if len(text) <= MAX_DETAILS:
        return text
    return json.dumps({name: _short(value) for name, value in list(details.items())[:20]}, ensure_ascii=False)


def _short(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int) else str(value)[:CUT]


def page(
    connection: Connection,
    *,
    room_id: str | None = None,
    user: int | None = None,
    actor: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Newest first, of those that match all that is given; `before`: the number of the last one of the page before."""
    query = select(audit).order_by(audit.c.number.desc()).limit(limit)
    for column, value in ((audit.c.room_id, room_id), (audit.c.user, user), (audit.c.actor, actor)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(audit.c.number < before)
    return [_entry(row) for row in connection.execute(query)]


def _entry(row: Any) -> Entry:
    details = None if row.details is None else json.loads(row.details)
    return Entry(row.number, row.at, row.actor, row.via, row.act, row.room, row.room_id, row.user, details)
