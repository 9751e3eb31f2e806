"""Users, by server key."""

from typing import Any

from fastapi import APIRouter, Response

from tertulia.http.deps import ServicesDep
from tertulia.http.refusals import refusals
from tertulia.http.server.deps import SessionsKey, UsersKey
from tertulia.http.server.paths import UserExternalId, UserRef
from tertulia.protocol.requests import ChangeServerUser, PutServerUser
from tertulia.protocol.resources import ServerUserResource, server_user_resource

router = APIRouter(prefix="/server/users", tags=["server"])


@router.put(
    "/{user}",
    response_model=ServerUserResource,
    responses={
        201: {"model": ServerUserResource},
        **refusals("invalid", "unauthorized", "forbidden", "username_taken", "words_refused", "rate_limited", "busy"),
    },
)
async def put_user(
    user: UserExternalId, key: UsersKey, services: ServicesDep, body: PutServerUser, response: Response
) -> ServerUserResource:
    """Make a user of yours (201), or change the one that is there (200): a retry makes no second one."""
    found, created = await services.server_users.put(key, user, _given(body))
    response.status_code = 201 if created else 200
    return server_user_resource(found)


@router.get(
    "/{user}",
    response_model=ServerUserResource,
    responses=refusals("unauthorized", "forbidden", "not_found", "rate_limited"),
)
async def get_user(user: UserRef, _key: UsersKey, services: ServicesDep) -> ServerUserResource:
    """One user, active or not."""
    return server_user_resource(await services.server_users.get(user))


@router.patch(
    "/{user}",
    response_model=ServerUserResource,
    responses=refusals(
        "invalid", "unauthorized", "forbidden", "not_found", "username_taken", "words_refused", "rate_limited", "busy"
    ),
)
async def change_user(
    user: UserRef, key: UsersKey, services: ServicesDep, body: ChangeServerUser
) -> ServerUserResource:
    """Change what is given. Metadata is for you alone to write: users cannot change their own."""
    return server_user_resource(await services.server_users.change(key, user, _given(body)))


@router.delete(
    "/{user}",
    status_code=204,
    responses=refusals("invalid", "unauthorized", "forbidden", "not_found", "rate_limited", "busy"),
)
async def delete_user(user: UserRef, key: UsersKey, services: ServicesDep, erase_messages: bool = False) -> None:
    """Delete an account, at once and for good. What they wrote stays, by a deleted user, or is blanked."""
    found = await services.server_users.get(user)
    await services.erasure.delete(found, blank=erase_messages, via=key.via)


@router.delete(
    "/{user}/sessions",
    status_code=204,
    responses=refusals("unauthorized", "forbidden", "not_found", "rate_limited", "busy"),
)
async def end_sessions(user: UserRef, key: SessionsKey, services: ServicesDep) -> None:
    """Sign a user out everywhere: sockets close, and tokens of yours made up to this second are refused."""
    await services.server_users.end_sessions(key, user)


def _given(body: PutServerUser) -> dict[str, Any]:
    """What was said, by field."""
    return {name: value for name in body.model_fields_set if (value := getattr(body, name)) is not None}
