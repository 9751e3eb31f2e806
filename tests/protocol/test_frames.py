"""Frames: encoded once, shared by all who get them."""

import json

import pytest

from tertulia.protocol.frames import Frames


def test_texts_and_their_size() -> None:
    frames = Frames((b"one", "ñ".encode()))
    assert (frames.texts, frames.size) == ((b"one", b"\xc3\xb1"), 5)
    assert json.loads(Frames.of({"ev": "gone", "room": "ñ"}).texts[0]) == {"ev": "gone", "room": "ñ"}


def test_the_wire_is_made_once() -> None:
    frames = Frames((b"one", b"two"))
    assert frames.wire == b"\x81\x03one\x81\x03two"
    assert frames.wire is frames.wire


def test_several_become_one_in_their_order() -> None:
    joined = Frames.joined([Frames((b"one",)), Frames((b"two", b"ten"))])
    assert joined.texts == (b"one", b"two", b"ten")
    assert joined.wire == Frames(joined.texts).wire


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_every_length_class(size: int, head: bytes) -> None:
    assert Frames((b"x" * size,)).wire == head + b"x" * size


def test_nothing_at_all() -> None:
    assert (Frames(()).wire, Frames(()).size) == (b"", 0)
