"""What members keep for themselves: marks that reading moves, and what the committer leaves alone."""

from pathlib import Path

from sqlalchemy import Connection

from support.heart import Heart, heart
from tertulia.domain.changes import Join, Leave, Post
from tertulia.domain.models import Member, Notify
from tertulia.storage import members, membership, receipts


def row(h: Heart, room: int, user: int) -> Member:
    found = h.write(members.one, room, user)
    assert found is not None
    return found


def read(connection: Connection, room: int, user: int, index: int) -> list[tuple[int, int]]:
    receipts.advance(connection, [(room, user, index, index)])
    return membership.read_again(connection, [(room, user, index)])


async def test_reading_moves_a_mark_that_it_passes(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ana, ben = h.people("ana", "ben")
        room = await h.room(ana, ben)
        await h.accepted(*(Post(room, ana, f"{number}") for number in range(6)))
        h.write(read, room, ben, 5)
        h.write(membership.set_unread_from, room, ben, 3)
        for index, moved, mark in ((2, False, 3), (3, True, 4), (3, False, 4), (4, True, 5), (9, True, None)):
            assert h.write(read, room, ben, index) == ([(room, ben)] if moved else []), index
            assert row(h, room, ben).unread_from == mark
        assert h.write(read, room, ben, 6) == []
        assert row(h, room, ana).unread_from is None


async def test_many_reads_at_once_each_find_their_mark(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ana, *others = h.people("ana", *(f"user{number}" for number in range(20)))
        rooms = [await h.room(ana, *others, name=f"room{number}") for number in range(2)]
        for room in rooms:
            await h.accepted(*(Post(room, ana, f"{number}") for number in range(4)))
        every = [(room, user, 4) for room in rooms for user in others]

        def work(connection: Connection) -> list[tuple[int, int]]:
            receipts.advance(connection, [(*place, 4) for place in every])
            for room, user, _ in every[::3]:
                membership.set_unread_from(connection, room, user, 2)
            return membership.read_again(connection, every)

        assert set(h.write(work)) == {place[:2] for place in every[::3]}
        assert h.write(membership.read_again, []) == []


async def test_who_posts_has_nothing_marked_and_others_keep_theirs(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ana, ben = h.people("ana", "ben")
        room = await h.room(ana, ben)
        await h.accepted(Post(room, ana, "one"))
        for user in (ana, ben):
            h.write(membership.set_unread_from, room, user, 1)
        await h.accepted(Post(room, ana, "two"))
        assert (row(h, room, ana).unread_from, row(h, room, ben).unread_from) == (None, 1)


async def test_the_committer_leaves_it_alone_until_somebody_comes_back(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ana, ben = h.people("ana", "ben")
        room = await h.room(ana, ben)
        await h.accepted(Post(room, ana, "one"))
        h.write(membership.set_notify, room, ben, Notify.NONE)
        h.write(lambda connection: membership.set_hidden(connection, room, ben, hidden=True))
        h.write(membership.set_unread_from, room, ben, 1)
        await h.accepted(Leave(room, ben))
        gone = row(h, room, ben)
        assert (gone.notify, gone.hidden_index, gone.unread_from) == (Notify.NONE, 1, 1)
        h.write(membership.set_unread_from, room, ben, None)  # who left has nothing to change
        assert row(h, room, ben).unread_from == 1
        await h.accepted(Join(room, ben))
        back = row(h, room, ben)
        assert (back.notify, back.hidden_index, back.unread_from) == (Notify.NONE, None, None)


async def test_views_are_of_rooms_in_which_one_is(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ana, ben = h.people("ana", "ben")
        first, second, third = [await h.room(ana, ben, name=name) for name in ("a", "b", "c")]
        await h.accepted(Leave(second, ben))
        assert {view.room.number for view in h.write(membership.views, ben, [first, second, 99])} == {first}
        assert {view.room.number for view in h.write(membership.recent, ben, 5)} == {first, third}
        assert len(h.write(membership.recent, ben, 1)) == 1
