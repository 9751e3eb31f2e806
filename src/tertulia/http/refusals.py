"""How routes document what they refuse."""

from typing import Any

from tertulia.domain.errors import CODES, TITLES
from tertulia.protocol.problems import PROBLEM_TYPE

_SCHEMA = {"$ref": "#/components/schemas/Problem"}


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: for each status the codes that it may have."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code], []).append(code)
    return {status: _response(names) for status, names in by_status.items()}


def _response(codes: list[str]) -> dict[str, Any]:
    text = "; ".join(f"`{code}`: {TITLES[code]}" for code in codes)
    return {"description": text, "content": {PROBLEM_TYPE: {"schema": _SCHEMA}}}
