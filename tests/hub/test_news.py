"""Who is told what happens, and is not stored."""

from support.fanout import ROOM, ROOM_ID, Listener, join, new_hub
from tertulia.domain.events import Presence, Typing


def test_news_go_to_those_who_follow_or_only_to_members() -> None:
    hub, member, looker = new_hub(), Listener(1), Listener(2, member=False)
    join(hub, member)
    join(hub, looker)
    hub.news.to_room(ROOM, "typing", Typing(ROOM_ID, (), 0))
    hub.news.to_room(ROOM, "presence", Presence((("user-1", "away"),)), members_only=True)
    assert [key for key, _ in member.latest] == [("typing", ROOM_ID), ("presence", ROOM_ID)]
    assert [key for key, _ in looker.latest] == [("typing", ROOM_ID)]
    hub.news.to_room(99, "typing", Typing("room-99", (), 0))


def test_news_of_many_rooms_come_to_each_member_in_one_go() -> None:
    hub, both, one, looker = new_hub(), Listener(1), Listener(2), Listener(3, member=False)
    for each in (both, one, looker):
        join(hub, each)
    hub.enter(8, "room-8", both)
    assert hub.activate(8, both, 0, 1) == []
    hub.news.to_members("presence", {room: Presence((("user-1", "away"),)) for room in (ROOM, 8, 99)})
    assert [key for key, _ in both.latest] == [("presence", ROOM_ID), ("presence", "room-8")]
    assert [key for key, _ in one.latest] == [("presence", ROOM_ID)]
    assert (both.in_one_go, one.in_one_go, looker.in_one_go) == ([2], [1], [])


async def test_news_go_to_those_who_are_ahead_too_but_not_to_those_who_still_read() -> None:
    """Whoever comes while a room is busy would miss who comes next."""
    hub, live, ahead, reading = new_hub(), Listener(1), Listener(2), Listener(3)
    join(hub, live)
    join(hub, ahead, 6)
    hub.enter(ROOM, ROOM_ID, reading)
    hub.news.to_room(ROOM, "typing", Typing(ROOM_ID, (), 0))
    assert [len(each.latest) for each in (live, ahead, reading)] == [1, 1, 0]


def test_news_for_users_reach_all_their_devices() -> None:
    hub, phone, laptop, other = new_hub(), Listener(1), Listener(1), Listener(2)
    for each in (phone, laptop, other):
        hub.attach(each)
    hub.news.to_users((1, 3), ("receipt", ROOM_ID), Typing(ROOM_ID, None, 4))
    assert phone.latest == laptop.latest == [(("receipt", ROOM_ID), {"ev": "typing", "room": ROOM_ID, "count": 4})]
    assert other.latest == []
