"""Signing up, in and out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.http.cookies import (
    NAME,
    check_may_have,
    give_cookie,
    is_own_page,
    kept_cookie,
    refusal_without_cookie,
    sent_cookie,
)
from tertulia.http.deps import AddressDep, CredentialsDep, DeviceDep, ServicesDep, caller
from tertulia.http.refusals import refusals
from tertulia.protocol.requests import Login, Logout, Refresh, Register
from tertulia.protocol.resources import SignedInResource, TokensResource, account_resource
from tertulia.services import Services
from tertulia.services.accounts import Device, Registration, SignedIn

router = APIRouter(prefix="/auth", tags=["auth"])

_COOKIE = {
    "name": NAME,
    "in": "cookie",
    "required": False,
    "schema": {"type": "string"},
    "description": "The refresh token; looked at without a body and without `Authorization`, from pages of this "
    "server's own origin.",
}
_TAKES_COOKIE: dict[str, Any] = {"parameters": [_COOKIE]}


async def leaver(request: Request, services: ServicesDep, credentials: CredentialsDep) -> Caller | str:
    """Who wants to leave, or the refresh token in the cookie; raises `unauthorized`."""
    return await sent_cookie(request) or await caller(services, credentials)


LeaverDep = Annotated[Caller | str, Depends(leaver)]


@router.post(
    "/register",
    status_code=201,
    response_model=SignedInResource,
    responses=refusals(
        "invalid",
        "weak_password",
        "words_refused",
        "registration_closed",
        "invite_required",
        "invite_invalid",
        "origin_refused",
        "username_taken",
        "email_taken",
        "rate_limited",
        "busy",
    ),
)
async def register(
    body: Register, services: ServicesDep, device: DeviceDep, request: Request, response: Response
) -> SignedInResource:
    """Make an account and sign in to it. An `email` given here is one more name to sign in with.

    `invite`: the code of an invitation to the server, or to a room, which one is in then, too. `cookie`: as for login.
    """
    if body.cookie:
        check_may_have(request)
    registration = Registration(body.username, body.password, body.email, body.first_name, body.last_name, body.invite)
    signed_in = await services.accounts.register(registration, device)
    if body.cookie:
        _keep_in_cookie(request, response, services, signed_in)
    return _signed_in(signed_in)


@router.post(
    "/login",
    response_model=SignedInResource,
    responses=refusals("invalid", "wrong_credentials", "origin_refused", "rate_limited", "busy"),
)
async def login(
    body: Login, services: ServicesDep, device: DeviceDep, request: Request, response: Response
) -> SignedInResource:
    """Sign in with username or email address. `device` is the name this session gets in the list of sessions.

    `cookie`: for pages of this server's own origin. The refresh token goes into a cookie that no script can read and
    that is sent to refresh and logout only; it is not in the answer then.
    """
    if body.cookie:
        check_may_have(request)
    if body.device is not None:
        device = Device(body.device, device.address)
    signed_in = await services.accounts.login(body.username, body.password, device)
    if body.cookie:
        _keep_in_cookie(request, response, services, signed_in)
    return _signed_in(signed_in)


@router.post(
    "/refresh",
    response_model=TokensResource,
    responses={
        204: {"description": "A page of this server asks, and there is no cookie: nobody is signed in"},
        **refusals("invalid", "unauthorized", "token_reused", "rate_limited", "busy"),
    },
    openapi_extra=_TAKES_COOKIE,
)
async def refresh(
    services: ServicesDep, address: AddressDep, request: Request, response: Response, body: Refresh | None = None
) -> TokensResource | Response:
    """Change a refresh token for a new pair. The token is used up by it.

    Repeated within 10 s it gets the same pair again, for answers get lost; later it ends the session. Without a body:
    the token is that of the cookie, and for a minute after a refresh there is no newer pair, for tabs ask at once.
    """
    if body is not None:
        return await services.sessions.refresh(body.refresh, address)
    if await request.body():
        raise Rejection("invalid", "Send a JSON object as the body, or nothing.")
    token = await sent_cookie(request)
    if token is None and is_own_page(request):
        return Response(status_code=204)  # the first visit: a refusal would stand in red in the browser's console
    if token is None:
        raise Rejection("unauthorized", "Send the refresh token as the body: there is no cookie that counts here.")
    try:
        tokens = await services.sessions.refresh_shared(token, address)
    except Rejection as refusal:
        return refusal_without_cookie(request, refusal)
    refreshed = tokens.pop("refresh")
    if refreshed != token:  # else nothing is set: the answer may come after that of a later refresh
        give_cookie(request, response, refreshed, services.sessions.refresh_seconds)
    return tokens


@router.post(
    "/logout",
    status_code=204,
    response_model=None,
    responses=refusals("unauthorized", "rate_limited", "busy"),
    openapi_extra=_TAKES_COOKIE,
)
async def logout(
    who: LeaverDep, services: ServicesDep, request: Request, response: Response, body: Logout | None = None
) -> Response | None:
    """End this session, or with `everywhere` all of mine. Their tokens are refused and their sockets closed.

    Without a body and without `Authorization`: the session of the cookie. A cookie of what has ended is taken away.
    """
    if isinstance(who, str):
        return await _leave_by_cookie(who, services, request, response)
    if body is not None and body.everywhere:
        await services.sessions.end_all(who.user)
    else:
        await services.sessions.leave(who)
    kept = kept_cookie(request)
    if kept is not None and services.sessions.is_of(who, kept):
        give_cookie(request, response, "", 0)
    return None


async def _leave_by_cookie(token: str, services: Services, request: Request, response: Response) -> Response | None:
    try:
        await services.sessions.leave_by(token)
    except Rejection as refusal:
        return refusal_without_cookie(request, refusal)
    give_cookie(request, response, "", 0)
    return None


def _keep_in_cookie(request: Request, response: Response, services: Services, signed_in: SignedIn) -> None:
    give_cookie(request, response, signed_in.tokens.pop("refresh"), services.sessions.refresh_seconds)


def _signed_in(signed_in: SignedIn) -> SignedInResource:
    return {"user": account_resource(signed_in.user), "tokens": signed_in.tokens}
