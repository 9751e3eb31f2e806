"""`tertulia doctor`, as it is typed."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.commands import process, tertulia
from tertulia.cli.doctor import findings


def found(folder: Path, *words: str, **variables: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = tertulia(folder, "doctor", "--port", "0", "--json", *words, variables=variables)
    assert done.stderr == ""
    return done.returncode, {each["check"]: each for each in json.loads(done.stdout)["findings"]}


def test_before_the_first_start_only_the_database_is_missing_and_nothing_is_made(tmp_path: Path) -> None:
    code, seen = found(tmp_path)
    assert code == 0
    assert {check for check, each in seen.items() if each["level"] != "ok"} <= {
        "database",
        "user",
        "synchronized",
        "disk",
        "open files",
    }
    assert list(tmp_path.iterdir()) == []
    assert all(each["advice"] for each in seen.values() if each["level"] != "ok")


def test_after_the_first_start_it_is_well_too(tmp_path: Path) -> None:
    assert tertulia(tmp_path, "migrate").returncode == 0
    before = {path.name for path in (tmp_path / "data").iterdir()}
    code, seen = found(tmp_path)
    assert code == 0
    assert (seen["database"]["level"], seen["integrity"]["level"]) == ("ok", "ok")
    assert {path.name for path in (tmp_path / "data").iterdir()} - before <= {"tertulia.db-wal", "tertulia.db-shm"}


def test_lines_for_people_and_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "secret-key").write_text("k" * 40)
    (tmp_path / "data" / "secret-key").chmod(0o644)
    done = process(tmp_path, "doctor", "--port", "0")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("problem")]
    assert "secret key" in line
    assert f"Run `chmod 600 {tmp_path}/data/secret-key`" in line
    assert lines[-1].startswith("1 problem, ")
    assert "\x1b" not in done.stdout
    assert "k" * 40 not in done.stdout


def test_warnings_alone_are_no_failure(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    code, seen = found(tmp_path)
    assert (code, seen["data directory"]["level"]) == (0, "warning")


def test_bad_settings_are_findings(tmp_path: Path) -> None:
    code, seen = found(tmp_path, TERTULIA_POST_RATE="quick")
    assert code == 1
    assert list(seen) == ["settings"]
    assert seen["settings"]["what"] == "TERTULIA_POST_RATE must be a number above 0 and up to 10000."


def test_misspelt_variables_are_findings(tmp_path: Path) -> None:
    code, seen = found(tmp_path, TERTULIA_DATADIR="x")
    assert (code, seen["settings"]["level"]) == (0, "warning")
    assert "did you mean TERTULIA_DATA_DIR?" in seen["settings"]["what"]


def test_production_asks_for_more_and_tells_no_secrets(tmp_path: Path) -> None:
    secrets = {"TERTULIA_SECRET_KEY": "aaaabbbb" * 5, "TERTULIA_METRICS_TOKEN": "geheim" * 5}
    code, seen = found(tmp_path, "--production", **secrets)
    assert code == 1
    for check in ("hosts", "proxy", "key strength"):
        assert seen[check]["level"] == "problem", check
    assert seen["registration"]["level"] == "warning"
    assert not [each for each in seen.values() for secret in secrets.values() if secret in str(each)]


def test_production_that_is_set_up(tmp_path: Path) -> None:
    good = {
        "TERTULIA_ALLOWED_HOSTS": "chat.example.org",
        "TERTULIA_TRUSTED_PROXIES": "127.0.0.1",
        "TERTULIA_REGISTRATION": "invite",
    }
    code, seen = found(tmp_path, "--production", **good)
    assert code == 0
    assert {check for check, each in seen.items() if each["level"] != "ok"} <= {
        "database",
        "user",
        "synchronized",
        "disk",
        "open files",
    }


def test_each_finding_has_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [name for name, _ in findings({"port": "0", "data_dir": str(tmp_path)}, production=True)]
    assert len(set(names)) == len(names)


def test_a_bad_url_is_a_finding(tmp_path: Path) -> None:
    code, seen = found(tmp_path, "--url", "chat.example.org")
    assert (code, seen["outside"]["level"]) == (1, "problem")
