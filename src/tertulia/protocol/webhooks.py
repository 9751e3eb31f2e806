"""What webhooks are told: docs/webhooks.md. Payloads are made when a change is stored, and sent as they were then."""

import json
from collections.abc import Mapping
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from tertulia.domain.events import Changed
from tertulia.domain.models import Message, Room, RoomKind, User
from tertulia.domain.times import iso
from tertulia.domain.webhooks import Audience, Delivery, EventName, Told, Webhook
from tertulia.protocol.codec import encode
from tertulia.protocol.resources import (
    MemberResource,
    MessageResource,
    UserResource,
    member_resource,
    message_resource,
    user_resource,
)
from tertulia.protocol.staff import ReportResource


class WebhookResource(TypedDict):
    """`waiting` and `dead`: deliveries. `secret` is shown once, to who made it."""

    id: str
    url: str
    events: list[EventName]
    enabled: bool
    created_at: str
    waiting: NotRequired[int]
    dead: NotRequired[int]
    secret: NotRequired[str]


class WebhooksResource(TypedDict):
    items: list[WebhookResource]
    next: str | None


class DeadResource(TypedDict):
    """A delivery that was given up. What it says is not shown: it may be of a room that is not for the staff."""

    id: str
    event: str
    created_at: str
    dead_at: str
    attempts: int
    error: str


class DeadLettersResource(TypedDict):
    items: list[DeadResource]
    next: str | None


class ResentResource(TypedDict):
    """How many wait again."""

    resent: int


class TriedResource(TypedDict):
    """How a webhook answered; `status` is absent when it did not."""

    delivered: bool
    status: NotRequired[int]
    error: NotRequired[str]


class OfflineResource(TypedDict):
    id: str
    external_id: NotRequired[str]


class HookRoomResource(TypedDict):
    """A room, as far as a backend needs it to find its own."""

    id: str
    number: int
    kind: Literal["public", "private", "direct"]
    name: str | None
    title: str
    external_id: NotRequired[str]


class HookPayload(TypedDict):
    """The body of a request. `by`: who did it, absent for the server itself. `members`: their new state.

    `offline`: with `mention`, and with `message` in a direct room.
    """

    id: str
    event: str
    at: str
    room: NotRequired[HookRoomResource]
    by: NotRequired[UserResource]
    message: NotRequired[MessageResource]
    members: NotRequired[list[MemberResource]]
    member_count: NotRequired[int]
    report: NotRequired[ReportResource]
    offline: NotRequired[list[OfflineResource]]


def webhook_resource(webhook: Webhook, counts: tuple[int, int] | None = None) -> WebhookResource:
    """`counts`: how many deliveries wait, and how many are dead."""
    resource: WebhookResource = {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "enabled": webhook.disabled_at is None,
        "created_at": iso(webhook.created_at),
    }
    if counts is not None:
        resource["waiting"], resource["dead"] = counts
    return resource


def dead_resource(delivery: Delivery) -> DeadResource:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "created_at": iso(delivery.created_at),
        "dead_at": iso(delivery.dead_at or 0),
        "attempts": delivery.attempts,
        "error": delivery.error or "",
    }


def _room(room: Room) -> HookRoomResource:
    resource: HookRoomResource = {
        "id": room.id,
        "number": room.number,
        "kind": room.kind.value,
        "name": room.name,
        "title": room.title,
    }
    if room.external_id is not None:
        resource["external_id"] = room.external_id
    return resource


def told_of(changed: Changed, room: Room, by: User | None, at: int, *, edited: bool) -> list[Told]:
    """What a change says to webhooks; reactions, pins and settings say nothing.

    `edited`: the change is an edit, which a message cannot tell of itself.
    """
    head: dict[str, Any] = {"at": iso(at), "room": _room(room)}
    if by is not None:
        head["by"] = user_resource(by)
    if changed.ev == "member":
        return [_told("member", room, {**head, **_members(changed)})]
    message = changed.message
    if changed.ev != "message" or message is None or message.index is None:
        return []
    head["message"] = message_resource(message)
    if changed.seq == message.seq:
        return _posted(message, room, head)
    event = "delete" if message.deleted_at is not None else "edit" if edited else None
    return [] if event is None else [_told(event, room, head)]


def _members(changed: Changed) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "members": [member_resource(member, user, positions=False) for member, user in changed.members],
    }
    if changed.member_count is not None:
        fields["member_count"] = changed.member_count
    if changed.message is not None:
        fields["message"] = message_resource(changed.message)
    return fields


def _posted(message: Message, room: Room, head: Mapping[str, Any]) -> list[Told]:
    sender = message.sender.number if message.sender else None
    direct = Audience(sender, room=True, mention=False) if room.kind is RoomKind.DIRECT else None
    told = [_told("message", room, head, direct)]
    if message.mentions or message.mentions_room:
        told.append(_told("mention", room, head, Audience(sender, message.mentions, message.mentions_room)))
    return told


def _told(event: str, room: Room, fields: Mapping[str, Any], audience: Audience | None = None) -> Told:
    return Told(event, room.number, payload_of(event, fields), audience)


def payload_of(event: str, fields: Mapping[str, Any]) -> str:
    """What is stored: a body but for its `id` and `offline`."""
    return encode({"event": event, **fields}).decode()


def body_of(delivery: Delivery, offline: list[tuple[str, str | None]] | None) -> bytes:
    """What is sent. `offline`: (id, external id) of those who are, if the delivery concerns anybody."""
    body: dict[str, Any] = {"id": delivery.id, **json.loads(delivery.payload)}
    if offline is not None:
        body["offline"] = [_offline(*person) for person in offline]
    return encode(body)


def _offline(id_: str, external_id: str | None) -> OfflineResource:
    return {"id": id_} if external_id is None else {"id": id_, "external_id": external_id}
