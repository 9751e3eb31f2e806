"""Bearer tokens as djangorestframework-simplejwt takes and refuses them. The tokens are the core's own."""

from typing import Any

from tertulia.dialects.errors import CHALLENGE, Refused, detail
from tertulia.dialects.routes import Ask
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.services.sessions import Sessions
from tertulia.services.tokens import Revoked, WrongKind

EXPIRED = "Token is invalid or expired"
WRONG_KIND = "Token has wrong type"
REVOKED = "Token is blacklisted"


async def bearer(ask: Ask) -> Caller | None:
    """Who asks, by the `Authorization` header; None without one, or with one of another scheme. Raises `Refused`."""
    scheme, _, token = ask.request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip()
    if not token or " " in token:
        text = "Authorization header must contain two space-delimited values"
        raise Refused(401, {"detail": text, "code": "bad_authorization_header"}, CHALLENGE)
    sessions = ask.services.sessions
    try:
        return await sessions.identify(token)
    except Rejection as rejection:
        if rejection.code != "unauthorized":
            raise
        raise await access_refused(sessions, token, rejection) from None


async def access_refused(sessions: Sessions, token: str, rejection: Rejection) -> Refused:
    """Why an access token is not good. `rejection`: what `identify` raised."""
    if isinstance(rejection, WrongKind):
        return _no_access(WRONG_KIND)
    try:
        owner = await sessions.owner_of(token)
    except Rejection:
        return _no_access(EXPIRED)
    if owner is None or owner.deleted_at is not None:
        return Refused(401, {"detail": "User not found", "code": "user_not_found"}, CHALLENGE)
    if not owner.is_active:
        return Refused(401, {"detail": "User is inactive", "code": "user_inactive"}, CHALLENGE)
    return _no_access(EXPIRED)


def _no_access(message: str) -> Refused:
    body: dict[str, Any] = {
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [{"token_class": "AccessToken", "token_type": "access", "message": message}],
    }
    return Refused(401, body, CHALLENGE)


def refresh_refused(rejection: Rejection) -> Refused:
    """The answer for a refresh token that is not good; raises what is not about the token."""
    if rejection.code != "unauthorized":
        raise rejection
    text = EXPIRED
    if isinstance(rejection, WrongKind):
        text = WRONG_KIND
    elif isinstance(rejection, Revoked):
        text = REVOKED
    return Refused(401, {"detail": text, "code": "token_not_valid"}, CHALLENGE)


def no_account() -> Refused:
    """Wrong credentials where a pair of tokens is asked for."""
    return detail(401, "No active account found with the given credentials", CHALLENGE)
