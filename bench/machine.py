"""Programs of a benchmark: the server on one core, the load on the other."""

import os
import re
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from people import KEY

LOAD = Path(__file__).parent / "load"
SERVER_CORE, LOAD_CORE = "0", "1"


def pinned(core: str) -> list[str]:
    """What to put before a command; nothing where cores cannot be chosen."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", core] if taskset and (os.cpu_count() or 1) > 1 else []


def build(directory: Path) -> tuple[Path, Path]:
    """The load generator and the floor."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        sys.exit("The load generator is written in C: install a compiler first (Debian: apt install gcc).")
    built = []
    for name in ("wsload", "limit"):
        target = directory / name
        subprocess.run([compiler, "-O2", "-w", "-o", str(target), str(LOAD / f"{name}.c")], check=True)
        built.append(target)
    return built[0], built[1]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    """Return when somebody listens."""
    deadline = perf_counter() + 20
    while perf_counter() < deadline:
        with socket.socket() as one:
            one.settimeout(0.05)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        select.select([], [], [], 0.02)
    sys.exit("A program of the benchmark did not start.")


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A program on the server's core, until the block ends."""
    with subprocess.Popen(
        [*pinned(SERVER_CORE), *command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if not os.environ.get("BENCH_VERBOSE") else None,
        text=True,
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
def tertulia(directory: Path, **environment: str) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """`tertulia serve` on a free port; (port, process)."""
    port = free_port()
    command = [sys.executable, "-m", "tertulia", "serve", "--port", str(port), "--data-dir", str(directory)]
    wanted = {
        "TERTULIA_SECRET_KEY": KEY,
        "TERTULIA_ACCESS_TOKEN_MINUTES": "600",
        "TERTULIA_POST_RATE": "10000",
        "TERTULIA_POST_BURST": "100000",
        "TERTULIA_CONNECTIONS_PER_USER": "10000",
        "TERTULIA_COMMAND_RATE": "10000",
        "TERTULIA_LOG_LEVEL": "warning",
    }
    with running(command, port, **wanted, **environment) as process:
        yield port, process


Figures = dict[str, float]


def load(wsload: Path, port: int, *options: str) -> Figures:
    """One run of the load generator: its line of figures."""
    command = [*pinned(LOAD_CORE), str(wsload), "-p", str(port), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", done.stdout)}
    if done.returncode or not found:
        sys.exit(f"The load generator failed: {done.stderr.strip() or done.returncode}")
    return found


def memory_kb(process: "subprocess.Popen[str]") -> int:
    """Resident memory of a program (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])
