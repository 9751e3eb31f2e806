"""The command as a whole: help, version, and one sentence for what people can do something about."""

from pathlib import Path

import pytest

from support.commands import process, tertulia
from support.powers import without_powers
from tertulia import __version__
from tertulia.cli.options import CONFIG
from tertulia.settings import option, variable


def test_help_names_every_command(tmp_path: Path) -> None:
    said = tertulia(tmp_path, "--help").stdout
    for command in ("serve", "migrate", "createsuperuser", "config", "demo", "chat"):
        assert f"\n  {command} " in said


def test_version(tmp_path: Path) -> None:
    assert process(tmp_path, "--version").stdout == f"tertulia {__version__}\n"


def test_help_of_serve_names_every_setting_and_variable(tmp_path: Path) -> None:
    said = " ".join(tertulia(tmp_path, "serve", "--help", variables={"COLUMNS": "200"}).stdout.split())
    for name in CONFIG:
        assert f"{option(name)} " in said
        assert f"[{variable(name)}; default: " in said
    assert "--secret-key" not in said  # everybody can read the command line of a process
    assert "--no-migrate" in said


@pytest.mark.parametrize("command", ["serve", "migrate", "createsuperuser", "demo"])
def test_unwritable_directory_is_one_sentence(tmp_path: Path, command: str) -> None:
    tmp_path.chmod(0o500)
    words = [command, "--username", "ann", "--password-stdin"] if command == "createsuperuser" else [command]
    done = process(tmp_path, *words, given="x\n", before=without_powers())
    tmp_path.chmod(0o700)
    assert done.returncode == 1
    assert done.stderr == (
        f'{tmp_path}/data cannot be written by this user: run `sudo install -d -o "$(id -un)" {tmp_path}/data`, '
        "or choose another directory with --data-dir.\n"
    )


def test_bad_setting_is_one_sentence(tmp_path: Path) -> None:
    done = tertulia(tmp_path, "serve", variables={"TERTULIA_POST_RATE": "quick"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "TERTULIA_POST_RATE must be a number above 0 and up to 10000.\n"
    assert not (tmp_path / "data").exists()


def test_misspelt_variable_is_said(tmp_path: Path) -> None:
    done = tertulia(tmp_path, "migrate", variables={"TERTULIA_DATADIR": "x"})
    assert done.returncode == 0
    assert done.stderr == "TERTULIA_DATADIR is not a setting of Tertulia; did you mean TERTULIA_DATA_DIR?\n"


def test_migrate_may_run_twice(tmp_path: Path) -> None:
    first, second = (tertulia(tmp_path, "migrate").stdout for _ in range(2))
    assert first == f"The database {tmp_path}/data/tertulia.db is up to date now.\n"
    assert second == f"The database {tmp_path}/data/tertulia.db was up to date.\n"
