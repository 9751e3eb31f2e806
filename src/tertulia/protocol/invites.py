"""Invitations, as clients see them."""

from typing import NotRequired

from typing_extensions import TypedDict

from tertulia.domain.models import Invite, Room
from tertulia.domain.times import iso


class InviteResource(TypedDict):
    """For those who may make one. Whoever knows the `code` may come in. `max_uses` absent: any number."""

    id: str
    code: str
    created_at: str
    expires_at: str
    uses: int
    max_uses: NotRequired[int]


class InvitesResource(TypedDict):
    items: list[InviteResource]
    next: str | None


class InvitedRoomResource(TypedDict):
    """What is told of a room to who is invited to it."""

    id: str
    kind: str
    title: str
    description: str
    member_count: int


class LeadsResource(TypedDict):
    """Where an invitation leads; `room` absent: to the server, for signing up. `joined`: I am in the room."""

    expires_at: str
    room: NotRequired[InvitedRoomResource]
    joined: NotRequired[bool]


def invite_resource(invite: Invite) -> InviteResource:
    resource: InviteResource = {
        "id": invite.id,
        "code": invite.code,
        "created_at": iso(invite.created_at),
        "expires_at": iso(invite.expires_at or 0),
        "uses": invite.uses,
    }
    if invite.max_uses is not None:
        resource["max_uses"] = invite.max_uses
    return resource


def leads_resource(invite: Invite, room: Room | None, *, joined: bool) -> LeadsResource:
    resource: LeadsResource = {"expires_at": iso(invite.expires_at or 0)}
    if room is not None:
        resource["room"] = {
            "id": room.id,
            "kind": room.kind.value,
            "title": room.title,
            "description": room.description,
            "member_count": room.member_count,
        }
        resource["joined"] = joined
    return resource
