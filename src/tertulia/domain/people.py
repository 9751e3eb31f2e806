"""Looking for people, page by page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchCursor:
    """Where a page of found people ended: in which step of the search, and after whom."""

    step: int
    key: str
    number: int
