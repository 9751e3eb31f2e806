"""Messages and notices, with their reactions."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from tertulia.domain.metadata import load_metadata
from tertulia.domain.models import Message
from tertulia.domain.times import iso
from tertulia.protocol.resources.members import RoleName
from tertulia.protocol.resources.users import UserResource, user_resource


class ReactionResource(TypedDict):
    """How many reacted with one emoji, and the ids of the first 50 of them."""

    emoji: str
    count: int
    users: list[str]


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


class PinsResource(TypedDict):
    """Pinned messages, pinned last first."""

    items: list[MessageResource]
    next: str | None


class MessagesResource(TypedDict):
    """A page of a room's timeline, oldest first; `more`: there is more in the direction asked for."""

    items: list[MessageResource]
    more: bool


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
