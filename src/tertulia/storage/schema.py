"""Brings a database to the schema of this code, and refuses one that is not.

A whole migration is one transaction: it is done or it is not. Processes that start at once take turns: on SQLite by
a lock on a file beside the database, on PostgreSQL by an advisory lock.

Each migration says which schema's servers may still run on what it makes, and the database remembers it: those start,
change nothing, and say that it is newer.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, column, inspect, select, table, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from tertulia.refusal import Refusal
from tertulia.storage.database import open_engine
from tertulia.storage.engines import kind_of_url, take_time

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0005"
"""The newest file in migrations/versions; kept here too, for Alembic takes longer to start than a server may."""

_NOISE = re.compile(r"^.*connection to server .*? failed: |^connection failed: |FATAL: +")
"""What stands before the reason."""
VERSION_TABLE, OLDEST = "alembic_version", "oldest"
"""Alembic's table, and our column in it: the oldest schema whose servers may run on the database."""
OLDEST_POSTGRESQL = (14,)


class SchemaError(Refusal):
    """One sentence about why the database cannot be used, and what helps."""


class State(Enum):
    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    AHEAD = "ahead"
    """Newer, and this code may run on it."""
    NEWER = "newer"
    FOREIGN = "foreign"


FITS = frozenset((State.CURRENT, State.AHEAD))


def migrate(url: str) -> bool:
    """Bring the database at `url` to the schema of this code, making what is missing (on PostgreSQL, tables only).

    Returns whether there was anything to do. Blocks; raises `SchemaError`.
    """
    if not _has_work(state_of(url), url):
        return False
    with alone(url) as connection:
        return migrate_in(connection, url)


def is_current(url: str) -> bool:
    return state_of(url) is State.CURRENT


def require_current(url: str, command: str = "tertulia migrate", *, exactly: bool = False) -> None:
    """Raise `SchemaError`, which names `command`, unless the database is there and fits this code.

    `exactly`: a newer one has what this code knows nothing of.
    """
    state = state_of(url)
    if exactly and state is State.AHEAD:
        state = State.NEWER
    if state not in FITS:
        raise SchemaError(refusal(state, url, command))


def state_of(url: str) -> State:
    """How the database at `url` stands to this code. Makes no file. Raises `SchemaError` if it cannot be asked."""
    if is_file(url) and not database_file(url).exists():
        return State.EMPTY
    with opened(url, write=False) as engine, engine.connect() as connection:
        return state_in(connection)


def state_in(connection: Connection) -> State:
    """How an open database stands to this code."""
    names = inspect(connection).get_table_names()
    if VERSION_TABLE not in names:
        return State.FOREIGN if names else State.EMPTY
    version = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
    if version is None:
        return State.EMPTY
    if not re.fullmatch(r"\d{4}", version):
        return State.FOREIGN  # another program that uses Alembic
    if version == HEAD:
        return State.CURRENT
    if version < HEAD:
        return State.OLDER
    return State.AHEAD if (_oldest(connection) or version) <= HEAD else State.NEWER


def _oldest(connection: Connection) -> str | None:
    if not _has_oldest(connection):
        return None
    return connection.execute(select(column(OLDEST)).select_from(table(VERSION_TABLE))).scalar()


def _has_oldest(connection: Connection) -> bool:
    return OLDEST in {found["name"] for found in inspect(connection).get_columns(VERSION_TABLE)}


def refusal(state: State, url: str, command: str) -> str:
    """Why a database in this state is of no use as it is; `command` helps if it is empty or older."""
    name = named(url)
    missing = f"There is no Tertulia database at {name} yet" if is_file(url) else f"The database {name} is empty"
    return {
        State.CURRENT: f"The database {name} has the schema of this version.",
        State.EMPTY: f"{missing}: run `{command}` to make it.",
        State.OLDER: f"The database {name} has an older schema: run `{command}` to bring it up to date.",
        State.AHEAD: f"The database {name} has the schema of a newer version, on which this one still runs: take the "
        "newer one soon.",
        State.NEWER: f"The database {name} was made by a newer version of Tertulia: run that version or a later one.",
        State.FOREIGN: f"The database {name} belongs to another program: choose another one with --database-url.",
    }[state]


# Where it is.


