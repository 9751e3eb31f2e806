"""`tertulia backup`, `restore` and `new-epoch`; what they do to a database is in tests/storage/test_backup.py."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.commands import PROGRAM, tertulia
from tertulia.datadir import open_data_dir

POSTGRES = "postgresql://ann:secret@db.example.org/chat"


@pytest.fixture
def copy(database: None, tmp_path: Path) -> str:
    done = tertulia(tmp_path, "backup", "copy.db")
    assert done.returncode == 0, done.stderr
    return "copy.db"


def usernames(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "data" / "tertulia.db")) as there:
        return [name for (name,) in there.execute("SELECT username FROM users")]


def add_user(folder: Path, name: str) -> None:
    words = ("createsuperuser", "--username", name, "--password-stdin")
    assert tertulia(folder, *words, given="correct horse battery\n").returncode == 0


def test_there_and_back(tmp_path: Path, copy: str) -> None:
    add_user(tmp_path, "ann")
    done = tertulia(tmp_path, "restore", copy)
    assert done.returncode == 0
    assert usernames(tmp_path) == []
    first, second = done.stdout.splitlines()
    assert first.endswith("data/tertulia.db is what copy.db has. Everybody signs in again, and loads everything anew.")
    [aside] = (tmp_path / "data").glob("tertulia.db.before-*")
    assert second == f"The database of before is {aside}: delete it when it is not needed any more."
    assert "bans that were lifted" in done.stderr


def test_a_backup_says_how_large_it_is_and_what_is_in_it(tmp_path: Path, database: None) -> None:
    done = tertulia(tmp_path, "backup", "copy.db")
    size = (tmp_path / "copy.db").stat().st_size / 1e6
    assert done.stdout == f"copy.db has the whole database ({size:.1f} MB): everybody's messages, so keep it safe.\n"
    again = tertulia(tmp_path, "backup", "copy.db")
    assert (again.returncode, again.stderr) == (
        1, "copy.db is there already: choose another name, or move it away.\n",
    )  # fmt: skip


def test_on_a_new_machine_the_data_directory_is_made(tmp_path: Path, copy: str) -> None:
    done = tertulia(tmp_path, "restore", copy, "--data-dir", "other")
    assert done.returncode == 0
    assert (tmp_path / "other" / "tertulia.db").exists()
    assert "Whoever deleted their account since the backup was made is back" in done.stderr


@pytest.mark.parametrize("words", [("restore", "copy.db"), ("new-epoch",)])
def test_not_while_a_server_runs(tmp_path: Path, copy: str, words: tuple[str, ...]) -> None:
    add_user(tmp_path, "ann")
    with open_data_dir(tmp_path / "data").lock():
        done = tertulia(tmp_path, *words)
    assert done.returncode == 1
    assert done.stderr.startswith("A Tertulia server already runs on")
    assert usernames(tmp_path) == ["ann"]


def test_a_new_epoch_by_hand(tmp_path: Path, database: None) -> None:
    done = tertulia(tmp_path, "new-epoch")
    assert done.stdout == "This is another history now: everybody signs in again, and loads everything anew.\n"


@pytest.mark.parametrize("words", [("backup", "copy.db"), ("new-epoch",)])
def test_nothing_is_made_where_no_server_was_started(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = tertulia(tmp_path, *words)
    assert done.returncode == 1
    assert "There is no Tertulia database in" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_before_an_update_an_older_database_is_copied_and_another_programs_is_not(tmp_path: Path, copy: str) -> None:
    for statement, code in (
        ("UPDATE alembic_version SET version_num = '0001'", 0),
        ("DROP TABLE alembic_version", 1),
    ):
        with closing(sqlite3.connect(tmp_path / "data" / "tertulia.db", isolation_level=None)) as there:
            there.execute(statement)
        done = tertulia(tmp_path, "backup", f"{code}.db")
        assert (done.returncode, (tmp_path / f"{code}.db").exists()) == (code, not code)
    assert "belongs to another program" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("backup", "x.dump"),
            "PostgreSQL has its own: run "
            "`pg_dump --format=custom --file=x.dump 'postgresql://ann:********@db.example.org/chat'`.\n",
        ),
        (
            ("restore", "x.dump"),
            "PostgreSQL has its own: stop all servers, run `pg_restore --clean --if-exists "
            "'--dbname=postgresql://ann:********@db.example.org/chat' x.dump`, then "
            "`tertulia new-epoch --database-url 'postgresql://ann:********@db.example.org/chat'`.\n",
        ),
    ],
)
def test_postgresql_has_its_own_programs(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = tertulia(tmp_path, *words, "--database-url", POSTGRES)
    assert (done.returncode, done.stderr.replace(str(PROGRAM), "tertulia")) == (1, said)
