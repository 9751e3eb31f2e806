"""What differs between the databases, in one interface."""

from collections.abc import Collection
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

READERS = 4
"""Reads at once, each with a connection."""
READ_SILENCE, WRITE_SILENCE, LEAST = 4.0, 2.5, 1.0
"""Seconds after which a line is given up on which a database says nothing: time is left for another one. When whoever
waits wants an answer, it is given up whatever it says, but it has the least.
"""


class Kind(Protocol):
    """A kind of database. `lanes` batches and `others` other writes run at once.

    `shared`: other processes may write at any time, so what is remembered is asked again.
    """

    name: str
    lanes: int
    others: int
    shared: bool

    def open(self, url: URL, *, write: bool) -> Engine:
        """An engine; transactions of a `write` one may write. Nothing is connected yet."""

    def is_outage(self, error: DBAPIError, /) -> bool:
        """The database cannot work right now, whatever it is asked: locked, full, read-only, broken, gone."""

    def passes(self, error: DBAPIError, /) -> bool:
        """The same transaction may well succeed if it is tried again in a moment."""

    def is_conflict(self, error: DBAPIError, /) -> bool:
        """Somebody else wrote the same key at the same time: whoever looks again finds it."""

    def is_locked(self, error: DBAPIError, /) -> bool:
        """Somebody else held a lock for too long."""

    def bound(self, connection: Connection, seconds: float, /) -> None:
        """Give the line up after so many seconds, sooner when the database says nothing: an error of those that pass,
        and nobody knows what became of a commit.
        """

    def take_time(self, connection: Connection, /) -> None:
        """Until the end of a transaction no limit of how long anything may take."""

    def data_version(self, connection: Connection, /) -> int:
        """Another number when another process wrote, as far as the database says so; always the same if `shared`."""

    def hold(self, connection: Connection, names: Collection[str], /) -> None:
        """Let nobody else hold one of `names` until the end of the transaction.

        For what no unique key can keep. What is read before is old: look in a later statement.
        """

    def insert(self, table: Table) -> Any:
        """An `INSERT` that knows `ON CONFLICT`."""

    def history(self, connection: Connection, /) -> str:
        """What tells this database from a copy of it that went its own way, as far as the server itself knows."""
