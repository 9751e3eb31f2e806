"""The findings, for people and for programs."""

import json
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from tertulia.cli.doctor.finding import Finding

COLOURS = {"ok": "green", "warning": "yellow", "problem": "bold red"}

Found = Sequence[tuple[str, Finding]]


def show(found: Found) -> None:
    """Print the lines; none is broken, however narrow the terminal."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for line in lines(found):
        console.print(line)


def lines(found: Found) -> Iterator[Text]:
    """One a finding, and one that counts them."""
    width = max(len(name) for name, _ in found)
    for name, finding in found:
        line = Text()
        line.append(f"{finding.level:<8} ", style=COLOURS[finding.level])
        line.append(f"{name:<{width}}  ", style="bold")
        line.append(finding.what)
        if finding.advice:
            line.append(f" {finding.advice}", style="dim" if finding.level == "ok" else "")
        yield line
    yield Text(_sum(found))


def as_document(found: Found) -> str:
    """`{"problems": 1, "warnings": 0, "findings": [{"check", "level", "what", "advice"}]}`."""
    findings = [
        {"check": name, "level": finding.level, "what": finding.what, "advice": finding.advice}
        for name, finding in found
    ]
    counted = {"problems": _count(found, "problem"), "warnings": _count(found, "warning")}
    return json.dumps({**counted, "findings": findings}, ensure_ascii=False, indent=2)


def _sum(found: Found) -> str:
    problems, warnings = _count(found, "problem"), _count(found, "warning")
    if not problems and not warnings:
        return "All is well."
    return f"{_number(problems, 'problem')}, {_number(warnings, 'warning')}."


def _count(found: Found, level: str) -> int:
    return sum(finding.level == level for _, finding in found)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
