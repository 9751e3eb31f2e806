"""PostgreSQL: many writers, each under the locks that it takes itself."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from tertulia.storage.engines.kind import READERS

LANES, OTHERS = 4, 1  # other writes one after the other: who is told of two of them is told in their order

SESSION = {
    "lock_timeout": "2s",  # a room that is held sets its own items aside, not the batch
    "idle_in_transaction_session_timeout": "3s",  # a node that stopped gives its locks back
    "synchronous_commit": "on",  # acknowledged means stored
    "client_min_messages": "warning",
}
READ_TIMEOUT = "15s"
"""Of one statement. None for writes: a COMMIT that waits for a standby would end by it, and look as if it had one."""
LINE = {
    "connect_timeout": "5",
    "tcp_user_timeout": "5000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "application_name": "tertulia",
    "client_encoding": "utf8",
}
"""For libpq; what the URL says comes first."""

_LOCK_NOT_AVAILABLE, _UNIQUE_VIOLATION = "55P03", "23505"
_PASSING = ("40001", "40P01", _LOCK_NOT_AVAILABLE, "57P", "57014", "25P03", "25006", "08", "53")
"""Serialization, deadlock, lock timeout; shut down, out of time, idle for too long, a standby now; the line,
too little of something. A class of errors stands for all of its codes."""


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

        @event.listens_for(engine, "connect")
        def on_connect(raw: Any, _record: object) -> None:
            raw.autocommit = True
            settings = {**SESSION, "statement_timeout": "0" if write else READ_TIMEOUT}
            raw.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
            raw.autocommit = False
            raw.read_only = not write

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

    def data_version(self, _connection: Connection) -> int:
        return 0

    def hold(self, connection: Connection, names: Collection[str]) -> None:
        for name in sorted(names):
            connection.execute(_HOLD, {"name": name})

    def insert(self, table: Table) -> Any:
        return insert(table)

    def history(self, connection: Connection) -> str:
        """The cluster and its timeline: a standby that takes over has another one."""
        return "@{}-{}".format(*connection.execute(_HISTORY).one())


_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7382))")
_HISTORY = text("SELECT system_identifier, timeline_id FROM pg_control_system() CROSS JOIN pg_control_checkpoint()")


def _tell_less(context: ExceptionContext) -> None:
    """The details of an error repeat what people wrote; texts of errors are logged."""
    said = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if said and context.sqlalchemy_exception is not None:
        context.original_exception.args = (said,)
        context.sqlalchemy_exception.args = (f"({type(context.original_exception).__name__}) {said}",)


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
