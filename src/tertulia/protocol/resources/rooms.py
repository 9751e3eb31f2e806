"""Rooms: as all see them, and as they stand for a member."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from tertulia.domain.metadata import load_metadata
from tertulia.domain.models import Room, RoomView, Snapshot
from tertulia.domain.times import iso
from tertulia.protocol.resources.members import MemberResource, MembershipResource, member_resource, membership_resource
from tertulia.protocol.resources.messages import MessageResource, message_resource
from tertulia.protocol.resources.users import UserResource, user_resource


class RoomResource(TypedDict):
    """A room, the same for everybody who may see it. `changed_seq` counts changes of its settings.

    `archived`: read-only. `slow_mode`: seconds between two posts of a member. `retention_days`: older messages go.
    """

    id: str
    number: int
    kind: Literal["public", "private", "direct"]
    name: str | None
    title: str
    description: str
    member_count: int
    message_count: int
    first_index: int
    head_seq: int
    changed_seq: int
    created_at: str
    archived: bool
    slow_mode: int
    retention_days: NotRequired[int]
    external_id: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]


class MyRoomResource(RoomResource):
    """A room in my list; `partner` is the other person of a direct room."""

    me: NotRequired[MembershipResource]
    partner: NotRequired[UserResource]
    last_message: NotRequired[MessageResource]


class DirectoryRoomResource(RoomResource):
    """A public room in the directory; `joined`: I am a member."""

    joined: bool


class MyRoomsResource(TypedDict):
    items: list[MyRoomResource]
    next: str | None


class DirectoryResource(TypedDict):
    items: list[DirectoryRoomResource]
    next: str | None


class SnapshotResource(TypedDict):
    """A room afresh: itself and me in it, its newest page, and, in small rooms, members, receipts, who is there."""

    room: MyRoomResource
    messages: list[MessageResource]
    members: NotRequired[list[MemberResource]]


def room_resource(room: Room) -> RoomResource:
    resource: RoomResource = {
        "id": room.id,
        "number": room.number,
        "kind": room.kind.value,
        "name": room.name,
        "title": room.title,
        "description": room.description,
        "member_count": room.member_count,
        "message_count": room.message_count,
        "first_index": room.first_index,
        "head_seq": room.head_seq,
        "changed_seq": room.settings_seq,
        "created_at": iso(room.created_at),
        "archived": room.archived,
        "slow_mode": room.slow_mode,
    }
    if room.retention_days is not None:
        resource["retention_days"] = room.retention_days
    if room.external_id is not None:
        resource["external_id"] = room.external_id
    if room.metadata is not None:
        resource["metadata"] = load_metadata(room.metadata)
    return resource


def my_room_resource(view: RoomView) -> MyRoomResource:
    resource: MyRoomResource = {**room_resource(view.room)}  # type: ignore[typeddict-item]
    if view.member is not None:
        resource["me"] = membership_resource(view.room, view.member, view.mentions)
    if view.partner is not None:
        resource["partner"] = user_resource(view.partner)
    if view.last_message is not None:
        resource["last_message"] = message_resource(view.last_message)
    return resource


def snapshot_resource(snapshot: Snapshot) -> SnapshotResource:
    resource: SnapshotResource = {
        "room": my_room_resource(snapshot.view),
        "messages": [message_resource(message) for message in snapshot.messages],
    }
    if snapshot.members is not None:
        mine = snapshot.view.member.user if snapshot.view.member is not None else None
        resource["members"] = [
            member_resource(member, user, positions=snapshot.positions or member.user == mine)
            for member, user in snapshot.members
        ]
    return resource
