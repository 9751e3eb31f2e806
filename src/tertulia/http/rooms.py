"""Rooms: make, find, see, change, delete, join, leave, read."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, TypeAdapter

from tertulia.domain.models import RoomKind
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, RoomPath, ServicesDep, UserPath
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position, Text
from tertulia.protocol.requests import ChangeMe, ChangeRoom, CreateRoom, MarkRead
from tertulia.protocol.resources import (
    DirectoryResource,
    MembershipResource,
    MyRoomResource,
    MyRoomsResource,
    ReceiptResource,
    membership_resource,
    my_room_resource,
    receipt_resource,
    room_resource,
)
from tertulia.services.membership import Quiet
from tertulia.services.rooms import Settings

router = APIRouter(tags=["rooms"])

_OFFSET = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=10_000)]])
_PAIR = TypeAdapter(tuple[Position, Position])


@router.get("/rooms", response_model=MyRoomsResource, responses=refusals("invalid", "unauthorized", "rate_limited"))
async def my_rooms(
    caller: CallerDep,
    services: ServicesDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
    archived: Annotated[bool, Query(description="Those that are archived, instead of all others.")] = False,
    hidden: Annotated[bool, Query(description="Those that I hid, too.")] = False,
) -> MyRoomsResource:
    """My rooms, the most recently active first, each with what is unread and its last message.

    A page holds fewer than `limit` when they are long: look at `next`.
    """
    offset = 0 if cursor is None else decode_cursor(cursor, _OFFSET)[0]
    views, more = await services.rooms.mine(caller, limit, offset, archived=archived, hidden=hidden)
    following = encode_cursor(offset + len(views)) if more else None
    return {"items": [my_room_resource(view) for view in views], "next": following}


@router.post(
    "/rooms",
    status_code=201,
    response_model=MyRoomResource,
    responses=refusals("invalid", "unauthorized", "forbidden", "words_refused", "name_taken", "rate_limited", "busy"),
)
async def create_room(body: CreateRoom, caller: CallerDep, services: ServicesDep) -> MyRoomResource:
    """Make a public or private room; its maker owns it."""
    view = await services.rooms.create(
        caller, RoomKind(body.kind), body.name, body.title, body.description, body.metadata
    )
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
        "invalid", "unauthorized", "forbidden", "not_member", "not_found", "name_taken", "direct_room", "archived",
        "words_refused", "rate_limited", "busy",
    ),
)  # fmt: skip
async def change_room(room: RoomPath, body: ChangeRoom, caller: CallerDep, services: ServicesDep) -> MyRoomResource:
    """Change what is given: name, title, description, metadata and `archived` are for admins, `slow_mode` is for
    moderators, `retention_days` for the owner.
    """
    return my_room_resource(await services.rooms.change(caller, room, Settings(**body.model_dump())))


@router.delete(
    "/rooms/{room}",
    status_code=204,
    responses=refusals("unauthorized", "forbidden", "not_member", "not_found", "direct_room", "rate_limited"),
)
async def delete_room(room: RoomPath, caller: CallerDep, services: ServicesDep) -> None:
    """Gone for all, with its messages: for its owner."""
    await services.rooms.delete(caller, room)


@router.post(
    "/rooms/{room}/join",
    response_model=MyRoomResource,
    responses=refusals("unauthorized", "not_found", "archived", "rate_limited"),
)
async def join_room(room: RoomPath, caller: CallerDep, services: ServicesDep) -> MyRoomResource:
    """Become a member of a public room; staff, of a private one, too. Again is no error."""
    await services.members.join(caller, room)
    return my_room_resource(await services.rooms.view(caller, room))


@router.post(
    "/rooms/{room}/leave",
    status_code=204,
    responses=refusals("unauthorized", "not_member", "not_found", "direct_room", "rate_limited"),
)
async def leave_room(room: RoomPath, caller: CallerDep, services: ServicesDep) -> None:
    """Stop being a member. An owner hands over to the oldest admin, else to the oldest member."""
    await services.members.leave(caller, room)


@router.put(
    "/rooms/{room}/read",
    response_model=ReceiptResource,
    responses=refusals("invalid", "unauthorized", "not_member", "not_found", "rate_limited"),
)
async def mark_read(room: RoomPath, body: MarkRead, caller: CallerDep, services: ServicesDep) -> ReceiptResource:
    """How far I have read, or received. Positions only grow, and end at the last message."""
    position = await services.receipts.advance_now(caller, room, body.index, body.delivered)
    return receipt_resource(position.user_id, position.read_index, position.delivered_index)


@router.patch(
    "/rooms/{room}/me",
    response_model=MembershipResource,
    responses=refusals("invalid", "unauthorized", "not_member", "not_found", "rate_limited", "busy"),
)
async def change_me(room: RoomPath, body: ChangeMe, caller: CallerDep, services: ServicesDep) -> MembershipResource:
    """How much I want to be told of a room, hide it until a message comes, mark it as unread. All my devices hear it.

    What is absent or null stays as it is; but `unread_from` null takes the mark back.
    """
    view = await services.membership.change(caller, room, Quiet.of(body))
    assert view.member is not None
    return membership_resource(view.room, view.member, view.mentions)


@router.put(
    "/users/{user}/direct",
    response_model=MyRoomResource,
    responses={
        201: {"model": MyRoomResource},
        **refusals("invalid", "unauthorized", "forbidden", "blocked", "not_found", "rate_limited"),
    },
)
async def direct_room(user: UserPath, caller: CallerDep, services: ServicesDep, response: Response) -> MyRoomResource:
    """The one direct room with somebody: 201 when it was made just now, else 200."""
    view, made = await services.rooms.open_direct(caller, user)
    response.status_code = 201 if made else 200
    return my_room_resource(view)
