"""Programs of a benchmark: the server on one core, the load on the other."""

import os
import re
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from people import KEY

LOAD = Path(__file__).parent / "load"
SERVER_CORE, LOAD_CORE = "0", "1"
FLOOR_PORT = 9004

Process = subprocess.Popen[str]
Figures = dict[str, float]

# What one user, one address and one connection may do is not what is measured.
UNLIMITED = {
    "TERTULIA_SECRET_KEY": KEY,
    "TERTULIA_ACCESS_TOKEN_MINUTES": "600",
    "TERTULIA_POST_RATE": "10000",
    "TERTULIA_POST_BURST": "100000",
    "TERTULIA_CONNECTIONS_PER_USER": "10000",
    "TERTULIA_COMMAND_RATE": "10000",
    "TERTULIA_REQUESTS_PER_MINUTE": "10000000",
    "TERTULIA_LOG_LEVEL": "warning",
}


def pinned(core: str) -> list[str]:
    """What to put before a command; nothing where cores cannot be chosen."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", core] if taskset and (os.cpu_count() or 1) > 1 else []


@dataclass(frozen=True)
class Tools:
    """The programs in C: load, the storm of clients that come back, the floor; and a library, the slow disk."""

    wsload: Path
    storm: Path
    limit: Path
    slowdisk: Path

    def disk(self, microseconds: int) -> dict[str, str]:
        """Environment of a program whose disk takes so much longer; 0: as long as it does."""
        return {"LD_PRELOAD": str(self.slowdisk), "DISK_US": str(microseconds)} if microseconds else {}


def build(directory: Path) -> Tools:
    if sys.platform != "linux":
        sys.exit("The load generator speaks epoll: run the benchmarks on Linux.")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        sys.exit("The load generator is written in C: install a compiler first (Debian: apt install gcc).")
    built = {}
    for name in ("wsload", "storm", "limit", "slowdisk"):
        built[name] = directory / name
        how = ["-shared", "-fPIC"] if name == "slowdisk" else []
        subprocess.run([compiler, "-O2", "-w", *how, "-o", str(built[name]), str(LOAD / f"{name}.c")], check=True)
    return Tools(**built)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(port: int, process: Process) -> None:
    """Return when somebody listens."""
    deadline = perf_counter() + 30
    while perf_counter() < deadline:
        with socket.socket() as one:
            one.settimeout(0.05)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        select.select([], [], [], 0.02)
    sys.exit("A program of the benchmark did not start: BENCH_VERBOSE=1 shows what it says.")


def rest(seconds: float) -> None:
    """Let a server settle."""
    select.select([], [], [], seconds)


@contextmanager
def running(
    command: Sequence[str], port: int, environment: Mapping[str, str] | None = None, user: str | None = None
) -> Iterator[Process]:
    """A program on the server's core, until the block ends."""
    verbose = bool(os.environ.get("BENCH_VERBOSE"))
    with subprocess.Popen(
        [*pinned(SERVER_CORE), *command],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=None if verbose else subprocess.DEVNULL,
        text=True,
        user=user,
    ) as process:
        try:
            wait_for(port, process)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def tertulia(
    directory: Path, url: str | None = None, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[int, Process]]:
    """`tertulia serve` on a free port, with its data in `directory` or in the database at `url`; (port, process)."""
    port = free_port()
    command = [sys.executable, "-m", "tertulia", "serve", "--port", str(port), "--data-dir", str(directory), *options]
    wanted = {**UNLIMITED, **({"TERTULIA_DATABASE_URL": url} if url else {}), **(environment or {})}
    with running(command, port, wanted) as process:
        yield port, process


@contextmanager
def floor(tools: Tools) -> Iterator[int]:
    """One thread of C that sends what it gets to everybody and stores nothing; its port."""
    with running([str(tools.limit)], FLOOR_PORT):
        yield FLOOR_PORT


def load(tools: Tools, port: int, *options: str, server: Process | None = None) -> Figures:
    """One run of the load generator: its line of figures; `cpu_s`: what `server` used while it was measured."""
    command = [*pinned(LOAD_CORE), str(tools.wsload), "-p", str(port), "-v", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        before = cpu_seconds(server) if server is not None else 0.0
        found = figures_of(process.stdout.readline())
        if server is not None:
            found["cpu_s"] = cpu_seconds(server) - before
    if process.returncode or "deliveries" not in found:
        sys.exit(f"The load generator failed: {process.returncode}")
    return found


def figures_of(line: str) -> Figures:
    return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", line)}


@contextmanager
def storm(tools: Tools, port: int, *options: str) -> Iterator[Figures]:
    """Clients that come at once; they stay while the block runs."""
    command = [*pinned(LOAD_CORE), str(tools.storm), "-p", str(port), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            found = figures_of(process.stdout.readline())
            if not found:
                sys.exit("The storm of clients failed.")
            yield found
        finally:
            process.stdin.close()
            process.wait(30)


def memory_kb(process: Process, kind: str = "Rss") -> int:
    """Memory of a program: `Rss`, or `Pss` (its share of what several use)."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return int(re.findall(rf"^{kind}:\s+(\d+)", rollup, re.MULTILINE)[0])


def cpu_seconds(process: Process) -> float:
    """Processor time a program has used so far, all its threads, in the kernel too."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


@contextmanager
def on_core(core: str) -> Iterator[None]:
    """This very program stays on one core meanwhile."""
    before = os.sched_getaffinity(0)
    if len(before) > 1:
        os.sched_setaffinity(0, {int(core)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
