"""`tertulia invite`."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from support.commands import tertulia

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
