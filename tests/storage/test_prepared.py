"""Statements whose rows go to the driver as they are."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, bindparam, create_engine, insert, select, text, update

from tertulia.storage.prepared import TOGETHER, Prepared
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
    Prepared(insert(words).inline(), names).run(connection, rows)
    assert [tuple(row) for row in connection.execute(select(words).order_by(words.c.created_at))] == rows
    change = update(words).where(words.c.word == bindparam("_word")).values(created_at=bindparam("_time"))
    Prepared(change, ("_time", "_word")).run(connection, [(7, "sale")])
    assert list(connection.execute(select(words.c.created_at).where(words.c.word == "sale")).scalars()) == [7]


@pytest.mark.parametrize("count", [TOGETHER - 1, TOGETHER, 2 * TOGETHER, 2 * TOGETHER + 7])
def test_many_rows_are_all_written_in_their_order(connection: Connection, count: int) -> None:
    rows = [(f"word {number}", "refuse", None, number) for number in range(count)]
    Prepared(insert(words).inline(), tuple(column.name for column in words.c)).run(connection, iter(rows))
    assert [tuple(row) for row in connection.execute(select(words).order_by(text("rowid")))] == rows


def test_no_rows_are_no_statement(connection: Connection) -> None:
    Prepared(insert(words).inline(), ("not", "looked", "at")).run(connection, ())


def test_names_in_another_order_are_noticed(connection: Connection) -> None:
    names = tuple(column.name for column in words.c)
    with pytest.raises(AssertionError):
        Prepared(insert(words).inline(), names[::-1]).run(connection, [(1, None, "refuse", "shop")])
