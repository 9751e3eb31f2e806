"""Rooms as ready-made JSON say what their resources say."""

import json
from dataclasses import replace

from support.fanout import posted, user
from tertulia.domain.models import Member, Notify, Role, Room, RoomKind, RoomView
from tertulia.protocol.listed import RoomTexts
from tertulia.protocol.resources import my_room_resource

LAST = posted(4, "\u00f1").message
ROOM = Room(
    1, "r1", RoomKind.PUBLIC, "plans", 'Plans "B"', "", 1, 9, 7, 1, 1, 3, 0, 0, member_count=2, metadata='{"a":1}'
)
DIRECT = Room(2, "r2", RoomKind.DIRECT, None, "", "", None, 2, 0, 1, 1, 1, 0, 0, member_count=2)
MINE = Member(1, 1, Role.OWNER, 5, 6, 0, None, 2)
THEIRS = Member(1, 2, Role.MEMBER, 0, 0, 5, None, 4, muted_until=9, notify=Notify.NONE, hidden_index=7, unread_from=2)


def test_each_member_sees_the_room_and_their_own_standing_in_it() -> None:
    texts = RoomTexts()
    views = [
        RoomView(ROOM, MINE, 3, LAST),
        RoomView(ROOM, THEIRS, 0, LAST),
        RoomView(DIRECT, replace(MINE, room=2), partner=user(2)),
        RoomView(DIRECT, replace(THEIRS, room=2), partner=user(1)),
        RoomView(replace(ROOM, number=3)),
    ]
    for view in views:
        assert json.loads(texts.of(view)) == my_room_resource(view)
