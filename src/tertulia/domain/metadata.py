"""What the product keeps with a user, a room or a message: a JSON object that is kept as sent and never looked into."""

import json
import math
from typing import Any

from tertulia.domain.errors import Rejection
from tertulia.domain.text import check_text

MAX_METADATA = 4_096
"""Bytes as JSON."""
MAX_DEPTH = 10


def check_metadata(given: dict[str, Any]) -> dict[str, Any]:
    """The object itself; raises `invalid`, `too_long` or `invalid_text`."""
    _check(given, MAX_DEPTH)
    if len(dump_metadata(given).encode()) > MAX_METADATA:
        raise Rejection("too_long", f"metadata holds at most {MAX_METADATA:,} bytes as JSON.", field="metadata")
    return given


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise Rejection("invalid", f"metadata is at most {MAX_DEPTH} levels deep.", field="metadata")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Rejection("invalid", "metadata is JSON: it has no NaN and no infinity.", field="metadata")
    elif isinstance(value, dict):
        for key, inner in value.items():
            check_text(key)
            _check(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)


def dump_metadata(given: dict[str, Any]) -> str:
    """As it is stored."""
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def load_metadata(stored: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stored)
    return found
