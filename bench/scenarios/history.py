"""Reading back: a page of a room of a million messages costs what one of a room of a thousand costs."""

import asyncio
import socket
from collections.abc import Callable
from statistics import median
from time import perf_counter

from figures import Bar, Line, ratios, spread
from machine import LOAD_CORE, on_core, tertulia
from people import crowd, fill

from scenarios.run import Run

SMALL, LARGE = 1_000, 1_000_000
PAGE = 50
REQUESTS = 100
PLACES: dict[str, Callable[[int], str]] = {
    "the beginning": lambda size: f"after=0&limit={PAGE}",
    "the middle": lambda size: f"around={size // 2}&limit={PAGE}",
    "the end": lambda size: f"limit={PAGE}",
}


def history(run: Run) -> list[Line]:
    """Pages of 50 by HTTP, from a room of 1,000,000 messages and from one of 1,000: beginning, middle and end."""
    large = int(LARGE * run.share)
    with run.directory() as directory:
        everybody = asyncio.run(crowd(directory, 1, 2, 2))
        asyncio.run(fill(directory, {everybody.rooms[0]: SMALL, everybody.rooms[1]: large}))
        with tertulia(directory) as (port, _), Pages(port, everybody.tokens[0]) as pages, on_core(LOAD_CORE):
            return [_line(run, pages, everybody.rooms, large, place) for place in PLACES]


def _line(run: Run, pages: "Pages", rooms: list[str], large: int, place: str) -> Line:
    """Requests by turns, so that what disturbs one disturbs the other."""
    targets = [
        f"/api/v1/rooms/{room}/messages?{PLACES[place](size)}" for room, size in zip(rooms, (SMALL, large), strict=True)
    ]
    rounds: list[list[float]] = []
    for _ in range(run.rounds + 1):  # the first one to warm up
        taken = [[pages.get(target) for target in targets] for _ in range(REQUESTS)]
        rounds.append([median(times) for times in zip(*taken, strict=True)])
    of_small, of_large = zip(*rounds[1:], strict=True)
    ratio = ratios(of_large, of_small)
    return Line(
        f"page of {PAGE} at {place} of a room of {large:,} messages", f"{spread(of_large).median * 1000:.2f} ms",
        f"{spread(of_small).median * 1000:.2f} ms: of a room of {SMALL:,}",
        ratio.median, "x", ratio.low, ratio.high, Bar(1.2, "at most 1.2 x", most=True),
    )  # fmt: skip


class Pages:
    """One line to the server, kept open."""

    def __init__(self, port: int, token: str) -> None:
        self._line = socket.create_connection(("127.0.0.1", port))
        self._head = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"

    def __enter__(self) -> "Pages":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def get(self, target: str) -> float:
        """Seconds until the whole page was there."""
        started = perf_counter()
        self._line.sendall(f"GET {target} {self._head}".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._line.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self._line.recv(65536)
        taken = perf_counter() - started
        assert body.count(b'"index":') == PAGE, body[:200]
        return taken
