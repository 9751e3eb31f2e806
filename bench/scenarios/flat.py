"""What a delivery costs the server does not depend on how much else there is."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from figures import Bar, Line, interleaved, ratios, spread
from machine import load, storm, tertulia
from people import Crowd, crowd

from scenarios.idle import READY
from scenarios.live import HELLO, POST
from scenarios.run import Run

MEMBERS = 100
POSTS = "200"  # a second: few enough that each is delivered by itself, with whatever else there is
Cost = Callable[[], float]


def flat(run: Run) -> list[Line]:
    """Processor time of a delivery: with 10 and with 1,000 rooms, with 1,000 and with 10,000 connections."""
    people = run.count(1_000)
    few = people // MEMBERS
    with served(run, people, few) as less, served(run, people, people) as more:
        of_rooms = interleaved(run.rounds, less, more)
    with served(run, people, few) as less, served(run, people, few, idle=9 * people) as more:
        of_connections = interleaved(run.rounds, less, more)
    return [
        _line(f"{few} → {people:,} rooms", *of_rooms),
        _line(f"{people:,} → {10 * people:,} connections", *of_connections),
    ]


def _line(what: str, less: list[float], more: list[float]) -> Line:
    ratio = ratios(more, less)
    return Line(
        f"processor time of a delivery, {what}", f"{spread(more).median:.2f} µs", f"{spread(less).median:.2f} µs",
        ratio.median, "x", ratio.low, ratio.high, Bar(1.25, "at most 1.25 x", most=True),
    )  # fmt: skip


@contextmanager
def served(run: Run, people: int, rooms: int, idle: int = 0) -> Iterator[Cost]:
    """A server with `people` in `rooms` of 100, and others in rooms where nothing happens: call what this gives for
    the µs of processor time that a delivery takes.
    """
    with run.directory() as directory:
        times = (people + idle) // people
        everybody = asyncio.run(crowd(directory, people + idle, rooms * times, rooms * MEMBERS // people))
        active, others = apart(everybody, rooms)
        files = active.write(directory)
        hellos = others.hellos(directory)
        with tertulia(directory) as (port, process), _there(run, port, hellos, idle):

            def cost() -> float:
                found = load(
                    run.tools, port, *files, "-c", str(people), "-g", str(rooms), "-P", "/ws", "-i", HELLO, "-m", POST,
                    "-s", "100", "-r", POSTS, "-k", str(people), "-w", "3", "-d", str(run.seconds), server=process,
                )  # fmt: skip
                return found["cpu_s"] / found["deliveries"] * 1e6

            yield cost


def apart(everybody: Crowd, rooms: int) -> tuple[Crowd, Crowd]:
    """Those in the first `rooms`, and the others."""
    active: list[str] = []
    others: list[str] = []
    for user, token in enumerate(everybody.tokens):
        (active if user % len(everybody.rooms) < rooms else others).append(token)
    return Crowd(active, everybody.rooms[:rooms], everybody.each), Crowd(others, everybody.rooms, everybody.each)


@contextmanager
def _there(run: Run, port: int, hellos: str, count: int) -> Iterator[None]:
    if not count:
        yield
        return
    with storm(run.tools, port, "-c", str(count), "-I", hellos, "-e", READY) as found:
        assert found["live"] == count, found
        yield
