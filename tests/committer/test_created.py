"""Rooms made and named by the committer."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from support.heart import heart, outcome
from tertulia.domain.changes import (
    AddMember,
    ChangeRoom,
    CreateRoom,
    Delete,
    DeleteRoom,
    Join,
    Leave,
    Post,
    RemoveMember,
)
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Role, RoomKind
from tertulia.storage import blocks
from tertulia.storage.tables import users


async def test_same_name_twice_in_one_batch(tmp_path: Path) -> None:
    """A public room's name is unique; the first in order gets it, without a second try. Private ones don't count."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        one, two = await h.room(ann), await h.room(bob)
        with h.counting() as counted:
            answers = await h.together(
                CreateRoom(ann, RoomKind.PUBLIC, "a"),
                CreateRoom(bob, RoomKind.PRIVATE, "a"),
                ChangeRoom(one, ann, name="b"),
                ChangeRoom(two, bob, name="b"),
                CreateRoom(bob, RoomKind.PUBLIC, "b"),
                ChangeRoom(two, bob, name="a"),
                ChangeRoom(two, bob, name="c"),
            )
        codes = [answer.code if isinstance(answer, Rejection) else None for answer in answers]
        taken = "name_taken"
        assert codes == [None, None, None, taken, taken, taken, None]
        assert counted.transactions == 1
        assert await h.refused(CreateRoom(ann, RoomKind.PUBLIC, "c")) == taken


async def test_a_private_room_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    """Then nobody else's room of that sort is called so, nor public ones; names of other private rooms do not count."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        public, private = await h.room(ann), await h.room(bob, kind=RoomKind.PRIVATE, name="a")
        with h.counting() as counted:
            answers = await h.together(
                CreateRoom(ann, RoomKind.PRIVATE, "a", exclusive=True),
                CreateRoom(bob, RoomKind.PRIVATE, "a", exclusive=True),
                CreateRoom(bob, RoomKind.PUBLIC, "a"),
                ChangeRoom(public, ann, name="a"),
                ChangeRoom(private, bob, title="a"),
                CreateRoom(bob, RoomKind.PUBLIC, "b"),
                CreateRoom(ann, RoomKind.PRIVATE, "b", exclusive=True),
                CreateRoom(ann, RoomKind.PRIVATE, "b"),
            )
        codes = [answer.code if isinstance(answer, Rejection) else None for answer in answers]
        taken = "name_taken"
        assert codes == [None, taken, taken, taken, None, None, taken, None]
        assert counted.transactions == 1, "nothing ran into the index"
        made = outcome(answers[0]).room
        assert made is not None
        assert h.row(made.number) == made
        assert made.exclusive
        for change in (CreateRoom(bob, RoomKind.PUBLIC, "a"), ChangeRoom(public, ann, name="a")):
            assert await h.refused(change) == taken
        assert await h.refused(ChangeRoom(made.number, ann, name="b")) == taken
        await h.commit(DeleteRoom(made.number, ann))
        await h.commit(ChangeRoom(public, ann, name="a"))


@pytest.mark.parametrize("rename", [False, True])
async def test_of_two_nodes_one_gets_the_name(tmp_path: Path, rename: bool) -> None:
    """What both find free the index gives to one; the other is refused, and nothing goes wrong."""
    async with heart(tmp_path) as one, heart(tmp_path, one.clock) as two:
        ann, bob = one.people("ann", "bob")
        room = outcome(await two.one(CreateRoom(bob, RoomKind.PRIVATE, "old", exclusive=True))).room
        assert room is not None
        for n in range(5):
            name = f"room {n}"
            second = ChangeRoom(room.number, bob, name=name) if rename else CreateRoom(bob, RoomKind.PUBLIC, name)
            results = await asyncio.gather(
                one.one(CreateRoom(ann, RoomKind.PRIVATE, name, exclusive=True)), two.one(second)
            )
            assert sorted(getattr(result, "code", "done") for result in results) == ["done", "name_taken"]


async def test_a_room_begins_with_its_members(tmp_path: Path) -> None:
    """In its first change: nobody comes later, and nothing is said in the timeline."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        versions = [h.user(user).version for user in (bob, eve)]
        made = await h.commit(CreateRoom(ann, RoomKind.PRIVATE, "a", join_by_id=True, members=(bob, ann, eve, bob)))
        assert made.room is not None
        room = made.room.number
        assert h.row(room) == made.room
        assert (made.room.member_count, made.room.head_seq, made.room.join_by_id) == (3, 1, True)
        roles = [(member.user, member.role) for user in (ann, bob, eve) if (member := h.member(room, user))]
        assert roles == [(ann, Role.OWNER), (bob, Role.MEMBER), (eve, Role.MEMBER)]
        [told] = h.events(room)
        assert [member.user for member, _ in told.members] == [ann, bob, eve]
        assert h.timeline(room) == []
        assert [h.user(user).version > before for user, before in zip((bob, eve), versions, strict=True)] == [True] * 2
        assert (await h.post(room, eve)).index == 1


