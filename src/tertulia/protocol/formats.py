"""Wire formats: how an event looks on a kind of socket. API v1 is one; each dialect is another (`dialects/`)."""

from collections.abc import Sequence
from typing import Any, Protocol

from tertulia.domain.events import Blocked, Changed, Membership, News, Presence, Receipts, Single, Typing
from tertulia.domain.models import RoomView
from tertulia.protocol.codec import encode
from tertulia.protocol.events import change_event
from tertulia.protocol.resources import membership_resource, receipt_resource, user_resource


class WireFormat(Protocol):
    """Each method gives one frame's text, or None where the format says nothing of it.

    Nothing may depend on who receives it: a frame is encoded once and shared.
    """

    name: str

    def change(self, change: Changed) -> bytes | None: ...

    def mended(self, room_id: str, after: int, to: int, items: Sequence[Changed]) -> tuple[bytes, ...]:
        """What happened from `after` to `to`, as it is now: several frames at most."""

    def news(self, news: News) -> bytes | None: ...

    def hidden_from(self, news: News) -> int | None:
        """The user who is not told of it, if there is one."""


class V1:
    """API v1: docs/protocol.md."""

    name = "v1"

    def change(self, change: Changed) -> bytes:
        return encode(change_event(change))

    def mended(self, room_id: str, after: int, to: int, items: Sequence[Changed]) -> tuple[bytes, ...]:
        return (self.changes(room_id, after, to, items),)

    def changes(self, room_id: str, after: int, to: int, items: Sequence[Changed], *, more: bool = False) -> bytes:
        """`mended`, or one page of it."""
        events = [change_event(item) for item in items]
        return encode({"ev": "changes", "room": room_id, "from": after, "to": to, "items": events, "more": more})

    def gone(self, room_id: str) -> bytes:
        """The room is not there for who is told."""
        return encode({"ev": "gone", "room": room_id})

    def news(self, news: News) -> bytes | None:
        return None if isinstance(news, Single) else encode(_news(news))

    def hidden_from(self, news: News) -> None:
        """Nobody."""


def _news(news: Receipts | Typing | Presence | Membership | Blocked) -> dict[str, Any]:
    if isinstance(news, Receipts):
        receipts = [receipt_resource(*position) for position in news.positions]
        return {"ev": "receipt", "room": news.room_id, "receipts": receipts}
    if isinstance(news, Presence):
        return {"ev": "presence", "users": [{"user": user, "status": status} for user, status in news.users]}
    if isinstance(news, Membership):
        return _me(news.view)
    if isinstance(news, Blocked):
        return {"ev": "blocked", "users": list(news.users)}
    event: dict[str, Any] = {"ev": "typing", "room": news.room_id, "count": news.count}
    if news.users is not None:
        event["users"] = [user_resource(user) for user in news.users]
    return event


def _me(view: RoomView) -> dict[str, Any]:
    assert view.member is not None
    me = membership_resource(view.room, view.member, view.mentions)
    return {"ev": "me", "room": view.room.id, "message_count": view.room.message_count, "me": me}
