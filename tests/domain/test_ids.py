"""Ids: UUIDs of version 7, in one spelling."""

import subprocess
import sys
import uuid

import pytest

from tertulia.domain.ids import canonical_id, new_id


def test_new_ids_are_version_7_and_all_different() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    parsed = [uuid.UUID(text) for text in ids]
    assert {(value.version, value.variant) for value in parsed} == {(7, uuid.RFC_4122)}
    assert [str(value) for value in parsed] == ids


def test_new_ids_sort_by_their_millisecond() -> None:
    """Inserts go to the end of the index."""
    moments = [int(new_id().replace("-", "")[:12], 16) for _ in range(1_000)]
    assert moments == sorted(moments)


def test_a_forked_process_makes_ids_of_its_own() -> None:
    new_id()  # from here on there are random bits in stock
    script = (
        "import os, sys; from tertulia.domain.ids import new_id; new_id();"
        "os.fork() and os.wait(); print(new_id()[14:], flush=True)"
    )
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert len(set(said.stdout.split())) == 2


def test_one_spelling() -> None:
    made = new_id()
    assert canonical_id(made) == canonical_id(made.upper()) == made


@pytest.mark.parametrize(
    "text",
    ["", "x" * 36, "0" * 32, "----" + "0" * 32, "{-" + "0" * 32 + "-}",
     "０0000000-0000-7000-8000-000000000000", "{00000000-0000-7000-8000-000000000000}",
     "urn:uuid:00000000-0000-7000-8000-000000000000",
     "00000000-0000-7000-8000-00000000000g", "00000000-0000-7000-8000-00000000000\x00",
     "00000000-0000-7000-8000-00000000000\ud800", "00000000-0000-7000-8000-0000000000001"],
)  # fmt: skip
def test_what_is_no_id_names_nothing(text: str) -> None:
    assert canonical_id(text) is None


@pytest.mark.parametrize("text", [" 0000000-0000-7000-8000-000000000000", "0_000000-0000-7000-8000-000000000000"])
def test_near_misses_are_at_most_another_canonical_id(text: str) -> None:
    """Python reads numbers kindly; whatever comes out is a plain id, which names nothing by chance."""
    found = canonical_id(text)
    assert found is None or canonical_id(found) == found
