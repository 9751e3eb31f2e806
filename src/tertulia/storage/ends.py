"""The two ends of a copy: how rows go in, and which numbers were given out, on each kind of database."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from psycopg import Connection as Psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, func, insert, select, text
from sqlalchemy.exc import DatabaseError

from tertulia.storage import schema

Rows = Iterable[Sequence[Sequence[Any]]]
"""Batches of rows; a row has the values of the table's columns, in their order."""


class End(Protocol):
    def fill(self, connection: Connection, table: Table, batches: Rows) -> None:
        """Put rows into an empty table; raises `DatabaseError`."""

    def last_number(self, connection: Connection, table: Table) -> int:
        """The greatest that was ever given out, 0 for none: it is never given out again."""

    def go_on(self, connection: Connection, table: Table, last: int) -> None:
        """Let the next row have a greater number."""


class File:
    """SQLite."""

    def fill(self, connection: Connection, table: Table, batches: Rows) -> None:
        names = [column.name for column in table.columns]
        for batch in batches:
            connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in batch])

    def last_number(self, connection: Connection, table: Table) -> int:
        stored = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        return max(stored or 0, _greatest(connection, table))

    def go_on(self, connection: Connection, table: Table, last: int) -> None:
        if not table.dialect_options["sqlite"]["autoincrement"]:
            return  # it goes by the greatest that is there
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        row = {"name": table.name, "seq": last}
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), row)


class Server:
    """PostgreSQL."""

    def fill(self, connection: Connection, table: Table, batches: Rows) -> None:
        """By COPY, which takes five times as many rows a second."""
        raw = connection.connection.driver_connection
        assert isinstance(raw, Psycopg)
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        try:
            with raw.cursor() as cursor, cursor.copy(into) as copy:
                for batch in batches:
                    for row in batch:
                        copy.write_row(row)
        except raw.DatabaseError as error:
            raise DatabaseError(None, None, error, hide_parameters=True) from None

    def last_number(self, connection: Connection, table: Table) -> int:
        given = connection.scalar(_GIVEN, {"name": _sequence(table)})
        return max(given or 0, _greatest(connection, table))

    def go_on(self, connection: Connection, table: Table, last: int) -> None:
        if last:
            connection.execute(text("SELECT setval(:name, :last)"), {"name": _sequence(table), "last": last})


_GIVEN = text("SELECT last_value FROM pg_sequences WHERE sequencename = :name AND schemaname = current_schema()")


def end_of(url: str) -> End:
    return File() if schema.is_file(url) else Server()


def counted(table: Table) -> bool:
    """Whether the database gives out numbers for its rows."""
    return "number" in table.primary_key.columns


def _sequence(table: Table) -> str:
    return f"{table.name}_number_seq"


def _greatest(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.max(table.c.number))) or 0
