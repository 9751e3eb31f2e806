"""Pinned messages: kept at hand for everybody in a room."""

from fastapi import APIRouter
from pydantic import TypeAdapter

from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, RoomPath, ServicesDep
from tertulia.http.messages import IndexPath
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position
from tertulia.protocol.resources import MessageResource, PinsResource, message_resource

router = APIRouter(prefix="/rooms/{room}", tags=["messages"])

_PAIR = TypeAdapter(tuple[Position, Position])
_CHANGE = refusals(
    "invalid", "unauthorized", "forbidden", "not_member", "not_found", "deleted", "archived", "too_many",
    "rate_limited", "busy",
)  # fmt: skip


@router.get("/pins", response_model=PinsResource, responses=refusals("invalid", "unauthorized", "not_found"))
async def pins(
    room: RoomPath, caller: CallerDep, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> PinsResource:
    """The pinned messages, pinned last first. A page holds fewer than `limit` when they are long: look at `next`."""
    after = None if cursor is None else decode_cursor(cursor, _PAIR)
    found, more = await services.messages.pinned(caller, room, after, limit)
    last = found[-1] if more else None
    return {
        "items": [message_resource(message) for message in found],
        "next": encode_cursor(last.pinned_at or 0, last.index or 0) if last else None,
    }


@router.put("/messages/{index}/pin", response_model=MessageResource, responses=_CHANGE)
async def pin(room: RoomPath, index: IndexPath, caller: CallerDep, services: ServicesDep) -> MessageResource:
    """Pin a message: for moderators, in direct rooms for both; at most 50 in a room. Again is no error."""
    return message_resource(await services.messages.pin(caller, room, index, on=True))


@router.delete("/messages/{index}/pin", response_model=MessageResource, responses=_CHANGE)
async def unpin(room: RoomPath, index: IndexPath, caller: CallerDep, services: ServicesDep) -> MessageResource:
    """Take a pin off; again is no error."""
    return message_resource(await services.messages.pin(caller, room, index, on=False))
