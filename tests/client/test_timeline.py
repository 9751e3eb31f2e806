from typing import cast

from tertulia.client.timeline import Page, Timeline
from tertulia.protocol.resources import MessageResource


def row(seq: int, index: int | None = None, *, changed: int | None = None, after: int = 0) -> MessageResource:
    made = {"seq": seq, "index": index, "changed_seq": changed or seq, "body": f"{changed or seq}"}
    return cast(MessageResource, made | ({} if index is not None else {"after": after}))


def seqs(timeline: Timeline) -> list[int]:
    return [one["seq"] for one in timeline.rows]


def started(*rows: MessageResource, limit: int = 100) -> Timeline:
    timeline = Timeline(limit)
    timeline.start(rows)
    return timeline


def test_the_greater_changed_seq_wins_in_whatever_order() -> None:
    timeline = started(row(5, 1))
    assert timeline.put(row(5, 1, changed=9))
    assert not timeline.put(row(5, 1, changed=7))
    assert timeline.rows[0]["changed_seq"] == 9


def test_an_old_message_that_changed_makes_no_hole() -> None:
    timeline = started(row(8, 6), row(9, 7))
    timeline.put(row(3, 2, changed=10))
    assert seqs(timeline) == [8, 9]
    assert timeline.at(2) is not None


def test_a_page_that_was_asked_for_before_an_edit_does_not_undo_it() -> None:
    timeline = started(row(8, 6), row(9, 7))
    timeline.put(row(7, 5, changed=10))
    gained = timeline.put_page(Page([row(6, 4), row(7, 5)], upto=6))
    assert [one["changed_seq"] for one in gained] == [6, 10]
    assert seqs(timeline) == [6, 7, 8, 9]


def test_a_page_from_elsewhere_is_kept_but_not_shown() -> None:
    timeline = started(row(80, 60))
    assert timeline.put_page(Page([row(3, 2), row(4, 3)])) == []
    assert seqs(timeline) == [80]


def test_the_page_without_more_completes_the_history() -> None:
    timeline = started(row(8, 2))
    assert timeline.oldest() == 2
    timeline.put_page(Page([row(2, None), row(3, 1)], upto=2, more=False))
    assert timeline.complete
    assert timeline.oldest() is None


def test_an_empty_page_without_more_completes_it_too() -> None:
    timeline = started(row(8, 1))
    timeline.put_page(Page([], upto=1, more=False))
    assert timeline.complete


def test_only_notices_so_far_ask_for_what_stands_before_them() -> None:
    timeline = started(row(8, None, after=5), row(9, None, after=5))
    assert timeline.oldest() == 6
    timeline.put_page(Page([row(7, 5), row(8, None, after=5)], upto=6))
    assert seqs(timeline) == [7, 8, 9]


def test_it_is_bounded_and_forgets_the_oldest() -> None:
    timeline = started(row(1, 1), limit=10)
    generation = timeline.generation
    for seq in range(2, 12):
        timeline.put(row(seq, seq))
    assert len(timeline) <= 10
    assert seqs(timeline)[-1] == 11
    assert timeline.generation > generation
    assert timeline.oldest() == seqs(timeline)[0]
    assert timeline.at(1) is None


def test_a_page_for_which_there_is_no_room_is_left_out() -> None:
    timeline = started(*(row(seq, seq) for seq in range(10, 20)), limit=10)
    assert timeline.put_page(Page([row(9, 9)], upto=10)) == []
    assert seqs(timeline)[0] == 10


def test_what_the_room_does_not_keep_any_more_goes() -> None:
    timeline = started(row(1, None, after=0), row(2, 1), row(3, None, after=1), row(4, 2))
    timeline.drop_below(2)
    assert seqs(timeline) == [3, 4]


def test_nothing_is_known_before_the_start() -> None:
    timeline = Timeline()
    assert timeline.rows == []
    assert timeline.oldest() is None
    assert timeline.put_page(Page([row(1, 1)])) == []
