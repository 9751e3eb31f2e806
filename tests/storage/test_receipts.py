"""Rule 5: positions only grow, end at the last message, and unread is a subtraction that is never negative."""

import random
from pathlib import Path

import pytest
from sqlalchemy import text

from support.heart import Heart, heart
from tertulia.domain.changes import AddMember, Delete, Join, Leave, Post
from tertulia.domain.models import RoomKind
from tertulia.storage import receipts


async def advance(h: Heart, room: int, user: int, read: int, delivered: int) -> tuple[int, int] | None:
    """The positions afterwards; None for who is no member."""
    written = await h.writer.run(receipts.advance, [(room, user, read, delivered)])
    return (written[0].read_index, written[0].delivered_index) if written else None


def unread(h: Heart, room: int, user: int) -> int:
    row, member = h.row(room), h.member(room, user)
    assert member is not None
    return row.message_count - max(member.read_index, row.first_index - 1)


async def test_positions_only_grow(tmp_path: Path) -> None:
    """An old receipt that arrives late takes nothing back; what is delivered is at least what is read."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.accepted(*(Post(room, ann, str(n)) for n in range(10)))
        assert await advance(h, room, bob, 0, 4) == (0, 4)
        assert await advance(h, room, bob, 5, 5) == (5, 5)
        assert await advance(h, room, bob, 3, 3) == (5, 5)
        assert await advance(h, room, bob, 0, 8) == (5, 8)
        assert await advance(h, room, bob, 9, 0) == (9, 9)
        assert await advance(h, room, bob, 9, 9) == (9, 9)


async def test_when_somebody_was_last_seen_is_kept_of_accounts_that_are_there(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        h.write(lambda connection: connection.execute(text(f"UPDATE users SET deleted_at = 1 WHERE number = {bob}")))
        for at in (7, 5):
            await h.writer.run(receipts.seen, [(ann, at), (bob, at)])
        assert h.scalar(f"SELECT last_seen_at FROM users WHERE number = {ann}") == 7
        assert h.scalar(f"SELECT last_seen_at FROM users WHERE number = {bob}") is None


@pytest.mark.parametrize("read", [11, 10**9, 2**62, -1, -(2**62)])
async def test_positions_end_at_the_last_message(tmp_path: Path, read: int) -> None:
    """Rule 5 (e): a client that says 10⁹ has read everything, not the future."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.accepted(*(Post(room, ann, str(n)) for n in range(10)))
        expected = (10, 10) if read > 0 else (0, 0)
        assert await advance(h, room, bob, read, read) == expected
        await h.post(room, ann)
        assert unread(h, room, bob) == 11 - expected[0]


async def test_notices_are_never_unread(tmp_path: Path) -> None:
    """Rule 5 (a)."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob)
        await h.accepted(Join(room, eve), Leave(room, eve), Join(room, eve))
        assert unread(h, room, ann) == unread(h, room, bob) == 0


async def test_posting_reads(tmp_path: Path) -> None:
    """Rule 5 (b): one's own post moves one's read position to it, in the same transaction."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.accepted(Post(room, ann, "1"), Post(room, bob, "2"), Post(room, ann, "3"))
        assert (unread(h, room, ann), unread(h, room, bob)) == (0, 1)


async def test_joining_starts_at_the_end(tmp_path: Path) -> None:
    """Rule 5 (c): a new member of an old room has nothing unread; who comes back does not either."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob, kind=RoomKind.PUBLIC)
        await h.accepted(*(Post(room, ann, str(n)) for n in range(7)))
        await h.accepted(Join(room, eve), Leave(room, bob), Post(room, ann, "8"), AddMember(room, ann, bob))
        assert (unread(h, room, eve), unread(h, room, bob)) == (1, 0)


async def test_deleting_a_message_changes_no_count(tmp_path: Path) -> None:
    """Promise 6: counts are arithmetic; a tombstone keeps its index."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.accepted(Post(room, ann, "1"), Post(room, ann, "2"), Delete(room, ann, 1))
        assert unread(h, room, bob) == 2


async def test_only_members_of_rooms_that_are_there_have_positions(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob)
        await h.post(room, ann)
        await h.commit(Leave(room, bob))
        for user in (bob, eve, 10**6):
            assert await advance(h, room, user, 1, 1) is None
        assert await advance(h, 10**6, ann, 1, 1) is None
        member = h.member(room, bob)
        assert member is not None
        assert member.read_index == 0
        assert await h.writer.run(receipts.advance, []) == []


async def test_many_positions_are_written_at_once(tmp_path: Path) -> None:
    """A flush of 500 is two statements, and answers each once."""
    async with heart(tmp_path) as h:
        people = h.people(*(f"user{n}" for n in range(50)))
        rooms = [await h.room(*people) for _ in range(10)]
        await h.accepted(*(Post(room, people[0], "x") for room in rooms))
        wanted = [(room, user, 1, 1) for room in rooms for user in people]
        random.shuffle(wanted)
        await h.writer.run(lambda _connection: None)  # a new line asks once which history this is
        with h.counting() as counted:
            written = await h.writer.run(receipts.advance, wanted)
        assert counted.statements == 3
        assert sorted((position.room, position.user) for position in written) == sorted(w[:2] for w in wanted)
        assert {(position.read_index, position.member_count) for position in written} == {(1, 50)}


@pytest.mark.parametrize("seed", range(3))
async def test_unread_is_never_negative_whatever_happens(tmp_path: Path, seed: int) -> None:
    """Rule 5, promise 6: at random, and against a model that counts one by one."""
    chance = random.Random(seed)
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        count = read = 0
        for _ in range(40):
            what = chance.randrange(4)
            if what == 0:
                wanted = chance.randrange(-5, 60)
                await advance(h, room, bob, wanted, 0)
                read = max(read, min(wanted, count))
            elif what == 1:
                await h.accepted(Leave(room, bob), Join(room, bob))
                read = count
            else:
                await h.post(room, ann if what == 2 else bob)
                count += 1
                read = count if what == 3 else read
            assert unread(h, room, bob) == count - read >= 0


async def test_last_seen_only_moves_on(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        await h.writer.run(receipts.seen, [(bob, 5), (ann, 7)])
        await h.writer.run(receipts.seen, [(ann, 3), (bob, 9)])
        assert (h.user(ann).last_seen_at, h.user(bob).last_seen_at) == (7, 9)
