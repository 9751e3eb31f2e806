"""Signing up, in and out."""

from fastapi import APIRouter

from tertulia.http.deps import AddressDep, CallerDep, DeviceDep, ServicesDep
from tertulia.http.refusals import refusals
from tertulia.protocol.requests import Login, Logout, Refresh, Register
from tertulia.protocol.resources import SignedInResource, TokensResource, account_resource
from tertulia.services.accounts import Device, Registration, SignedIn

router = APIRouter(prefix="/auth", tags=["auth"])


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
        "username_taken",
        "email_taken",
        "rate_limited",
        "busy",
    ),
)
async def register(body: Register, services: ServicesDep, device: DeviceDep) -> SignedInResource:
    """Make an account and sign in to it. An `email` given here is one more name to sign in with.

    `invite`: the code of an invitation to the server, or to a room, which one is in then, too.
    """
    registration = Registration(body.username, body.password, body.email, body.first_name, body.last_name, body.invite)
    return _signed_in(await services.accounts.register(registration, device))


@router.post(
    "/login",
    response_model=SignedInResource,
    responses=refusals("invalid", "wrong_credentials", "rate_limited", "busy"),
)
async def login(body: Login, services: ServicesDep, device: DeviceDep) -> SignedInResource:
    """Sign in with username or email address. `device` is the name this session gets in the list of sessions."""
    if body.device is not None:
        device = Device(body.device, device.address)
    return _signed_in(await services.accounts.login(body.username, body.password, device))


@router.post(
    "/refresh",
    response_model=TokensResource,
    responses=refusals("invalid", "unauthorized", "token_reused", "rate_limited", "busy"),
)
async def refresh(body: Refresh, services: ServicesDep, address: AddressDep) -> TokensResource:
    """Change a refresh token for a new pair. The token is used up by it.

    Repeated within 10 s it gets the same pair again, for answers get lost; later it ends the session.
    """
    return await services.sessions.refresh(body.refresh, address)


@router.post("/logout", status_code=204, responses=refusals("unauthorized", "rate_limited", "busy"))
async def logout(caller: CallerDep, services: ServicesDep, body: Logout | None = None) -> None:
    """End this session, or with `everywhere` all of mine. Their tokens are refused and their sockets closed."""
    if body is not None and body.everywhere:
        await services.sessions.end_all(caller.user)
    else:
        await services.sessions.leave(caller)


def _signed_in(signed_in: SignedIn) -> SignedInResource:
    return {"user": account_resource(signed_in.user), "tokens": signed_in.tokens}
