"""Resources: what REST answers and what events carry. The one source of their schemas.

They are plain dictionaries (`TypedDict`), so that building one costs next to nothing. A key that is absent means
"none". Times are ISO 8601 in UTC. `changed_seq` says how new a resource is: of two, the greater wins.
"""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from tertulia.domain.metadata import load_metadata
from tertulia.domain.models import Member, Message, Room, RoomView, Session, Snapshot, User
from tertulia.domain.times import iso

RoleName = Literal["owner", "admin", "moderator", "member"]


class UserResource(TypedDict):
    """A person, as everybody may see them. `avatar`: a URL. `deleted`: the account is gone; show it as that."""

    id: str
    number: int
    username: str
    name: NotRequired[str]
    avatar: NotRequired[str]
    external_id: NotRequired[str]
    is_bot: NotRequired[bool]
    deleted: NotRequired[bool]


class ProfileResource(UserResource):
    """One person, asked for by id."""

    metadata: NotRequired[dict[str, Any]]


class AccountResource(ProfileResource):
    """A person, as they see themselves."""

    email: str | None
    email_confirmed: bool
    first_name: str
    last_name: str
    is_staff: bool
    created_at: str


class ServerUserResource(AccountResource):
    """A person, as the product's backend sees them."""

    is_active: bool


class TokensResource(TypedDict):
    """A pair of tokens; `expires_in` is the access token's life in seconds."""

    access: str
    refresh: str
    expires_in: int


class SignedInResource(TypedDict):
    user: AccountResource
    tokens: TokensResource


class SessionResource(TypedDict):
    """One signed-in device. `current`: the one that asks."""

    id: str
    device: str
    address: str
    created_at: str
    last_used_at: str
    current: bool


class ReactionResource(TypedDict):
    """How many reacted with one emoji, and the ids of the first 50 of them."""

    emoji: str
    count: int
    users: list[str]


class UsersResource(TypedDict):
    """A page of people; `next` is the cursor of the following one."""

    items: list[UserResource]
    next: str | None


class SessionsResource(TypedDict):
    items: list[SessionResource]
    next: str | None


class NoticeResource(TypedDict):
    """What happened. `joined`, `left`, `added`, `removed`, `banned` name people, `role` says which they have now,
    `renamed` a room's new title. `by` is absent when the product's backend did it.
    """

    type: Literal["joined", "left", "added", "removed", "banned", "role", "renamed", "archived", "unarchived"]
    users: NotRequired[list[UserResource]]
    by: NotRequired[UserResource]
    title: NotRequired[str]
    role: NotRequired[RoleName]


class MessageResource(TypedDict):
    """A message, or a notice (`kind`): notices have no `index`, they stand `after` one, and are never unread.

    A deleted message stays as a tombstone: `deleted_at` is there and `body` is null. `mentions` are user ids;
    `mentions_room`: it says @room.
    """

    id: str
    kind: Literal["message", "notice"]
    index: int | None
    seq: int
    changed_seq: int
    sender: UserResource | None
    body: str | None
    created_at: str
    after: NotRequired[int]
    notice: NotRequired[NoticeResource]
    reply_to: NotRequired[int]
    client_id: NotRequired[str]
    mentions: NotRequired[list[str]]
    mentions_room: NotRequired[bool]
    reactions: NotRequired[list[ReactionResource]]
    metadata: NotRequired[dict[str, Any]]
    pinned_at: NotRequired[str]
    edited_at: NotRequired[str]
    deleted_at: NotRequired[str]


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


class MembersResource(TypedDict):
    items: list[MemberResource]
    next: str | None


class PinsResource(TypedDict):
    """Pinned messages, pinned last first."""

    items: list[MessageResource]
    next: str | None


class MessagesResource(TypedDict):
    """A page of a room's timeline, oldest first; `more`: there is more in the direction asked for."""

    items: list[MessageResource]
    more: bool


class ReceiptResource(TypedDict):
    """How far a member has read, and received."""

    user: str
    read_index: int
    delivered_index: int


class PresenceResource(TypedDict):
    user: str
    status: Literal["online", "away", "offline"]


class SnapshotResource(TypedDict):
    """A room afresh: itself and me in it, its newest page, and, in small rooms, members, receipts, who is there."""

    room: MyRoomResource
    messages: list[MessageResource]
    members: NotRequired[list[MemberResource]]


def user_resource(user: User) -> UserResource:
    resource: UserResource = {"id": user.id, "number": user.number, "username": user.username}
    if user.first_name or user.last_name:
        resource["name"] = user.name
    if user.avatar is not None:
        resource["avatar"] = user.avatar
    if user.external_id is not None:
        resource["external_id"] = user.external_id
    if user.is_bot:
        resource["is_bot"] = True
    if user.deleted_at is not None:
        resource["deleted"] = True
    return resource


def profile_resource(user: User) -> ProfileResource:
    resource: ProfileResource = {**user_resource(user)}  # type: ignore[typeddict-item]
    if user.metadata is not None:
        resource["metadata"] = load_metadata(user.metadata)
    return resource


def account_resource(user: User) -> AccountResource:
    return {
        **profile_resource(user),
        "email": user.email,
        "email_confirmed": user.email_confirmed_at is not None,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_staff": user.is_staff,
        "created_at": iso(user.created_at),
    }


def server_user_resource(user: User) -> ServerUserResource:
    return {**account_resource(user), "is_active": user.is_active}


def session_resource(session: Session, current: str) -> SessionResource:
    return {
        "id": session.id,
        "device": session.device,
        "address": session.address,
        "created_at": iso(session.created_at),
        "last_used_at": iso(session.last_used_at),
        "current": session.id == current,
    }


def message_resource(message: Message) -> MessageResource:
    resource: MessageResource = {
        "id": message.id,
        "kind": message.kind.value,
        "index": message.index,
        "seq": message.seq,
        "changed_seq": message.changed_seq,
        "sender": user_resource(message.sender) if message.sender else None,
        "body": message.body,
        "created_at": iso(message.created_at),
    }
    if message.index is None:
        resource["after"] = message.after
        resource["notice"] = message.notice  # type: ignore[typeddict-item]
        return resource
    if message.client_id is not None:
        resource["client_id"] = message.client_id
    if message.reply_to is not None:
        resource["reply_to"] = message.reply_to
    if message.mentions:
        resource["mentions"] = list(message.mentions)
    if message.reactions:
        resource["reactions"] = list(message.reactions)  # type: ignore[arg-type]
    _add_the_rest(message, resource)
    return resource


def _add_the_rest(message: Message, resource: MessageResource) -> None:
    if message.mentions_room:
        resource["mentions_room"] = True
    if message.metadata is not None:
        resource["metadata"] = load_metadata(message.metadata)
    if message.pinned_at is not None:
        resource["pinned_at"] = iso(message.pinned_at)
    if message.edited_at is not None:
        resource["edited_at"] = iso(message.edited_at)
    if message.deleted_at is not None:
        resource["deleted_at"] = iso(message.deleted_at)


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


def my_room_resource(view: RoomView) -> MyRoomResource:
    resource: MyRoomResource = {**room_resource(view.room)}  # type: ignore[typeddict-item]
    if view.member is not None:
        resource["me"] = membership_resource(view.room, view.member, view.mentions)
    if view.partner is not None:
        resource["partner"] = user_resource(view.partner)
    if view.last_message is not None:
        resource["last_message"] = message_resource(view.last_message)
    return resource


def receipt_resource(user_id: str, read_index: int, delivered_index: int) -> ReceiptResource:
    return {"user": user_id, "read_index": read_index, "delivered_index": delivered_index}


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
