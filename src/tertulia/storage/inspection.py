"""Looks at a SQLite database and changes nothing in it; it may be in use, broken, or another program's."""

import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from tertulia.storage.schema import State, database_file, is_file, state_in

T = TypeVar("T")

FAULTS_SHOWN = 3
STOP_SECONDS = 1.0
_STEPS = 10_000
"""Of SQLite's machine, between two looks whether it has to stop."""


class Unreadable(Exception):  # noqa: N818
    """What SQLite says about a file that it cannot read."""


@dataclass(frozen=True, slots=True)
class Integrity:
    """`faults`: the first that were found, none when all is well. Not `finished`: the time was over before the end."""

    faults: tuple[str, ...]
    orphans: int
    finished: bool


def sqlite_version() -> tuple[int, ...]:
    """The library that Python uses here."""
    return sqlite3.sqlite_version_info


def state(url: str) -> State:
    """How the database stands to this code; unlike `schema.state_of` it leaves another program's as it is.

    Raises `Unreadable`.
    """
    if not database_file(url).exists():
        return State.EMPTY
    return _looking(url, state_in)


def journal_mode(url: str) -> str:
    """`wal`, unless somebody changed it. Raises `Unreadable`."""
    return _looking(url, lambda connection: str(connection.exec_driver_sql("PRAGMA journal_mode").scalar()))


def integrity(url: str, seconds: float) -> Integrity:
    """SQLite's own quick check and the foreign keys, for at most `seconds`; raises `Unreadable`.

    In a thread, because some versions of SQLite do not let themselves be stopped: such a one is left behind.
    """
    found: list[Integrity | Unreadable] = []
    stop = threading.Event()

    def look() -> None:
        try:
            found.append(_looking(url, _check, stop))
        except Unreadable as error:
            found.append(error)

    thread = threading.Thread(target=look, name="tertulia-integrity", daemon=True)
    thread.start()
    thread.join(seconds)
    stop.set()
    thread.join(STOP_SECONDS)
    result = found[0] if found else Integrity((), 0, finished=False)
    if isinstance(result, Unreadable):
        raise result
    return result


def _check(connection: Connection) -> Integrity:
    try:
        said = connection.exec_driver_sql(f"PRAGMA quick_check({FAULTS_SHOWN})").scalars().all()
        orphans = len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1_000))
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return Integrity((), 0, finished=False)
        raise
    return Integrity(tuple(str(fault) for fault in said if fault != "ok"), orphans, finished=True)


def _looking(url: str, look: Callable[[Connection], T], stop: threading.Event | None = None) -> T:
    def connect() -> sqlite3.Connection:
        file = database_file(url).absolute().as_uri()
        raw = sqlite3.connect(f"{file}?mode=ro", uri=True, timeout=1, check_same_thread=False)
        if stop is not None:
            raw.set_progress_handler(stop.is_set, _STEPS)
        return raw

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            return look(connection)
    except DatabaseError as error:
        raise Unreadable(str(error.orig)) from None
    finally:
        engine.dispose()


def files(url: str) -> tuple[Path, ...]:
    """The database and what SQLite keeps beside it, as far as they are there; nothing of a server."""
    if not is_file(url):
        return ()
    file = database_file(url)
    beside = (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm")))
    return tuple(path for path in beside if os.path.lexists(path))
