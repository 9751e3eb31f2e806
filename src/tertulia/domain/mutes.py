"""Until when somebody is muted."""

from tertulia.domain.errors import Rejection
from tertulia.domain.times import DAY, SECOND, parse_iso

MAX_SECONDS = 10 * 365 * DAY // SECOND


def end_of_mute(now: int, until: str | None, seconds: int | None) -> int:
    """In microseconds, from the one of the two that is given. `until`: ISO 8601 with a zone. Raises `invalid`."""
    if (until is None) == (seconds is None):
        raise Rejection("invalid", "Give `until` or `seconds`.", field="until")
    if seconds is not None:
        return now + seconds * SECOND
    assert until is not None
    end = parse_iso(until)
    if end is None:
        raise Rejection("invalid", "Give a time like 2026-01-31T12:00:00Z, with its zone.", field="until")
    if not now < end <= now + MAX_SECONDS * SECOND:
        raise Rejection("invalid", "Give a time that is to come, within ten years.", field="until")
    return end
