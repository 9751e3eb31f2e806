"""Rooms and their members."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, TypeAdapter

from tertulia.domain.models import RoomKind
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, RoomPath, ServicesDep, UserPath
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position, Text
from tertulia.protocol.requests import AddMember, ChangeRoom, CreateRoom, MarkRead
from tertulia.protocol.resources import (
    DirectoryResource,
    MemberResource,
    MembersResource,
    MyRoomResource,
    MyRoomsResource,
    ReceiptResource,
    member_resource,
    my_room_resource,
    receipt_resource,
    room_resource,
)

router = APIRouter(tags=["rooms"])

_OFFSET = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=10_000)]])
_PAIR = TypeAdapter(tuple[Position, Position])


@router.get("/rooms", response_model=MyRoomsResource, responses=refusals("invalid", "unauthorized", "rate_limited"))
async def my_rooms(
    caller: CallerDep, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> MyRoomsResource:
    """My rooms, the most recently active first, each with what is unread and its last message.

    A page holds fewer than `limit` when they are long: look at `next`.
    """
    offset = 0 if cursor is None else decode_cursor(cursor, _OFFSET)[0]
    views, more = await services.rooms.mine(caller, limit, offset)
    following = encode_cursor(offset + len(views)) if more else None
    return {"items": [my_room_resource(view) for view in views], "next": following}


@router.post(
    "/rooms",
    status_code=201,
    response_model=MyRoomResource,
    responses=refusals("invalid", "unauthorized", "name_taken", "rate_limited", "busy"),
)
async def create_room(body: CreateRoom, caller: CallerDep, services: ServicesDep) -> MyRoomResource:
    """Make a public or private room; its maker owns it."""
    view = await services.rooms.create(caller, RoomKind(body.kind), body.name, body.title, body.description)
    return my_room_resource(view)


@router.get(
    "/rooms/directory",
    response_model=DirectoryResource,
    responses=refusals("invalid", "unauthorized", "rate_limited"),
)
async def directory(
    caller: CallerDep,
    services: ServicesDep,
    q: Annotated[Text, Query(max_length=255, description="Part of a name or title; empty: all.")] = "",
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> DirectoryResource:
    """Public rooms, the largest first."""
    after = None if cursor is None else decode_cursor(cursor, _PAIR)
    found, more = await services.rooms.directory(caller, q, after, limit)
    following = encode_cursor(found[-1][0].member_count, found[-1][0].number) if more else None
    return {"items": [{**room_resource(room), "joined": joined} for room, joined in found], "next": following}


@router.get(
    "/rooms/{room}", response_model=MyRoomResource, responses=refusals("unauthorized", "not_found", "rate_limited")
)
async def get_room(room: RoomPath, caller: CallerDep, services: ServicesDep) -> MyRoomResource:
    """A room as I see it."""
    return my_room_resource(await services.rooms.view(caller, room))


@router.patch(
    "/rooms/{room}",
    response_model=MyRoomResource,
    responses=refusals(
        "invalid", "unauthorized", "forbidden", "not_member", "not_found", "name_taken", "direct_room", "rate_limited"
    ),
)
async def change_room(room: RoomPath, body: ChangeRoom, caller: CallerDep, services: ServicesDep) -> MyRoomResource:
    """New name, title or description: for its owner."""
    return my_room_resource(await services.rooms.change(caller, room, body.name, body.title, body.description))


@router.delete(
    "/rooms/{room}",
    status_code=204,
    responses=refusals("unauthorized", "forbidden", "not_member", "not_found", "direct_room", "rate_limited"),
)
async def delete_room(room: RoomPath, caller: CallerDep, services: ServicesDep) -> None:
    """Gone for all, with its messages: for its owner."""
    await services.rooms.delete(caller, room)


@router.post(
    "/rooms/{room}/join", response_model=MyRoomResource, responses=refusals("unauthorized", "not_found", "rate_limited")
)
async def join_room(room: RoomPath, caller: CallerDep, services: ServicesDep) -> MyRoomResource:
    """Become a member of a public room; again is no error."""
    await services.members.join(caller, room)
    return my_room_resource(await services.rooms.view(caller, room))


@router.post(
    "/rooms/{room}/leave",
    status_code=204,
    responses=refusals("unauthorized", "not_member", "not_found", "direct_room", "rate_limited"),
)
async def leave_room(room: RoomPath, caller: CallerDep, services: ServicesDep) -> None:
    """Stop being a member. An owner hands over to the longest member."""
    await services.members.leave(caller, room)


@router.get(
    "/rooms/{room}/members",
    response_model=MembersResource,
    responses=refusals("invalid", "unauthorized", "not_found", "rate_limited"),
)
async def members(
    room: RoomPath, caller: CallerDep, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> MembersResource:
    """Who is a member, in the order of joining; with their positions, unless the room is large."""
    after = None if cursor is None else decode_cursor(cursor, _PAIR)
    page = await services.members.page(caller, room, after, limit)
    items = [member_resource(member, user, positions=page.positions) for member, user in page.items]
    last = page.items[-1][0] if page.more else None
    return {"items": items, "next": encode_cursor(last.joined_at, last.user) if last else None}


@router.post(
    "/rooms/{room}/members",
    status_code=201,
    response_model=MemberResource,
    responses=refusals(
        "invalid", "unauthorized", "forbidden", "not_member", "not_found", "direct_room", "rate_limited"
    ),
)
async def add_member(room: RoomPath, body: AddMember, caller: CallerDep, services: ServicesDep) -> MemberResource:
    """Bring somebody in: for the owner; again is no error."""
    member, user = await services.members.add(caller, room, body.user)
    return member_resource(member, user, positions=False)


@router.delete(
    "/rooms/{room}/members/{user}",
    status_code=204,
    responses=refusals("unauthorized", "forbidden", "not_member", "not_found", "direct_room", "rate_limited"),
)
async def remove_member(room: RoomPath, user: UserPath, caller: CallerDep, services: ServicesDep) -> None:
    """Put somebody out: for the owner."""
    await services.members.remove(caller, room, user)


@router.put(
    "/rooms/{room}/read",
    response_model=ReceiptResource,
    responses=refusals("invalid", "unauthorized", "not_member", "not_found", "rate_limited"),
)
async def mark_read(room: RoomPath, body: MarkRead, caller: CallerDep, services: ServicesDep) -> ReceiptResource:
    """How far I have read, or received. Positions only grow, and end at the last message."""
    position = await services.receipts.advance_now(caller, room, body.index, body.delivered)
    return receipt_resource(position.user_id, position.read_index, position.delivered_index)


@router.put(
    "/users/{user}/direct",
    response_model=MyRoomResource,
    responses={201: {"model": MyRoomResource}, **refusals("invalid", "unauthorized", "not_found", "rate_limited")},
)
async def direct_room(user: UserPath, caller: CallerDep, services: ServicesDep, response: Response) -> MyRoomResource:
    """The one direct room with somebody: 201 when it was made just now, else 200."""
    view, made = await services.rooms.open_direct(caller, user)
    response.status_code = 201 if made else 200
    return my_room_resource(view)
