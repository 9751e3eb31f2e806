"""Recent changes of a room, kept encoded (rule 8), bounded, and without what was deleted (rule 40)."""

import json

from support.fanout import batch, posted, posts
from tertulia.hub.ring import Ring, Segment
from tertulia.protocol.formats import V1

WIRE = V1()


def segment(first: int, last: int) -> Segment:
    made = Segment(posts(first, last).events)
    made.frames(WIRE)
    return made


def ring_of(*segments: Segment, limit: int = 1_000_000) -> Ring:
    ring = Ring(limit)
    for each in segments:
        ring.append(each)
    return ring


def seqs(segments: list[Segment] | None) -> list[int]:
    assert segments is not None
    return [json.loads(text)["seq"] for each in segments for text in each.frames(WIRE).texts]


def test_an_empty_ring_knows_nothing() -> None:
    assert Ring(1_000).since(0) is None


def test_what_came_after_a_seq_also_from_the_middle_of_a_batch() -> None:
    ring = ring_of(segment(3, 5), segment(6, 6), segment(7, 9))
    assert seqs(ring.since(2)) == [3, 4, 5, 6, 7, 8, 9]
    assert seqs(ring.since(4)) == [5, 6, 7, 8, 9]
    assert seqs(ring.since(6)) == [7, 8, 9]
    assert seqs(ring.since(9)) == []


def test_a_seq_before_its_reach_is_not_answered_in_part() -> None:
    assert ring_of(segment(3, 5)).since(1) is None


def test_its_bytes_are_bounded_and_the_oldest_go_first() -> None:
    one = segment(1, 1)
    one.weigh()
    ring = ring_of(*(segment(seq, seq) for seq in range(1, 101)), limit=10 * one.size)
    assert ring.size <= 10 * one.size
    assert ring.since(80) is None
    assert seqs(ring.since(95)) == [96, 97, 98, 99, 100]


def test_a_batch_larger_than_the_ring_is_not_kept() -> None:
    ring = ring_of(segment(1, 50), limit=1_000)
    assert ring.size == 0
    assert ring.since(0) is None


def test_a_batch_that_nobody_needed_encoded_weighs_its_text() -> None:
    ring = Ring(1_000_000)
    ring.append(Segment((posted(1, "x" * 10_000),)))
    assert ring.size > 10_000


def test_rule_40_a_deletion_empties_the_ring_up_to_it() -> None:
    ring = ring_of(segment(1, 3), Segment((posted(4, deleted=True),)), segment(5, 5))
    assert ring.since(2) is None
    assert seqs(ring.since(3)) == [4, 5]


def test_rule_40_also_for_a_text_of_the_same_batch() -> None:
    """A post and its deletion in one transaction: the text must not be replayed."""
    whole = batch(posted(4, "secret"), posted(5, deleted=True), posted(6))
    ring = ring_of(segment(1, 3), Segment(whole.events))
    assert ring.since(3) is None
    assert seqs(ring.since(4)) == [5, 6]


def test_a_format_encodes_a_batch_once() -> None:
    one = segment(1, 3)
    assert one.frames(WIRE) is one.frames(V1())
