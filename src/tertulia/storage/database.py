"""The database: its engines, its one writer, its readers, and what differs between SQLite and PostgreSQL.

Reads run in a small pool of threads, each a short transaction. Writes of a process go through one writer
thread, posts first. A function that is run here gets an open `Connection` and must not keep it.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from tertulia.domain.errors import Rejection
from tertulia.storage.writer import Writer

T = TypeVar("T")

READERS = 4
READS_WAITING = 2_000
BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process that writes to the same SQLite file."""


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


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def is_outage(error: BaseException | None) -> bool:
    """The database cannot work right now, whatever it is asked: locked, full, read-only, broken, gone."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    return isinstance(error, OperationalError) if code is None else code & 0xFF in _OUTAGES


def open_engine(url: str, *, write: bool) -> Engine:
    """An engine for `url`; transactions of a `write` engine take the write lock at their start."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"This version stores in SQLite only; {parsed.get_backend_name()} is not supported yet.")
    engine = create_engine(
        parsed,
        poolclass=QueuePool if not write else NullPool,
        hide_parameters=True,  # error texts must not carry what people wrote
        connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
        **({"pool_size": READERS, "max_overflow": 0} if not write else {}),
    )
    _prepare_sqlite(engine, write=write)
    return engine


def _prepare_sqlite(engine: Engine, *, write: bool) -> None:
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
            "cache_size=-65536" if write else "cache_size=-16384",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Database:
    """Runs functions in transactions, off the event loop.

    `read` and `write` raise what the function raises, after rolling back; a full queue is `busy`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._read_engine = open_engine(url, write=False)
        self._write_engine = open_engine(url, write=True)
        self._readers = ThreadPoolExecutor(READERS, "tertulia-read")
        self._reads = 0
        self.writer = Writer(self._write_engine)

    async def read(self, job: Callable[..., T], *args: Any) -> T:
        """`job(connection, *args)` in a read transaction."""
        if self._reads >= READS_WAITING:
            raise Rejection("busy", "The server has too much to read at once. Try again shortly.", retry_after=1)
        self._reads += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job, args)
        finally:
            self._reads -= 1

    def _read(self, job: Callable[..., T], args: tuple[Any, ...]) -> T:
        with self._read_engine.connect() as connection, connection.begin():
            return job(connection, *args)

    @property
    def reads_waiting(self) -> int:
        return self._reads

    async def probe(self) -> None:
        """Return when the database has answered; raises what a read raises."""
        await self.read(_probe)

    async def write(self, job: Callable[..., T], *args: Any) -> T:
        """`job(connection, *args)` in a write transaction, committed when this returns."""
        return await self.writer.run(job, *args)

    def close(self) -> None:
        """Wait for what runs, then let go of the files."""
        self.writer.close()
        self._readers.shutdown()
        self._read_engine.dispose()
        self._write_engine.dispose()


def _probe(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
