"""SQLite: a file, one writer, and every write transaction alone."""

import sqlite3
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from tertulia.storage.engines.kind import READERS

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process that writes to the same file."""
_DATA_VERSION = "PRAGMA data_version"
_OUTAGES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
}


class Sqlite:
    """`BEGIN IMMEDIATE` takes the lock of the whole database, so nothing else needs one."""

    name = "sqlite"
    lanes = 1
    others = 0  # they take turns with the batches
    shared = False

    def open(self, url: URL, *, write: bool) -> Engine:
        engine = create_engine(
            url,
            poolclass=QueuePool if not write else NullPool,
            hide_parameters=True,  # error texts must not carry what people wrote
            connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
            **({"pool_size": READERS, "max_overflow": 0} if not write else {}),
        )
        _prepare(engine, write=write)
        return engine

    def is_outage(self, error: DBAPIError) -> bool:
        code = getattr(error.orig, "sqlite_errorcode", None)
        return isinstance(error, OperationalError) if code is None else code & 0xFF in _OUTAGES

    def passes(self, _error: DBAPIError) -> bool:
        """Never: the driver has waited for `BUSY_TIMEOUT` already."""
        return False

    def is_conflict(self, _error: DBAPIError) -> bool:
        """Never: nobody else writes at the same time."""
        return False

    def is_locked(self, _error: DBAPIError) -> bool:
        return False

    def bound(self, _connection: Connection, _seconds: float) -> None:
        """There is no line; the machine answers."""

    def take_time(self, _connection: Connection) -> None:
        """It does already."""

    def data_version(self, connection: Connection) -> int:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        try:  # by the driver: SQLAlchemy would begin a transaction
            return int(raw.cursor().execute(_DATA_VERSION).fetchone()[0])
        except sqlite3.Error as error:
            raise DBAPIError.instance(_DATA_VERSION, None, error, sqlite3.Error, dialect=connection.dialect) from error

    def hold(self, _connection: Connection, _names: Collection[str]) -> None:
        """Held already."""

    def insert(self, table: Table) -> Any:
        return insert(table)

    def history(self, _connection: Connection) -> str:
        return ""


def _prepare(engine: Engine, *, write: bool) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # transactions are begun below, not by the driver
        cursor = raw.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # acknowledged means stored, through a power cut
            "fullfsync=ON",  # macOS: fsync alone does not reach the disk
            "foreign_keys=ON",
            "journal_size_limit=67108864",
            "wal_autocheckpoint=4000",  # pages, 16 MB: what is written again and again is moved once
            "cache_size=-65536" if write else "cache_size=-16384",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
