"""A whole installation moves from one database to another and back: all of it, or nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from support.databases import ON_SQLITE
from support.filled import BIG, fill
from support.shapes import run_sql, shape, upgrade
from support.template import Backend, database_url, make_database, make_empty
from tertulia.refusal import Refusal
from tertulia.storage import copying, schema
from tertulia.storage import tables as t
from tertulia.storage.copying import CopyError
from tertulia.storage.database import open_engine
from tertulia.storage.engines import take_time
from tertulia.storage.schema import State
from tertulia.storage.tables import metadata

pytestmark = ON_SQLITE  # each names both databases itself
WAYS: list[tuple[Backend, Backend]] = [
    ("sqlite", "postgresql"),
    ("postgresql", "sqlite"),
    ("sqlite", "sqlite"),
    ("postgresql", "postgresql"),
]
STOPPED_HALF_WAY = """
import sys, os
from tertulia.storage import copying

def tell(what, rows):
    if what == "Copying messages":
        print("half", flush=True)
        sys.stdin.read()

copying.copy(sys.argv[1], sys.argv[2], tell)
"""


def filled(backend: Backend, folder: Path) -> str:
    """A database with rows in every table, and with numbers that were given out and are gone."""
    url = database_url(backend, folder, "source")
    make_database(url)
    run(url, lambda connection: fill(connection, metadata))
    if backend == "postgresql":
        for table, last in (("rooms", 90), ("users", 41), ("webhooks", 1)):
            run_sql(url, f"SELECT setval('{table}_number_seq', {last})")
    else:
        run_sql(url, "UPDATE sqlite_sequence SET seq = 90 WHERE name = 'rooms'")
    return url


def empty(backend: Backend, folder: Path, name: str = "target") -> str:
    url = database_url(backend, folder, name)
    make_empty(url)
    return url


def run(url: str, work: Any) -> Any:
    engine = open_engine(url, write=True)
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    def read(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
        tables = metadata.sorted_tables
        return {table.name: sorted(map(tuple, connection.execute(select(table)).all()), key=repr) for table in tables}

    found: dict[str, list[tuple[Any, ...]]] = run(url, read)
    return found


def next_number(url: str, name: str) -> int:
    """Of a row that is made now."""
    new = {
        "users": {"id": "0" * 8 + "-0000-7000-8000-000000000000", "username": "new", "created_at": 1},
        "rooms": {"id": "0" * 8 + "-0000-7000-8000-000000000000", "kind": "private", "created_at": 1, "last_at": 1},
        "reactions": {"room": 1, "index": 1, "user": 40, "emoji": "x"},
    }[name]
    table = metadata.tables[name]
    number: int = run(url, lambda connection: connection.scalar(insert(table).values(new).returning(table.c.number)))
    return number


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_everything_is_there_afterwards(source: Backend, target: Backend, tmp_path: Path) -> None:
    """Every value of every table, the tables to the letter, and the numbers: what was given out never comes again."""
    first, second = filled(source, tmp_path), empty(target, tmp_path)
    before = rows(first)
    assert all(before.values())
    assert copying.check(first, second) == sum(map(len, before.values()))
    told: list[int] = []
    copied = copying.copy(first, second, lambda _what, count: told.append(count))
    assert copied == {name: len(found) for name, found in before.items()}
    assert sum(told) == 2 * sum(copied.values())  # written, and compared
    assert rows(second) == before == rows(first)
    fresh = empty(target, tmp_path, "fresh")
    schema.migrate(fresh)
    assert shape(second) == shape(fresh)
    assert (next_number(second, "rooms"), next_number(second, "reactions")) == (91, 10)
    assert next_number(second, "users") > 40


def test_there_and_back_again_is_the_original(tmp_path: Path) -> None:
    original, between = filled("sqlite", tmp_path), empty("postgresql", tmp_path, "between")
    back = empty("sqlite", tmp_path, "back")
    copying.copy(original, between)
    copying.copy(between, back)
    assert rows(back) == rows(original)

    def numbers(connection: Any) -> dict[str, int]:
        return dict(connection.execute(text("SELECT name, seq FROM sqlite_sequence WHERE seq > 0")).all())

    assert run(back, numbers) == run(original, numbers)
    assert run(back, numbers)["messages"] == BIG


def test_more_rows_than_a_batch_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BATCH", 7)
    first = database_url("sqlite", tmp_path, "source")
    make_database(first)
    many = [{"word": f"word{number}", "action": "refuse", "created_at": number} for number in range(50)]
    run(first, lambda connection: connection.execute(insert(t.words), many))
    second, third = empty("postgresql", tmp_path), empty("sqlite", tmp_path)
    told: list[int] = []
    copying.copy(first, second, lambda _what, count: told.append(count))
    assert max(told) == 7
    copying.copy(second, third)
    assert rows(third) == rows(second) == rows(first)


def test_tables_that_are_empty_are_no_hindrance(tmp_path: Path) -> None:
    """Somebody ran `tertulia migrate` first."""
    first, second = filled("sqlite", tmp_path), database_url("postgresql", tmp_path, "target")
    make_database(second)
    copying.check(first, second)
    copying.copy(first, second)
    assert rows(second) == rows(first)


# What is refused. Nothing is changed then.


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_target_that_is_not_empty_is_refused(backend: Backend, tmp_path: Path) -> None:
    first, second = filled("sqlite", tmp_path), database_url(backend, tmp_path, "target")
    make_database(second)
    run_sql(second, "INSERT INTO words (word, action, created_at) VALUES ('a', 'refuse', 1)")
    before = rows(second)
    for attempt in (copying.check, copying.copy):  # it may have been filled between
        with pytest.raises(CopyError, match=r"is not empty \(words\): copy to a new one\.$"):
            attempt(first, second)
    assert rows(second) == before


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_target_of_another_program_is_refused(backend: Backend, tmp_path: Path) -> None:
    first, second = filled("sqlite", tmp_path), empty(backend, tmp_path)
    run_sql(second, "CREATE TABLE recipes (name VARCHAR(9))")
    for attempt in (copying.check, copying.copy):
        with pytest.raises(Refusal, match="belongs to another program"):
            attempt(first, second)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_source_with_an_older_schema_is_refused(backend: Backend, tmp_path: Path) -> None:
    first, second = empty(backend, tmp_path, "source"), empty("sqlite", tmp_path)
    upgrade(first, "0001")
    with pytest.raises(Refusal, match="older schema: run `tertulia migrate`"):
        copying.check(first, second)


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="There is no Tertulia database at"):
        copying.check(empty("sqlite", tmp_path, "source"), empty("postgresql", tmp_path))


def test_source_and_target_must_be_two(tmp_path: Path) -> None:
    """Also when it is named in two ways."""
    there, link = filled("sqlite", tmp_path), tmp_path / "link.db"
    link.symlink_to(schema.database_file(there))
    on_server = filled("postgresql", tmp_path)
    pairs = [(there, there), (there, f"sqlite:///{link}"), (on_server, on_server.replace("127.0.0.1", "localhost"))]
    for first, second in pairs:
        with pytest.raises(CopyError, match="is both source and target"):
            copying.check(first, second)


# All of it, or nothing.


def test_it_may_take_its_time(tmp_path: Path) -> None:
    """A server of ours gives up what takes seconds; a copy takes hours, and waits for its other end."""
    url = empty("postgresql", tmp_path)
    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with schema.alone(url) as connection:
        assert [connection.scalar(text(f"SHOW {name}")) for name in limits] == ["0"] * 3
    with schema.opened(url, write=False) as engine, engine.connect() as connection:
        assert "0" not in [connection.scalar(text(f"SHOW {name}")) for name in limits]
        take_time(connection)
        assert [connection.scalar(text(f"SHOW {name}")) for name in limits] == ["0"] * 3


@pytest.mark.parametrize(("source", "target"), WAYS[:2])
def test_killed_half_way_it_leaves_nothing(source: Backend, target: Backend, tmp_path: Path) -> None:
    first, second = filled(source, tmp_path), empty(target, tmp_path)
    arguments = [sys.executable, "-c", STOPPED_HALF_WAY, first, second]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"half\n"
        os.kill(process.pid, signal.SIGKILL)
    assert schema.state_of(second) is State.EMPTY
    copying.copy(first, second)
    assert rows(second) == rows(first)


def test_a_row_that_does_not_fit_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    """SQLite takes what PostgreSQL does not; the sentence does not repeat what people wrote."""
    first, second = filled("sqlite", tmp_path), empty("postgresql", tmp_path)
    run_sql(first, f"UPDATE rooms SET name = '{'secret' * 100}' WHERE number = 1")
    with pytest.raises(Refusal, match=r"cannot be used: value too long for type character varying\(255\)\.$") as told:
        copying.copy(first, second)
    assert "secret" not in str(told.value)
    assert schema.state_of(second) is State.EMPTY


def test_what_arrives_otherwise_than_it_was_read_is_noticed(tmp_path: Path) -> None:
    """PostgreSQL writes ids in its own way; a program that is not ours may have written them in another."""
    first, second = filled("sqlite", tmp_path), empty("postgresql", tmp_path)
    run_sql(first, "UPDATE boots SET id = upper(id)")
    with pytest.raises(CopyError, match="rows of boots are not the same") as told:
        copying.copy(first, second)
    assert "nothing was copied" in str(told.value)
    assert schema.state_of(second) is State.EMPTY


@pytest.mark.parametrize(("target", "said"), [("sqlite", "Rows of mentions in"), ("postgresql", "foreign key")])
def test_rows_without_what_they_belong_to_are_refused(target: Backend, said: str, tmp_path: Path) -> None:
    first, second = filled("sqlite", tmp_path), empty(target, tmp_path)
    broken = sqlite3.connect(schema.database_file(first))
    with broken:
        broken.execute('INSERT INTO mentions ("user", room, "index") VALUES (1, 999, 1)')
    broken.close()
    with pytest.raises(Refusal, match=said):
        copying.copy(first, second)
    assert schema.state_of(second) is State.EMPTY


def test_a_source_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    first, second = filled("sqlite", tmp_path), empty("postgresql", tmp_path)
    run_sql(first, "UPDATE words SET action = CAST(x'ff' AS TEXT)")
    with pytest.raises(CopyError, match=r"The rows of words in .*source\.db cannot be read: Could not decode"):
        copying.copy(first, second)
    assert schema.state_of(second) is State.EMPTY


@pytest.mark.parametrize(("source", "target"), WAYS[:2])
def test_one_state_of_the_source_is_copied(source: Backend, target: Backend, tmp_path: Path) -> None:
    """What is written meanwhile is there as a whole, or not at all."""
    first, second = filled(source, tmp_path), empty(target, tmp_path)
    before = rows(first)
    written: list[str] = []

    def write_once(what: str, _rows: int) -> None:
        if not written:
            written.append(what)
            run_sql(first, "INSERT INTO words (word, action, created_at) VALUES ('late', 'refuse', 1)")

    copying.copy(first, second, write_once)
    assert rows(second) == before != rows(first)