async def test_who_cannot_be_added_to_a_room_cannot_be_in_it_from_the_start(tmp_path: Path) -> None:
    """And then there is no room."""
    async with heart(tmp_path) as h:
        ann, bob, eve, zoe = h.people("ann", "bob", "eve", "zoe")
        h.write(blocks.add, bob, ann, 1)
        h.write(lambda c: c.execute(update(users).where(users.c.number == eve).values(is_active=False)))
        h.write(lambda c: c.execute(update(users).where(users.c.number == zoe).values(deleted_at=1)))
        for member, code in ((bob, "blocked"), (eve, "not_found"), (zoe, "not_found"), (zoe + 1, "not_found")):
            assert await h.refused(CreateRoom(ann, RoomKind.PRIVATE, "a", exclusive=True, members=(member,))) == code
        assert h.scalar("SELECT count(*) FROM rooms") == 0
        await h.commit(CreateRoom(bob, RoomKind.PRIVATE, "a", exclusive=True, members=(ann,)))


async def test_a_deleted_room_frees_its_name(tmp_path: Path) -> None:
    """Rule 14: mark, free the name, purge later."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann, name="lobby")
        await h.commit(DeleteRoom(room, ann))
        assert await h.room(ann, name="lobby") != room


async def test_both_ask_for_a_direct_room_at_once(tmp_path: Path) -> None:
    """Rule 38: one direct room for the pair, whoever asks, even in the same batch, and on two nodes."""
    async with heart(tmp_path) as h, heart(tmp_path, h.clock) as other:
        ann, bob = h.people("ann", "bob")
        answers = await h.accepted(
            CreateRoom(ann, RoomKind.DIRECT, partner=bob),
            CreateRoom(bob, RoomKind.DIRECT, partner=ann),
            CreateRoom(ann, RoomKind.DIRECT, partner=bob),
        )
        elsewhere = await other.commit(CreateRoom(bob, RoomKind.DIRECT, partner=ann))
        rooms = {answer.room.number for answer in [*answers, elsewhere] if answer.room}
        assert len(rooms) == 1
        assert [answer.repeated for answer in [*answers, elsewhere]] == [False, True, True, True]
        room = rooms.pop()
        assert h.row(room).member_count == 2
        assert h.row(room).owner is None
        await h.post(room, ann, "hi")
        await other.post(room, bob, "hi")


async def test_a_direct_room_belongs_to_both(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        made = await h.commit(CreateRoom(ann, RoomKind.DIRECT, partner=bob))
        assert made.room is not None
        room = made.room.number
        await h.post(room, ann, "hers")
        for change in (
            Leave(room, ann),
            AddMember(room, ann, eve),
            RemoveMember(room, ann, bob),
            ChangeRoom(room, ann, title="x"),
            DeleteRoom(room, ann),
        ):
            assert await h.refused(change) == "direct_room"
        assert await h.refused(Delete(room, bob, 1)) == "forbidden"
        for outside in (Post(room, eve, "x"), Join(room, eve), DeleteRoom(room, eve), Leave(room, eve)):
            assert await h.refused(outside) == "not_found"


async def test_a_new_room_begins_at_seq_1(tmp_path: Path) -> None:
    """Its making is its first change; the first post takes seq 2 and index 1."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        made = outcome(await h.one(CreateRoom(ann, RoomKind.PRIVATE, "a", "A", "about")))
        assert made.room is not None
        assert made.member == h.member(made.room.number, ann)
        assert h.row(made.room.number) == made.room
        told = h.events(made.room.number)
        assert [(event.seq, event.ev, event.member_count) for event in told] == [(1, "member", 1)]
        first = await h.post(made.room.number, ann)
        assert (first.seq, first.index) == (2, 1)


async def test_a_change_of_membership_moves_the_version_of_its_user(tmp_path: Path) -> None:
    """Rule 9: users.version rises with each change of a user's rooms, in the same transaction."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        versions = [h.user(bob).version]
        for change in (Join(room, bob), RemoveMember(room, ann, bob), AddMember(room, ann, bob), DeleteRoom(room, ann)):
            await h.commit(change)
            versions.append(h.user(bob).version)
        assert versions == sorted(set(versions))
