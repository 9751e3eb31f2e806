"""Reports as rows: what somebody, or the word list, wants the staff to look at."""

from typing import Any

from sqlalchemy import Connection, insert, select, update

from tertulia.domain.ids import new_id
from tertulia.domain.reports import Report
from tertulia.protocol.staff import report_resource
from tertulia.storage import users, webhooks
from tertulia.storage.engines import hold
from tertulia.storage.tables import reports

WORDS = "The text has a word of the list."
"""The reason that the word list gives."""


COLUMNS = tuple(reports.c[name] for name in Report.__slots__)


def add(  # noqa: PLR0913 - a row
    connection: Connection,
    *,
    at: int,
    reporter: int | None,
    reason: str = WORDS,
    user: int | None = None,
    room: int | None = None,
    room_id: str | None = None,
    index: int | None = None,
    message_id: str | None = None,
    body: str | None = None,
) -> Report:
    """A new report, of which webhooks are told; without a reporter it is the word list's."""
    values = {
        "id": new_id(),
        "room": room,
        "room_id": room_id,
        "index": index,
        "message_id": message_id,
        "user": user,
        "reporter": reporter,
        "reason": reason,
        "body": body,
        "created_at": at,
    }
    report = report_of(connection.execute(insert(reports).values(values).returning(*COLUMNS)).one())
    told = report_resource(report, users.by_numbers(connection, report.people))
    webhooks.record_event(connection, "report", {"report": told}, at=at)
    return report


def report_of(row: Any) -> Report:
    return Report(*row)


def by_id(connection: Connection, id_: str) -> Report | None:
    row = connection.execute(select(*COLUMNS).where(reports.c.id == id_)).first()
    return report_of(row) if row else None


def of_message(connection: Connection, reporter: int, message_id: str) -> Report | None:
    """What somebody reported of a message, resolved or not; they report nothing else meanwhile."""
    hold(connection, f"reports {reporter}")
    query = select(*COLUMNS).where(reports.c.reporter == reporter, reports.c.message_id == message_id)
    row = connection.execute(query.limit(1)).first()
    return report_of(row) if row else None


def open_of_user(connection: Connection, reporter: int, user: int) -> Report | None:
    """What somebody reported of a user, apart from messages, and nobody has resolved; and nothing else meanwhile."""
    hold(connection, f"reports {reporter}")
    query = select(*COLUMNS).where(
        reports.c.reporter == reporter,
        reports.c.message_id.is_(None),
        reports.c.user == user,
        reports.c.resolved_at.is_(None),
    )
    row = connection.execute(query.limit(1)).first()
    return report_of(row) if row else None


def oldest_since(connection: Connection, reporter: int, since: int, nth: int) -> int | None:
    """When the `nth` newest report of somebody was made, if that was since then."""
    query = (
        select(reports.c.created_at)
        .where(reports.c.reporter == reporter, reports.c.created_at > since)
        .order_by(reports.c.created_at.desc())
        .limit(1)
        .offset(nth - 1)
    )
    return connection.scalar(query)


def page(connection: Connection, *, is_open: bool | None, before: int | None, limit: int) -> list[Report]:
    """Newest first; `is_open` None: all. `before`: the number of the last one of the page before."""
    query = select(*COLUMNS).order_by(reports.c.number.desc()).limit(limit)
    if is_open is not None:
        query = query.where(reports.c.resolved_at.is_(None) if is_open else reports.c.resolved_at.is_not(None))
    if before is not None:
        query = query.where(reports.c.number < before)
    return [report_of(row) for row in connection.execute(query)]


def resolve(connection: Connection, id_: str, at: int, by: int | None, resolution: str) -> Report | None:
    """Resolve an open report; None: it is not there, or resolved already."""
    query = (
        update(reports)
        .where(reports.c.id == id_, reports.c.resolved_at.is_(None))
        .values(resolved_at=at, resolved_by=by, resolution=resolution)
        .returning(*COLUMNS)
    )
    row = connection.execute(query).first()
    return report_of(row) if row else None
