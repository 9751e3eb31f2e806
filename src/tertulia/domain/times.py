"""Times: microseconds since 1970 inside, ISO 8601 in UTC outside."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE


@lru_cache(maxsize=256)  # the posts of a batch share one time
def iso(micros: int) -> str:
    """`2024-02-15T12:00:00.123456Z`."""
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_iso(text: str) -> int | None:
    """Microseconds from ISO 8601; None when it is none, or says no zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if time.tzinfo is None else (time - _EPOCH) // timedelta(microseconds=1)
