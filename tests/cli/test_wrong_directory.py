"""Commands that work on a server's data, typed where there is none: one sentence, and nothing is made."""

from pathlib import Path

import pytest

from support.commands import tertulia

COMMANDS = [
    ["apikey", "create", "shop", "--scopes", "users"],
    ["apikey", "list"],
    ["apikey", "revoke", "shop"],
    ["invite"],
    ["words", "add", "bad"],
    ["words", "remove", "bad"],
    ["words", "list"],
    ["webhook", "add", "https://hooks.example"],
    ["webhook", "list"],
    ["webhook", "remove", "1"],
    ["webhook", "dead", "1"],
    ["webhook", "resend", "1"],
    ["reset-password", "ann"],
    ["demo", "--remove"],
]
CREATE = [["createsuperuser", "--username", "ann", "--password-stdin"], ["demo", "--messages", "5"]]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_where_no_server_was_started(words: list[str], tmp_path: Path) -> None:
    done = tertulia(tmp_path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"There is no Tertulia database in {tmp_path}/data: start the server there first, or use --data-dir.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_something_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert "There is no Tertulia database in" in tertulia(tmp_path, "invite").stderr
    assert list((tmp_path / "data").iterdir()) == []


def test_a_database_elsewhere(tmp_path: Path) -> None:
    """It alone is asked for: neither is a data directory made, nor does one help that is there."""
    (tmp_path / "other").mkdir()
    variables = {"TERTULIA_DATABASE_URL": f"sqlite:///{tmp_path}/other/chat.db"}
    assert tertulia(tmp_path, "migrate").returncode == 0
    done = tertulia(tmp_path, "invite", variables=variables)
    assert (done.returncode, done.stderr) == (
        1,
        f"There is no Tertulia database at {tmp_path}/other/chat.db: start the server with it first, "
        "or use --database-url.\n",
    )
    assert list((tmp_path / "other").iterdir()) == []
    assert tertulia(tmp_path, "migrate", variables=variables).returncode == 0
    (tmp_path / "empty").mkdir()
    assert tertulia(tmp_path / "empty", "invite", variables=variables).returncode == 0
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("words", CREATE, ids=lambda words: words[0])
def test_what_is_meant_to_make_one_says_so(words: list[str], tmp_path: Path) -> None:
    first = tertulia(tmp_path, *words, given="correct horse battery\n")
    assert first.returncode == 0
    assert first.stderr == f"This is in a new database: {tmp_path}/data/tertulia.db\n"
    second = tertulia(tmp_path, *words, given="correct horse battery\n")
    assert "new database" not in second.stderr


def test_the_doctor_notices(tmp_path: Path) -> None:
    said = " ".join(tertulia(tmp_path, "doctor", "--port", "0").stdout.split())
    assert f"There is no Tertulia database in {tmp_path}/data." in said
    assert "Start the server there first, or use --data-dir." in said
    assert list(tmp_path.iterdir()) == []
