"""Posts on their way to who is there: one large room, many small ones, one to one."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from figures import Bar, Line, Spread, interleaved, ratios, spread
from machine import SERVER_CORE, Figures, floor, load, pinned, tertulia
from people import crowd

from scenarios.run import Run

HELLO = json.dumps({"cmd": "hello", "token": "%t"}, separators=(",", ":"))
# Without an id there is no reply, so what is counted is deliveries only.
POST = json.dumps({"cmd": "post", "room": "%r", "body": "%b"}, separators=(",", ":"))
WITH_POSTS = ("-P", "/ws", "-i", HELLO, "-m", POST, "-s", "100", "-r", "0")

ONE_ROOM = ("-c", "1000", "-k", "50")
PAIRS = ("-c", "200", "-g", "100", "-k", "200", "-q", "8")
ONE_TO_ONE = ("-c", "2", "-k", "1")

STEPS = (100, 150, 200, 250, 300, 350, 400, 500, 600, 700, 800, 1000)
"""Posts a second that are tried on the C loop."""

SLOW_DISK_US = 1_000
"""What a disk takes that does not keep what it was given in memory only, as that of a virtual machine may."""

Shot = Callable[[int], Figures]


@contextmanager
def served(
    run: Run, people: int, rooms: int, options: tuple[str, ...], url: str | None = None, *, disk_us: int = 0
) -> Iterator[Shot]:
    """A warm server for `people` in `rooms`: call what this gives with seconds, for the figures of a closed loop."""
    with run.directory() as directory:
        files = asyncio.run(crowd(directory, people, rooms, url=url)).write(directory)
        with tertulia(directory, url, environment=run.tools.disk(disk_us)) as (port, _):

            def shot(seconds: int) -> Figures:
                return load(run.tools, port, *files, *WITH_POSTS, *options, "-w", "1", "-d", str(seconds))

            shot(1)
            yield shot


def one_room(run: Run) -> list[Line]:
    """1,000 subscribers of one room; 50 of them post, and again as soon as they see their own; all is committed."""
    found: list[Figures] = []

    with served(run, 1000, 1, ONE_ROOM) as shot, floor(run.tools) as port:
        ours, steady, pressed = interleaved(
            run.rounds,
            lambda: _rate(found, shot(run.seconds)),
            lambda: steady_rate(run, port),
            lambda: pressed_rate(run, port),
        )
    ratio, closed, ages = ratios(ours, steady), ratios(ours, pressed), spread(each["p99_us"] / 1000 for each in found)
    what = "one room, 1,000 subscribers, 50 senders"
    rate, beside = spread(ours).median, spread(steady).median
    return [
        Line(
            what, f"{rate:,.0f} deliveries/s", f"{beside:,.0f}/s: C loop, a send each, best rate it keeps",
            ratio.median, "x", ratio.low, ratio.high, Bar(10, "at least 10 x, aim 15"),
            {"Tertulia, stored": rate, "C loop, not stored": beside},
        ),
        Line(
            what, f"{rate:,.0f} deliveries/s", f"{spread(pressed).median:,.0f}/s: the same C loop, in a closed loop",
            closed.median, "x", closed.low, closed.high,
        ),
        _age(what, ages, Bar(100, "p99 under 100 ms, aim 30", most=True)),
    ]  # fmt: skip


def steady_rate(run: Run, port: int) -> float:
    """Deliveries/s of the highest rate of posts with which the C loop keeps up: each is sent by itself."""
    best = 0.0
    for posts in STEPS:
        options = ("-c", "1000", "-m", "%b", "-r", str(posts), "-d", "2", "-s", "100")
        seen = load(run.tools, port, *options)
        if seen["deliv_per_s"] < 0.9 * posts * 1000:  # it falls behind: what piles up comes later, in fewer pieces
            break
        best = max(best, seen["deliv_per_s"])
    return best


def pressed_rate(run: Run, port: int) -> float:
    """The C loop's better rate of 5 and 50 senders who wait for their own posts: what waits is taken in one go."""
    options = ("-c", "1000", "-m", "%b", "-r", "0", "-d", "2", "-s", "100")
    return max(load(run.tools, port, *options, "-k", senders)["deliv_per_s"] for senders in ("5", "50"))


