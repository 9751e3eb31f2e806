"""Resources: what they say, and what they leave out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fanout import posted
from tertulia.domain.models import (
    Member,
    Message,
    MessageKind,
    Role,
    Room,
    RoomKind,
    RoomView,
    Session,
    Snapshot,
    User,
)
from tertulia.protocol.resources import (
    account_resource,
    member_resource,
    message_resource,
    my_room_resource,
    room_resource,
    session_resource,
    snapshot_resource,
    unread,
    user_resource,
)

[MESSAGE] = [message for message in (posted(1).message,) if message is not None]
ANA = User(1, "u1", "ana", "ana@example.org", "Ana", "Gil", created_at=1)
ROOM = Room(1, "r1", RoomKind.PRIVATE, None, "Plans", "", 1, 9, 7, 1, 1, 3, 0, 0, member_count=2)
MEMBER = Member(1, 1, Role.OWNER, 5, 6, 0, None, 2)


def test_a_person_as_everybody_sees_them_has_no_address() -> None:
    assert user_resource(ANA) == {"id": "u1", "number": 1, "username": "ana", "name": "Ana Gil"}
    assert user_resource(User(2, "u2", "bot", is_bot=True)) == {
        "id": "u2", "number": 2, "username": "bot", "is_bot": True,
    }  # fmt: skip
    assert account_resource(ANA)["email"] == "ana@example.org"


def test_a_message_leaves_out_what_it_has_not() -> None:
    assert set(message_resource(MESSAGE)) == {
        "id", "kind", "index", "seq", "changed_seq", "sender", "body", "created_at",
    }  # fmt: skip
    full = replace(MESSAGE, reply_to=1, client_id="k", mentions=("u1",), edited_at=2)
    assert {"reply_to", "client_id", "mentions", "edited_at"} < set(message_resource(full))


def test_a_notice_has_a_place_and_no_index() -> None:
    notice = Message(1, 4, 4, None, 3, "m4", None, MessageKind.NOTICE, None, 0, notice={"type": "joined", "users": []})
    resource = message_resource(notice)
    assert (resource["index"], resource["after"], resource["sender"]) == (None, 3, None)
    assert "client_id" not in resource


def test_a_member_shows_positions_only_when_asked_to() -> None:
    assert "read_index" not in member_resource(MEMBER, ANA, positions=False)
    shown = member_resource(replace(MEMBER, left_at=5), ANA, positions=True)
    assert (shown["read_index"], shown["delivered_index"], "left_at" in shown) == (5, 6, True)


def test_a_room_says_how_new_its_settings_are() -> None:
    assert (room_resource(ROOM)["changed_seq"], room_resource(ROOM)["head_seq"]) == (3, 9)


def test_my_room_says_how_i_stand_in_it_if_i_do() -> None:
    mine = my_room_resource(RoomView(ROOM, MEMBER, 2, MESSAGE, ANA))
    assert (mine["me"]["unread"], mine["me"]["mentions"], mine["me"]["role"]) == (2, 2, "owner")
    assert (mine["last_message"]["index"], mine["partner"]["id"]) == (1, "u1")
    assert not {"me", "partner", "last_message"} & set(my_room_resource(RoomView(ROOM)))


@given(st.integers(0, 100), st.integers(1, 50), st.integers(0, 100), st.integers(0, 100))
def test_promise_6_unread_counts_what_is_there_and_not_read(count: int, first: int, read: int, mark: int) -> None:
    """`mark` 0: nothing is marked as unread."""
    first, read = min(first, count + 1), min(read, count)
    room = replace(ROOM, message_count=count, first_index=first)
    member = replace(MEMBER, read_index=read, unread_from=mark or None)
    counted = [index for index in range(first, count + 1) if index > read or (mark and index >= mark)]
    assert unread(room, member) == len(counted)


def test_a_snapshot_names_members_only_in_small_rooms() -> None:
    view = RoomView(ROOM, MEMBER)
    small = snapshot_resource(Snapshot(view, (MESSAGE,), ((MEMBER, ANA),)))
    assert small["members"][0]["read_index"] == 5
    assert "members" not in snapshot_resource(Snapshot(view, (MESSAGE,), None))


@pytest.mark.parametrize(("current", "is_current"), [("s1", True), ("s2", False)])
def test_a_session_never_shows_its_tokens(current: str, is_current: bool) -> None:
    session = Session(1, "s1", 1, "phone", "192.0.2.1", 0, 0, 9, generation=4)
    resource = session_resource(session, current)
    assert resource["current"] is is_current
    assert set(resource) == {"id", "device", "address", "created_at", "last_used_at", "current"}
