"""What nodes say to each other comes back as it was, or not at all."""

import pytest

from support.fanout import batch, came, posted, posts, user, went
from tertulia.broker import letters
from tertulia.broker.broker import MAX_PAYLOAD
from tertulia.broker.letters import Attends, Batch, Head, Hint, Letter, Read, Sees, Types, UnreadableError, read, write
from tertulia.domain.events import Changed, Positions, RoomBatch, Seen
from tertulia.domain.models import Message, MessageKind, Room, RoomKind, User
from tertulia.protocol.formats import V1

NODE = "0197a1b0-0000-7000-8000-000000000001"


def everything() -> RoomBatch:
    """A change of each kind, with all fields that there are."""
    sender = User(
        3, "id", "name", "a@b.c", "Ana", "Gil", metadata='{"a": [1, null]}', external_id="x", avatar="https://a"
    )
    message = Message(
        room=7, seq=4, changed_seq=9, index=2, after=1, id="m", sender=sender, kind=MessageKind.MESSAGE,
        body='"\n\\ é 👍 \x7f', created_at=2**50, reply_to=1, client_id="key", mentions=("id",),
        reactions=({"emoji": "👍", "count": 2, "users": ["id"]},), edited_at=5, mentions_room=True, pinned_at=6,
        pinned_by=3, metadata="{}",
    )  # fmt: skip
    notice = Message(7, 5, 5, None, 2, "n", None, MessageKind.NOTICE, None, 1, notice={"kind": "left", "by": None})
    room = Room(7, "room-7", RoomKind.PRIVATE, None, "t", "d", 3, 9, 2, 1, 9, 9, 1, 2, slow_mode=4, archived=True)
    settings = Changed(7, "room-7", 6, "room", message=notice, settings=room)
    return RoomBatch(
        7, "room-7", (Changed(7, "room-7", 4, "message", message=message), settings, came(7, 2), went(8, 2)),
        gone=True, banned=(2, 5),
    )  # fmt: skip


@pytest.mark.parametrize(
    "letter",
    [
        Batch(everything()),
        Batch(batch(posted(1, None, deleted=True))),
        Head(7, "room-7", 2**62, gone=True, banned=(1,)),
        Hint((1, 2), ("sessions", "words"), ((1, "room-7"),), ((1, 7),)),
        Hint(),
        Read((Positions(7, 1, 3, 4, "id", "room-7", 2),), (Positions(8, 1, 3, 4, "id", "room-8", 2),)),
        Types(7, "room-7", 3, user(2), False),
        Sees(7, 3, Seen(user(2), "m", 2**50)),
        Attends(((7, 1, "ana"),), ((7, 2),), 1, 2),
        Attends(),
    ],
)
def test_it_comes_back_as_it_was(letter: Letter) -> None:
    payload = write(NODE, letter, 12)
    assert payload is not None
    envelope = read(payload)
    assert (envelope.node, envelope.number, envelope.open()) == (NODE, 12, letter)


def test_the_events_of_a_room_are_the_same_on_every_wire() -> None:
    """Nothing that a wire format needs is left out."""
    payload = write(NODE, Batch(everything()))
    assert payload is not None
    letter = read(payload).open()
    assert isinstance(letter, Batch)
    for mine, theirs in zip(everything().events, letter.batch.events, strict=True):
        assert V1().change(mine) == V1().change(theirs)


def test_what_is_too_large_is_not_written() -> None:
    assert write(NODE, Batch(posts(1, letters.MAX_BATCH))) is not None
    assert write(NODE, Batch(posts(1, letters.MAX_BATCH + 1))) is None
    assert write(NODE, Batch(batch(*(posted(seq, "x" * 16_384) for seq in range(1, 6))))) is None
    large = write(NODE, Batch(batch(*(posted(seq, "\x01" * 16_384) for seq in (1, 2, 3)))))
    assert large is not None
    assert len(large) <= MAX_PAYLOAD
    assert write(NODE, Hint(users=tuple(range(10**6)))) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\n",
        b"2 node 0 hint\n{}",
        b"1 node 0 song\n{}",
        b"1 node -1 hint\n{}",
        b"1 node 0 hint\n{",
        b"1 node 0 head\n{}",
        b"1 node 0 hint extra\n{}",
        b"\xff\xfe" * 1_000,
        b"1 " + b"n" * 10_000 + b" 0 hint\n{}",
    ],
)
def test_what_is_not_a_letter_of_this_version_says_so(payload: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(payload).open()


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert read(b'1 node 3 hint\n{"users":[1],"colour":"red"}').open() == Hint(users=(1,))
