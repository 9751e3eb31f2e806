"""Looking at a database changes nothing, and ends."""

import sqlite3
from pathlib import Path

import pytest

from tertulia.storage import inspection, schema
from tertulia.storage.inspection import Unreadable
from tertulia.storage.schema import State


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/chat.db"


def change(url: str, statement: str) -> None:
    raw = sqlite3.connect(schema.database_file(url), isolation_level=None)
    raw.execute("PRAGMA foreign_keys=OFF")
    raw.execute(statement)
    raw.close()


def test_states(url: str) -> None:
    assert inspection.state(url) is State.EMPTY
    assert inspection.files(url) == ()
    schema.migrate(url)
    assert inspection.state(url) is State.CURRENT
    assert inspection.journal_mode(url) == "wal"
    change(url, "UPDATE alembic_version SET version_num = '9999'")
    assert inspection.state(url) is State.AHEAD
    change(url, "UPDATE alembic_version SET oldest = '9999'")
    assert inspection.state(url) is State.NEWER


def test_a_good_database_is_whole(url: str) -> None:
    schema.migrate(url)
    before = schema.database_file(url).read_bytes()
    assert inspection.integrity(url, 10) == inspection.Integrity((), 0, finished=True)
    assert schema.database_file(url).read_bytes() == before


def test_rows_without_parents_are_counted(url: str) -> None:
    change(url, "CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    change(url, "CREATE TABLE children (parent INTEGER REFERENCES parents)")
    change(url, "INSERT INTO children VALUES (1), (2), (NULL)")
    assert inspection.integrity(url, 10).orphans == 2


def test_it_ends_in_time(url: str) -> None:
    change(url, "CREATE TABLE many (a UNIQUE, b UNIQUE, c UNIQUE)")
    change(
        url,
        "INSERT INTO many WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
        "SELECT i, -i, 'x' || i FROM n",
    )
    assert not inspection.integrity(url, 0).finished
    assert inspection.integrity(url, 30).finished


def test_faults_are_told(url: str) -> None:
    change(url, "CREATE TABLE pairs (a, b)")
    change(url, "CREATE INDEX pairs_a ON pairs (a)")
    change(url, "INSERT INTO pairs VALUES (1, 2)")
    raw = sqlite3.connect(schema.database_file(url), isolation_level=None)
    raw.execute("PRAGMA writable_schema=ON")
    raw.execute("DELETE FROM sqlite_master WHERE name = 'pairs_a'")  # its pages belong to nobody now
    raw.close()
    found = inspection.integrity(url, 10)
    assert found.faults
    assert found.finished


def test_what_is_no_database(url: str) -> None:
    schema.database_file(url).write_bytes(b"long enough, and no database " * 100)
    for look in (inspection.state, inspection.journal_mode, lambda url: inspection.integrity(url, 10)):
        with pytest.raises(Unreadable, match="not a database"):
            look(url)


def test_a_database_that_is_written_to_is_read_as_it_was(url: str) -> None:
    schema.migrate(url)
    writer = sqlite3.connect(schema.database_file(url), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE alembic_version SET version_num = '9999'")
    assert inspection.state(url) is State.CURRENT
    assert inspection.integrity(url, 10).finished
    writer.execute("COMMIT")
    writer.close()
