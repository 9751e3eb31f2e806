"""Statements whose rows go to the driver as they are."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, bindparam, create_engine, insert, select, update

from tertulia.storage.prepared import Prepared
from tertulia.storage.tables import words


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    words.create(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_rows_are_written_in_the_order_of_the_names(connection: Connection) -> None:
    names = tuple(column.name for column in words.c)
    rows = [("shop", "refuse", None, 1), ("sale", "report", None, 2)]
    Prepared(insert(words), names).run(connection, rows)
    assert [tuple(row) for row in connection.execute(select(words).order_by(words.c.created_at))] == rows
    change = update(words).where(words.c.word == bindparam("_word")).values(created_at=bindparam("_time"))
    Prepared(change, ("_time", "_word")).run(connection, [(7, "sale")])
    assert list(connection.execute(select(words.c.created_at).where(words.c.word == "sale")).scalars()) == [7]


def test_no_rows_are_no_statement(connection: Connection) -> None:
    Prepared(insert(words), ("not", "looked", "at")).run(connection, ())


def test_names_in_another_order_are_noticed(connection: Connection) -> None:
    names = tuple(column.name for column in words.c)
    with pytest.raises(AssertionError):
        Prepared(insert(words), names[::-1]).run(connection, [(1, None, "refuse", "shop")])
