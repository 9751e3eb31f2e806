"""Statements that are run with many rows at a time, on the path of every post.

SQLAlchemy writes their text, once for each kind of database; the rows go to the driver as they are. Its own handling
of parameters takes longer than SQLite takes to store them.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, Insert, Update


class Prepared:
    """`statement`, whose parameters have the order `names`: an insert's are in the order of the table's columns.

    Not for types that need converting.
    """

    def __init__(self, statement: Insert | Update, names: tuple[str, ...]) -> None:
        self._statement = statement
        self._names = names
        self._texts: dict[str, str] = {}  # by kind of database

    def run(self, connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
        """Once for each row, its values in the order of `names`; nothing if there are none."""
        rows = list(rows)
        if rows:
            connection.exec_driver_sql(self._text(connection), rows)

    def _text(self, connection: Connection) -> str:
        dialect = connection.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            columns = self._names if isinstance(self._statement, Insert) else None
            compiled = self._statement.compile(dialect=dialect, column_keys=columns)
            assert tuple(compiled.positiontup or ()) == self._names, compiled.positiontup
            text = self._texts[dialect.name] = str(compiled)
        return text
