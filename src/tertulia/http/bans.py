"""Who may not come into a room."""

from fastapi import APIRouter
from pydantic import TypeAdapter

from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, RoomPath, ServicesDep, UserPath
from tertulia.http.refusals import refusals
from tertulia.protocol.bans import BansResource, ban_resource
from tertulia.protocol.fields import Position
from tertulia.protocol.requests import BanUser

router = APIRouter(prefix="/rooms/{room}/bans", tags=["members"])

_CURSOR = TypeAdapter(tuple[Position])
_REFUSED = ("unauthorized", "forbidden", "not_member", "not_found", "direct_room", "rate_limited")


@router.get("", response_model=BansResource, responses=refusals("invalid", *_REFUSED))
async def bans(
    room: RoomPath, caller: CallerDep, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> BansResource:
    """Who is banned, and why: for moderators."""
    after = None if cursor is None else decode_cursor(cursor, _CURSOR)[0]
    found, more = await services.members.bans(caller, room, after, limit)
    return {
        "items": [ban_resource(ban.user, ban.by, ban.reason, ban.created_at) for ban in found],
        "next": encode_cursor(found[-1].user.number) if more else None,
    }


@router.put("/{user}", status_code=204, responses=refusals("invalid", *_REFUSED, "busy"))
async def ban_user(room: RoomPath, user: UserPath, body: BanUser, caller: CallerDep, services: ServicesDep) -> None:
    """Put somebody out, and keep them out: for moderators, of those who stand below them. Again is no error."""
    await services.members.ban(caller, room, user, body.reason)


@router.delete("/{user}", status_code=204, responses=refusals(*_REFUSED, "busy"))
async def unban_user(room: RoomPath, user: UserPath, caller: CallerDep, services: ServicesDep) -> None:
    """They may come in again; again is no error."""
    await services.members.unban(caller, room, user)
