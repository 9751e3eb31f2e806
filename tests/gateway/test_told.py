"""Texts of catch-ups are made once for all who come from the same place, in bounded memory."""

from tertulia.gateway.told import MOST, MOST_BYTES, Told
from tertulia.protocol.frames import Frames


def test_one_way_is_told_and_no_other() -> None:
    told, frames = Told(), Frames((b"what changed",))
    told.keep((7, 1, 3), frames)
    assert told.get((7, 1, 3)) is frames
    for way in ((7, 1, 4), (7, 2, 3), (8, 1, 3)):
        assert told.get(way) is None


def test_what_was_not_used_the_longest_goes_first() -> None:
    told = Told()
    for room in range(MOST):
        told.keep((room, 1, 2), Frames((b"x",)))
    told.get((0, 1, 2))
    told.keep((MOST, 1, 2), Frames((b"x",)))
    assert told.get((0, 1, 2)) is not None
    assert told.get((1, 1, 2)) is None


def test_long_texts_are_not_kept() -> None:
    told = Told()
    told.keep((1, 1, 2), Frames((b"x" * (MOST_BYTES + 1),)))
    assert told.get((1, 1, 2)) is None
