"""`tertulia demo`: what it makes, what it refuses, and that it takes away all it made and nothing else."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.commands import PROGRAM, tertulia
from tertulia.cli.talk import PEOPLE, PLACES

PASSWORD = "correct horse battery"
TABLES = ("rooms", "members", "messages", "mentions", "reactions", "sessions")


def ask(folder: Path, question: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data" / "tertulia.db")) as connection:
        found = connection.execute(question, values).fetchall()
        connection.commit()
    return found


def real_user(folder: Path) -> int:
    done = tertulia(folder, "createsuperuser", "--username", "ann", "--password-stdin", given=f"{PASSWORD}\n")
    assert done.returncode == 0
    return int(ask(folder, "SELECT number FROM users WHERE username = 'ann'")[0][0])


def test_makes_people_rooms_and_a_few_thousand_messages(tmp_path: Path) -> None:
    done = tertulia(tmp_path, "demo")
    assert done.returncode == 0, done.stderr
    assert ask(tmp_path, "SELECT count(*) FROM messages WHERE kind = 'message'") == [(3_000,)]
    assert ask(tmp_path, "SELECT count(*) FROM users WHERE is_demo AND password_hash IS NOT NULL") == [(len(PEOPLE),)]
    kinds = dict(ask(tmp_path, "SELECT kind, count(*) FROM rooms WHERE is_demo GROUP BY kind"))
    assert kinds == {"public": 4, "private": 1, "direct": 4}
    assert ask(tmp_path, "SELECT count(*) FROM rooms WHERE NOT is_demo") == [(0,)]
    for table in ("reactions", "mentions"):
        assert ask(tmp_path, f"SELECT count(*) FROM {table}")[0][0] > 50
    passwords = re.findall(r"│ (\S{16}) │$", done.stdout, re.MULTILINE)
    assert len(set(passwords)) == len(PEOPLE)
    assert f"{PROGRAM} demo --remove" in done.stdout


def test_talk_is_in_order_and_some_days_long(tmp_path: Path) -> None:
    tertulia(tmp_path, "demo", "--messages", "500")
    for room, head, count in ask(tmp_path, "SELECT number, head_seq, message_count FROM rooms"):
        rows = ask(tmp_path, 'SELECT seq, "index", created_at FROM messages WHERE room = ? ORDER BY seq', room)
        assert [row[1] for row in rows if row[1] is not None] == list(range(1, count + 1))
        assert [row[2] for row in rows] == sorted(row[2] for row in rows)
        assert rows[-1][0] <= head
    assert ask(tmp_path, "SELECT (max(created_at) - min(created_at)) / 86400000000 FROM messages")[0][0] >= 3
    unread = "SELECT max(message_count - read_index) FROM members JOIN rooms ON rooms.number = members.room"
    assert 0 < ask(tmp_path, unread)[0][0] < 15


def test_refuses_a_second_one(tmp_path: Path) -> None:
    tertulia(tmp_path, "demo", "--messages", "10")
    done = tertulia(tmp_path, "demo", "--force")
    assert (done.returncode, done.stderr) == (1, f"There is a demo already: run `{PROGRAM} demo --remove` first.\n")


def test_refuses_beside_real_users_unless_forced(tmp_path: Path) -> None:
    real_user(tmp_path)
    done = tertulia(tmp_path, "demo")
    command = f"{PROGRAM} demo --force"
    assert done.returncode == 1
    assert done.stderr == f"Real people have accounts here (1): to make a demo beside them, run `{command}`.\n"
    assert ask(tmp_path, "SELECT count(*) FROM users") == [(1,)]
    assert tertulia(tmp_path, "demo", "--force", "--messages", "10").returncode == 0


def test_takes_away_all_that_it_made(tmp_path: Path) -> None:
    tertulia(tmp_path, "demo", "--messages", "200")
    (ada,) = ask(tmp_path, "SELECT number FROM users WHERE username = 'ada'")[0]
    ask(tmp_path, "INSERT INTO avatars VALUES (?, 'token', 'image/webp', 1, x'00', x'00')", ada)
    done = tertulia(tmp_path, "demo", "--remove")
    assert done.stdout == "Removed 12 people and 9 rooms.\n"
    for table in ("users", "avatars", *TABLES):
        assert ask(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert tertulia(tmp_path, "demo", "--remove").stdout == "There is no demo here.\n"
    assert tertulia(tmp_path, "demo", "--messages", "10").returncode == 0  # and can be made again


def test_names_that_are_taken_are_left_to_who_has_them(tmp_path: Path) -> None:
    ann = real_user(tmp_path)
    ask(tmp_path, "UPDATE users SET username = 'ada'")
    room = "INSERT INTO rooms (id, kind, name, owner, created_at, last_at) VALUES ('r', 'public', ?, ?, 1, 1)"
    ask(tmp_path, room, PLACES[0].name, ann)
    assert tertulia(tmp_path, "demo", "--force", "--messages", "50").returncode == 0
    tertulia(tmp_path, "demo", "--remove")
    assert ask(tmp_path, "SELECT username FROM users") == [("ada",)]
    assert ask(tmp_path, "SELECT name FROM rooms") == [(PLACES[0].name,)]


def test_what_real_people_made_stays(tmp_path: Path) -> None:
    """A person of the demo owns a room with a real one in it, said something there, and owns one alone."""
    ann = real_user(tmp_path)
    tertulia(tmp_path, "demo", "--force", "--messages", "50")
    (ada,) = ask(tmp_path, "SELECT number FROM users WHERE username = 'ada'")[0]
    room = (
        "INSERT INTO rooms (number, id, kind, name, owner, head_seq, message_count, member_count, created_at, last_at)"
    )
    ask(tmp_path, f"{room} VALUES (900, 'shared', 'public', 'shared', ?, 1, 1, 2, 1, 1)", ada)
    ask(tmp_path, f"{room} VALUES (901, 'alone', 'public', 'alone', ?, 0, 0, 1, 1, 1)", ada)
    member = "INSERT INTO members (room, user, role, joined_at, changed_seq) VALUES (?, ?, ?, 1, 1)"
    for values in ((900, ada, "owner"), (900, ann, "member"), (901, ada, "owner")):
        ask(tmp_path, member, *values)
    ask(
        tmp_path,
        'INSERT INTO messages (room, seq, "index", after, changed_seq, id, sender, kind, body, created_at) '
        "VALUES (900, 1, 1, 0, 1, 'm', ?, 'message', 'hello', 1)",
        ada,
    )
    assert tertulia(tmp_path, "demo", "--remove").returncode == 0
    assert ask(tmp_path, "SELECT id, owner, member_count FROM rooms") == [("shared", ann, 1)]
    assert ask(tmp_path, "SELECT body FROM messages WHERE kind = 'message'") == [("hello",)]
    left = ask(tmp_path, "SELECT username, is_active, password_hash FROM users ORDER BY number")
    assert [row[:2] for row in left] == [("ann", 1), (f"removed-{ada}", 0)]
    assert left[1][2] is None


@pytest.mark.parametrize("messages", ["0", "1000001", "many"])
def test_number_of_messages_has_a_bound(tmp_path: Path, messages: str) -> None:
    done = tertulia(tmp_path, "demo", "--messages", messages)
    assert done.returncode == 2
    assert "--messages" in done.stderr


def test_lines_to_try_for_every_dialect(tmp_path: Path) -> None:
    """And how to switch them on, where they are not."""
    said = tertulia(tmp_path, "demo", "--messages", "10").stdout
    assert f"{PROGRAM} serve --dialects all" in said
    for name in ("chatrooms", "realtime", "shh", "conversations", "channels"):
        lines = rf"^ +{name}\n +\w+=\$\(curl .*/compat/{name}/.*\n +\S+ -m websockets "
        assert re.search(lines, said, re.MULTILINE), said
