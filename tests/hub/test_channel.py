"""The state of one followed room."""

from support.fanout import ROOM, ROOM_ID, Listener, came, posted, posts
from tertulia.hub.channel import HELD_BATCHES, Channel


def new_channel() -> Channel:
    return Channel(ROOM, ROOM_ID, 1_000_000)


def test_who_joins_first_brings_the_head() -> None:
    channel = new_channel()
    assert channel.activate(Listener(1), 12) == []
    assert channel.head == 12


def test_who_is_ahead_becomes_live_when_the_head_comes_by() -> None:
    channel = new_channel()
    channel.head = 5
    early = Listener(1)
    assert channel.activate(early, 8) == []
    assert channel.catch_ahead(7) == []
    assert channel.catch_ahead(9) == [(early, 8)]
    assert channel.subscribers() == [early]
    assert not channel.ahead


def test_removing_says_whether_it_was_there_whatever_its_state() -> None:
    channel = new_channel()
    channel.head = 5
    joining, ahead, live = Listener(1), Listener(2), Listener(3)
    channel.joining.add(joining)
    channel.activate(ahead, 8)
    channel.activate(live, 5)
    for each in (joining, ahead, live):
        assert channel.remove(each)
        assert not channel.remove(each)
    assert channel.empty


def test_held_batches_are_bounded_and_come_back_in_order() -> None:
    channel = new_channel()
    channel.head = 0
    for first in range(2, 2 + 2 * HELD_BATCHES):
        channel.hold((posted(first),))
    assert len(channel.held) == HELD_BATCHES
    channel.hold(posts(1, 1).events)
    assert channel.take_held() is None
    channel.head = 3
    taken = channel.take_held()
    assert taken is not None
    assert taken[0].seq == 4


def test_it_lacks_what_is_wanted_or_held_back() -> None:
    channel = new_channel()
    channel.head = 3
    assert not channel.lacks
    channel.wanted = 4
    assert channel.lacks
    channel.head = 4
    assert not channel.lacks
    channel.hold((posted(6),))
    assert channel.lacks


def test_members_are_counted_by_the_last_who_says_it() -> None:
    channel = new_channel()
    channel.count_members([came(1, 1, 5), posted(2), came(3, 2, 6), posted(4)])
    assert channel.members == 6
