import os
import sqlite3
import sys
from pathlib import Path

import pytest

from cli.doctor.cases import case, said
from support.commands import Serving
from tertulia.cli.doctor import database
from tertulia.cli.doctor.finding import Case
from tertulia.datadir import Serving as Server
from tertulia.datadir import open_data_dir
from tertulia.storage import schema
from tertulia.storage.inspection import Integrity


@pytest.fixture
def good(tmp_path: Path) -> Case:
    found = case(tmp_path)
    open_data_dir(found.folder)
    schema.migrate(found.settings.database_url)
    return found


def test_none_yet(tmp_path: Path) -> None:
    found = case(tmp_path)
    missing = database.schema(found)
    assert missing.level == "warning"
    assert missing.what == f"There is no Tertulia database in {tmp_path}/data."
    assert [check(found) for check in (database.journal, database.integrity, database.others)] == [None] * 3
    assert list(tmp_path.iterdir()) == []


def test_a_good_one(good: Case) -> None:
    before = good.database.read_bytes()
    for check in (database.schema, database.journal, database.integrity):
        found = said(check(good))
        assert found.level == "ok", found
    assert good.database.read_bytes() == before


@pytest.mark.parametrize(("version", "level", "advice"), [("0000", "warning", "migrate"), ("9999", "problem", "newer")])
def test_other_schemas(version: str, level: str, advice: str, good: Case) -> None:
    with sqlite3.connect(good.database) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?, oldest = ?", (version, version))
    raw.close()
    found = database.schema(good)
    assert found.level == level
    assert advice in found.what + found.advice


def test_a_newer_one_on_which_this_version_may_run(good: Case) -> None:
    with sqlite3.connect(good.database) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    found = database.schema(good)
    assert (found.level, found.advice) == ("warning", "Take the newer one soon.")
    assert said(database.integrity(good)).level == "ok"


def test_another_programs_is_not_touched(good: Case) -> None:
    good.database.unlink()
    with sqlite3.connect(good.database) as raw:
        raw.execute("CREATE TABLE theirs (id)")
    raw.close()
    before = good.database.read_bytes()
    assert database.schema(good).level == "problem"
    assert database.integrity(good) is None
    assert good.database.read_bytes() == before  # no WAL


def test_what_is_no_database(good: Case) -> None:
    good.database.write_bytes(b"not a database, and quite long" * 100)
    found = database.schema(good)
    assert found.level == "problem"
    assert "restore the newest backup" in found.advice


def test_a_damaged_one(good: Case) -> None:
    size = good.database.stat().st_size
    with good.database.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(size - size // 2))
    found = database.integrity(good) or database.schema(good)
    assert found.level == "problem"
    assert "damaged" in found.what or "cannot be read" in found.what


def test_judgements() -> None:
    file = Path("chat.db")
    assert database.judge_integrity(Integrity(("page 7 is wrong",), 0, finished=True), file).level == "problem"
    assert database.judge_integrity(Integrity((), 3, finished=True), file).level == "problem"
    assert "did not reach its end" in database.judge_integrity(Integrity((), 0, finished=False), file).what
    assert database.judge_integrity(Integrity((), 0, finished=True), file).level == "ok"


def test_a_forgotten_mode_is_said(good: Case) -> None:
    raw = sqlite3.connect(good.database)
    raw.execute("PRAGMA journal_mode=DELETE")
    raw.close()
    found = said(database.journal(good))
    assert found.level == "warning"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_second_server_on_the_database_is_seen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    with Serving(tmp_path, TERTULIA_DATABASE_URL=url, TERTULIA_DATA_DIR="other") as serving:
        serving.get("/readyz")
        found = said(database.others(case(tmp_path, database_url=url)))
        assert found.level == "warning"
        assert f"process {serving.process.pid}" in found.what
        same = said(database.others(case(tmp_path, server=Server(str(serving.process.pid)), database_url=url)))
        assert same.level == "ok"
