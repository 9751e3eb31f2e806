"""Rows, people and rooms as the server tells them, for tests of what is printed."""

from typing import Any, cast

from tertulia.client import RoomModel
from tertulia.protocol.resources import MessageResource, UserResource

ME: UserResource = {"id": "u1", "number": 1, "username": "ana"}
BEN: UserResource = {"id": "u2", "number": 2, "username": "ben"}
CLEO: UserResource = {"id": "u3", "number": 3, "username": "cleo"}


def message(index: int, body: str | None, sender: UserResource | None = BEN, **more: Any) -> MessageResource:
    """`seq` is twice the index, so that there is room for notices."""
    row = {
        "id": f"m{index}",
        "kind": "message",
        "index": index,
        "seq": 2 * index,
        "changed_seq": 2 * index,
        "sender": sender,
        "body": body,
        "created_at": "2026-01-01T12:00:00.000000Z",
    }
    return cast(MessageResource, row | more)


def notice(after: int, **what: Any) -> MessageResource:
    row = {
        "id": f"n{after}",
        "kind": "notice",
        "index": None,
        "seq": 2 * after + 1,
        "changed_seq": 2 * after + 1,
        "sender": None,
        "body": None,
        "created_at": "2026-01-01T12:00:00.000000Z",
        "after": after,
        "notice": what,
    }
    return cast(MessageResource, row)


def room(*people: UserResource, **state: Any) -> RoomModel:
    """A small room of mine, called general; `state` sets its attributes."""
    model = RoomModel("r1", ME["id"])
    model.settings = {"name": "general", "title": "The square", "kind": "public"}
    model.me = {"role": "member", "read_index": 0, "delivered_index": 0, "mentions": 0}
    model.member_count, model.members_complete = len(people), True
    for person in people:
        model.members[person["id"]] = {
            "user": person,
            "role": "member",
            "joined_at": "2026-01-01T12:00:00.000000Z",
            "changed_seq": 1,
        }
    for name, value in state.items():
        setattr(model, name, value)
    return model
