"""The first three again, stored in PostgreSQL, beside SQLite."""

from collections.abc import Iterator
from contextlib import contextmanager

import postgres
from figures import Line, interleaved, ratios, spread
from machine import Figures

from scenarios.live import ONE_ROOM, ONE_TO_ONE, PAIRS, Shot, served
from scenarios.run import Run


def on_postgresql(run: Run) -> list[Line]:
    """One room, pairs and one to one on PostgreSQL (fsync on, on the server's core) and on SQLite, by turns."""
    return [
        _line(run, "one room, 1,000 subscribers, 50 senders", (1000, 1, ONE_ROOM), "deliv_per_s", "deliveries/s"),
        _line(run, "100 rooms of 2, 200 senders, 8 in flight each", (200, 100, PAIRS), "deliv_per_s", "deliveries/s"),
        _line(run, "one sender, one receiver: from post to delivery", (2, 1, ONE_TO_ONE), "p50_us", "µs p50"),
    ]


def _line(run: Run, what: str, where: tuple[int, int, tuple[str, ...]], figure: str, unit: str) -> Line:
    with _on_postgresql(run, *where) as theirs, served(run, *where) as ours:

        def of(found: Figures) -> float:
            return found[figure]

        there, here = interleaved(run.rounds, lambda: of(theirs(run.seconds)), lambda: of(ours(run.seconds)))
    ratio = ratios(there, here)
    return Line(
        f"{what}, PostgreSQL", f"{spread(there).median:,.0f} {unit}",
        f"{spread(here).median:,.0f} {unit}: Tertulia on SQLite",
        ratio.median, "x", ratio.low, ratio.high,
    )  # fmt: skip


@contextmanager
def _on_postgresql(run: Run, people: int, rooms: int, options: tuple[str, ...]) -> Iterator[Shot]:
    with postgres.database(run.database_url) as url, served(run, people, rooms, options, url) as shot:
        yield shot
