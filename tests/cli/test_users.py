"""`tertulia createsuperuser`, by hand and by script."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pexpect
import pytest

from support.commands import PROGRAM, environment, tertulia

PASSWORD = "correct horse battery"


def staff(folder: Path) -> list[tuple[str, str | None, int]]:
    with closing(sqlite3.connect(folder / "data" / "tertulia.db")) as connection:
        return connection.execute("SELECT username, email, is_staff FROM users ORDER BY number").fetchall()


def test_by_script(tmp_path: Path) -> None:
    words = ("createsuperuser", "--username", "ann", "--email", "ann@example.org", "--password-stdin")
    done = tertulia(tmp_path, *words, given=f"{PASSWORD}\n")
    assert done.stdout == "The account ann has all rights now.\n"
    assert staff(tmp_path) == [("ann", "ann@example.org", 1)]
    again = tertulia(tmp_path, *words, given=f"{PASSWORD}\n")
    assert again.returncode == 1
    assert again.stderr == "Choose another username: somebody has this one.\n"


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["--username", "ann", "--password-stdin"], "short\n", "Choose a longer password"),
        (["--username", "ann", "--password-stdin"], "", "Choose a longer password"),
        (["--username", "a n n", "--password-stdin"], f"{PASSWORD}\n", "A username has only letters"),
        (["--username", "ann", "--email", "no", "--password-stdin"], f"{PASSWORD}\n", "Give an email address such as"),
        (["--password-stdin"], f"{PASSWORD}\n", "Give --username NAME too"),
        (["--username", "ann"], f"{PASSWORD}\n", "Nobody is here to ask: give --username NAME and --password-stdin"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, words: list[str], given: str, said: str) -> None:
    done = tertulia(tmp_path, "createsuperuser", *words, given=given)
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


def test_by_hand_what_is_refused_is_asked_for_again(tmp_path: Path) -> None:
    asked = pexpect.spawn(
        str(PROGRAM), ["createsuperuser"], cwd=str(tmp_path), env=environment(), timeout=30, encoding="utf-8"
    )
    for prompt, answer in [
        ("Username: ", "beatrice"),
        ("Email .*: ", ""),
        ("Password: ", "beatrice7"),
        ("The same again: ", "beatrice7"),
        ("too much like the username.*Password: ", PASSWORD),
        ("The same again: ", PASSWORD),
    ]:
        asked.expect(prompt)
        asked.sendline(answer)
    asked.expect("The account beatrice has all rights now.")
    asked.expect(pexpect.EOF)
    asked.close()
    assert staff(tmp_path) == [("beatrice", None, 1)]


def test_old_database_is_not_changed_under_a_server(tmp_path: Path) -> None:
    tertulia(tmp_path, "migrate")
    with closing(sqlite3.connect(tmp_path / "data" / "tertulia.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    done = tertulia(tmp_path, "createsuperuser", "--username", "ann", "--password-stdin", given=f"{PASSWORD}\n")
    assert done.returncode == 1
    assert "older schema: run `" in done.stderr
