"""Rows by many keys of several columns, in one statement that always has the same text."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Integer, Text, and_, bindparam, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias


class _Rows(FunctionElement[Any]):
    """The rows of a JSON text."""

    name = "rows"
    inherit_cache = True


class _Text(FunctionElement[Any]):
    """What stands at a place of such a row."""

    name = "part"
    inherit_cache = True


class _Number(_Text):
    """A number at a place of such a row."""

    inherit_cache = True


@compiles(_Rows, "sqlite")
def _rows_sqlite(element: _Rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each{compiler.process(element.clause_expr, **options)}"


@compiles(_Rows, "postgresql")
def _rows_postgresql(element: _Rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **options)} AS JSON))"


@compiles(_Text, "sqlite")
def _part_sqlite(element: _Text, compiler: SQLCompiler, **options: Any) -> str:
    row, place = (compiler.process(clause, **options) for clause in element.clauses)
    return f"json_extract({row}, '$[{place}]')"


@compiles(_Text, "postgresql")
def _text_postgresql(element: _Text, compiler: SQLCompiler, **options: Any) -> str:
    row, place = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({row} ->> {place})"


@compiles(_Number, "postgresql")
def _number_postgresql(element: _Number, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({_text_postgresql(element, compiler, **options)} AS BIGINT)"


def listed(keys: Collection[tuple[int | str, ...]]) -> TableValuedAlias:
    """`keys` as a table to join with, by `matches`.

    Not `(a, b) IN (VALUES …)`: SQLite answers that by reading the whole table. Not `OR`: a text of 500 parts takes
    longer to make than its answer, and SQLite takes no more than 1,000.
    """
    return _table(bindparam("keys", as_list(keys), unique=True))


def given(name: str) -> TableValuedAlias:
    """The same for a statement that is made once: with each run, `as_list` gives its keys as the parameter `name`."""
    return _table(bindparam(name, type_=Text))


def as_list(keys: Collection[tuple[int | str, ...]]) -> str:
    return json.dumps(list(dict.fromkeys(keys)))


def _table(text: BindParameter[str]) -> TableValuedAlias:
    return _Rows(text).table_valued("value", name="wanted")


def matches(keys: TableValuedAlias, *columns: ColumnElement[int] | ColumnElement[str]) -> ColumnElement[bool]:
    """The row's `columns` are one of the keys."""
    return and_(*(column == _part(keys, place, column) for place, column in enumerate(columns)))


def _part(keys: TableValuedAlias, place: int, column: ColumnElement[Any]) -> ColumnElement[Any]:
    kind = _Number if isinstance(column.type, BigInteger | Integer) else _Text
    return kind(keys.c.value, literal_column(str(place)))
