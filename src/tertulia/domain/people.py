"""Looking for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of found people ended: in which step of the search, and after whom."""

    step: int
    key: str
    number: int
