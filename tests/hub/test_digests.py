"""What the database said of a room serves others who come back from the same place, and never beyond its time."""

from support.fanout import ROOM, ROOM_ID, Listener, batch, join, new_hub, posted, posts
from tertulia.hub import digests
from tertulia.hub.hub import Hub


def followed(head: int) -> Hub:
    """Somebody is live from `head` on, and no event was delivered yet."""
    hub = new_hub()
    join(hub, Listener(1), head)
    return hub


def told(hub: Hub, seq: int) -> list[int] | None:
    """The seqs of what is known without the database to have come after `seq`."""
    found = hub.recent(ROOM, seq)
    return None if found is None else [event.seq for segment in found[1] for event in segment.events]


def read(hub: Hub, after: int, to: int) -> None:
    hub.remember(ROOM, after, to, posts(after + 1, to).events, hub.cleared(ROOM))


def test_rule_26_who_comes_back_from_the_same_place_needs_no_database() -> None:
    hub = followed(5)
    assert told(hub, 2) is None
    read(hub, 2, 5)
    assert told(hub, 2) == [3, 4, 5]
    assert told(hub, 3) is None


def test_the_first_who_enters_a_room_brings_what_was_read_of_it() -> None:
    hub = new_hub()
    hub.learn(ROOM, 5, 3, posted(5))
    assert hub.standing(ROOM) is None  # nobody has entered it
    hub.enter(ROOM, ROOM_ID, Listener(1))
    hub.learn(ROOM, 5, 3, posted(5))
    assert hub.standing(ROOM) == (5, 3)
    assert (told(hub, 5), told(hub, 4), told(hub, 3)) == ([], [5], None)
    hub.deliver(posts(6, 6))
    assert told(hub, 4) == [5, 6]


def test_what_was_read_is_not_learnt_of_a_room_that_went_on() -> None:
    hub = new_hub()
    hub.enter(ROOM, ROOM_ID, Listener(1))
    hub.deliver(posts(6, 6))
    hub.learn(ROOM, 5, 3, posted(5))
    assert hub.head(ROOM) == 6
    assert told(hub, 4) is None


def test_rule_40_nor_is_a_text_that_was_learnt_told_after_its_deletion() -> None:
    hub = new_hub()
    hub.enter(ROOM, ROOM_ID, Listener(1))
    hub.learn(ROOM, 5, 3, posted(5))
    hub.deliver(batch(posted(6, deleted=True)))
    assert told(hub, 4) is None


def test_what_was_delivered_since_follows_it() -> None:
    hub = followed(5)
    read(hub, 2, 5)
    hub.deliver(posts(6, 7))
    assert told(hub, 2) == [3, 4, 5, 6, 7]


def test_what_was_read_before_it_was_delivered_waits_for_its_delivery() -> None:
    hub = followed(5)
    read(hub, 2, 6)
    assert told(hub, 2) is None
    hub.deliver(posts(6, 6))
    assert told(hub, 2) == [3, 4, 5, 6]


def test_rule_40_a_deleted_text_is_not_told_again() -> None:
    hub = followed(5)
    read(hub, 2, 5)
    hub.deliver(batch(posted(6, deleted=True)))
    assert told(hub, 2) is None


def test_rule_40_nor_is_one_that_was_deleted_while_it_was_read() -> None:
    hub = followed(5)
    cleared = hub.cleared(ROOM)
    hub.deliver(batch(posted(6, deleted=True)))
    hub.remember(ROOM, 2, 5, posts(3, 5).events, cleared)
    assert told(hub, 2) is None


def test_a_room_that_was_left_by_all_meanwhile_begins_anew() -> None:
    hub, ana = new_hub(), Listener(1)
    join(hub, ana, 5)
    read(hub, 2, 5)
    hub.leave(ROOM, ana)
    join(hub, Listener(2), 5)
    assert told(hub, 2) is None


def test_few_are_kept_and_no_large_ones() -> None:
    hub = followed(digests.MOST + 2)
    for after in range(1, digests.MOST + 2):
        hub.remember(ROOM, after, after + 1, posts(after + 1, after + 1).events, hub.cleared(ROOM))
    hub.deliver(posts(digests.MOST + 3, digests.MOST + 3))
    assert hub.recent(ROOM, 1) is None
    large = batch(posted(2, "x" * digests.MOST_BYTES))
    hub.remember(ROOM, 1, digests.MOST + 2, large.events, hub.cleared(ROOM))
    assert hub.recent(ROOM, 1) is None
