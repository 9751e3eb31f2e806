"""Members of rooms: their rows, their own affairs, how far they have read."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from tertulia.domain.models import Member, Room, User
from tertulia.domain.times import iso
from tertulia.protocol.resources.users import UserResource, user_resource

RoleName = Literal["owner", "admin", "moderator", "member"]


class MemberResource(TypedDict):
    """A user in a room. `left_at`: was one. Positions are given only in small rooms."""

    user: UserResource
    role: RoleName
    joined_at: str
    changed_seq: int
    left_at: NotRequired[str]
    muted_until: NotRequired[str]
    read_index: NotRequired[int]
    delivered_index: NotRequired[int]


class MembershipResource(TypedDict):
    """How I stand in a room. `mentions` has a ceiling: 100 means "100 or more".

    My own affair: `notify`; `hidden`, until a new message comes; `unread_from`, the message I marked as unread.
    """

    role: RoleName
    read_index: int
    delivered_index: int
    unread: int
    mentions: int
    joined_at: str
    notify: Literal["all", "mentions", "none"]
    hidden: bool
    muted_until: NotRequired[str]
    unread_from: NotRequired[int]


class MembersResource(TypedDict):
    items: list[MemberResource]
    next: str | None


class ReceiptResource(TypedDict):
    """How far a member has read, and received."""

    user: str
    read_index: int
    delivered_index: int


class PresenceResource(TypedDict):
    user: str
    status: Literal["online", "away", "offline"]


def member_resource(member: Member, user: User, *, positions: bool) -> MemberResource:
    resource: MemberResource = {
        "user": user_resource(user),
        "role": member.role.value,
        "joined_at": iso(member.joined_at),
        "changed_seq": member.changed_seq,
    }
    if member.left_at is not None:
        resource["left_at"] = iso(member.left_at)
    if member.muted_until is not None:
        resource["muted_until"] = iso(member.muted_until)
    if positions:
        resource["read_index"] = member.read_index
        resource["delivered_index"] = member.delivered_index
    return resource


def unread(room: Room, member: Member) -> int:
    """Promise 6: a subtraction."""
    return room.message_count - max(member.seen_index, room.first_index - 1)


def membership_resource(room: Room, member: Member, mentions: int) -> MembershipResource:
    resource: MembershipResource = {
        "role": member.role.value,
        "read_index": member.read_index,
        "delivered_index": member.delivered_index,
        "unread": unread(room, member),
        "mentions": mentions,
        "joined_at": iso(member.joined_at),
        "notify": member.notify.value,
        "hidden": member.hidden_index is not None and room.message_count <= member.hidden_index,
    }
    if member.muted_until is not None:
        resource["muted_until"] = iso(member.muted_until)
    if member.unread_from is not None:
        resource["unread_from"] = member.unread_from
    return resource


def receipt_resource(user_id: str, read_index: int, delivered_index: int) -> ReceiptResource:
    return {"user": user_id, "read_index": read_index, "delivered_index": delivered_index}
