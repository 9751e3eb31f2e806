"""docs/proof.md names tests that there are, for all rules of the design and all experiments that went wrong."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
RULES = [str(number) for number in range(1, 45)]
EXPERIMENTS = [f"E{number}" for number in range(1, 20)]
REDIS = "Redis comes in a later step."
LATER = {"32": REDIS, "33": REDIS}


def rows() -> Iterator[tuple[str, str]]:
    """(number of the rule or name of the experiment, what stands in its last cell)."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and re.fullmatch(r"rule \d+|E\d+", cells[0]):
            yield cells[0].removeprefix("rule "), cells[2]


@cache
def documented(file: str) -> tuple[str, dict[str, str]]:
    """The docstring of a file of tests, and those of its tests by their names."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return ast.get_docstring(tree) or "", {each.name: ast.get_docstring(each) or "" for each in found}


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 100
    for file, test in named:
        assert test in documented(file)[1], f"{file}::{test}"


def test_all_rules_and_all_experiments_are_there_once() -> None:
    assert [number for number, _ in rows()] == RULES + EXPERIMENTS


@pytest.mark.parametrize("number", RULES + EXPERIMENTS)
def test_each_has_tests_that_name_it_or_a_reason(number: str) -> None:
    cell = dict(rows())[number]
    if number in LATER:
        assert cell == LATER[number]
        return
    tests = NAMED.findall(cell)
    assert tests
    for file, test in tests:
        about, docstrings = documented(file)
        assert names(number, f"{about}\n{docstrings[test]}", test), f"{file}::{test} does not name {number}"


def names(number: str, text: str, test: str) -> bool:
    if number in EXPERIMENTS:
        return bool(re.search(rf"\b{number}\b", text)) or f"_{number.lower()}_" in test
    return bool(re.search(rf"\b[Rr]ules? ([0-9]+(, | and |, and ))*{number}\b", text)) or f"_rule_{number}_" in test


@pytest.mark.parametrize("promise", range(1, 8))
def test_each_promise_was_broken_on_purpose_at_least_twice_and_somebody_noticed(promise: int) -> None:
    cells = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith(f"| promise {promise} |")]
    assert len(cells) >= 2
    for _, _, noticed in cells:
        assert NAMED.search(noticed)
