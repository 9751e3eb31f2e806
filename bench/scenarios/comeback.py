"""10,000 clients whose lines are cut, and who all come back at once."""

import http.client
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

from figures import Bar, Line, ratios, spread
from machine import Figures, floor, rest, storm, tertulia
from people import Crowd

from scenarios.idle import CONNECTIONS, EACH, spread_out
from scenarios.run import Run

OTHERS = 20
POST_EVERY_MS = 10
CHANGES = '"ev":"changes"'
READY = '"ev":"ready"'  # shows the last message of each room, which is no delivery

Timeline = dict[str, list[tuple[int, int]]]
"""By room id: seq and mark of each message."""


def comeback(run: Run) -> list[Line]:
    """10,000 clients in 10 rooms each miss a message in each, come back at once and resume, while 20 others post."""
    people, numbers = run.count(CONNECTIONS), count(1)
    with run.directory() as directory, ExitStack() as servers:
        everybody = spread_out(directory, people)

        def start() -> int:
            servers.close()
            port, _ = servers.enter_context(tertulia(directory))
            return port

        def cut(port: int, between: Callable[[], int] = lambda: 0) -> Figures:
            before = timeline(directory)
            post_everywhere(port, everybody, numbers)
            return back(run, between() or port, directory, everybody, before)

        port = start()
        with storm(run.tools, port, "-c", str(people), "-I", everybody.hellos(directory), "-e", READY):
            rest(1)
        beside, found = [], []
        for _ in range(run.rounds):
            beside.append(accepting(run, people))
            found.append(cut(port))
        restarted = cut(port, between=start)
    return [
        *_lines(f"{people:,} clients come back at once", beside, found),
        *_lines(f"{people:,} clients come back after a restart", beside[-1:], [restarted]),
    ]


def _lines(what: str, beside: list[float], found: list[Figures]) -> list[Line]:
    took = [each["live_s"] for each in found]
    ratio, ages = ratios(took, beside), spread(each["age_p99_us"] / 1000 for each in found)
    lost = sum(each["clients"] - each["live"] for each in found)
    wrong = sum(each["wrong"] for each in found)
    return [
        Line(
            what, f"all live after {spread(took).median:.1f} s; {lost:,.0f} lost, {wrong:,.0f} missed something",
            f"{spread(beside).median:.2f} s: C loop, accepts them and answers the handshake",
            ratio.median if not lost + wrong else float("inf"), "x", ratio.low, ratio.high,
            Bar(10, "within 10 x, nothing missed", most=True),
        ),
        Line(
            f"{what}: posts of others meanwhile", f"p99 {ages.median:,.0f} ms", "",
            ages.median, "ms", ages.low, ages.high, Bar(1000, "p99 under 1 s", most=True),
        ),
    ]  # fmt: skip


def accepting(run: Run, people: int) -> float:
    """Seconds until the floor has accepted all."""
    with floor(run.tools) as port, storm(run.tools, port, "-c", str(people)) as found:
        return found["accept_s"]


def back(run: Run, port: int, directory: Path, everybody: Crowd, before: Timeline) -> Figures:
    """All but a few come at once. `wrong`: how many were not given exactly what was stored since `before`."""
    hellos = everybody.hellos(directory, {room: rows[-1][0] for room, rows in before.items()})
    posts, given = directory / "posts", directory / "given"
    said = [json.dumps({"cmd": "post", "room": everybody.rooms[n], "body": "%b"}) for n in range(OTHERS)]
    posts.write_text("\n".join(said) + "\n")
    with storm(
        run.tools, port, "-c", str(len(everybody.tokens)), "-I", hellos, "-e", CHANGES, "-n", str(EACH), "-x", READY,
        "-t", "240", "-k", str(OTHERS), "-M", str(posts), "-g", str(POST_EVERY_MS), "-o", str(given),
    ) as found:  # fmt: skip
        rest(2)
    found["wrong"] = wrong(everybody, before, timeline(directory), given)
    return found


def wrong(everybody: Crowd, before: Timeline, after: Timeline, given: Path) -> int:
    """Clients that are live and were not given each message since `before` exactly once."""
    missed: dict[str, list[int]] = defaultdict(list)
    for room, rows in after.items():
        missed[room] = [mark for seq, mark in rows if seq > before[room][-1][0]]
    found = 0
    for user, line in enumerate(given.read_text().splitlines()):
        seen, total, is_live = map(int, line.split())
        marks = [mark for place in everybody.rooms_of(user) for mark in missed[everybody.rooms[place]]]
        found += bool(is_live) and (seen, total) != (len(marks), sum(marks) % 2**64)
    return found


def timeline(directory: Path) -> Timeline:
    """What is stored."""
    query = "SELECT r.id, m.seq, m.body FROM messages m JOIN rooms r ON r.number = m.room ORDER BY r.number, m.seq"
    found: Timeline = defaultdict(list)
    with closing(sqlite3.connect(directory / "tertulia.db")) as line:
        for room, seq, body in line.execute(query):
            mark = re.match(r"~~(\d+)\.", body)
            found[room].append((seq, int(mark[1]) if mark else 0))
    return found


def post_everywhere(port: int, everybody: Crowd, numbers: "count[int]") -> None:
    """One message in each room, each with a mark of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as line:
        for place, room in enumerate(everybody.rooms):
            said = json.dumps({"body": f"~~{next(numbers)}.0~~".ljust(100, "x")})
            headers = {"Authorization": f"Bearer {everybody.tokens[place]}", "Content-Type": "application/json"}
            line.request("POST", f"/api/v1/rooms/{room}/messages", said, headers)
            answer = line.getresponse()
            answer.read()
            assert answer.status == 201, answer.status
