"""Who blocks whom, who is mentioned, and what counts as unread: blocks, @room, marks, trimmed rows."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from support.heart import Heart, heart, outcome
from tertulia.domain.changes import (
    AddMember,
    CreateRoom,
    Delete,
    Edit,
    Join,
    Pin,
    Post,
    React,
    Trim,
)
from tertulia.domain.errors import Rejection
from tertulia.domain.models import RoomKind
from tertulia.storage import blocks, members, messages

SECOND = 1_000_000


def _codes(answers: list[Any]) -> list[str | None]:
    return [answer.code if isinstance(answer, Rejection) else None for answer in answers]


def _block(h: Heart, user: int, blocked: int) -> None:
    h.write(blocks.add, user, blocked, 1)


async def _direct(h: Heart, ann: int, bob: int) -> int:
    made = (await h.commit(CreateRoom(ann, RoomKind.DIRECT, partner=bob))).room
    assert made is not None
    return made.number


# Blocks.


async def test_the_blocked_cannot_write_to_the_blocker(tmp_path: Path) -> None:
    """Rule 38."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await _direct(h, ann, bob)
        await h.accepted(Post(room, bob, "hello"), Post(room, ann, "hello"))
        _block(h, ann, bob)
        answers = await h.together(
            Post(room, bob, "x"),
            Edit(room, bob, 1, "x"),
            React(room, bob, 2, "👍", on=True),
            Post(room, ann, "you may not answer"),
            React(room, ann, 1, "👍", on=True),
            Delete(room, bob, 1),
        )
        assert _codes(answers) == ["blocked", "blocked", "blocked", None, None, None]
        assert outcome(await h.one(CreateRoom(bob, RoomKind.DIRECT, partner=ann))).repeated, "it is there already"
        h.write(blocks.remove, ann, bob)
        await h.post(room, bob, "again")


async def test_the_blocked_pins_nothing_in_the_direct_room(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await _direct(h, ann, bob)
        await h.accepted(Post(room, ann, "x"), Pin(room, bob, 1, on=True))
        _block(h, ann, bob)
        assert await h.refused(Pin(room, bob, 1, on=False)) == "blocked"
        await h.accepted(Pin(room, ann, 1, on=False))


async def test_the_blocked_opens_no_room_with_the_blocker_and_brings_them_nowhere(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(bob)
        _block(h, ann, bob)
        assert await h.refused(CreateRoom(bob, RoomKind.DIRECT, partner=ann)) == "blocked"
        assert await h.refused(AddMember(room, bob, ann)) == "blocked"
        await h.accepted(AddMember(room, None, ann), CreateRoom(ann, RoomKind.DIRECT, partner=bob))


@pytest.mark.parametrize("comes", [False, True])
async def test_a_mention_of_a_blocker_is_neither_stored_nor_counted(tmp_path: Path, comes: bool) -> None:
    """Also if the blocker comes in in the very batch of the mention."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(bob, eve, *([] if comes else [ann]))
        _block(h, ann, bob)
        coming = [Join(room, ann)] if comes else []
        answers = await h.accepted(
            *coming,
            Post(room, bob, "@ann @eve"),
            Post(room, bob, "x"),
            Edit(room, bob, 2, "@ann"),
            Post(room, eve, "@ann"),
        )
        posted = [answer.message.mentions for answer in answers[-4:] if answer.message]
        assert posted == [(h.user(eve).id,), (), (), (h.user(ann).id,)]
        assert h.read(members.mention_counts, ann, [room]) == {room: 1}
        assert h.scalar('SELECT count(*) FROM mentions WHERE "user" = :u', u=ann) == 1


# @room, marks, trimmed rows: what is counted.


async def test_room_mentions_count_for_all_but_the_sender_and_those_who_block_them(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob, eve)

        def counted(user: int) -> int:
            return h.read(members.mention_counts, user, [room])[room]

        await h.accepted(Post(room, ann, "@room"), Post(room, ann, "@room @bob"), Post(room, bob, "@ann"))
        assert (counted(ann), counted(bob), counted(eve)) == (1, 0, 2)
        _mark(h, room, bob, 1)
        _mark(h, room, ann, 1)
        assert (counted(ann), counted(bob)) == (1, 2), "one's own call is none for oneself"
        _block(h, eve, ann)
        assert counted(eve) == 0
        h.write(blocks.remove, eve, ann)
        await h.accepted(Edit(room, ann, 1, "nobody"), Delete(room, ann, 2))
        assert (counted(ann), counted(bob), counted(eve)) == (1, 0, 0)


async def test_mentions_end_at_a_ceiling_together(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        bodies = ["@bob", "@room", "both @bob and @room"]
        await h.accepted(*(Post(room, ann, bodies[n % 3]) for n in range(90)))
        assert h.read(members.mention_counts, bob, [room]) == {room: 90}, "each message once"
        await h.accepted(*(Post(room, ann, bodies[n % 3]) for n in range(90)))
        assert h.read(members.mention_counts, bob, [room]) == {room: 100}
        await h.post(room, bob)
        assert h.read(members.mention_counts, bob, [room]) == {room: 0}
        _mark(h, room, bob, 161)
        assert h.read(members.mention_counts, bob, [room]) == {room: 20}
        member = h.member(room, bob)
        assert member is not None
        assert (member.read_index, member.seen_index) == (181, 160)


async def test_what_is_trimmed_is_not_counted_whether_or_not_its_rows_are_gone(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.accepted(*(Post(room, ann, "@bob @room") for _ in range(6)))
        await h.commit(Pin(room, ann, 1, on=True))
        await h.commit(Pin(room, ann, 6, on=True))
        await h.commit(Trim(room, 4))
        row = h.row(room)
        assert (row.first_index, row.message_count) == (4, 6)
        assert h.read(members.mention_counts, bob, [room]) == {room: 3}
        assert [pin.index for pin in h.read(messages.pinned, room, row.first_index, None, 10)] == [6]
        assert h.read(messages.count_pinned, room, row.first_index) == 1
        told = h.since(room, 0)
        assert told is not None
        assert [item.message.index for item in told if item.message and item.message.index] == [4, 5, 6]
        assert h.scalar('SELECT count(*) FROM messages WHERE "index" < 4') == 3, "they go in slices behind"
        assert await h.refused(Post(room, bob, "x", reply_to=3)) == "not_found"
        await h.commit(Trim(room, 100))
        assert h.read(members.mention_counts, bob, [room]) == {room: 0}
        assert (await h.post(room, ann)).index == 7


def _mark(h: Heart, room: int, user: int, index: int) -> None:
    """As unread from this message on."""

    def work(connection: Connection) -> None:
        query = 'UPDATE members SET unread_from = :i WHERE room = :r AND "user" = :u'
        connection.execute(text(query), {"i": index, "r": room, "u": user})

    h.write(work)
