"""Rows by many keys of several columns, in one statement that always has the same text."""

import json
from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, bindparam, func
from sqlalchemy.sql.selectable import TableValuedAlias


def listed(keys: Collection[tuple[int | str, ...]]) -> TableValuedAlias:
    """`keys` as a table to join with, by `matches`.

    Not `(a, b) IN (VALUES …)`: SQLite answers that by reading the whole table. Not `OR`: a text of 500 parts takes
    longer to make than its answer, and SQLite takes no more than 1,000.
    """
    text = json.dumps(list(dict.fromkeys(keys)))
    return func.json_each(bindparam("keys", text, unique=True)).table_valued("value", name="wanted")


def matches(keys: TableValuedAlias, *columns: ColumnElement[int] | ColumnElement[str]) -> ColumnElement[bool]:
    """The row's `columns` are one of the keys."""
    return and_(*(column == func.json_extract(keys.c.value, f"$[{place}]") for place, column in enumerate(columns)))
