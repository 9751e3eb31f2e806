"""The wire format of API v1: the same for everybody, and of the types of the documents."""

from dataclasses import replace

from support.fanout import ROOM_ID, came, posted, user, went
from support.wire import Frame, check_frame
from tertulia.domain.events import Blocked, Membership, News, Presence, Receipts, Typed, Typing
from tertulia.domain.models import Member, Notify, Role, Room, RoomKind, RoomView
from tertulia.protocol.formats import V1

WIRE = V1()
SETTINGS = Room(1, ROOM_ID, RoomKind.PUBLIC, "name", "title", "", None, 3, 1, 1, 1, 3, 0, 0)


def test_a_message_new_changed_or_deleted() -> None:
    new = check_frame(WIRE.change(posted(3, "hi")))
    assert (new["ev"], new["room"], new["seq"], new["message"]["body"]) == ("message", ROOM_ID, 3, "hi")
    deleted = check_frame(WIRE.change(posted(3, deleted=True)))
    assert (deleted["message"]["body"], "deleted_at" in deleted["message"]) == (None, True)


def test_members_who_came_and_went_without_their_positions() -> None:
    """Rule 39: nothing may depend on who gets it."""
    event = check_frame(WIRE.change(came(4, 2, 5)))
    assert (event["ev"], event["member_count"]) == ("member", 5)
    assert "read_index" not in event["members"][0]
    assert "left_at" not in event["members"][0]
    assert "left_at" in check_frame(WIRE.change(went(4, 2)))["members"][0]


def test_settings() -> None:
    change = replace(posted(3), ev="room", message=None, settings=SETTINGS)
    event = check_frame(WIRE.change(change))
    assert (event["ev"], event["settings"]["title"], "me" in event["settings"]) == ("room", "title", False)


def test_changes_are_events_as_they_come_live() -> None:
    items = [posted(3), came(4, 2)]
    frame = check_frame(WIRE.changes(ROOM_ID, 2, 6, items))
    assert (frame["from"], frame["to"], frame["more"]) == (2, 6, False)
    assert frame["items"] == [check_frame(WIRE.change(item)) for item in items]
    assert check_frame(WIRE.changes(ROOM_ID, 2, 2, [], more=True))["more"] is True


def test_gone() -> None:
    assert check_frame(WIRE.gone(ROOM_ID)) == {"ev": "gone", "room": ROOM_ID}


def said(news: News) -> Frame:
    text = WIRE.news(news)
    assert text is not None
    return check_frame(text)


def test_news() -> None:
    receipts = said(Receipts(ROOM_ID, (("user-1", 3, 4),)))
    assert receipts["receipts"] == [{"user": "user-1", "read_index": 3, "delivered_index": 4}]
    presence = said(Presence((("user-1", "away"),)))
    assert presence == {"ev": "presence", "users": [{"user": "user-1", "status": "away"}]}
    typing = said(Typing(ROOM_ID, (user(1),), 1))
    assert (typing["count"], typing["users"][0]["id"]) == (1, "user-1")
    assert "users" not in said(Typing(ROOM_ID, None, 7))


def test_what_only_one_s_own_devices_are_told() -> None:
    member = Member(1, 1, Role.MEMBER, 3, 3, 0, None, 2, notify=Notify.NONE, hidden_index=3, unread_from=2)
    event = said(Membership(RoomView(SETTINGS, member, 1)))
    assert (event["ev"], event["room"], event["message_count"]) == ("me", ROOM_ID, SETTINGS.message_count)
    assert event["me"]["notify"] == "none"
    assert (event["me"]["unread_from"], event["me"]["mentions"]) == (2, 1)
    assert said(Blocked(("user-1",))) == {"ev": "blocked", "users": ["user-1"]}


def test_who_types_is_told_for_all_together() -> None:
    """Each by themselves is for sockets of dialects."""
    assert WIRE.news(Typed(ROOM_ID, user(1), on=True)) is None
