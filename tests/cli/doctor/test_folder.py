from pathlib import Path

import pytest

from cli.doctor.cases import case, said
from support.commands import process
from support.powers import without_powers
from tertulia.cli.doctor import folder
from tertulia.cli.doctor.finding import Level
from tertulia.datadir import open_data_dir
from tertulia.storage import schema


def test_a_missing_directory_is_made_by_the_server_and_not_by_the_doctor(tmp_path: Path) -> None:
    found = folder.directory(case(tmp_path))
    assert (found.level, found.what) == ("ok", f"{tmp_path}/data is made at the first start.")
    assert list(tmp_path.iterdir()) == []


def test_a_good_directory_stays_as_it_is(tmp_path: Path) -> None:
    open_data_dir(tmp_path / "data")
    assert folder.directory(case(tmp_path)).level == "ok"
    assert list((tmp_path / "data").iterdir()) == []


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert folder.directory(case(tmp_path)).level == "problem"


@pytest.mark.parametrize(("inside", "advice"), [("", "chown -R"), ("below", "install -d")])
def test_a_directory_that_cannot_be_written(inside: str, advice: str, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    done = process(tmp_path, "doctor", "--data-dir", str(tmp_path / "closed" / inside), before=[*without_powers()])
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.split()[1:3] == ["data", "directory"]]
    assert line.startswith("problem")
    assert advice in line


def test_a_directory_that_others_can_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    found = folder.directory(case(tmp_path))
    assert (found.level, found.advice) == ("warning", f"Run `chmod 700 {tmp_path}/data`.")


@pytest.mark.parametrize(("mode", "level"), [(0o600, "ok"), (0o400, "ok"), (0o640, "problem"), (0o604, "problem")])
def test_who_can_read_the_key(mode: int, level: Level, tmp_path: Path) -> None:
    key = open_data_dir(tmp_path / "data").secret_key()
    (tmp_path / "data" / "secret-key").chmod(mode)
    found = folder.key(case(tmp_path))
    assert found.level == level
    assert key not in found.what + found.advice
    assert ("chmod 600" in found.advice) == (level == "problem")


def test_keys_that_are_not_there_short_or_elsewhere(tmp_path: Path) -> None:
    assert "first start" in folder.key(case(tmp_path)).what
    assert "environment" in folder.key(case(tmp_path, secret_key="k" * 40)).what
    open_data_dir(tmp_path / "data")
    (tmp_path / "data" / "secret-key").write_text("short")
    (tmp_path / "data" / "secret-key").chmod(0o600)
    assert folder.key(case(tmp_path)).level == "problem"


@pytest.mark.parametrize(
    ("text", "mode", "level"),
    [
        ("TERTULIA_PORT=1\n", 0o644, "ok"),
        ("TERTULIA_SECRET_KEY=x\n", 0o600, "ok"),
        ("export tertulia_jwt_secret = x\n", 0o644, "problem"),
        ("TERTULIA_PORT=1\n", 0o666, "problem"),
    ],
)
def test_env_file(text: str, mode: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder.env_file(case(tmp_path)) is None
    Path(".env").write_text(text)
    Path(".env").chmod(mode)
    assert said(folder.env_file(case(tmp_path))).level == level


def test_a_database_elsewhere_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir(mode=0o755)
    url = f"sqlite:///{tmp_path}/public/chat.db"
    found = case(tmp_path, database_url=url)
    assert folder.database_files(found) is None
    schema.migrate(url)
    (tmp_path / "public" / "chat.db").chmod(0o644)
    assert said(folder.database_files(found)).level == "warning"
    (tmp_path / "public" / "chat.db").chmod(0o600)
    assert said(folder.database_files(found)).level == "ok"
