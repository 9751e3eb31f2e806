"""`tertulia apikey`, alone and beside a running server."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.commands import tertulia

pytestmark = pytest.mark.usefixtures("database")


def test_made_listed_revoked(tmp_path: Path) -> None:
    made = tertulia(tmp_path, "apikey", "create", "shop", "--scopes", "users, sessions")
    assert re.fullmatch(r"tk_[\w-]{43}\n", made.stdout)
    assert "It is shown this once" in made.stderr
    key = made.stdout.strip()
    listed = tertulia(tmp_path, "apikey", "list").stdout
    assert "shop" in listed
    assert "sessions, users" in listed
    assert key not in listed
    assert key.encode() not in (tmp_path / "data" / "tertulia.db").read_bytes()
    assert tertulia(tmp_path, "apikey", "revoke", "shop").stdout == "The key shop is good no more.\n"
    again = tertulia(tmp_path, "apikey", "revoke", "shop")
    assert (again.returncode, again.stderr) == (1, "There is no such key in force.\n")
    with closing(sqlite3.connect(tmp_path / "data" / "tertulia.db")) as connection:
        rows = connection.execute("SELECT act, actor, via, details FROM audit ORDER BY number").fetchall()
    assert [row[:3] for row in rows] == [("key_created", None, "command line"), ("key_revoked", None, "command line")]
    assert json.loads(rows[0][3]) == {"key": "shop", "scopes": ["sessions", "users"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shop", "--scopes", "users,everything"], "Scopes are one or more of users, rooms"),
        (["shop", "--scopes", ""], "Scopes are one or more of users, rooms"),
        (["x" * 65, "--scopes", "users"], "The name of a key has 1 to 64"),
        ([" ", "--scopes", "users"], "The name of a key has 1 to 64"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    done = tertulia(tmp_path, "apikey", "create", *words)
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1
