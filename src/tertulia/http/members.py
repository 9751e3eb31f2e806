"""The members of a room: see, add, remove; their roles; who may not speak."""

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from tertulia.domain.models import Member, Role, User
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, RoomPath, ServicesDep, UserPath
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position
from tertulia.protocol.requests import AddMember, ChangeMember, MuteMember, Transfer
from tertulia.protocol.resources import MemberResource, MembersResource, member_resource

router = APIRouter(prefix="/rooms/{room}", tags=["members"])

_PAIR = TypeAdapter(tuple[Position, Position])
_REFUSED = ("unauthorized", "forbidden", "not_member", "not_found", "direct_room", "rate_limited", "busy")
_CHANGE = refusals("invalid", *_REFUSED)


@router.get(
    "/members",
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
    "/members",
    status_code=201,
    response_model=MemberResource,
    responses={
        200: {"model": MemberResource, "description": "They are a member already, and stay as they are."},
        **refusals("invalid", *_REFUSED, "banned", "blocked", "archived"),
    },
)
async def add_member(
    room: RoomPath, body: AddMember, caller: CallerDep, services: ServicesDep, response: Response
) -> MemberResource:
    """Bring somebody in: for moderators; with a role, for those who stand above it. Again is no error, but for another
    role: that is changed with PATCH.
    """
    role = None if body.role is None else Role(body.role)
    member, user, came = await services.members.add(caller, room, body.user, role)
    response.status_code = 201 if came else 200
    return _resource((member, user))


@router.patch("/members/{user}", response_model=MemberResource, responses=_CHANGE)
async def change_member(
    room: RoomPath, user: UserPath, body: ChangeMember, caller: CallerDep, services: ServicesDep
) -> MemberResource:
    """Give a role below one's own to somebody who stands below oneself: for admins."""
    return _resource(await services.members.set_role(caller, room, user, Role(body.role)))


@router.delete("/members/{user}", status_code=204, responses=refusals(*_REFUSED))
async def remove_member(room: RoomPath, user: UserPath, caller: CallerDep, services: ServicesDep) -> None:
    """Put somebody out who stands below oneself: for moderators. They may come back."""
    await services.members.remove(caller, room, user)


@router.post("/transfer", response_model=MemberResource, responses=_CHANGE)
async def transfer_room(room: RoomPath, body: Transfer, caller: CallerDep, services: ServicesDep) -> MemberResource:
    """Make another member the owner: for the owner, who stays as an admin."""
    return _resource(await services.members.transfer(caller, room, body.user))


@router.put("/members/{user}/mute", response_model=MemberResource, responses=_CHANGE)
async def mute_member(
    room: RoomPath, user: UserPath, body: MuteMember, caller: CallerDep, services: ServicesDep
) -> MemberResource:
    """Until then they read and say nothing: for moderators, of those who stand below them."""
    return _resource(await services.members.mute(caller, room, user, body.until, body.seconds))


@router.delete("/members/{user}/mute", response_model=MemberResource, responses=refusals(*_REFUSED))
async def unmute_member(room: RoomPath, user: UserPath, caller: CallerDep, services: ServicesDep) -> MemberResource:
    """They may speak again; again is no error."""
    return _resource(await services.members.unmute(caller, room, user))


def _resource(found: tuple[Member, User]) -> MemberResource:
    member, user = found
    return member_resource(member, user, positions=False)
