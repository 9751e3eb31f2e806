"""Who asks, in the dialect channels: name and password with each request (HTTP Basic), an access token, or the cookie
of a session. All count the same.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable
from contextlib import suppress

from starlette.requests import Request

from tertulia.dialects.admission import token_in_header, token_in_query
from tertulia.dialects.cookies import SAFE, cookie_of, foreign_page
from tertulia.dialects.dialect import Ground, Hail
from tertulia.dialects.errors import Refused, detail
from tertulia.dialects.routes import Ask
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.domain.text import check_text
from tertulia.gateway.admission import UpgradeRequest
from tertulia.http.exchange import visitor_of
from tertulia.protocol.forwarded import Visitor

COOKIE = "sessionid"
"""Holds the refresh token of a session."""
WRONG = "Invalid username/password."


def elsewhere() -> Refused:
    return detail(403, "CSRF Failed: pages of another site may not use this session.")


async def guard(ask: Ask) -> Caller | None:
    """None also for a token or a cookie that is not good any more. Raises `Refused` for wrong names and passwords, and
    for a page elsewhere that would change something with a cookie.
    """
    visitor = visitor_of(ask.request.scope)
    caller = await _by_header(ask.ground, ask.request, visitor, [token_in_header(ask.request)])
    return caller or await _by_cookie(ask.ground, ask.request, visitor, changes=ask.request.method not in SAFE)


async def holder_of(hail: Hail) -> Caller | None:
    """The same for a socket, which may have its token in the query, too."""
    request = hail.request
    tokens = [token_in_header(request), token_in_query(request)]
    caller = await _by_header(hail.ground, request, request.visitor, tokens)
    return caller or await _by_cookie(hail.ground, request, request.visitor, changes=True)


def check_page(ask: Ask) -> None:
    """Raises `Refused` for a page elsewhere: it could sign somebody in as another."""
    if foreign_page(ask.request.headers, visitor_of(ask.request.scope), ask.ground.cookie_origins):
        raise elsewhere()


async def _by_header(
    ground: Ground, request: Request | UpgradeRequest, visitor: Visitor, tokens: Iterable[str]
) -> Caller | None:
    scheme, _, said = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "basic":
        return await _by_password(ground, visitor.address, said)
    for token in filter(None, tokens):
        try:
            return await ground.services.sessions.identify(token)
        except Rejection as rejection:
            if rejection.code != "unauthorized":
                raise
    return None


async def _by_password(ground: Ground, address: str, said: str) -> Caller:
    """What is wrong counts as a sign-in of this address; what is right may come with every call."""
    name, password = _parts(said)
    ground.throttle.look(address, "login")
    try:
        return await ground.services.verifier.verify(name, password)
    except Rejection as rejection:
        if rejection.code != "wrong_credentials":
            raise
        with suppress(Rejection):
            ground.throttle.check(address, "login")
        raise detail(403, WRONG) from None


def _parts(said: str) -> tuple[str, str]:
    try:
        decoded = b64decode(said.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise detail(403, "Invalid basic header. Credentials not correctly base64 encoded.") from None
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        text = decoded.decode("latin-1")
    name, _, password = text.partition(":")
    try:
        check_text(text)
    except Rejection:
        raise detail(403, WRONG) from None
    return name, password


async def _by_cookie(
    ground: Ground, request: Request | UpgradeRequest, visitor: Visitor, *, changes: bool
) -> Caller | None:
    """`changes`: a page elsewhere may not ask for this with a cookie."""
    cookie = cookie_of(request, COOKIE)
    if not cookie:
        return None
    try:
        caller = await ground.services.sessions.holder(cookie)
    except Rejection as rejection:
        if rejection.code != "unauthorized":
            raise
        return None
    if changes and foreign_page(request.headers, visitor, ground.cookie_origins):
        raise elsewhere()
    return caller
