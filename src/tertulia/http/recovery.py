"""Forgotten passwords, and addresses: with one-time links by mail."""

from fastapi import APIRouter, Response

from tertulia.http.deps import CallerDep, ServicesDep
from tertulia.http.refusals import refusals
from tertulia.protocol.requests import ChangeEmail, Confirm, Forgot, Reset
from tertulia.protocol.resources import AccountResource, account_resource

router = APIRouter()


@router.post(
    "/auth/forgot",
    tags=["auth"],
    status_code=202,
    response_model=None,
    responses=refusals("invalid", "forbidden", "rate_limited", "busy"),
)
async def forgot(body: Forgot, services: ServicesDep) -> Response:
    """Send a link to choose a new password to this address, if an account has it.

    The answer is the same whether one has or not. `forbidden`: this server sends no mail.
    """
    await services.recovery.forgot(body.email)
    return Response(status_code=202)


@router.post(
    "/auth/reset",
    tags=["auth"],
    status_code=204,
    responses=refusals("invalid", "weak_password", "link_invalid", "rate_limited", "busy"),
)
async def reset(body: Reset, services: ServicesDep) -> None:
    """Choose a new password, with the token of a link. All sessions end; sign in with it."""
    await services.recovery.reset(body.token, body.password)


@router.post(
    "/auth/confirm",
    tags=["auth"],
    status_code=204,
    responses=refusals("invalid", "link_invalid", "email_taken", "rate_limited", "busy"),
)
async def confirm(body: Confirm, services: ServicesDep) -> None:
    """Confirm an address, with the token of the link that was sent to it; a new one is the account's from now on."""
    await services.recovery.confirm(body.token)


@router.post(
    "/me/email/confirm",
    tags=["me"],
    status_code=202,
    response_model=None,
    responses=refusals("unauthorized", "forbidden", "rate_limited", "busy"),
)
async def send_confirmation(caller: CallerDep, services: ServicesDep) -> Response:
    """Send the link to confirm my address again. Nothing happens when it is confirmed."""
    await services.recovery.send_confirmation(caller)
    return Response(status_code=202)


@router.put(
    "/me/email",
    tags=["me"],
    response_model=AccountResource,
    responses={
        202: {"description": "The address is mine when I open the link that was sent to it", "model": AccountResource},
        **refusals("invalid", "unauthorized", "wrong_credentials", "email_taken", "rate_limited", "busy"),
    },
)
async def change_email(
    body: ChangeEmail, caller: CallerDep, services: ServicesDep, response: Response
) -> AccountResource:
    """Change the address I sign in with. 202: when the link is opened that was sent to it; the old one is told.

    On a server that sends no mail it is changed at once (200), and `email_taken` when an account has it.
    """
    user, changed = await services.recovery.change_email(caller, body.email, body.password)
    if not changed:
        response.status_code = 202
    return account_resource(user)