def is_file(url: str) -> bool:
    """SQLite, not a server."""
    return kind_of_url(url).name == "sqlite"


def database_file(url: str) -> Path:
    """The file of a SQLite database."""
    return Path(make_url(url).database or "")


def named(url: str) -> str:
    """What people know the database by: its file, or its name and server. Never a password."""
    if is_file(url):
        return str(database_file(url))
    parsed = make_url(url)
    hosts = parsed.host or ", ".join(parsed.normalized_query.get("host", ())) or "this machine"
    return f"{parsed.database} on {hosts}{f':{parsed.port}' if parsed.port else ''}"


# How it gets there.


@contextmanager
def alone(url: str) -> Iterator[Connection]:
    """A transaction that may take its time, during which nobody else makes or changes tables here; waits for who does.

    Raises `SchemaError`, also for what goes wrong with the database within.
    """
    is_here = is_file(url)
    lock = _lock_beside(url) if is_here else nullcontext()
    with lock, opened(url, write=True) as engine, engine.connect() as connection:
        if is_here:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            # Outside the transaction, where SQLite heeds it: a table made anew must not take its children along.
            raw.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            if not is_here:
                take_time(connection)
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('tertulia migrate', 0))"))
            yield connection
            if is_here:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise SchemaError(
                        f"Rows of {broken[0]} in {named(url)} belong to others that are gone: run `tertulia doctor`."
                    )


def migrate_in(connection: Connection, url: str) -> bool:
    """`migrate`, in the transaction of `alone`."""
    if not _has_work(state_in(connection), url):
        return False  # another process was faster
    if not is_file(url):
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))  # while we wait for a table, everybody else does
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _note_oldest(connection, config)
    return True


def _note_oldest(connection: Connection, config: "Config") -> None:
    """Who may run on this must be welcome to each migration on the way."""
    from alembic.script import ScriptDirectory

    if not _has_oldest(connection):
        connection.execute(text(f"ALTER TABLE {VERSION_TABLE} ADD COLUMN {OLDEST} VARCHAR(32)"))
    oldest = max(script.module.oldest for script in ScriptDirectory.from_config(config).walk_revisions())
    connection.execute(update(table(VERSION_TABLE, column(OLDEST))).values({OLDEST: oldest}))


def _has_work(state: State, url: str) -> bool:
    if state in {State.NEWER, State.FOREIGN}:
        raise SchemaError(refusal(state, url, ""))
    return state not in FITS


def alembic_config() -> "Config":
    """Alembic's configuration: the scripts in this package, no ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def opened(url: str, *, write: bool) -> Iterator[Engine]:
    """For a moment. What goes wrong within is a `SchemaError`."""
    engine = open_engine(url, write=write)
    try:
        _require_server(engine, url)
        yield engine
    except DatabaseError as error:
        raise SchemaError(f"The database {named(url)} cannot be used: {reason(error)}.") from None
    finally:
        engine.dispose()


def _require_server(engine: Engine, url: str) -> None:
    """A PostgreSQL that can be reached and is new enough, with a database for all the world's letters."""
    if is_file(url):
        return
    try:
        with engine.connect() as connection:
            version = connection.dialect.server_version_info or (0,)
            encoding = connection.scalar(text("SHOW server_encoding"))
    except DatabaseError as error:
        raise SchemaError(
            f"The database {named(url)} cannot be reached ({reason(error)}): see that PostgreSQL runs there, or "
            "correct TERTULIA_DATABASE_URL."
        ) from None
    if version < OLDEST_POSTGRESQL:
        raise SchemaError(
            f"The server of the database {named(url)} is PostgreSQL {version[0]}: Tertulia needs "
            f"{OLDEST_POSTGRESQL[0]} or later."
        )
    if encoding != "UTF8":
        raise SchemaError(
            f"The database {named(url)} has the encoding {encoding}: make one with `createdb --encoding UTF8 "
            "--template template0`."
        )


def reason(error: DatabaseError) -> str:
    """What the database or its driver says, in one line. It knows no password."""
    lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    if len(lines) > 1 and lines[0].startswith("Multiple connection attempts"):
        lines = lines[-1:]  # each address in a line
    return _NOISE.sub("", lines[0]).rstrip(".")


@contextmanager
def _lock_beside(url: str) -> Iterator[None]:
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
