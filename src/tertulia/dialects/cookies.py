"""Cookies speak for whoever holds the browser, whichever page asks: so what they may do depends on the page.

Browsers say which one it is in `Origin`, with all but plain reading, and in `Sec-Fetch-Site`; pages cannot change it.
"""

from collections.abc import Sequence
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.requests import Request

from tertulia.gateway.admission import UpgradeRequest
from tertulia.protocol.forwarded import Visitor
from tertulia.protocol.origins import Origins

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, and whose answers other pages cannot read."""


def own_page(headers: Headers, visitor: Visitor, origins: Sequence[str]) -> bool:
    """Whether a page of this server's own origin asks, or one of `origins`, and a header says so."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    return _rule(tuple(origins)).allows(origin, visitor.host, visitor.scheme)


def foreign_page(headers: Headers, visitor: Visitor, origins: Sequence[str]) -> bool:
    """Whether a page elsewhere asks. A program that is no browser says nothing of pages, and is none."""
    said = "origin" in headers or "sec-fetch-site" in headers
    return said and not own_page(headers, visitor, origins)


@lru_cache(maxsize=8)
def _rule(origins: tuple[str, ...]) -> Origins:
    return Origins(origins)


def cookie_of(request: Request | UpgradeRequest, name: str) -> str:
    """The first cookie of that name, which of several is the one of the longest path; "" without."""
    for part in request.headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value.strip('"')
    return ""
