"""Statements that are run with many rows at a time, on the path of every post.

SQLAlchemy writes their text, once for each kind of database; the rows go to the driver as they are. Its own handling
of parameters takes longer than SQLite takes to store them.
"""

from collections.abc import Iterable
from functools import cache
from itertools import chain

from sqlalchemy import Connection, Insert, Update

TOGETHER = 20
"""Rows that an insert takes at a time: for a database, a statement costs something whatever it inserts."""


class Prepared:
    """`statement`, whose parameters have the order `names`: an insert's are in the order of the table's columns.

    An insert is `inline()`: nobody asks which keys its rows were given. Not for types that need converting.
    """

    def __init__(self, statement: Insert | Update, names: tuple[str, ...]) -> None:
        self._statement = statement
        self._names = names
        self._texts: dict[str, str] = {}  # by kind of database

    def run(self, connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
        """For each row, its values in the order of `names`; nothing if there are none."""
        rows = list(rows)
        whole = len(rows) - len(rows) % TOGETHER if isinstance(self._statement, Insert) else 0
        if whole:
            taken = [tuple(chain(*rows[at : at + TOGETHER])) for at in range(0, whole, TOGETHER)]
            connection.exec_driver_sql(_repeated(self._text(connection)), taken)
        if rows[whole:]:
            connection.exec_driver_sql(self._text(connection), rows[whole:])

    def _text(self, connection: Connection) -> str:
        dialect = connection.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            columns = self._names if isinstance(self._statement, Insert) else None
            compiled = self._statement.compile(dialect=dialect, column_keys=columns)
            assert tuple(compiled.positiontup or ()) == self._names, compiled.positiontup
            text = self._texts[dialect.name] = str(compiled)
        return text


@cache
def _repeated(text: str) -> str:
    """An insert of one row as one of `TOGETHER`."""
    return text + f", {text.rpartition(' VALUES ')[2]}" * (TOGETHER - 1)
