"""The caller's own account and sessions."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import StreamingResponse

from tertulia.http.deps import CallerDep, ServicesDep
from tertulia.http.refusals import refusals
from tertulia.protocol.requests import ChangePassword, ChangeProfile, DeleteAccount
from tertulia.protocol.resources import AccountResource, SessionsResource, account_resource, session_resource

router = APIRouter(prefix="/me", tags=["me"])


@router.get("", response_model=AccountResource, responses=refusals("unauthorized", "rate_limited"))
async def get_me(caller: CallerDep, services: ServicesDep) -> AccountResource:
    """My account."""
    return account_resource(await services.people.me(caller))


@router.patch("", response_model=AccountResource, responses=refusals("invalid", "unauthorized", "rate_limited"))
async def change_me(body: ChangeProfile, caller: CallerDep, services: ServicesDep) -> AccountResource:
    """Change my names. What is absent or null stays as it is."""
    return account_resource(await services.accounts.change_profile(caller, body.first_name, body.last_name))


@router.delete(
    "",
    status_code=204,
    responses=refusals("invalid", "unauthorized", "wrong_credentials", "forbidden", "rate_limited", "busy"),
)
async def delete_me(body: DeleteAccount, caller: CallerDep, services: ServicesDep) -> None:
    """Delete my account: at once and for good. My rooms go on without me; what I wrote stays, or is blanked."""
    await services.erasure.delete_own(caller, body.password, blank=body.erase_messages)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}}}, **refusals("unauthorized", "rate_limited", "busy")},
)
async def export_me(caller: CallerDep, services: ServicesDep) -> StreamingResponse:
    """Everything this server has of me, as a JSON file."""
    pieces = await services.export.start(caller)
    return StreamingResponse(
        pieces, media_type="application/json", headers={"Content-Disposition": 'attachment; filename="my-data.json"'}
    )


@router.post(
    "/password",
    status_code=204,
    responses=refusals("invalid", "weak_password", "unauthorized", "wrong_credentials", "rate_limited", "busy"),
)
async def change_password(body: ChangePassword, caller: CallerDep, services: ServicesDep) -> None:
    """Change my password. My other sessions end, this one stays."""
    await services.accounts.change_password(caller, body.current, body.new)


@router.get("/sessions", response_model=SessionsResource, responses=refusals("unauthorized", "rate_limited"))
async def list_sessions(caller: CallerDep, services: ServicesDep) -> SessionsResource:
    """Where I am signed in, last used first: one page, for there are at most 200."""
    sessions = await services.sessions.of(caller.user)
    return {"items": [session_resource(session, caller.session) for session in sessions], "next": None}


@router.delete(
    "/sessions/{session}", status_code=204, responses=refusals("unauthorized", "not_found", "rate_limited", "busy")
)
async def end_session(
    session: Annotated[str, Path(max_length=64, description="A session's id (UUID).")],
    caller: CallerDep,
    services: ServicesDep,
) -> None:
    """Sign a device out. Its tokens are refused and its sockets closed."""
    await services.sessions.end(caller.user, session)
