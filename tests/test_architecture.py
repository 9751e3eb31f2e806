"""What the pages for contributors name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = (ROOT, ROOT / "src/tertulia")
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", *(f"docs/adr/{page.name}" for page in (ROOT / "docs/adr").glob("*.md")))


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = re.findall(r"`([\w./-]+/(?:[\w-]+\.\w+)?)`", (ROOT / page).read_text(encoding="utf-8"))
    assert [name for name in named if not any((place / name).exists() for place in PLACES)] == []


def test_every_promise_names_its_tests() -> None:
    rows = re.findall(r"^\| \d+ \|.*$", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 11
    assert all("`tests/" in row for row in rows)
