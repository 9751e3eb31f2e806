"""Draws bench.json: the rates side by side, and how far beyond its bar each figure is. Plain SVG, logarithmic."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

WIDTH, LABELS, BAR, GAP = 960, 400, 18, 8
OURS, THEIRS, KEPT, MISSED, INK = "#2563eb", "#9ca3af", "#16a34a", "#dc2626", "#1f2937"
RIGHT = 150  # for the figure behind the longest bar
STYLE = f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}"'


@dataclass(frozen=True)
class Mark:
    """A bar: `value` decides how long, `text` stands behind it."""

    label: str
    value: float
    text: str
    colour: str


def draw(path: Path) -> Path:
    """`bench.svg` beside the file at `path`."""
    lines = [line for scenario in json.loads(path.read_text()).values() for line in scenario["lines"]]
    panels = [
        ("Deliveries a second, one room", list(_rates(lines)), None),
        ("Beyond the bar: 1 is what is promised", list(_reached(lines)), 1.0),
    ]
    parts: list[str] = []
    top = 20
    for title, marks, line_at in panels:
        if marks:
            parts += _panel(title, marks, line_at, top)
            top += 50 + len(marks) * (BAR + GAP)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" {STYLE}>'
    background = f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>'
    drawn = path.with_suffix(".svg")
    drawn.write_text("\n".join([head, "<title>What make bench measured</title>", background, *parts, "</svg>"]) + "\n")
    return drawn


def _rates(lines: Iterable[dict[str, Any]]) -> Iterator[Mark]:
    """Those of each kind of room once."""
    seen = set()
    for line in lines:
        for name, value in line["rates"].items():
            label = f"{line['what'].removeprefix('one room, ')}: {name}"
            if label not in seen:
                seen.add(label)
                yield Mark(label, value, f"{value:,.0f}", OURS if name.startswith("Tertulia") else THEIRS)


def _reached(lines: Iterable[dict[str, Any]]) -> Iterator[Mark]:
    for line in lines:
        reached = line["reached"]
        if reached:
            yield Mark(line["what"], reached, f"{reached:.2g} ×", KEPT if reached >= 1 else MISSED)


def _panel(title: str, marks: list[Mark], line_at: float | None, top: int) -> Iterator[str]:
    values = [mark.value for mark in marks] + ([line_at] if line_at else [])
    low, high = math.log10(min(values)) - 0.3, math.log10(max(values))

    def across(value: float) -> float:
        return LABELS + (math.log10(value) - low) / max(high - low, 0.1) * (WIDTH - LABELS - RIGHT)

    yield f'<text x="16" y="{top + 8}" font-weight="600">{escape(title)}</text>'
    for place, mark in enumerate(marks):
        y = top + 24 + place * (BAR + GAP)
        label = escape(_short(mark.label))
        yield f'<text x="{LABELS - 10}" y="{y + 14}" text-anchor="end" font-size="11">{label}</text>'
        width = max(across(mark.value) - LABELS, 1)
        yield f'<rect x="{LABELS}" y="{y}" width="{width:.0f}" height="{BAR}" rx="2" fill="{mark.colour}"/>'
        yield f'<text x="{LABELS + width + 8:.0f}" y="{y + 14}">{escape(mark.text)}</text>'
    if line_at:
        x, bottom = across(line_at), top + 24 + len(marks) * (BAR + GAP)
        yield f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{top + 18}" y2="{bottom}" stroke="{INK}" stroke-dasharray="4 3"/>'


def _short(label: str) -> str:
    return label if len(label) <= 66 else f"{label[:65]}…"
