"""Rules 14, 15, 34: copies of a database in use, and what becomes of one that takes its place."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from support.clock import START
from support.node import Node, node
from support.template import BACKENDS, Backend, database_url, make_database
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.storage import backup, schema
from tertulia.storage.database import open_engine, sqlite_url

WRITER = """
import sqlite3, sys
there = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
there.execute("PRAGMA synchronous=OFF")
for number in range(1_000_000_000):
    there.execute("BEGIN IMMEDIATE")
    for key in ("one", "two"):
        there.execute("INSERT OR REPLACE INTO installation (key, value) VALUES (?, ?)", (key, number))
    there.execute("COMMIT")
    if number == 0:
        print("writes", flush=True)
"""
LEFT_BEHIND = """
import os, sqlite3, sys
there = sqlite3.connect(sys.argv[1], isolation_level=None)
there.execute("INSERT INTO installation (key, value) VALUES ('late', '1')")
os._exit(9)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database as every server makes it."""
    file = tmp_path / "data" / "tertulia.db"
    make_database(sqlite_url(file))
    return file


def run(file: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(file, isolation_level=None)) as there:
        return there.execute(statement).fetchall()


def value(file: Path, key: str) -> str | None:
    rows = run(file, f"SELECT value FROM installation WHERE key = '{key}'")
    return str(rows[0][0]) if rows else None


def test_a_copy_is_whole_and_done_while_another_process_writes_all_the_time(file: Path, tmp_path: Path) -> None:
    """E18, rule 14: an online backup in steps would begin anew with every write, and never end."""
    run(file, "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "SELECT i, hex(randomblob(50)) FROM n")  # fmt: skip
    copy = tmp_path / "copy.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writes\n"
            before = int(value(file, "one") or 0)
            size = backup.copy(sqlite_url(file), copy)
            assert writer.poll() is None
        finally:
            writer.kill()
    assert size == copy.stat().st_size > 2_000_000
    assert run(copy, "PRAGMA integrity_check") == [("ok",)]
    assert before <= int(value(copy, "one") or 0) < int(value(file, "one") or 0)
    assert value(copy, "one") == value(copy, "two"), "half of a transaction"


def test_a_copy_is_for_its_owner_alone_and_is_never_written_over(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup.copy(sqlite_url(file), copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    before = copy.read_bytes()
    with pytest.raises(backup.BackupError, match="is there already: choose another name"):
        backup.copy(sqlite_url(file), copy)
    assert copy.read_bytes() == before


def test_a_copy_that_cannot_be_finished_leaves_nothing_behind(file: Path, tmp_path: Path) -> None:
    with pytest.raises(backup.BackupError, match=r"cannot be written \(no such file or directory\)"):
        backup.copy(sqlite_url(file), tmp_path / "nowhere" / "copy.db")
    file.write_bytes(file.read_bytes()[:20_000])
    with pytest.raises(backup.BackupError, match="was not written"):
        backup.copy(sqlite_url(file), tmp_path / "copy.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_a_database_of_an_older_version_is_copied_restored_and_brought_up_to_date(file: Path, tmp_path: Path) -> None:
    from alembic import command

    old, copy = tmp_path / "old.db", tmp_path / "copy.db"
    engine = open_engine(sqlite_url(old), write=True)
    config = schema.alembic_config()
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    backup.copy(sqlite_url(old), copy)
    backup.restore(sqlite_url(file), copy, START)
    assert schema.is_current(sqlite_url(file))


def test_what_was_there_is_kept_aside_with_all_that_a_killed_server_left_in_its_log(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup.copy(sqlite_url(file), copy)
    run(file, "PRAGMA journal_mode=WAL")
    assert subprocess.run([sys.executable, "-c", LEFT_BEHIND, str(file)], check=False).returncode == 9
    assert file.with_name(file.name + "-wal").stat().st_size > 0
    restored = backup.restore(sqlite_url(file), copy, START)
    assert restored.aside == file.with_name("tertulia.db.before-20250615-150640")
    assert (value(restored.aside, "late"), value(file, "late")) == ("1", None)
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(file.parent.glob("*restoring*"))


def test_what_is_no_sound_backup_changes_nothing(file: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.db"
    backup.copy(sqlite_url(file), sound)
    content = sound.read_bytes()
    broken = bytearray(content)
    broken[8192:16_384] = b"\xff" * 8192
    bad = {
        "missing": (None, "There is no backup at"),
        "text": (b"no database at all" * 1_000, "is not a sound database"),
        "empty": (b"", "is no database of Tertulia"),
        "short": (content[: len(content) // 2], "sound|damaged"),
        "broken": (bytes(broken), "sound|damaged"),
    }
    before = file.read_bytes()
    for name, (what, said) in bad.items():
        if what is not None:
            (tmp_path / name).write_bytes(what)
        with pytest.raises(backup.BackupError, match=said):
            backup.restore(sqlite_url(file), tmp_path / name, START)
    for statement, said in (
        ("UPDATE alembic_version SET version_num = '9999'", "newer version"),
        ("DROP TABLE alembic_version", "no database of Tertulia"),
    ):
        run(sound, statement)
        with pytest.raises(backup.BackupError, match=said):
            backup.restore(sqlite_url(file), sound, START)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if "-" not in path.name] == ["tertulia.db"]


def test_a_place_that_cannot_be_written_is_named(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup.copy(sqlite_url(file), copy)
    with pytest.raises(
        backup.BackupError, match=r"nowhere/tertulia.db cannot be written \(no such file or directory\)"
    ):
        backup.restore(sqlite_url(tmp_path / "nowhere" / "tertulia.db"), copy, START)


async def test_a_restored_database_is_another_history_in_which_nobody_is_signed_in(tmp_path: Path) -> None:
    """Rule 15: a new epoch, no start of before is known, and no session, token or link of before is good."""
    url, copy = sqlite_url(tmp_path / "tertulia.db"), tmp_path / "copy.db"
    async with node(tmp_path) as before:
        await before.people("ana")
        old = before.services.history
        backup.copy(url, copy)
    backup.restore(url, copy, START)
    assert run(tmp_path / "tertulia.db", "SELECT count(*) FROM sessions") == [(0,)]
    assert run(tmp_path / "tertulia.db", "SELECT act, via FROM audit") == [("restore", "command line")]
    async with node(tmp_path) as after:
        assert after.services.history.epoch != old.epoch
        assert not await after.services.history.knows(old.boot)


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_database_that_went_back_by_other_means_is_made_another_history_by_hand(
    tmp_path: Path, backend: Backend
) -> None:
    """Rule 15: nothing in the database tells of a snapshot within one start."""
    url = database_url(backend, tmp_path)
    async with node(tmp_path, database_url=url) as before:
        [ana] = await before.people("ana")
        old = before.services.history
    backup.begin_anew(url, START)
    async with node(tmp_path, database_url=url) as after:
        assert after.services.history.epoch != old.epoch
        assert not await after.services.history.knows(old.boot)
        with pytest.raises(Rejection):
            await after.services.sessions.refresh(ana.refresh, "127.0.0.1")


async def test_who_was_deleted_since_is_deleted_again_with_what_they_wrote(tmp_path: Path) -> None:
    """Rule 34: a backup brings nobody back who has gone."""
    url, copy = sqlite_url(tmp_path / "tertulia.db"), tmp_path / "copy.db"
    async with node(tmp_path) as running:
        ana, ben, cleo = await running.people("ana", "ben", "cleo")
        room = await running.room(ana, ben, cleo)
        for person in (ana, ben, cleo):
            await running.post(person, room, f"{person.name} was here")
        backup.copy(url, copy)
        await running.services.erasure.delete_own(ben.caller, None, blank=True)
        await running.services.erasure.delete_own(cleo.caller, None, blank=False)
        await running.services.erasure.tell_rooms()
        [ted] = await running.people("ted")
        await running.app.db.write(_depart, "someone")
    restored = backup.restore(url, copy, START)
    assert (restored.erased, restored.kept) == (2, 0)
    async with node(tmp_path) as running:
        await until(lambda: _bodies(url) == [f"{ana.name} was here", None, f"{cleo.name} was here"])
        names = {name for (name,) in run(tmp_path / "tertulia.db", "SELECT username FROM users")}
        assert not names & {ben.name, cleo.name, ted.name}
        assert await _still_departed(running)


def test_the_last_one_of_the_staff_is_kept_and_told_of(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    run(file, "INSERT INTO users (id, username, is_staff, created_at) VALUES ('u1', 'ann', 1, 1)")
    backup.copy(sqlite_url(file), copy)
    run(file, "UPDATE users SET is_staff = false, deleted_at = 2")
    restored = backup.restore(sqlite_url(file), copy, START)
    assert (restored.erased, restored.kept) == (0, 1)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(b"broken" * 5_000)])
def test_without_the_database_of_before_nobody_can_tell_who_was_deleted(
    file: Path, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    copy = tmp_path / "copy.db"
    backup.copy(sqlite_url(file), copy)
    spoil(file)
    restored = backup.restore(sqlite_url(file), copy, START)
    assert restored.erased is None
    assert (restored.aside is None) == (spoil is Path.unlink)
    assert schema.is_current(sqlite_url(file))


def test_a_draft_that_a_crash_left_behind_is_in_nobodys_way(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    for left in (tmp_path / "copy.db.partial", file.with_name("tertulia.db.restoring")):
        left.write_bytes(b"half")
    backup.copy(sqlite_url(file), copy)
    backup.restore(sqlite_url(file), copy, START)
    assert not (tmp_path / "copy.db.partial").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"data", "copy.db"}


def _bodies(url: str) -> list[str | None]:
    rows = run(schema.database_file(url), 'SELECT body FROM messages WHERE "index" IS NOT NULL ORDER BY number')
    return [body for (body,) in rows]


def _depart(connection: Connection, external_id: str) -> None:
    from tertulia.storage import external

    external.bury(connection, external_id, START)


async def _still_departed(running: Node) -> bool:
    def look(connection: Connection) -> bool:
        return connection.execute(text("SELECT count(*) FROM departed")).scalar() == 1

    return await running.app.db.read(look)
