"""Cursors of lists: where a page ended, as text that clients give back unread."""

import base64
import json
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from tertulia.domain.errors import Rejection

T = TypeVar("T")

MAX_CURSOR = 2048


def encode_cursor(*parts: str | int) -> str:
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, shape: TypeAdapter[T]) -> T:
    """The parts of a cursor, which may come from anybody: `shape` checks them. Raises `invalid`."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return shape.validate_json(text)
    except (ValueError, ValidationError, Rejection):
        raise Rejection("invalid", "Give `next` of the page before as `cursor`, unchanged.", field="cursor") from None
