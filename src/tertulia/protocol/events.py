"""Events and replies: what the server says on the socket. Schemas come from here."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from tertulia.domain.events import Changed
from tertulia.protocol.resources import (
    MemberResource,
    MembershipResource,
    MessageResource,
    MyRoomResource,
    PresenceResource,
    ReceiptResource,
    RoomResource,
    SnapshotResource,
    UserResource,
    member_resource,
    message_resource,
    room_resource,
)


class MessageEvent(TypedDict):
    """A message was posted, or changed."""

    ev: Literal["message"]
    room: str
    seq: int
    message: MessageResource


class MemberEvent(TypedDict):
    """Members came, went or changed; `message` is the notice in the timeline, if there is one."""

    ev: Literal["member"]
    room: str
    seq: int
    members: list[MemberResource]
    member_count: NotRequired[int]
    message: NotRequired[MessageResource]


class RoomEvent(TypedDict):
    """The room's settings changed."""

    ev: Literal["room"]
    room: str
    seq: int
    settings: RoomResource
    message: NotRequired[MessageResource]


ChangeEvent = MessageEvent | MemberEvent | RoomEvent


class Heartbeat(TypedDict):
    """Seconds: the server pings every `interval`; hear nothing for `timeout` and the line is dead."""

    interval: int
    timeout: int


class ReadyEvent(TypedDict):
    """Who you are and your 200 most recently active rooms; `more`: there are others, by REST.

    `blocked`: the ids of all whom you block.
    """

    ev: Literal["ready"]
    user: UserResource
    epoch: str
    boot: str
    heartbeat: Heartbeat
    expires_in: int
    rooms: list[MyRoomResource]
    more: bool
    presence: list[PresenceResource]
    blocked: list[str]


_From = TypedDict("_From", {"from": int})  # a keyword, so it cannot be written below


class ChangesEvent(_From):
    """What changed in a room after `from`, up to `to`, as it is now; with `more` the next part follows at once."""

    ev: Literal["changes"]
    room: str
    items: list[ChangeEvent]
    to: int
    more: bool


class ReloadEvent(TypedDict):
    """The room afresh: forget what you had of it."""

    ev: Literal["reload"]
    room: str
    seq: int
    snapshot: SnapshotResource


class GoneEvent(TypedDict):
    """The room is not there for you (any more)."""

    ev: Literal["gone"]
    room: str


class ReceiptEvent(TypedDict):
    """How far members have read and received. Not a change: has no seq."""

    ev: Literal["receipt"]
    room: str
    receipts: list[ReceiptResource]


class TypingEvent(TypedDict):
    """Who types, all of them; in large rooms only how many."""

    ev: Literal["typing"]
    room: str
    users: NotRequired[list[UserResource]]
    count: int


class PresenceEvent(TypedDict):
    """Who came, went or is away, of the people one shares a small room with."""

    ev: Literal["presence"]
    users: list[PresenceResource]


class MeEvent(TypedDict):
    """How I stand in a room, while it had `message_count` messages. Not a change: has no seq."""

    ev: Literal["me"]
    room: str
    message_count: int
    me: MembershipResource


class BlockedEvent(TypedDict):
    """The ids of all whom I block."""

    ev: Literal["blocked"]
    users: list[str]


class ByeEvent(TypedDict):
    """The connection is about to be closed; come back in `reconnect_in` seconds, if there."""

    ev: Literal["bye"]
    code: int
    reason: str
    reconnect_in: NotRequired[float]


class ErrorBody(TypedDict):
    code: str
    message: str
    retry_after: NotRequired[float]
    fields: NotRequired[dict[str, str]]


class Reply(TypedDict):
    """The answer to one command; `error` and nothing else when it was refused."""

    re: int | None
    error: NotRequired[ErrorBody]


class PostReply(Reply):
    """To post, edit, delete, react and pin: the message as it is stored. `duplicate`: it was there already."""

    message: NotRequired[MessageResource]
    duplicate: NotRequired[bool]


class MemberReply(Reply):
    """To add, role, transfer and mute: the member as they are then."""

    member: NotRequired[MemberResource]


class RoomReply(Reply):
    """To join and change: the room as I see it then."""

    room: NotRequired[MyRoomResource]


class MeReply(Reply):
    """To me: how I stand in the room then."""

    me: NotRequired[MembershipResource]


class HistoryReply(Reply):
    """To history: in order, oldest first. `more` says whether there is more in the direction asked for."""

    messages: NotRequired[list[MessageResource]]
    more: NotRequired[bool]


class RefreshReply(Reply):
    """To refresh: seconds until the new token ends."""

    expires_in: NotRequired[int]


def change_event(change: Changed) -> dict[str, Any]:
    """The event of API v1 for a change."""
    event: dict[str, Any] = {"ev": change.ev, "room": change.room_id, "seq": change.seq}
    if change.message is not None:
        event["message"] = message_resource(change.message)
    if change.members:
        event["members"] = [member_resource(member, user, positions=False) for member, user in change.members]
    if change.member_count is not None:
        event["member_count"] = change.member_count
    if change.settings is not None:
        event["settings"] = room_resource(change.settings)
    return event
