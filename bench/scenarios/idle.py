"""10,000 connections that do nothing: what each costs."""

import asyncio
from pathlib import Path

from figures import Bar, Line
from machine import memory_kb, rest, storm, tertulia
from people import Crowd, crowd

from scenarios.run import Run

CONNECTIONS, EACH = 10_000, 10
MEMBERS = 100
SETTLE_SECONDS = 30.0  # longer than until the first ping of each
READY = '"ev":"ready"'


def spread_out(directory: Path, people: int) -> Crowd:
    """Everybody in 10 rooms of 100."""
    return asyncio.run(crowd(directory, people, people * EACH // MEMBERS, EACH, stored=1))


def idle(run: Run) -> list[Line]:
    """10,000 authenticated connections, each following 10 rooms of 100 members: the server's memory for each."""
    people = run.count(CONNECTIONS)
    with run.directory() as directory:
        hellos = spread_out(directory, people).hellos(directory)
        said = ("-I", hellos, "-e", READY, "-t", "240")
        with tertulia(directory) as (port, process):
            with storm(run.tools, port, "-c", "100", *said):
                rest(2)
            rest(5)  # until those have left
            before = memory_kb(process), memory_kb(process, "Pss")
            with storm(run.tools, port, "-c", str(people), *said) as found:
                at_once = (memory_kb(process) - before[0]) / people
                rest(SETTLE_SECONDS)
                settled = (memory_kb(process) - before[0]) / people
                shared = (memory_kb(process, "Pss") - before[1]) / people
    what = f"{people:,} idle connections in {EACH} rooms each"
    figure = f"{settled:.1f} KB each; {at_once:.1f} right after all came, PSS {shared:.1f}"
    lost = f", {people - found['live']:,.0f} of them LOST" if found["live"] < people else ""
    return [
        Line(what, figure + lost, "", settled, "KB", bar=Bar(25, "at most 25 KB, aim 15", most=True)),
        Line(
            f"{what}: all at once", f"ready after {found['live_s']:.1f} s, p50 {found['live_p50_us'] / 1e6:.1f} s{lost}"
        ),
    ]
