"""The refresh token in a cookie: for pages of this server's own origin, which so keep nothing that a script can read.

It counts for `auth/refresh` and `auth/logout` only, when they come without a body and without `Authorization`, and
when the browser says that a page of this origin asks. Who may do everything else is in `Authorization` alone.
"""

from fastapi import Request, Response

from tertulia.domain.errors import CODES, Rejection
from tertulia.http.exchange import visitor_of
from tertulia.http.problems import problem_response
from tertulia.protocol.origins import Origins

NAME = "tertulia_refresh"
"""Followed by the port, if the address of the page has one."""
PATH = "/api/v1/auth/"
_OWN_ONLY = Origins()


def cookie_name(request: Request) -> str:
    """Browsers give a cookie to every port of a host: servers side by side must not take each other's."""
    port = visitor_of(request.scope).host.rpartition(":")[2]
    return f"{NAME}_{port}" if port.isdecimal() else NAME


def is_own_page(request: Request) -> bool:
    """Whether a page of this very origin asks: by `Origin`, or without one by `Sec-Fetch-Site`.

    A program that sends neither is no page. The two cannot contradict each other in a browser.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin"):
        return False
    visitor = visitor_of(request.scope)
    return site is not None if origin is None else _OWN_ONLY.allows(origin, visitor.host, visitor.scheme)


def check_may_have(request: Request) -> None:
    """Raises `origin_refused`: a page elsewhere could sign somebody in to an account that is not theirs."""
    if not is_own_page(request):
        raise Rejection("origin_refused", "Only pages of this server's own origin can have a cookie: leave it out.")


async def sent_cookie(request: Request) -> str | None:
    """The refresh token in the request's cookie, if it counts here."""
    return None if "authorization" in request.headers or await request.body() else kept_cookie(request)


def kept_cookie(request: Request) -> str | None:
    """The refresh token that the browser of a page of ours keeps."""
    if not is_own_page(request):
        return None
    own_name = cookie_name(request)
    pairs = (pair.strip().partition("=") for line in request.headers.getlist("cookie") for pair in line.split(";"))
    found = [value for name, _, value in pairs if name == own_name]
    return found[0] if len(found) == 1 else None  # a second one was planted by another host of the domain


def give_cookie(request: Request, response: Response, token: str, seconds: int) -> None:
    """`seconds`: how long the browser keeps it; 0 takes it away."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=seconds,
        path=PATH,
        secure=visitor_of(request.scope).scheme == "https",
        httponly=True,
        samesite="strict",
    )


def refusal_without_cookie(request: Request, refusal: Rejection) -> Response:
    """The answer for a cookie whose token was refused: it goes. Raises again what says nothing about the token."""
    if CODES[refusal.code] != 401:
        raise refusal
    answer = problem_response(refusal, request.scope)
    give_cookie(request, answer, "", 0)
    return answer
