"""Who gets what, in which order (promise 2, rules 8, 9 and 40)."""

import asyncio

import pytest

from support.fanout import (
    ROOM,
    ROOM_ID,
    Listener,
    Repairs,
    activate,
    batch,
    came,
    join,
    new_hub,
    posted,
    posts,
    went,
)
from support.waiting import until
from tertulia.domain.events import RoomBatch
from tertulia.hub import repairs as repairs_module
from tertulia.hub.hub import Hub
from tertulia.tasks import Tasks


def numbers(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


# Delivery.


def test_promise_2_everybody_gets_every_change_in_order() -> None:
    hub, ana, ben = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    join(hub, ben)
    for part in (posts(1, 3), posts(4, 4), posts(5, 9)):
        hub.deliver(part)
    assert ana.seqs == ben.seqs == numbers(1, 9)


def test_rule_8_a_batch_that_comes_again_is_not_delivered_again() -> None:
    hub, ana = new_hub(), Listener(1)
    join(hub, ana)
    hub.deliver(posts(1, 5))
    hub.deliver(posts(1, 5))
    hub.deliver(posts(3, 4))
    assert ana.seqs == numbers(1, 5)


def test_rule_8_of_a_batch_that_overlaps_only_the_new_part_is_delivered() -> None:
    hub, ana = new_hub(), Listener(1)
    join(hub, ana)
    hub.deliver(posts(1, 5))
    hub.deliver(posts(3, 7))
    assert ana.seqs == numbers(1, 7)


def test_a_change_is_encoded_once_for_all_who_get_it() -> None:
    """Rule 24."""
    hub, ana, ben = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    join(hub, ben)
    given: list[object] = []
    ana.offer = ben.offer = given.append  # type: ignore[method-assign,assignment]
    hub.deliver(posts(1, 3))
    assert len(given) == 2
    assert given[0] is given[1]


def test_twenty_thousand_in_a_room_get_a_batch_in_one_turn() -> None:
    """Rule 25: a plain loop without an await, so nothing can come between; how long it takes, `make bench` says."""
    hub = new_hub()
    given: list[object] = []
    for number in range(20_000):
        listener = Listener(number)
        listener.offer = given.append  # type: ignore[method-assign,assignment]
        join(hub, listener)
    hub.deliver(posts(1, 2))
    hub.deliver(posts(3, 3))
    assert len(given) == 40_000
    assert len(set(map(id, given))) == 2


def test_rooms_that_nobody_follows_cost_nothing() -> None:
    hub = new_hub()
    hub.deliver(posts(1, 3))
    assert hub.rooms == []


def test_one_who_ends_while_it_is_given_something_hurts_no_other() -> None:
    """A line that breaks during the loop is only marked: `detach` comes later."""
    hub, ana, ben, cleo = new_hub(), Listener(1), Listener(2), Listener(3)
    for each in (ana, ben, cleo):
        join(hub, each)
    hub.deliver(posts(1, 1))
    hub.detach(ben, [ROOM])
    hub.deliver(posts(2, 2))
    assert (ana.seqs, ben.seqs, cleo.seqs) == ([1, 2], [1], [1, 2])


def test_the_last_one_takes_the_room_away() -> None:
    hub, ana = new_hub(), Listener(1)
    join(hub, ana)
    assert (hub.rooms, hub.users) == ([ROOM], [1])
    hub.detach(ana, [ROOM])
    hub.detach(ana, [ROOM])
    assert (hub.rooms, hub.users) == ([], [])
    assert hub.of_user(1) == ()


# Coming in (rule 8).


def test_rule_8_a_joiner_is_given_nothing_before_it_is_live_and_then_what_it_missed() -> None:
    hub, ana, late = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    hub.deliver(posts(1, 4))
    hub.attach(late)
    assert not hub.enter(ROOM, ROOM_ID, late)
    hub.deliver(posts(5, 7))
    assert late.frames == []
    activate(hub, late, 6)  # it read up to 6: in the middle of a batch
    hub.deliver(posts(8, 8))
    assert late.seqs == [7, 8]


def test_the_first_in_a_room_is_told_that_what_it_read_may_be_old() -> None:
    hub, ana = new_hub(), Listener(1)
    assert hub.enter(ROOM, ROOM_ID, ana)
    hub.deliver(posts(5, 6))  # between the reading of 4 and the going live
    activate(hub, ana, 4)
    assert ana.seqs == [5, 6]


def test_rule_8_a_ring_that_is_too_short_says_so_and_the_joiner_reads_again() -> None:
    hub, ana, late = new_hub(ring_bytes=2_000), Listener(1), Listener(2)
    join(hub, ana)
    hub.attach(late)
    hub.enter(ROOM, ROOM_ID, late)
    for seq in range(1, 51):
        hub.deliver(posts(seq, seq))
    assert hub.activate(ROOM, late, 3, 1) is None
    hub.deliver(posts(51, 51))
    assert late.frames == []
    hub.enter(ROOM, ROOM_ID, late)
    activate(hub, late, 49)
    assert late.seqs == [50, 51]


async def test_who_has_read_more_than_was_delivered_waits_for_the_others() -> None:
    """Its reading saw a commit whose delivery is still to come."""
    hub, ana, ahead = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    hub.deliver(posts(1, 3))
    join(hub, ahead, 6)
    hub.deliver(posts(4, 5))
    assert ahead.seqs == []
    hub.deliver(posts(6, 8))
    hub.deliver(posts(9, 9))
    assert ahead.seqs == [7, 8, 9]
    assert ana.seqs == numbers(1, 9)


def test_who_is_not_registered_cannot_go_live() -> None:
    hub, ana = new_hub(), Listener(1)
    assert hub.activate(ROOM, ana, 0, 1) is None
    join(hub, ana)
    assert hub.activate(ROOM, ana, 0, 1) is None


def test_entering_again_pauses_delivery_without_a_hole() -> None:
    hub, ana, ben = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    join(hub, ben)
    hub.deliver(posts(1, 2))
    hub.enter(ROOM, ROOM_ID, ana)
    hub.deliver(posts(3, 4))
    activate(hub, ana, 2)
    hub.deliver(posts(5, 5))
    assert ana.seqs == numbers(1, 5)


def test_short_resumes_need_no_database() -> None:
    """Rule 26."""
    hub, ana = new_hub(), Listener(1)
    assert hub.recent(ROOM, 0) is None
    join(hub, ana)
    hub.deliver(posts(1, 4))
    assert hub.recent(ROOM, 4) == (4, [])
    recent = hub.recent(ROOM, 2)
    assert recent is not None
    assert [event.seq for segment in recent[1] for event in segment.events] == [3, 4]
    assert hub.recent(ROOM, 5) is None  # a cursor from the future


def test_rule_40_a_deleted_text_is_not_told_to_who_comes_later() -> None:
    hub, ana, late = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    hub.deliver(batch(posted(1, "secret"), posted(2, deleted=True)))
    hub.attach(late)
    hub.enter(ROOM, ROOM_ID, late)
    assert hub.recent(ROOM, 0) is None
    assert hub.activate(ROOM, late, 0, 1) is None


# Rights take effect at their place in the order (promise 7, rule 8).


@pytest.mark.parametrize("cut", [(1, 2, 3), (1, 1, 1), (3,), (2, 1), (1, 2)])
def test_rule_8_who_is_removed_gets_the_removal_and_nothing_after_it(cut: tuple[int, ...]) -> None:
    """However post, removal and post fall into batches."""
    hub, owner, kicked = new_hub(), Listener(1), Listener(2)
    join(hub, owner)
    join(hub, kicked)
    events = [posted(1), went(2, 2), posted(3)]
    while events:
        size, cut = (cut[0], cut[1:]) if cut else (1, cut)
        hub.deliver(batch(*events[:size]))
        events = events[size:]
    assert owner.seqs == [1, 2, 3]
    assert kicked.seqs == [1, 2]
    assert kicked.told == [("dropped", True)]


def test_the_removal_of_one_drops_all_their_devices_and_nobody_else() -> None:
    hub, phone, laptop, other = new_hub(), Listener(2), Listener(2), Listener(3)
    for each in (phone, laptop, other):
        join(hub, each)
    hub.deliver(batch(went(1, 2), posted(2)))
    assert (phone.seqs, laptop.seqs, other.seqs) == ([1], [1], [1, 2])


def test_several_removed_at_once_and_the_room_left_empty() -> None:
    hub, ana, ben = new_hub(ring_bytes=10_000), Listener(1), Listener(2)
    left = hub._rings_left
    join(hub, ana)
    join(hub, ben)
    hub.deliver(posts(1, 3))
    both = came(4, 1)
    gone = (went(4, 1).members[0], went(4, 2).members[0])
    hub.deliver(batch(type(both)(ROOM, ROOM_ID, 4, "member", members=gone, member_count=0), posted(5)))
    assert ana.seqs == ben.seqs == [1, 2, 3, 4]
    assert hub.rooms == []
    assert hub._rings_left == left  # counted back once


def test_who_was_removed_while_joining_was_not_told_so() -> None:
    """It never gets the removal: the connection has to say `gone`."""
    hub, ana, late = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    hub.attach(late)
    hub.enter(ROOM, ROOM_ID, late)
    hub.deliver(batch(went(1, 2), posted(2)))
    assert late.told == [("dropped", False)]
    assert hub.activate(ROOM, late, 0, 1) is None
    assert late.frames == []


def test_promise_7_a_removal_between_reading_and_entering_cuts_what_the_ring_gives() -> None:
    """It read that it is a member, was removed, and only then entered."""
    hub, ana, late = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    hub.attach(late)
    hub.deliver(batch(posted(1), went(2, 2), posted(3)))
    hub.deliver(posts(4, 4))
    hub.enter(ROOM, ROOM_ID, late)
    activate(hub, late, 0)
    hub.deliver(posts(5, 5))
    assert late.seqs == [1, 2]
    assert late.told == [("dropped", True)]


async def test_who_read_what_came_after_their_removal_may_look_on() -> None:
    """They left a public room and subscribed to it: the hub is only behind."""
    hub, ana, looker = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    join(hub, looker, 3)
    hub.deliver(batch(posted(1), went(2, 2), posted(3)))
    hub.deliver(posts(4, 4))
    assert looker.told == []
    assert looker.seqs == [4]


def test_who_becomes_a_member_is_asked_to_follow_on_all_their_devices() -> None:
    hub, ana, phone, laptop = new_hub(), Listener(1), Listener(2), Listener(2)
    join(hub, ana)
    hub.attach(phone)
    hub.attach(laptop)
    hub.deliver(batch(came(1, 2)))
    assert phone.told == laptop.told == [("follow", ROOM)]
    assert ana.told == []


def test_a_room_that_nobody_follows_yet_is_announced_too() -> None:
    hub, ana = new_hub(), Listener(1)
    hub.attach(ana)
    hub.deliver(batch(came(1, 1)))
    assert ana.told == [("follow", ROOM)]


def test_promise_7_who_is_banned_may_not_look_on_any_more() -> None:
    """On no device, live or still catching up; without a word in the room, where it is not told."""
    hub, ana, ben, joining = new_hub(), Listener(1), Listener(2, member=False), Listener(2, member=False)
    join(hub, ana)
    join(hub, ben)
    hub.attach(joining)
    hub.enter(ROOM, ROOM_ID, joining)
    hub.deliver(RoomBatch(ROOM, ROOM_ID, (), banned=(2,)))
    hub.deliver(posts(1, 2))
    assert (ana.seqs, ben.seqs, joining.seqs) == ([1, 2], [], [])
    assert ben.told == joining.told == [("dropped", False)]
    assert hub.activate(ROOM, joining, 0, 1) is None


def test_a_member_who_is_banned_gets_the_removal_and_then_nothing() -> None:
    hub, ana, ben = new_hub(), Listener(1), Listener(2)
    join(hub, ana)
    join(hub, ben)
    hub.deliver(RoomBatch(ROOM, ROOM_ID, (posted(1), went(2, 2), posted(3)), banned=(2,)))
    assert (ana.seqs, ben.seqs, ben.told) == ([1, 2, 3], [1, 2], [("dropped", True)])


async def test_a_deleted_room_lets_go_of_everybody_whatever_their_state() -> None:
    hub, live, ahead, joining = new_hub(), Listener(1), Listener(2), Listener(3)
    join(hub, live)
    join(hub, ahead, 5)
    hub.attach(joining)
    hub.enter(ROOM, ROOM_ID, joining)
    hub.deliver(RoomBatch(ROOM, ROOM_ID, (posted(1),), gone=True))
    assert live.seqs == [1]
    for each in (live, ahead, joining):
        assert each.told == [("dropped", False)]
    assert hub.rooms == []
    hub.deliver(RoomBatch(ROOM, ROOM_ID, (), gone=True))


# Memory.


def test_the_rings_of_all_rooms_together_are_bounded() -> None:
    hub = new_hub(ring_bytes=20_000, rings_bytes=50_000)
    listener = Listener(1)
    hub.attach(listener)
    for room in range(1, 31):
        hub.enter(room, f"room-{room}", listener)
        assert hub.activate(room, listener, 0, 1) == []
        for seq in range(1, 31):
            hub.deliver(RoomBatch(room, f"room-{room}", (posted(seq, "x" * 500, room=room),)))
    held = sum(channel.ring.size for channel in hub._channels.values())
    assert held <= 50_000
    assert hub._rings_left == 50_000 - held
    hub.detach(listener, list(range(1, 31)))
    assert hub._rings_left == 50_000
    assert hub.rooms == []


# Who is there.


def test_rule_37_companions_are_connected_members_of_rooms_that_are_not_large() -> None:
    hub, ana, ben, looker = new_hub(), Listener(1), Listener(2), Listener(3, member=False)
    for each in (ana, ben, looker):
        join(hub, each, members=3)
    assert hub.companions([ROOM, 99], large=3, limit=10) == {1, 2}
    assert hub.companions([ROOM], large=2, limit=10) == set()
    hub.deliver(batch(came(1, 4, 4)))
    assert hub.member_count(ROOM) == 4
    assert hub.companions([ROOM], large=3, limit=10) == set()
    assert hub.member_count(99) == 0


def test_who_left_is_no_companion_and_who_has_another_device_stays_one() -> None:
    hub, ana, phone, laptop = new_hub(), Listener(1), Listener(2), Listener(2)
    for each in (ana, phone, laptop):
        join(hub, each)
    hub.detach(phone, [ROOM])
    assert hub.companions([ROOM], large=3, limit=10) == {1, 2}
    hub.detach(laptop, [ROOM])
    assert hub.companions([ROOM], large=3, limit=10) == {1}
    join(hub, laptop)
    hub.deliver(batch(went(1, 2)))
    assert hub.companions([ROOM], large=3, limit=10) == {1}


def test_who_finds_out_while_reading_that_they_are_a_member_is_a_companion() -> None:
    hub, looker = new_hub(), Listener(1, member=False)
    hub.attach(looker)
    hub.enter(ROOM, ROOM_ID, looker)
    assert hub.companions([ROOM], large=3, limit=10) == set()
    looker.member = True
    activate(hub, looker, 0)
    assert hub.companions([ROOM], large=3, limit=10) == {1}


def test_the_count_of_members_comes_from_who_has_read_the_newest() -> None:
    hub, ana, late = new_hub(), Listener(1), Listener(2)
    join(hub, ana, members=150)
    assert hub.member_count(ROOM) == 150
    hub.attach(late)
    hub.enter(ROOM, ROOM_ID, late)
    hub.deliver(batch(came(1, 5, 151)))
    activate(hub, late, 0, members=150)  # read before
    assert hub.member_count(ROOM) == 151


# Gaps (rule 9).


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for a bus that will not come."""
    monkeypatch.setattr(repairs_module, "GAP_WAIT", 0.0)
    monkeypatch.setattr(repairs_module, "RETRY_WAIT", 0.0)


@pytest.fixture
def repairs() -> Repairs:
    return Repairs()


@pytest.fixture
def hub(repairs: Repairs) -> Hub:
    return new_hub(repairs, Tasks())


async def test_a_gap_that_the_bus_fills_costs_no_reading(hub: Hub, repairs: Repairs) -> None:
    """E8."""
    ana = Listener(1)
    join(hub, ana)
    hub.deliver(posts(1, 2))
    hub.deliver(posts(5, 6))
    hub.deliver(posts(8, 8))
    assert ana.seqs == [1, 2]
    hub.deliver(posts(3, 4))
    assert ana.seqs == numbers(1, 6)
    hub.deliver(posts(7, 7))
    assert ana.seqs == numbers(1, 8)
    channel = hub._channels[ROOM]
    await until(lambda: not channel.repairing)  # 50 ms
    assert repairs.asked == []


@pytest.mark.usefixtures("soon")
async def test_a_gap_that_stays_is_read_once_and_what_waited_follows(hub: Hub, repairs: Repairs) -> None:
    ana, ben = Listener(1), Listener(2)
    join(hub, ana)
    join(hub, ben)
    hub.deliver(posts(1, 2))
    repairs.answer = (4, [posted(3), posted(4)])
    hub.deliver(posts(5, 6))
    hub.deliver(posts(7, 7))
    await until(lambda: len(ana.frames) == 6)
    assert repairs.asked == [(ROOM, 2)]
    changes = ana.frames[2]
    assert (changes["ev"], changes["from"], changes["to"], changes["more"]) == ("changes", 2, 4, False)
    assert [item["seq"] for item in changes["items"]] == [3, 4]
    assert [frame["seq"] for frame in ana.frames[3:]] == [5, 6, 7]
    assert ben.frames == ana.frames


@pytest.mark.usefixtures("soon")
async def test_what_the_repair_covers_already_is_not_delivered_again(hub: Hub, repairs: Repairs) -> None:
    ana = Listener(1)
    join(hub, ana)
    repairs.answer = (6, [posted(seq) for seq in range(1, 7)])
    hub.deliver(posts(5, 6))
    await until(lambda: bool(ana.frames))
    hub.deliver(posts(1, 4))
    hub.deliver(posts(7, 7))
    assert [frame["ev"] for frame in ana.frames] == ["changes", "message"]
    assert ana.frames[1]["seq"] == 7


@pytest.mark.usefixtures("soon")
async def test_a_bus_that_is_faster_than_the_reading_wins(hub: Hub, repairs: Repairs) -> None:
    ana = Listener(1)
    join(hub, ana)

    async def meanwhile() -> None:
        hub.deliver(posts(1, 2))

    repairs.before = meanwhile
    repairs.answer = (4, [posted(seq) for seq in range(1, 5)])
    hub.deliver(posts(3, 4))
    await until(lambda: bool(repairs.asked))
    assert ana.seqs == numbers(1, 4)
    assert {frame["ev"] for frame in ana.frames} == {"message"}


@pytest.mark.usefixtures("soon")
async def test_a_database_that_is_busy_is_asked_again_and_nobody_is_sent_away(
    hub: Hub, repairs: Repairs, caplog: pytest.LogCaptureFixture
) -> None:
    ana = Listener(1)
    join(hub, ana)
    repairs.error = OSError("busy")
    hub.note_head(ROOM, 3)
    await until(lambda: len(repairs.asked) > 2)
    assert ana.frames == ana.told == []
    repairs.error, repairs.answer = None, (3, [posted(1), posted(2), posted(3)])
    await until(lambda: bool(ana.frames))
    assert ana.frames[0]["to"] == 3


@pytest.mark.usefixtures("soon")
async def test_a_head_that_nobody_told_of_is_fetched(hub: Hub, repairs: Repairs) -> None:
    ana = Listener(1)
    join(hub, ana, 2)
    repairs.answer = (3, [posted(3)])
    hub.note_head(ROOM, 2)
    hub.note_head(99, 5)
    assert not hub._channels[ROOM].repairing
    hub.note_head(ROOM, 3)
    await until(lambda: bool(ana.frames))
    hub.deliver(posts(4, 4))
    assert [frame["ev"] for frame in ana.frames] == ["changes", "message"]


def test_a_head_of_nothing_means_that_the_room_is_gone() -> None:
    hub, ana = new_hub(), Listener(1)
    join(hub, ana)
    hub.note_head(ROOM, None)
    assert ana.told == [("dropped", False)]
    assert hub.rooms == []


@pytest.mark.usefixtures("soon")
async def test_a_room_that_is_gone_at_the_repair_is_closed(hub: Hub, repairs: Repairs) -> None:
    ana = Listener(1)
    join(hub, ana)
    hub.note_head(ROOM, 3)
    await until(lambda: bool(ana.told))
    assert ana.told == [("dropped", False)]


@pytest.mark.usefixtures("soon")
async def test_too_much_to_tell_sends_everybody_to_catch_up(hub: Hub, repairs: Repairs) -> None:
    live, ahead, joining = Listener(1), Listener(2), Listener(3)
    join(hub, live)
    join(hub, ahead, 2)
    hub.attach(joining)
    hub.enter(ROOM, ROOM_ID, joining)
    repairs.answer = (5_000, None)
    hub.note_head(ROOM, 5_000)
    await until(lambda: bool(joining.told))
    assert live.told == ahead.told == joining.told == [("behind", ROOM)]


@pytest.mark.usefixtures("soon")
async def test_rule_8_a_repair_is_cut_at_a_removal_too(hub: Hub, repairs: Repairs) -> None:
    ana, kicked = Listener(1), Listener(2)
    join(hub, ana, members=5)
    join(hub, kicked, members=5)
    repairs.answer = (4, [posted(1), went(2, 2, 4), posted(3), posted(4)])
    hub.note_head(ROOM, 4)
    await until(lambda: bool(ana.frames))
    [mine], [theirs] = ana.frames, kicked.frames
    assert (mine["to"], len(mine["items"])) == (4, 4)
    assert (theirs["to"], [item["seq"] for item in theirs["items"]]) == (2, [1, 2])
    assert kicked.told == [("dropped", True)]
    assert hub.member_count(ROOM) == 4


@pytest.mark.usefixtures("soon")
async def test_a_repair_tells_who_came_to_follow(hub: Hub, repairs: Repairs) -> None:
    ana, new = Listener(1), Listener(2)
    join(hub, ana)
    hub.attach(new)
    repairs.answer = (1, [came(1, 2, 2)])
    hub.note_head(ROOM, 1)
    await until(lambda: bool(new.told))
    assert new.told == [("follow", ROOM)]
    assert hub.member_count(ROOM) == 2


@pytest.mark.usefixtures("soon")
async def test_who_joins_during_a_repair_misses_nothing(hub: Hub, repairs: Repairs) -> None:
    ana, late = Listener(1), Listener(2)
    join(hub, ana)
    gate = asyncio.Event()
    repairs.before = gate.wait  # type: ignore[assignment]
    repairs.answer = (3, [posted(1), posted(2), posted(3)])
    hub.note_head(ROOM, 3)
    await until(lambda: bool(repairs.asked))
    hub.attach(late)
    hub.enter(ROOM, ROOM_ID, late)
    gate.set()
    await until(lambda: bool(ana.frames))
    assert hub.activate(ROOM, late, 0, 1) is None  # the ring is empty: read again
    hub.enter(ROOM, ROOM_ID, late)
    activate(hub, late, 3)
    hub.deliver(posts(4, 4))
    assert late.seqs == [4]


@pytest.mark.usefixtures("soon")
async def test_a_repair_of_a_room_that_nobody_follows_any_more_is_dropped(hub: Hub, repairs: Repairs) -> None:
    ana = Listener(1)
    join(hub, ana)
    gate = asyncio.Event()
    repairs.before = gate.wait  # type: ignore[assignment]
    repairs.answer = (3, [posted(3)])
    hub.note_head(ROOM, 3)
    await until(lambda: bool(repairs.asked))
    hub.detach(ana, [ROOM])
    gate.set()
    await until(lambda: True)
    assert ana.frames == []
    assert hub.rooms == []