def _rate(kept: list[Figures], found: Figures) -> float:
    kept.append(found)
    return found["deliv_per_s"]


def _age(what: str, ages: Spread, bar: Bar) -> Line:
    return Line(
        f"{what}: from post to delivery", f"p99 {ages.median:.1f} ms", "", ages.median, "ms", ages.low, ages.high, bar
    )


def pairs(run: Run) -> list[Line]:
    """100 rooms of two; all post, each with 8 posts under way. Beside it SQLite alone, on the same core. Then the same
    on a disk that takes a millisecond to say that it has it.
    """
    return [*_pairs(run, "", 0, Bar(0.5, "at least 0.5 x, aim 1.0")), *_pairs(run, ", slow disk", SLOW_DISK_US, None)]


def _pairs(run: Run, where: str, disk_us: int, bar: Bar | None) -> list[Line]:
    found: list[Figures] = []
    with served(run, 200, 100, PAIRS, disk_us=disk_us) as shot, run.directory() as directory:
        ours, bare, whole = interleaved(
            run.rounds,
            lambda: _rate(found, shot(run.seconds)) / 2,
            lambda: alone(run, directory, "bare", disk_us),
            lambda: alone(run, directory, "whole", disk_us),
        )
    rate, of_bare, of_whole = spread(ours).median, ratios(ours, bare), ratios(ours, whole)
    what = f"100 rooms of 2, 200 senders, 8 in flight each{where}"
    ages = spread(each["p99_us"] / 1000 for each in found)
    return [
        Line(
            what, f"{rate:,.0f} posts/s stored, p99 {ages.median:.0f} ms",
            f"{spread(bare).median:,.0f} rows/s: SQLite alone, same core, batches of 100, messages of one room only",
            of_bare.median, "x", of_bare.low, of_bare.high, bar,
        ),
        Line(
            what, f"{rate:,.0f} posts/s stored",
            f"{spread(whole).median:,.0f} rows/s: SQLite alone, with all that 100 posts in 100 rooms write",
            of_whole.median, "x", of_whole.low, of_whole.high,
        ),
    ]  # fmt: skip


def alone(run: Run, directory: Path, kind: str, disk_us: int) -> float:
    """Rows a second of SQLite without us: alone.py on the server's core."""
    command = [*pinned(SERVER_CORE), sys.executable, str(Path(__file__).parent.parent / "alone.py"), kind]
    done = subprocess.run(
        [*command, str(directory), str(run.seconds)],
        env={**os.environ, **run.tools.disk(disk_us)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)


def one_to_one(run: Run) -> list[Line]:
    """One posts, one listens: how long from the post to its delivery, commit included."""
    found: list[Figures] = []

    def age(figures: Figures) -> float:
        found.append(figures)
        return figures["p50_us"] / 1000

    with served(run, 2, 1, ONE_TO_ONE) as shot, floor(run.tools) as port:
        ours, theirs = interleaved(
            run.rounds,
            lambda: age(shot(run.seconds)),
            lambda: load(run.tools, port, *ONE_TO_ONE, "-m", "%b", "-r", "0", "-d", "2", "-s", "100")["p50_us"] / 1000,
        )
    mine, worst = spread(ours), spread(each["p99_us"] / 1000 for each in found)
    return [
        Line(
            "one sender, one receiver: from post to delivery", f"p50 {mine.median:.2f} ms, p99 {worst.median:.2f} ms",
            f"p50 {spread(theirs).median:.3f} ms: C loop, nothing stored",
            mine.median, "ms", mine.low, mine.high, Bar(1.0, "p50 under 1 ms, aim 0.4", most=True),
        )
    ]  # fmt: skip
