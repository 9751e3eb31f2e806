"""How long the proofs are tried: a moment in `make test`, long in `make prove`, which counts what was tried.

TERTULIA_PROVE=1 makes them long, TERTULIA_PROVE_SCALE how long (1: as the tests say), TERTULIA_PROVE_SEED chooses the
stories, and into the file that TERTULIA_PROVE_REPORT names goes what was tried: a line of JSON now and then, for
tools/prove.py.
"""

import json
import os
from collections.abc import Callable
from math import ceil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, get_state_machine_test

from tertulia.clock import SystemClock

PROVING = os.environ.get("TERTULIA_PROVE") == "1"
SCALE = float(os.environ.get("TERTULIA_PROVE_SCALE", "1"))
REPORT = os.environ.get("TERTULIA_PROVE_REPORT", "")
SEED = int(os.environ.get("TERTULIA_PROVE_SEED", "0"))
EVERY = 2.0
"""Seconds between two lines of the report."""

_counted: dict[str, int] = {}
_told = SystemClock().monotonic()


def often(few: int, many: int) -> int:
    """How often to try: `few` times, or `many` to prove it."""
    return max(few, round(many * SCALE)) if PROVING else few


def examples(few: int, steps: int, *, many: int = 3_000) -> settings:
    """`few` examples of up to `steps` steps; `many` longer ones to prove it."""
    return settings(
        max_examples=often(few, many),
        stateful_step_count=3 * steps if PROVING else steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=not PROVING,  # the same every time, until somebody wants to know
    )


def stories(
    machine: type[RuleBasedStateMachine], few: int, steps: int, *, many: int, chapter: int
) -> Callable[[int], None]:
    """A test that plays `few` stories of `machine`, or `many` to prove it, `chapter` of them at a time.

    Hypothesis keeps what it told in one go, and there are several processors.
    """
    chapters = ceil(often(1, many) / chapter) if PROVING else 1

    @pytest.mark.parametrize("number", range(chapters))
    def test(number: int) -> None:
        play = get_state_machine_test(machine, settings=examples(few, steps, many=ceil(many / chapters)))
        if PROVING:  # other stories in each chapter, and the same again with this seed
            play = seed(SEED + number)(play)
        play()

    return test


def count(what: str, number: int = 1) -> None:
    """Something was tried and held: `kills`, `histories of a server`, `frames`: all names are in tools/prove.py."""
    if REPORT:
        _counted[what] = _counted.get(what, 0) + number
        if SystemClock().monotonic() >= _told + EVERY:
            tell()


def tell() -> None:
    """Write what was counted since the last time, under the name of the test that runs."""
    global _told  # noqa: PLW0603 - one process, one report
    _told = SystemClock().monotonic()
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    if REPORT and _counted:
        line = json.dumps({"test": test, "counted": _counted}) + "\n"
        _counted.clear()
        with Path(REPORT).open("a", encoding="utf-8") as file:
            file.write(line)  # at once, and so whole, whoever else writes
