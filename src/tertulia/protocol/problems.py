"""A refusal as HTTP carries it: problem details (RFC 9457) with a stable `code`, never the input."""

import math
from typing import NotRequired

from typing_extensions import TypedDict

from tertulia.domain.errors import TITLES, Rejection

PROBLEM_TYPE = "application/problem+json"


class Problem(TypedDict):
    """Why a request was refused. `code` is stable; `detail` is for people; `retry_after` is in seconds."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fields: NotRequired[dict[str, str]]
    retry_after: NotRequired[float]


def problem_of(rejection: Rejection) -> Problem:
    problem: Problem = {
        "type": f"urn:tertulia:problem:{rejection.code}",
        "title": TITLES[rejection.code],
        "status": rejection.status,
        "detail": rejection.message,
        "code": rejection.code,
    }
    if rejection.fields:
        problem["fields"] = rejection.fields
    if rejection.retry_after is not None:
        problem["retry_after"] = round(rejection.retry_after, 3)
    return problem


def problem_headers(rejection: Rejection) -> dict[str, str]:
    """The headers that belong to a problem, but for its type and length."""
    headers = {"Cache-Control": "no-store"}
    if rejection.retry_after is not None:
        headers["Retry-After"] = str(max(0, math.ceil(rejection.retry_after)))
    if rejection.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="tertulia"'
    return headers
