"""Whom I block."""

from fastapi import APIRouter
from pydantic import TypeAdapter

from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, ServicesDep, UserPath
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position
from tertulia.protocol.resources import UsersResource, user_resource

router = APIRouter(prefix="/me/blocks", tags=["me"])

_AFTER = TypeAdapter(tuple[Position])


@router.get("", response_model=UsersResource, responses=refusals("invalid", "unauthorized", "rate_limited"))
async def list_blocks(
    caller: CallerDep, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> UsersResource:
    """People from whom I do not want to hear: at most 1,000."""
    after = 0 if cursor is None else decode_cursor(cursor, _AFTER)[0]
    found, more = await services.blocks.page(caller, after, limit)
    items = [user_resource(user) for user in found]
    return {"items": items, "next": encode_cursor(found[-1].number) if more else None}


@router.put(
    "/{user}",
    status_code=204,
    responses=refusals("invalid", "unauthorized", "not_found", "too_many", "rate_limited", "busy"),
)
async def block(user: UserPath, caller: CallerDep, services: ServicesDep) -> None:
    """They cannot write to me, bring me into rooms or raise my mention count; again is no error. They are not told."""
    await services.blocks.add(caller, user)


@router.delete("/{user}", status_code=204, responses=refusals("unauthorized", "rate_limited", "busy"))
async def unblock(user: UserPath, caller: CallerDep, services: ServicesDep) -> None:
    """Hear from them again; again is no error, and so is nobody."""
    await services.blocks.remove(caller, user)
