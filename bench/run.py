"""`make bench`: how fast it is on this machine, beside something else in the same run.

Figures of different machines, or of different days, say little: quote the ratios.
"""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from machine import Figures, build, load, running, tertulia
from people import crowd
from rich.console import Console
from rich.table import Table

from tertulia.domain.ids import new_id
from tertulia.settings import Settings
from tertulia.storage import schema

SECONDS = "5"
HELLO = json.dumps({"cmd": "hello", "token": "%t"}, separators=(",", ":"))
# Without an id there is no reply, so what is counted is deliveries only.
POST = json.dumps({"cmd": "post", "room": "%r", "body": "%b"}, separators=(",", ":"))


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    figure: str
    beside: str
    ratio: float
    bar: str


def one_room(directory: Path, wsload: Path, limit: Path) -> list[Line]:
    """1,000 subscribers of one room, 50 of them post as soon as they see their own; every post committed."""
    best = 0.0
    with running([str(limit)], 9004):
        for rate in ("100", "150", "200", "250", "300"):
            floor = load(wsload, 9004, "-c", "1000", "-m", "%b", "-r", rate, "-d", "3", "-s", "100")
            if floor["deliveries"] >= 0.99 * floor["expected"]:
                best = max(best, floor["deliv_per_s"])
    files = asyncio.run(crowd(directory, 1000, 1)).write(directory)
    with tertulia(directory) as (port, _):
        found = load(
            wsload, port, *files, "-c", "1000", "-P", "/ws", "-i", HELLO, "-m", POST, "-s", "100",
            "-r", "0", "-k", "50", "-w", "3", "-d", SECONDS,
        )  # fmt: skip
    return [
        Line(
            "one room, 1,000 subscribers, 50 senders",
            f"{found['deliv_per_s']:,.0f} deliveries/s, p99 {found['p99_us'] / 1000:.0f} ms",
            f"{best:,.0f}/s: C loop, a send each, nothing stored",
            found["deliv_per_s"] / best,
            "at least 5, aim 15",
        )
    ]


def pairs(directory: Path, wsload: Path, _limit: Path) -> list[Line]:
    """100 rooms of two; all post, each with 8 posts under way."""
    alone = sqlite_alone(directory / "alone")
    files = asyncio.run(crowd(directory, 200, 100)).write(directory)
    with tertulia(directory) as (port, _):
        found = load(
            wsload, port, *files, "-c", "200", "-g", "100", "-P", "/ws", "-i", HELLO, "-m", POST, "-s", "100",
            "-r", "0", "-k", "200", "-q", "8", "-w", "2", "-d", SECONDS,
        )  # fmt: skip
    rows = found["deliv_per_s"] / 2
    return [
        Line(
            "100 rooms of 2, 200 senders, 8 in flight each",
            f"{rows:,.0f} posts/s stored, p99 {found['p99_us'] / 1000:.0f} ms",
            f"{alone:,.0f} rows/s: SQLite alone, batches of 100, same table",
            rows / alone,
            "at least 0.5, aim 1.0",
        )
    ]


def sqlite_alone(directory: Path) -> float:
    """Rows a second into the same table with the same durability, and nothing else."""
    directory.mkdir()
    wanted = Settings(data_dir=directory, secret_key="k" * 40)
    schema.migrate(wanted.database_url)
    line = sqlite3.connect(directory / "tertulia.db", isolation_level=None)
    line.execute("PRAGMA journal_mode=WAL")
    line.execute("PRAGMA synchronous=FULL")
    line.execute("INSERT INTO users (id, username, created_at) VALUES ('u', 'u', 0)")
    line.execute("INSERT INTO rooms (id, kind, created_at, last_at) VALUES ('r', 'public', 0, 0)")
    row = 'INSERT INTO messages (room, seq, "index", "after", changed_seq, id, sender, kind, body, created_at)'
    seq, started = 0, perf_counter()
    while perf_counter() - started < 3:
        line.execute("BEGIN IMMEDIATE")
        rows = [(1, n, n, n - 1, n, new_id(), 1, "message", "x" * 100, n) for n in range(seq + 1, seq + 101)]
        line.executemany(row + " VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
        line.execute("UPDATE rooms SET head_seq = ?, message_count = ?", (seq + 100, seq + 100))
        line.execute("COMMIT")
        seq += 100
    elapsed = perf_counter() - started
    line.close()
    return seq / elapsed


def one_to_one(directory: Path, wsload: Path, limit: Path) -> list[Line]:
    """One posts, one listens: how long from the post to its delivery, commit included."""
    with running([str(limit)], 9004):
        floor = load(wsload, 9004, "-c", "2", "-m", "%b", "-r", "0", "-k", "1", "-d", "3", "-s", "100")
    files = asyncio.run(crowd(directory, 2, 1)).write(directory)
    with tertulia(directory) as (port, _):
        found = load(
            wsload, port, *files, "-c", "2", "-P", "/ws", "-i", HELLO, "-m", POST, "-s", "100",
            "-r", "0", "-k", "1", "-w", "2", "-d", SECONDS,
        )  # fmt: skip
    return [
        Line(
            "one sender, one receiver",
            f"p50 {found['p50_us'] / 1000:.2f} ms, p99 {found['p99_us'] / 1000:.2f} ms",
            f"p50 {floor['p50_us'] / 1000:.2f} ms: C loop, nothing stored",
            found["p50_us"] / max(floor["p50_us"], 1),
            "p50 under 1 ms, aim 0.4",
        )
    ]


SCENARIOS: tuple[Callable[[Path, Path, Path], list[Line]], ...] = (one_room, pairs, one_to_one)


def main() -> None:
    table = Table(title="Tertulia beside something simpler, same machine, same run")
    for title in ("what", "Tertulia", "beside it", "ratio", "bar"):
        table.add_column(title)
    with tempfile.TemporaryDirectory() as built:
        wsload, limit = build(Path(built))
        for scenario in SCENARIOS:
            with tempfile.TemporaryDirectory() as directory:
                for line in scenario(Path(directory), wsload, limit):
                    table.add_row(line.what, line.figure, line.beside, f"{line.ratio:.2f} x", line.bar)
    Console().print(table)


if __name__ == "__main__":
    main()

__all__ = ["Figures", "main"]
