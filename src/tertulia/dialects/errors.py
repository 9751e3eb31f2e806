"""What a dialect answers when it says no: errors as Django REST framework programs write them.

A core `Rejection` that a dialect does not translate itself becomes one of these (`refused_as`), never a problem of v1.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

from tertulia.domain.errors import Rejection

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="api"'}
NO_CREDENTIALS = "Authentication credentials were not provided."
NOT_ALLOWED = "You do not have permission to perform this action."


class Refused(Exception):  # noqa: N818 - it is an answer, not an accident
    """One HTTP request is refused with this answer."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def detail(status: int, text: str, headers: Mapping[str, str] | None = None) -> Refused:
    """`{"detail": text}`."""
    return Refused(status, {"detail": text}, headers)


def invalid(**fields: str | list[str]) -> Refused:
    """400: what is wrong with each field; `non_field_errors` for what belongs to none."""
    return Refused(400, {name: [said] if isinstance(said, str) else said for name, said in fields.items()})


def not_signed_in() -> Refused:
    return detail(401, NO_CREDENTIALS, CHALLENGE)


def no_such(model: str) -> Refused:
    return detail(404, f"No {model} matches the given query.")


def refused_as(rejection: Rejection) -> Refused:
    """The answer for a rejection of the core that has no text of its own in the dialect."""
    retry = {} if rejection.retry_after is None else {"Retry-After": str(ceil(rejection.retry_after))}
    match rejection.code:
        case "rate_limited" | "slow_mode":
            seconds = ceil(rejection.retry_after or 1)
            text = f"Request was throttled. Expected available in {seconds} second{'s' if seconds != 1 else ''}."
            return detail(429, text, {"Retry-After": str(seconds)})
        case "not_found":
            return detail(404, "Not found.")
        case "unauthorized":
            return detail(401, rejection.message, CHALLENGE)
        case "unsupported_media_type":
            return detail(415, rejection.message)
    if rejection.fields and rejection.status == 400:
        return Refused(400, {name: [text] for name, text in rejection.fields.items()})
    status = 400 if rejection.status == 409 else rejection.status
    return detail(status, rejection.message, retry)
