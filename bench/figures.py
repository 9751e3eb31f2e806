"""What the scenarios found: lines of a table, kept as JSON, so that a chart can be drawn of several runs."""

import json
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

ROOT = Path(__file__).parent.parent
LATEST = ROOT / "build" / "bench"
SAVED = ROOT / "docs" / "images"


@dataclass(frozen=True)
class Bar:
    """What is promised: `value` times what stands beside it, or so much of a figure; `most`: it must not be more."""

    value: float
    text: str
    most: bool = False

    def reached(self, value: float) -> float:
        """How far beyond the bar; 1 or more: kept."""
        if self.most:
            return self.value / value if value else float("inf")
        return value / self.value


@dataclass(frozen=True)
class Line:
    """One line of the table. `value` is what `bar` looks at; `low` and `high`: its spread over the rounds.

    `rates`: figures of the same kind that a chart can show side by side, by name.
    """

    what: str
    figure: str
    beside: str = ""
    value: float | None = None
    unit: str = "x"
    low: float | None = None
    high: float | None = None
    bar: Bar | None = None
    rates: dict[str, float] = field(default_factory=dict)

    @property
    def reached(self) -> float | None:
        """How far beyond the bar, or None without one."""
        return self.bar.reached(self.value) if self.bar is not None and self.value is not None else None


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, and the least and the most."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    found = sorted(values)
    return Spread(median(found), found[0], found[-1])


def interleaved(rounds: int, *runs: Callable[[], float]) -> list[list[float]]:
    """Each of `runs` once, then each once more, …: so that what disturbs the machine disturbs all of them."""
    return [list(values) for values in zip(*([run() for run in runs] for _ in range(rounds)), strict=True)]


def ratios(ours: Iterable[float], theirs: Iterable[float]) -> Spread:
    """Round by round."""
    return spread(one / max(other, 1e-9) for one, other in zip(ours, theirs, strict=True))


def table(lines: Iterable[Line], title: str) -> Table:
    made = Table(title=title, title_justify="left", show_lines=True)
    for column in ("what", "Tertulia", "beside it", "", "bar", "kept"):
        made.add_column(column, justify="left" if column else "right")
    for line in lines:
        made.add_row(line.what, line.figure, line.beside, _value(line), line.bar.text if line.bar else "", _kept(line))
    return made


def _value(line: Line) -> str:
    if line.value is None:
        return ""
    text = f"{line.value:,.2f} {line.unit}"
    if line.low is not None and line.high is not None and line.low != line.high:
        text += f"\n({line.low:,.2f} to {line.high:,.2f})"
    return text


def _kept(line: Line) -> str:
    reached = line.reached
    if reached is None:
        return ""
    return "[green]yes[/]" if reached >= 1 else "[red]no[/]"


# As a file.


def keep(found: dict[str, list[Line]], directory: Path) -> Path:
    """Put the lines of each scenario into `bench.json`; those of scenarios that were not run stay."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "bench.json"
    there = json.loads(path.read_text()) if path.is_file() else {}
    machine = {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()}
    there.update(
        {name: {"machine": machine, "lines": [_plain(line) for line in lines]} for name, lines in found.items()}
    )
    path.write_text(json.dumps(there, indent=1, ensure_ascii=False) + "\n")
    return path


def _plain(line: Line) -> dict[str, Any]:
    return {**asdict(line), "reached": line.reached}


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
