"""`tertulia invite`."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.commands import Serving, tertulia

pytestmark = pytest.mark.usefixtures("database")
DAY = 86_400 * 1_000_000


def stored(folder: Path) -> list[Any]:
    query = 'SELECT code, room, max_uses, expires_at - created_at, "by" FROM invites ORDER BY number'
    with closing(sqlite3.connect(folder / "data" / "tertulia.db")) as connection:
        return connection.execute(query).fetchall()


def test_a_code_on_a_line(tmp_path: Path) -> None:
    codes = [
        tertulia(tmp_path, "invite", *words).stdout.rstrip("\n")
        for words in ([], ["--uses", "5", "--days", "30"], ["--uses", "0"])
    ]
    assert stored(tmp_path) == [
        (codes[0], None, 1, 7 * DAY, None),
        (codes[1], None, 5, 30 * DAY, None),
        (codes[2], None, None, 7 * DAY, None),
    ]


def test_bounds(tmp_path: Path) -> None:
    for words in (["--uses", "-1"], ["--days", "0"], ["--days", "366"]):
        assert tertulia(tmp_path, "invite", *words).returncode == 2


def test_where_the_code_is_good(tmp_path: Path) -> None:
    said = tertulia(tmp_path, "invite").stderr
    assert said == "With this code one person can sign up at http://127.0.0.1:8000 within 7 days:\n"
    said = tertulia(tmp_path, "invite", "--uses", "0", "--days", "1", "--public-url", "https://chat.test").stderr
    assert said == "With this code anybody can sign up at https://chat.test within a day:\n"
    with Serving(tmp_path) as server:
        said = tertulia(tmp_path, "invite", "--uses", "5").stderr
        assert said == f"With this code 5 people can sign up at {server.address} within 7 days:\n"
