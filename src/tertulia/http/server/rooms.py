"""Rooms, their members and messages, by server key."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import TypeAdapter

from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.models import Role, RoomKind
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CursorQuery, LimitQuery, ServicesDep
from tertulia.http.refusals import refusals
from tertulia.http.server.deps import MembersKey, MessagesKey, RoomsKey
from tertulia.http.server.paths import PartnerRef, RoomExternalId, RoomRef, UserRef
from tertulia.protocol.fields import Position
from tertulia.protocol.requests import ChangeServerRoom, PostServerMessage, PutServerMember, PutServerRoom
from tertulia.protocol.resources import (
    MemberResource,
    MembersResource,
    MessageResource,
    MessagesResource,
    RoomResource,
    member_resource,
    message_resource,
    room_resource,
)
from tertulia.services.rooms import Settings
from tertulia.services.server_rooms import NewRoom
from tertulia.services.timeline import Place

router = APIRouter(prefix="/server", tags=["server"])

IndexPath = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="A message's place in the timeline.")]
_At = Annotated[int | None, Query(ge=0, le=MAX_INTEGER)]
_PAIR = TypeAdapter(tuple[Position, Position])
_KEY = ("invalid", "unauthorized", "forbidden", "not_found", "rate_limited", "busy")


def _settings(body: ChangeServerRoom) -> Settings:
    return Settings(**{name: getattr(body, name) for name in Settings.__slots__})


@router.put(
    "/rooms/{room}",
    response_model=RoomResource,
    responses={
        201: {"model": RoomResource},
        **refusals(*_KEY, "name_taken", "external_id_taken", "words_refused", "archived"),
    },
)
async def put_room(
    room: RoomExternalId, body: PutServerRoom, key: RoomsKey, services: ServicesDep, response: Response
) -> RoomResource:
    """Make a room of yours (201), or change the one that is there (200): a retry makes no second one.

    `owner` is who owns a new one; one that is there keeps its owner. Another `kind` is refused (`external_id_taken`).
    """
    wanted = NewRoom(None if body.kind is None else RoomKind(body.kind), _settings(body), body.owner)
    found, created = await services.server_rooms.put(key, room, wanted)
    response.status_code = 201 if created else 200
    return room_resource(found)


@router.get("/rooms/{room}", response_model=RoomResource, responses=refusals(*_KEY))
async def get_room(room: RoomRef, _key: RoomsKey, services: ServicesDep) -> RoomResource:
    """One room, whatever its kind."""
    return room_resource(await services.server_rooms.get(room))


@router.patch(
    "/rooms/{room}",
    response_model=RoomResource,
    responses=refusals(*_KEY, "name_taken", "words_refused", "archived", "direct_room"),
)
async def change_room(room: RoomRef, body: ChangeServerRoom, key: RoomsKey, services: ServicesDep) -> RoomResource:
    """Change what is given."""
    return room_resource(await services.server_rooms.change(key, room, _settings(body)))


@router.delete("/rooms/{room}", status_code=204, responses=refusals(*_KEY, "direct_room"))
async def delete_room(room: RoomRef, key: RoomsKey, services: ServicesDep) -> None:
    """Gone for all, with its messages."""
    await services.server_rooms.delete(key, room)


@router.put(
    "/users/{user}/direct/{partner}",
    response_model=RoomResource,
    responses={201: {"model": RoomResource}, **refusals(*_KEY, "blocked")},
)
async def direct_room(
    user: UserRef, partner: PartnerRef, key: RoomsKey, services: ServicesDep, response: Response
) -> RoomResource:
    """The one direct room of two users: 201 when it was made just now, else 200."""
    found, made = await services.server_rooms.direct(key, user, partner)
    response.status_code = 201 if made else 200
    return room_resource(found)


@router.get("/rooms/{room}/members", response_model=MembersResource, responses=refusals(*_KEY))
async def members(
    room: RoomRef, _key: MembersKey, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> MembersResource:
    """In the order of joining, with their positions."""
    after = None if cursor is None else decode_cursor(cursor, _PAIR)
    found, more = await services.server_rooms.members(room, after, limit)
    items = [member_resource(member, user, positions=True) for member, user in found]
    last = found[-1][0] if more else None
    return {"items": items, "next": encode_cursor(last.joined_at, last.user) if last else None}


@router.put(
    "/rooms/{room}/members/{user}",
    response_model=MemberResource,
    responses=refusals(*_KEY, "banned", "archived", "direct_room"),
)
async def put_member(
    room: RoomRef, user: UserRef, body: PutServerMember, key: MembersKey, services: ServicesDep
) -> MemberResource:
    """Bring somebody in, or give a member another role; `owner` hands the room over. Again is no error."""
    role = None if body.role is None else Role(body.role)
    member, found = await services.server_rooms.put_member(key, room, user, role)
    return member_resource(member, found, positions=False)


@router.delete("/rooms/{room}/members/{user}", status_code=204, responses=refusals(*_KEY, "direct_room"))
async def remove_member(room: RoomRef, user: UserRef, key: MembersKey, services: ServicesDep) -> None:
    """Put somebody out."""
    await services.server_rooms.remove_member(key, room, user)


@router.get("/rooms/{room}/messages", response_model=MessagesResource, responses=refusals(*_KEY))
async def history(
    room: RoomRef,
    _key: MessagesKey,
    services: ServicesDep,
    before: _At = None,
    after: _At = None,
    around: _At = None,
    limit: LimitQuery = 50,
) -> MessagesResource:
    """A page before, after or around an index; without any, the newest."""
    if sum(place is not None for place in (before, after, around)) > 1:
        raise Rejection("invalid", "Give only one of before, after and around.", field="before")
    page = await services.server_rooms.page(room, Place(before, after, around), limit)
    return {"items": [message_resource(message) for message in page.messages], "more": page.more}


@router.post(
    "/rooms/{room}/messages",
    status_code=201,
    response_model=MessageResource,
    responses={
        200: {"model": MessageResource, "description": "Posted before, with the same client_id: that message."},
        **refusals(*_KEY, "invalid_text", "client_id_reused", "words_refused", "archived", "outcome_unknown"),
    },
)
async def post(
    room: RoomRef, body: PostServerMessage, _key: MessagesKey, services: ServicesDep, response: Response
) -> MessageResource:
    """Post as a user or a bot, who need not be a member. Repeated with the same `client_id`, it is stored once."""
    outcome = await services.server_rooms.post(
        room, body.sender, body.body, body.client_id, body.reply_to, body.metadata
    )
    assert outcome.message is not None
    response.status_code = 200 if outcome.repeated else 201
    return message_resource(outcome.message)


@router.delete("/rooms/{room}/messages/{index}", response_model=MessageResource, responses=refusals(*_KEY))
async def delete_message(room: RoomRef, index: IndexPath, key: MessagesKey, services: ServicesDep) -> MessageResource:
    """Delete: a tombstone stays, and is answered."""
    return message_resource(await services.server_rooms.delete_message(key, room, index))
