"""Invitations: to a room, by its moderators; to the server, by its staff."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import TypeAdapter

from tertulia.domain.models import Invite
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, RoomPath, ServicesDep, StaffDep
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position
from tertulia.protocol.invites import InviteResource, InvitesResource, LeadsResource, invite_resource, leads_resource
from tertulia.protocol.requests import MakeInvite
from tertulia.protocol.resources import MyRoomResource, my_room_resource

router = APIRouter(tags=["invitations"])

InvitePath = Annotated[str, Path(max_length=64, description="An invitation's id (UUID).")]
CodePath = Annotated[str, Path(min_length=1, max_length=64, description="An invitation's code.")]

_AFTER = TypeAdapter(tuple[Position])
_IN_ROOM = ("unauthorized", "forbidden", "not_member", "not_found", "direct_room", "rate_limited")
_STAFF = ("unauthorized", "forbidden", "rate_limited")


def _after(cursor: str | None) -> int:
    return 0 if cursor is None else decode_cursor(cursor, _AFTER)[0]


def _page(found: list[Invite], more: bool) -> InvitesResource:
    following = encode_cursor(found[-1].number) if more else None
    return {"items": [invite_resource(invite) for invite in found], "next": following}


@router.post(
    "/rooms/{room}/invites",
    status_code=201,
    response_model=InviteResource,
    responses=refusals("invalid", "archived", "too_many", "busy", *_IN_ROOM),
)
async def make_invite(room: RoomPath, body: MakeInvite, caller: CallerDep, services: ServicesDep) -> InviteResource:
    """Invite to a room whoever gets the code: for moderators and up. A room has at most 100 good ones."""
    return invite_resource(await services.invites.make(caller, room, body.expires_in, body.max_uses))


@router.get("/rooms/{room}/invites", response_model=InvitesResource, responses=refusals("invalid", *_IN_ROOM))
async def room_invites(
    room: RoomPath, caller: CallerDep, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> InvitesResource:
    """Good invitations to a room, oldest first: for moderators and up."""
    return _page(*await services.invites.of_room(caller, room, _after(cursor), limit))


@router.delete("/rooms/{room}/invites/{invite}", status_code=204, responses=refusals("busy", *_IN_ROOM))
async def revoke_invite(room: RoomPath, invite: InvitePath, caller: CallerDep, services: ServicesDep) -> None:
    """Nobody comes in by it any more: for moderators and up."""
    await services.invites.revoke(caller, room, invite)


@router.post(
    "/staff/invites",
    status_code=201,
    response_model=InviteResource,
    responses=refusals("invalid", "too_many", "busy", *_STAFF),
)
async def make_server_invite(body: MakeInvite, caller: StaffDep, services: ServicesDep) -> InviteResource:
    """Invite somebody to sign up here: for staff. There are at most 1,000 good ones."""
    return invite_resource(await services.invites.server.make(caller.user, body.expires_in, body.max_uses))


@router.get("/staff/invites", response_model=InvitesResource, responses=refusals("invalid", *_STAFF))
async def server_invites(
    _caller: StaffDep, services: ServicesDep, limit: LimitQuery = 50, cursor: CursorQuery = None
) -> InvitesResource:
    """Good invitations to the server, oldest first: for staff."""
    return _page(*await services.invites.server.page(_after(cursor), limit))


@router.delete("/staff/invites/{invite}", status_code=204, responses=refusals("not_found", "busy", *_STAFF))
async def revoke_server_invite(invite: InvitePath, caller: StaffDep, services: ServicesDep) -> None:
    """Nobody signs up by it any more: for staff."""
    await services.invites.server.revoke(caller.user, invite)


@router.get(
    "/invites/{code}",
    response_model=LeadsResource,
    responses=refusals("unauthorized", "invite_invalid", "rate_limited"),
)
async def look_at_invite(code: CodePath, caller: CallerDep, services: ServicesDep) -> LeadsResource:
    """Where an invitation leads. All that is not good is refused alike."""
    leads = await services.invites.look(caller, code)
    return leads_resource(leads.invite, leads.room, joined=leads.joined)


@router.post(
    "/invites/{code}/join",
    response_model=MyRoomResource,
    responses=refusals("unauthorized", "invite_invalid", "archived", "rate_limited", "busy"),
)
async def join_by_invite(code: CodePath, caller: CallerDep, services: ServicesDep) -> MyRoomResource:
    """Become a member of the room to which it leads; again is no error, and counts no use."""
    room = await services.invites.join(caller, code)
    return my_room_resource(await services.rooms.view(caller, room.id))
