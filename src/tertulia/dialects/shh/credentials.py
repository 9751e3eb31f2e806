"""Who asks, in the dialect shh: an access token in a cookie, or as Bearer; and the cookies themselves."""

from tertulia.dialects.admission import token_in_header
from tertulia.dialects.cookies import SAFE, cookie_of, foreign_page, own_page
from tertulia.dialects.dialect import MINUTE
from tertulia.dialects.errors import CHALLENGE, NOT_ALLOWED, Refused, detail
from tertulia.dialects.routes import Ask, Cookie
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.http.exchange import visitor_of
from tertulia.services.sessions import Sessions
from tertulia.services.tokens import Expired, Lifetimes, NoAccount, WrongKind

ACCESS, REFRESH = "access_token", "refresh_token"
ACCESS_SECONDS = 5 * MINUTE
"""Of the token in the cookie. The one in the reply to a login lives longer: its clients cannot refresh."""
ACCESS_KEPT = 15 * MINUTE
"""Browsers keep the cookie for longer, so that an expired token is told from none."""

INVALID = "Invalid token"
EXPIRED = "Access token expired"
WRONG_KIND = "Invalid token type"
NOBODY = "User not found"


async def guard(ask: Ask) -> Caller | None:
    """The cookie is tried first, then the header. Without a good header a cookie changes nothing for pages elsewhere.

    Raises `Refused`: what is wrong with the header, or with the cookie if there is no header.
    """
    cookie, header = cookie_of(ask.request, ACCESS), token_in_header(ask.request)
    refused = None
    if cookie:
        try:
            return _allowed(ask, await _identify(ask, cookie))
        except Refused as refusal:
            refused = refusal
    if header:
        return await _identify(ask, header)
    if refused is not None:
        raise refused
    return None


def _allowed(ask: Ask, caller: Caller) -> Caller:
    """The caller by cookie; raises `Refused` unless a page that may have cookies asks, or nothing can change."""
    request = ask.request
    if request.method in SAFE or own_page(request.headers, visitor_of(request.scope), ask.ground.cookie_origins):
        return caller
    raise detail(403, NOT_ALLOWED)


async def _identify(ask: Ask, token: str) -> Caller:
    sessions = ask.services.sessions
    try:
        return await sessions.identify(token)
    except Rejection as rejection:
        if rejection.code != "unauthorized":
            raise
        raise detail(401, await fault_of(sessions, token, rejection), CHALLENGE) from None


async def fault_of(sessions: Sessions, token: str, rejection: Rejection) -> str:
    """What is wrong with an access token. `rejection`: what `identify` raised."""
    if isinstance(rejection, Expired):
        return EXPIRED
    if isinstance(rejection, WrongKind):
        return WRONG_KIND
    try:
        owner = await sessions.owner_of(token)
    except Rejection:
        return INVALID
    return INVALID if owner is not None and owner.is_active else NOBODY


def refresh_refused(rejection: Rejection) -> Refused:
    """The answer for a refresh token that is not good; raises what is not about the token."""
    if rejection.code != "unauthorized":
        raise rejection
    if isinstance(rejection, WrongKind):
        return detail(400, WRONG_KIND)
    text = "Invalid refresh token"
    if isinstance(rejection, Expired):
        text = "Refresh token expired"
    elif isinstance(rejection, NoAccount):
        text = NOBODY
    return detail(401, text, CHALLENGE)


# Cookies


def is_foreign(ask: Ask) -> bool:
    """Whether a page elsewhere asks, that may not have cookies here."""
    return foreign_page(ask.request.headers, visitor_of(ask.request.scope), ask.ground.cookie_origins)


def check_page(ask: Ask) -> None:
    """Raises `Refused` for a page elsewhere."""
    if is_foreign(ask):
        raise detail(403, NOT_ALLOWED)


def cookie_lifetimes(ask: Ask) -> Lifetimes:
    """Of the tokens in cookies."""
    return Lifetimes(min(ACCESS_SECONDS, ask.lifetimes.access), ask.lifetimes.refresh)


async def first_cookies(ask: Ask, refresh: str) -> tuple[Cookie, ...]:
    """For who has just signed in; none for a page elsewhere, which could sign them in as somebody else."""
    if is_foreign(ask):
        return ()
    return cookies(ask, await ask.services.sessions.fresh_access(refresh, cookie_lifetimes(ask)), refresh)


def cookies(ask: Ask, access: str, refresh: str) -> tuple[Cookie, ...]:
    """`access`: made with `cookie_lifetimes`."""
    return (Cookie(ACCESS, access, ACCESS_KEPT), Cookie(REFRESH, refresh, ask.lifetimes.refresh))


def no_cookies() -> tuple[Cookie, ...]:
    """They are taken away."""
    return (Cookie(ACCESS, "", 0), Cookie(REFRESH, "", 0))
