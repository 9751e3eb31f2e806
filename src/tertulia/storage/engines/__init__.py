"""One place for what differs between SQLite and PostgreSQL: nobody else asks which one it is."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from tertulia.storage.engines.kind import READERS, Kind
from tertulia.storage.engines.sqlite import Sqlite

__all__ = [
    "READERS",
    "Kind",
    "bound",
    "hold",
    "insert",
    "is_conflict",
    "is_locked",
    "is_outage",
    "kind_of",
    "kind_of_url",
    "passes",
    "take_time",
]


@cache
def _kind(name: str) -> Kind:
    if name == "sqlite":
        return Sqlite()
    if name == "postgresql":
        from tertulia.storage.engines.postgresql import Postgresql  # its driver is a tenth of a server's start

        return Postgresql()
    raise ValueError(f"This version stores in SQLite or PostgreSQL; {name} is not supported.")


def kind_of_url(url: str) -> Kind:
    """Raises `ValueError` for what this version does not store in."""
    return _kind(make_url(url).get_backend_name())


def kind_of(opened: Connection | Engine) -> Kind:
    return _kind(opened.dialect.name)


def hold(connection: Connection, *names: str) -> None:
    """Let nobody else hold one of `names` until the end of the transaction: what no unique key can keep.

    What was read before may be old: look in a later statement.
    """
    kind_of(connection).hold(connection, names)


def bound(connection: Connection, seconds: float) -> None:
    """Wait for about as long for an answer of the database, then take it for lost."""
    kind_of(connection).bound(connection, seconds)


def take_time(connection: Connection) -> None:
    """Until the end of a transaction, no limit of how long anything may take."""
    kind_of(connection).take_time(connection)


def insert(connection: Connection, table: Table) -> Any:
    """An `INSERT` that knows `ON CONFLICT`."""
    return kind_of(connection).insert(table)


def is_outage(error: BaseException | None) -> bool:
    """The database cannot work right now, whatever it is asked: locked, full, read-only, broken, gone."""
    return isinstance(error, DBAPIError) and _kind_of_error(error).is_outage(error)


def passes(error: BaseException | None) -> bool:
    """The same transaction may well succeed if it is tried again in a moment."""
    return isinstance(error, DBAPIError) and _kind_of_error(error).passes(error)


def is_conflict(error: DBAPIError) -> bool:
    """Somebody else wrote the same key at the same time: whoever looks again finds it."""
    return _kind_of_error(error).is_conflict(error)


def is_locked(error: BaseException | None) -> bool:
    """Somebody else held a lock for too long."""
    return isinstance(error, DBAPIError) and _kind_of_error(error).is_locked(error)


def _kind_of_error(error: DBAPIError) -> Kind:
    return _kind("postgresql" if hasattr(error.orig, "sqlstate") else "sqlite")
