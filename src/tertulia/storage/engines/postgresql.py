"""PostgreSQL: many writers, each under the locks that it takes itself."""

from collections.abc import Collection
from math import inf
from time import perf_counter
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from tertulia.storage.engines.kind import LEAST, READ_SILENCE, READERS, WRITE_SILENCE

T = TypeVar("T")

LANES, OTHERS = 4, 1  # other writes one after the other: who is told of two of them is told in their order

SESSION = {
    "lock_timeout": "2s",  # a room that is held sets its own items aside, not the batch
    "idle_in_transaction_session_timeout": "3s",  # a node that stopped gives its locks back
    "synchronous_commit": "on",  # acknowledged means stored
    "client_min_messages": "warning",
}
READ_TIMEOUT = f"{READ_SILENCE:.0f}s"
"""Of one statement: nobody waits for longer. None for writes: a COMMIT that waits for a standby would end by it, and
look as if it had one.
"""
SETUP = 2.0
"""Seconds of silence after which a new line is given up before it is of use."""
LINE = {
    "connect_timeout": f"{SETUP:.0f}",  # an address
    "tcp_user_timeout": "5000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "application_name": "tertulia",
    "client_encoding": "utf8",
}
"""For libpq; what the URL says comes first."""

_LOCK_NOT_AVAILABLE, _UNIQUE_VIOLATION = "55P03", "23505"
_PASSING = ("40001", "40P01", _LOCK_NOT_AVAILABLE, "57P", "57014", "25P03", "25006", "55000", "08", "53")
"""Serialization, deadlock, lock timeout; shut down, out of time, idle for too long, a standby now (that is to write, or
to name its log); the line, too little of something. A class of errors stands for all of its codes."""


class Line(psycopg.Connection[Any]):
    """A connection that is given up when nothing comes for `silence` seconds, or at `deadline` (`perf_counter`).

    A network that lost us, a machine that is frozen, a proxy that swallows: what the system knows of a line is not
    enough, for the other end may well acknowledge every byte.
    """

    silence = READ_SILENCE
    deadline = inf
    is_new = True
    takes_time = False

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Raises `OperationalError`, and is closed, also when the time is over."""
        try:
            return super().wait(gen, interval, self._patience() if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if error.sqlstate is None:  # an answer that still came would be taken for that of the next statement
                self.close()
            raise

    def _patience(self) -> float | None:
        if self.takes_time:
            return None
        return min(SETUP if self.is_new else self.silence, max(0.0, self.deadline - perf_counter()))


class WritingLine(Line):
    silence = WRITE_SILENCE


class Postgresql:
    """READ COMMITTED: rooms are locked in a first statement, everything else is read in later ones."""

    name = "postgresql"
    lanes = LANES
    others = OTHERS
    shared = True

    def open(self, url: URL, *, write: bool) -> Engine:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=QueuePool if not write else NullPool,  # threads that write keep theirs
            **({"pool_size": READERS, "max_overflow": 0} if not write else {}),
            # Writers see what was committed before each statement; a reader sees one state.
            isolation_level="READ COMMITTED" if write else "REPEATABLE READ",
            paramstyle="format",
            hide_parameters=True,  # error texts must not carry what people wrote
            use_native_hstore=False,
            connect_args={name: value for name, value in LINE.items() if name not in url.query},
        )

        @event.listens_for(engine, "do_connect")
        def on_do_connect(_dialect: object, _record: object, args: Any, options: dict[str, Any]) -> Line:
            return (WritingLine if write else Line).connect(*args, **options)

        @event.listens_for(engine, "connect")
        def on_connect(raw: Any, _record: object) -> None:
            raw.autocommit = True
            settings = {**SESSION, "statement_timeout": "0" if write else READ_TIMEOUT}
            raw.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
            if write and raw.execute(_STUCK, [_STUCK_AFTER]).fetchone():  # so would the next, until there are none left
                raise psycopg.OperationalError("a commit waits for a standby that does not answer")
            raw.autocommit = False
            raw.read_only = not write
            raw.is_new = False

        @event.listens_for(engine, "handle_error")
        def on_error(context: ExceptionContext) -> None:
            _tell_less(context)

        return engine

    def is_outage(self, error: DBAPIError) -> bool:
        return self.passes(error)

    def passes(self, error: DBAPIError) -> bool:
        code = _code(error)
        if code is None:  # said by the driver: there is no server
            return error.connection_invalidated or isinstance(error, OperationalError)
        return code.startswith(_PASSING)

    def is_conflict(self, error: DBAPIError) -> bool:
        return _code(error) == _UNIQUE_VIOLATION

    def is_locked(self, error: DBAPIError) -> bool:
        return _code(error) == _LOCK_NOT_AVAILABLE

    def bound(self, connection: Connection, seconds: float) -> None:
        line = _line(connection)
        line.takes_time, line.deadline = False, perf_counter() + max(seconds, LEAST)

    def take_time(self, connection: Connection) -> None:
        _line(connection).takes_time = True
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {name} = 0"))

    def data_version(self, _connection: Connection) -> int:
        return 0

    def hold(self, connection: Connection, names: Collection[str]) -> None:
        for name in sorted(names):
            connection.execute(_HOLD, {"name": name})

    def insert(self, table: Table) -> Any:
        return insert(table)

    def history(self, connection: Connection) -> str:
        """The cluster and its timeline: a standby that takes over has another one. One that does not: an error that
        passes.
        """
        cluster, wal = connection.execute(_HISTORY).one()
        return f"@{cluster}-{int(wal[:8], 16)}"


_STUCK_AFTER = 4.0
_STUCK = """SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()
AND query_start < clock_timestamp() - make_interval(secs => %s) LIMIT 1"""
_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7382))")
_HISTORY = text("SELECT system_identifier, pg_walfile_name(pg_current_wal_lsn()) FROM pg_control_system()")
"""`pg_control_checkpoint()` names the old timeline until the first checkpoint after the takeover: minutes."""


def _line(connection: Connection) -> Line:
    line = connection.connection.driver_connection
    assert isinstance(line, Line)
    return line


def _tell_less(context: ExceptionContext) -> None:
    """The details of an error repeat what people wrote; texts of errors are logged."""
    said = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if said and context.sqlalchemy_exception is not None:
        context.original_exception.args = (said,)
        context.sqlalchemy_exception.args = (f"({type(context.original_exception).__name__}) {said}",)


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
