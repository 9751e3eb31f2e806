"""`make prove`: the promises, tried long. What was tried goes into docs/proof.md when all of it held.

`ARGS="--scale 0.3"` tries three tenths of it, `ARGS="--seed 7"` the same ways as the run that had this seed.
"""

import argparse
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

from tertulia.clock import SystemClock
from tertulia.domain.times import iso

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "proof.md"
BEGIN, END = "<!-- last run -->", "<!-- end of last run -->"
EVERY = 10.0
"""Seconds between two lines of progress."""
SERVER, PART = "histories of a server", "histories of a part"
ORDER = ("kills", "acknowledged posts", SERVER, PART, "frames", "requests")
"""`SERVER`: of whole nodes, with committer and database; `PART`: of the hub, a client or the storage alone."""

Counts = Counter[tuple[str, str]]
"""(what was tried, the file of the test) → how often."""


def main() -> int:
    words = argparse.ArgumentParser(description="Try the promises long.")
    words.add_argument("--scale", type=float, default=1.0, help="how much of it; 1: all, some forty minutes")
    words.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="to repeat a run")
    words.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    said = words.parse_args()
    clock = SystemClock()
    started = clock.monotonic()
    folder = Path(mkdtemp(prefix="tertulia-prove-"))
    report, log = folder / "report", folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            _command(said), cwd=ROOT, env=_environment(said, report), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            code = _watch(process, report, clock, started)
        finally:
            process.kill()
    lines = log.read_text().rstrip().splitlines()
    if code:
        print("\n".join(_failure(lines)))
        print(f"Seed {said.seed}; all that was said is in {log}")
        return code
    run = f"{lines[-1].split(' in ')[0]}, scale {said.scale:g}, seed {said.seed}"
    _write(_read(report), run, clock.now(), clock.monotonic() - started, said.workers)
    shutil.rmtree(folder)
    print(f"{lines[-1]}; see {PAGE.relative_to(ROOT)}")
    return 0


def _command(said: argparse.Namespace) -> list[str]:
    seeds = (f"--hypothesis-seed={said.seed}", f"--randomly-seed={said.seed}")
    workers = ("-n", str(said.workers), "--maxschedchunk", "1")  # the long ones are few
    stop = ("--exitfirst", "--timeout", "0")  # a promise that is broken needs no more proof
    return [sys.executable, "-m", "pytest", *stop, *workers, *seeds, *_tests()]


def _tests() -> list[str]:
    """Those that can be tried longer, and all that kill processes."""
    found = (file for file in (ROOT / "tests").rglob("test_*.py") if "support.proving" in file.read_text())
    longer = {str(file.relative_to(ROOT)) for file in found if file.parent.name != "crash"}
    return ["tests/crash", *sorted(longer)]


def _environment(said: argparse.Namespace, report: Path) -> dict[str, str]:
    ours = {"TERTULIA_PROVE": "1", "TERTULIA_PROVE_SCALE": str(said.scale), "TERTULIA_PROVE_REPORT": str(report)}
    ours["TERTULIA_PROVE_SEED"] = str(said.seed)
    return {**os.environ, **ours}


def _watch(process: subprocess.Popen[bytes], report: Path, clock: SystemClock, started: float) -> int:
    """Say how far it is, until it ends; how it ended."""
    while True:
        try:
            return process.wait(timeout=EVERY)
        except subprocess.TimeoutExpired:
            so_far = " · ".join(f"{number:,} {what}" for what, number in _sums(_read(report)))
            print(f"{_duration(clock.monotonic() - started)}  {so_far}", flush=True)


def _failure(lines: list[str]) -> list[str]:
    """What pytest says of what failed, from its first line on; or all, when it did not come that far."""
    starts = (number for number, line in enumerate(lines) if re.fullmatch("=+ (FAILURES|ERRORS) =+", line))
    return lines[next(starts, 0) :]


def _read(report: Path) -> Counts:
    counts: Counts = Counter()
    for line in report.read_text().splitlines() if report.exists() else ():
        told = json.loads(line)
        for what, number in told["counted"].items():
            counts[what, told["test"].partition("::")[0]] += number
    return counts


def _sums(counts: Counts) -> list[tuple[str, int]]:
    sums: Counter[str] = Counter()
    for (what, _), number in counts.items():
        sums[what] += number
    return sorted(sums.items(), key=lambda one: (ORDER.index(one[0]) if one[0] in ORDER else len(ORDER), one[0]))


def _write(counts: Counts, run: str, now: int, seconds: float, workers: int) -> None:
    """Put the summary between the marks of the page."""
    machine = f"{platform.system()}, {workers} workers, Python {platform.python_version()}"
    head = f"{iso(now)[:10]}, {_duration(seconds)} on {machine}, commit {_commit()}: {run}."
    page = PAGE.read_text(encoding="utf-8")
    text = "\n".join([BEGIN, "", head, "", *_table(counts), "", END])
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: text, page, flags=re.DOTALL), encoding="utf-8")


def _table(counts: Counts) -> Iterable[str]:
    yield "| tried | how often | by |"
    yield "|---|---|---|"
    for what, number in _sums(counts):
        parts = sorted(((count, file) for (one, file), count in counts.items() if one == what), reverse=True)
        yield f"| {what} | {number:,} | {', '.join(f'`{file}` {count:,}' for count, file in parts)} |"


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


if __name__ == "__main__":
    sys.exit(main())
