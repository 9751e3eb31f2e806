"""SQLite without us, with the same tables and the same durability: `python alone.py bare|whole DIRECTORY SECONDS`.

bare: batches of 100 messages into one room, and nothing else. whole: batches of 100 messages, one in each of 100 rooms,
with the statements that the server runs for them: it locks the rooms, inserts the messages, moves each sender's
position and the counters of each room. Prints the rows a second.
"""

import sqlite3
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from time import perf_counter

from tertulia.domain.ids import new_id
from tertulia.settings import Settings
from tertulia.storage import schema

BATCH = ROOMS = 100
BODY = "x" * 100
COLUMNS = (
    'room, seq, "index", "after", changed_seq, id, sender, kind, body, notice, reply_to, client_id, mentions, '
    "mentions_room, reactions, metadata, created_at, edited_at, deleted_at, pinned_at, pinned_by"
)
INSERT = f"INSERT INTO messages ({COLUMNS}) VALUES ({', '.join('?' * 21)})"
BARE = (
    'INSERT INTO messages (room, seq, "index", "after", changed_seq, id, sender, kind, body, created_at) '
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
LOCK = (
    "SELECT number, id, kind, name, title, description, owner, head_seq, message_count, first_index, access_seq, "
    "settings_seq, created_at, last_at, member_count, direct_key, external_id, archived, deleted_at, slow_mode, "
    f"retention_days, metadata FROM rooms WHERE number IN ({', '.join('?' * ROOMS)}) AND deleted_at IS NULL "
    "ORDER BY number"
)

POSITION = (
    "UPDATE members SET read_index = CASE WHEN (members.read_index > ?) THEN members.read_index ELSE ? END, "
    "delivered_index = CASE WHEN (members.delivered_index > ?) THEN members.delivered_index ELSE ? END, "
    "unread_from = NULL WHERE members.room = ? AND members.user = ?"
)
COUNTERS = "UPDATE rooms SET head_seq = ?, message_count = ?, last_at = ? WHERE rooms.number = ?"


def opened(directory: Path) -> sqlite3.Connection:
    """A fresh database, as safe as the server's."""
    directory.mkdir(exist_ok=True)
    path = directory / f"{new_id()}.db"
    wanted = Settings(data_dir=directory, secret_key="k" * 40, database_url=f"sqlite:///{path}")
    schema.migrate(wanted.database_url)
    line = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        line.execute(f"PRAGMA {pragma}")
    line.execute("BEGIN")
    for number in range(1, ROOMS + 1):
        line.execute("INSERT INTO users (id, username, created_at) VALUES (?, ?, 0)", (new_id(), f"u{number}"))
        line.execute("INSERT INTO rooms (id, kind, created_at, last_at) VALUES (?, 'public', 0, 0)", (new_id(),))
        member = "INSERT INTO members (room, user, role, joined_at, changed_seq) VALUES (?, ?, 'member', 0, 1)"
        line.execute(member, (number, number))
    line.execute("COMMIT")
    return line


def row(room: int, seq: int) -> tuple[object, ...]:
    before = (room, seq, seq, seq - 1, seq, new_id(), room, "message", BODY)
    return (*before, None, None, None, None, False, None, None, seq, None, None, None, None)


def bare(line: sqlite3.Connection, turn: int) -> None:
    first = turn * BATCH + 1
    line.executemany(BARE, [(*row(1, seq)[:9], seq) for seq in range(first, first + BATCH)])
    line.execute("UPDATE rooms SET head_seq = ?, message_count = ? WHERE number = 1", (first + BATCH, first + BATCH))


def whole(line: sqlite3.Connection, turn: int) -> None:
    seq = turn + 1
    line.execute("PRAGMA data_version").fetchall()
    line.execute(LOCK, range(1, ROOMS + 1)).fetchall()
    line.executemany(INSERT, [row(room, seq) for room in range(1, ROOMS + 1)])
    positions = [(seq, seq, seq, seq, room, room) for room in range(1, ROOMS + 1)]
    line.executemany(POSITION, positions)
    line.executemany(COUNTERS, [(seq, seq, seq, room) for room in range(1, ROOMS + 1)])


def as_the_server(line: sqlite3.Connection) -> None:
    for pragma in ("foreign_keys=ON", "cache_size=-65536"):
        line.execute(f"PRAGMA {pragma}")


def rate(line: sqlite3.Connection, batch: Callable[[sqlite3.Connection, int], None], seconds: float) -> float:
    started = perf_counter()
    for turn in count():
        if perf_counter() - started >= seconds:
            break
        line.execute("BEGIN IMMEDIATE")
        batch(line, turn)
        line.execute("COMMIT")
    return turn * BATCH / (perf_counter() - started)


def main(kind: str, directory: str, seconds: str) -> None:
    line = opened(Path(directory))
    if kind == "whole":
        as_the_server(line)
    print(rate(line, {"bare": bare, "whole": whole}[kind], float(seconds)))
    line.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
