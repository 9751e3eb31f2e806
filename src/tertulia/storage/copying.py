"""Moves a whole installation from one database to another, in either direction: all of it, or nothing.

The source is read in one snapshot, the target is written in one transaction, and what it then holds is compared with
what was read before that is committed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select, text
from sqlalchemy.exc import DatabaseError

from tertulia.refusal import Refusal
from tertulia.storage import schema, server
from tertulia.storage.ends import counted, end_of
from tertulia.storage.engines import take_time
from tertulia.storage.schema import SchemaError, State
from tertulia.storage.tables import metadata

BATCH = 2_000
"""Rows that are in memory at once."""

Tell = Callable[[str, int], None]
"""Is told of progress: what is done, and with how many rows more than when it was told before."""


class CopyError(Refusal):
    """One sentence about why nothing was copied, and what helps."""


@dataclass(slots=True)
class Sum:
    """Of the rows of a table, in whatever order they come."""

    rows: int = 0
    hashes: int = 0

    def add(self, batch: Sequence[Sequence[Any]]) -> None:
        """Values as SQLAlchemy gives them, which are the same from every database: bool, int, str, bytes, None."""
        for row in batch:
            digest = blake2b(repr(tuple(row)).encode(), digest_size=16).digest()
            self.hashes = (self.hashes + int.from_bytes(digest)) % 2**128
        self.rows += len(batch)


def check(source: str, target: str) -> int:
    """How many rows there are to copy. Raises `Refusal` if that cannot be, or must not; changes nothing."""
    if is_same(source, target):
        raise CopyError(f"{schema.named(source)} is both source and target: give two databases.")
    schema.require_current(source, exactly=True)
    _require_empty(schema.state_of(target), target)
    with schema.opened(source, write=False) as engine, engine.connect() as connection:
        take_time(connection)
        return sum(_count(connection, table) for table in metadata.sorted_tables)


def is_same(source: str, target: str) -> bool:
    """Also when it is named in two ways."""
    if schema.is_file(source) and schema.is_file(target):
        one, other = schema.database_file(source), schema.database_file(target)
        return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))
    if schema.is_file(source) or schema.is_file(target):
        return False
    return server.identity(source) == server.identity(target)


def copy(source: str, target: str, tell: Tell = lambda _what, _rows: None) -> dict[str, int]:
    """The rows of each table. When this fails, or is killed, the target is as empty as it was.

    `check` comes before it. What is written to the source meanwhile is not copied. Blocks; raises `Refusal`.
    """
    with schema.opened(source, write=False) as engine, engine.connect() as reading, reading.begin():
        take_time(reading)
        with schema.alone(target) as writing:
            _require_empty(schema.state_in(writing), target, writing)
            schema.migrate_in(writing, target)
            take_time(writing)
            found = _Copy(source, target, reading, writing, tell).run()
    _settle(target)
    return found


@dataclass(frozen=True, slots=True)
class _Copy:
    """From one transaction to another."""

    source: str
    target: str
    reading: Connection
    writing: Connection
    tell: Tell

    def run(self) -> dict[str, int]:
        tables = metadata.sorted_tables  # parents first
        sums = {table.name: self._fill(table) for table in tables}
        for table in filter(counted, tables):
            end_of(self.target).go_on(self.writing, table, end_of(self.source).last_number(self.reading, table))
        for table in tables:
            self._compare(table, sums[table.name])
        return {name: found.rows for name, found in sums.items()}

    def _fill(self, table: Table) -> Sum:
        found = Sum()
        end_of(self.target).fill(self.writing, table, self._read(table, found))
        return found

    def _read(self, table: Table, found: Sum) -> Iterator[Sequence[Row[Any]]]:
        try:
            for batch in _batches(self.reading, table):
                found.add(batch)
                yield batch
                self.tell(f"Copying {table.name}", len(batch))
        except DatabaseError as error:
            raise CopyError(
                f"The rows of {table.name} in {schema.named(self.source)} cannot be read: {schema.reason(error)}."
            ) from None

    def _compare(self, table: Table, expected: Sum) -> None:
        found = Sum()
        for batch in _batches(self.writing, table):
            found.add(batch)
            self.tell(f"Comparing {table.name}", len(batch))
        if found != expected:
            raise CopyError(
                f"The rows of {table.name} are not the same in {schema.named(self.target)} as they were read: nothing "
                "was copied. Run `tertulia doctor` on the source."
            )


def _require_empty(state: State, target: str, connection: Connection | None = None) -> None:
    """Tables may be there, as long as they are empty."""
    if state is State.EMPTY:
        return
    if state is not State.CURRENT:
        state = State.NEWER if state is State.AHEAD else state
        raise SchemaError(schema.refusal(state, target, "tertulia migrate"))
    full = _full(connection) if connection else _full_at(target)
    if full:
        raise CopyError(f"The database {schema.named(target)} is not empty ({', '.join(full)}): copy to a new one.")


def _full_at(url: str) -> list[str]:
    with schema.opened(url, write=False) as engine, engine.connect() as connection:
        return _full(connection)


def _full(connection: Connection) -> list[str]:
    return [table.name for table in metadata.sorted_tables if connection.execute(select(table).limit(1)).first()]


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    query = select(table).order_by(*table.primary_key.columns)
    yield from connection.execute(query, execution_options={"yield_per": BATCH}).partitions()


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _settle(target: str) -> None:
    """PostgreSQL learns how much there is of what: until then it would look at all of it."""
    if not schema.is_file(target):
        with schema.opened(target, write=True) as engine, engine.begin() as connection:
            take_time(connection)
            connection.execute(text("ANALYZE"))
