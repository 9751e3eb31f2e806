"""Brings a database to the schema of this code, and refuses one that is not.

SQLite runs a whole migration in one transaction: it is done or it is not. Two processes that start at once take
turns by a lock on a file beside the database.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, column, select, table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from tertulia.refusal import Refusal
from tertulia.storage.database import open_engine

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
"""The newest file in migrations/versions; kept here too, for Alembic takes longer to start than a server may."""

VERSION_TABLE = "alembic_version"


class SchemaError(Refusal):
    """One sentence about why the database cannot be used, and what helps."""


class State(Enum):
    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    FOREIGN = "foreign"


def migrate(url: str) -> bool:
    """Bring the database at `url` to the schema of this code, making it if it is missing.

    Returns whether there was anything to do. Blocks; raises `SchemaError`.
    """
    with _alone(url):
        state = state_of(url)
        if state is State.CURRENT:
            return False
        if state not in {State.EMPTY, State.OLDER}:
            raise SchemaError(_refusal(state, url, ""))
        _upgrade(url)
        return True


def is_current(url: str) -> bool:
    return state_of(url) is State.CURRENT


def require_current(url: str, command: str = "tertulia migrate") -> None:
    """Raise `SchemaError`, which names `command`, unless the database is there and fits this code."""
    state = state_of(url)
    if state is not State.CURRENT:
        raise SchemaError(_refusal(state, url, command))


def state_of(url: str) -> State:
    """How the database at `url` stands to this code. Makes no file."""
    if not database_file(url).exists():
        return State.EMPTY
    with _opened(url, write=False) as engine, engine.connect() as connection:
        return state_in(connection)


def database_file(url: str) -> Path:
    """The file of a SQLite database."""
    return Path(make_url(url).database or "")


def state_in(connection: Connection) -> State:
    """How an open database stands to this code."""
    names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if VERSION_TABLE not in names:
        return State.FOREIGN if names else State.EMPTY
    version = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
    if version is None:
        return State.EMPTY
    if version == HEAD:
        return State.CURRENT
    return State.OLDER if version < HEAD else State.NEWER


def _refusal(state: State, url: str, command: str) -> str:
    file = database_file(url)
    return {
        State.EMPTY: f"There is no Tertulia database at {file} yet: run `{command}` to make it.",
        State.OLDER: f"The database {file} has an older schema: run `{command}` to bring it up to date.",
        State.NEWER: f"The database {file} was made by a newer version of Tertulia: run that version or a later one.",
        State.FOREIGN: f"The database {file} belongs to another program: choose another one with --database-url.",
    }[state]


def _upgrade(url: str) -> None:
    from alembic import command

    config = alembic_config()
    with _opened(url, write=True) as engine, engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        # Outside the transaction, where SQLite heeds it: a table that is made anew must not take its children along.
        raw.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            assert broken is None, "a migration left rows without their parents"


def alembic_config() -> "Config":
    """Alembic's configuration: the scripts in this package, no ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _opened(url: str, *, write: bool) -> Iterator[Engine]:
    engine = open_engine(url, write=write)
    try:
        yield engine
    except DatabaseError as error:
        raise SchemaError(f"The database {database_file(url)} cannot be used: {error.orig}.") from error
    finally:
        engine.dispose()


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """Hold the lock of the database's migrations; waits for whoever has it."""
    file = database_file(url)
    try:
        lock = os.open(file.with_name(f"{file.name}.migrating"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        reason = (error.strerror or "it failed").lower()
        raise SchemaError(
            f"The database {file} cannot be written ({reason}): choose another one with --database-url."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
