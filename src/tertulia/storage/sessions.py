"""Sessions as rows: one for each signed-in device."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from tertulia.domain.models import Session, User
from tertulia.storage import users
from tertulia.storage.tables import sessions
from tertulia.storage.tables import users as users_table

COLUMNS = tuple(sessions.c)
"""What `session_of` takes, in its order."""
WIDTH = len(COLUMNS)
OPEN = sessions.c.revoked_at.is_(None)


def session_of(row: Row[Any]) -> Session:
    """A session from the first `WIDTH` columns of a row."""
    return Session(**{column.name: value for column, value in zip(COLUMNS, row[:WIDTH], strict=True)})


def create(connection: Connection, values: dict[str, Any]) -> Session:
    """`values`: id, user, device, address, created_at, expires_at."""
    at = values["created_at"]
    row = {**values, "last_used_at": at, "rotated_at": at}
    return session_of(connection.execute(insert(sessions).values(row).returning(*sessions.c)).one())


def with_user(connection: Connection, id_: str) -> tuple[Session, User] | None:
    """The session, ended or not, expired or not; and whose it is."""
    query = select(*COLUMNS, *users.COLUMNS).join(users_table, users_table.c.number == sessions.c.user)
    row = connection.execute(query.where(sessions.c.id == id_)).one_or_none()
    return (session_of(row), users.user_of(row[WIDTH:])) if row else None


def lock(connection: Connection, id_: str) -> Session | None:
    """The session, locked until the end of the transaction."""
    row = connection.execute(select(sessions).where(sessions.c.id == id_).with_for_update()).one_or_none()
    return session_of(row) if row else None


def rotate(connection: Connection, session: Session, at: int, expires_at: int, address: str) -> Session:
    """The next generation of a locked session."""
    row = connection.execute(
        update(sessions)
        .where(sessions.c.number == session.number)
        .values(
            generation=session.generation + 1,
            rotated_at=at,
            last_used_at=at,
            expires_at=expires_at,
            address=address,
        )
        .returning(*sessions.c)
    ).one()
    return session_of(row)


def open_of(connection: Connection, user: int, now: int, limit: int) -> list[Session]:
    """The user's sessions that are neither ended nor expired, last used first."""
    query = (
        select(sessions)
        .where(sessions.c.user == user, OPEN, sessions.c.expires_at > now)
        .order_by(sessions.c.last_used_at.desc(), sessions.c.number.desc())
        .limit(limit)
    )
    return [session_of(row) for row in connection.execute(query)]


def is_open(connection: Connection, id_: str) -> bool:
    return connection.scalar(select(sessions.c.number).where(sessions.c.id == id_, OPEN)) is not None


def end(connection: Connection, user: int, id_: str, at: int) -> list[str]:
    """End one session of the user; its id, or nothing when it is not theirs or has ended."""
    return _end(connection, user, at, sessions.c.id == id_)


def end_all(connection: Connection, user: int, at: int, but: str = "") -> list[str]:
    """End all sessions of the user but one; their ids."""
    return _end(connection, user, at, sessions.c.id.is_distinct_from(but))


def end_oldest(connection: Connection, user: int, at: int, keep: int) -> list[str]:
    """End those beyond the `keep` last used ones; their ids."""
    beyond = (
        select(sessions.c.number)
        .where(sessions.c.user == user, OPEN)
        .order_by(sessions.c.last_used_at.desc(), sessions.c.number.desc())
        .limit(1000)
        .offset(keep)
    )
    return _end(connection, user, at, sessions.c.number.in_(beyond))


def _end(connection: Connection, user: int, at: int, which: Any) -> list[str]:
    users.lock(connection, user)  # users come before their sessions, wherever both are written
    ended = connection.scalars(
        update(sessions).where(sessions.c.user == user, OPEN, which).values(revoked_at=at).returning(sessions.c.id)
    ).all()
    if ended:
        users.bump(connection, [user])
    return list(ended)


def ended_since(connection: Connection, since: int) -> dict[str, int]:
    """When which session was ended, of those ended after `since`."""
    query = select(sessions.c.id, sessions.c.revoked_at).where(sessions.c.revoked_at > since)
    return {row.id: row.revoked_at for row in connection.execute(query)}


def touch(connection: Connection, used: Sequence[tuple[str, int]]) -> None:
    """Note when sessions were last used."""
    for id_, at in used:
        connection.execute(
            update(sessions).where(sessions.c.id == id_, sessions.c.last_used_at < at).values(last_used_at=at)
        )


def old(connection: Connection, before: int, limit: int) -> list[int]:
    """Rows that ended or expired before that time, and that nobody needs any more."""
    return list(
        connection.scalars(
            select(sessions.c.number)
            .where(or_(sessions.c.revoked_at < before, sessions.c.expires_at < before))
            .limit(limit)
        )
    )


def remove(connection: Connection, numbers: Sequence[int]) -> None:
    connection.execute(delete(sessions).where(sessions.c.number.in_(numbers)))
