"""What the committer remembers, and when it must not believe it."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from support.databases import ON_SQLITE
from support.heart import Heart, code, heart, message
from support.triggers import refuse
from tertulia.committer import loading
from tertulia.committer.loading import Rights
from tertulia.domain.changes import AddMember, Join, Leave, Post, RemoveMember
from tertulia.domain.decisions.state import RoomState
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Member, Role, Room, RoomKind, User
from tertulia.storage import receipts

# Rights.


@ON_SQLITE
async def test_members_known_from_the_last_batch_are_not_loaded_again(tmp_path: Path) -> None:
    """Rule 1: rights loaded at this access_seq may be used without a look-up; the hot path has none."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.accepted(Post(room, ann, "1"), Post(room, bob, "2"))
        h.statements.clear()
        await h.accepted(Post(room, ann, "3"), Post(room, bob, "4"))
        assert not [statement for statement in h.statements if "FROM members" in statement or "FROM users" in statement]


async def test_removal_by_another_process_is_seen_by_the_very_next_post(tmp_path: Path) -> None:
    """Promise 7, rule 1: a change of rights takes effect at its place in the order, on every node."""
    async with heart(tmp_path) as h, heart(tmp_path, h.clock) as other:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.post(room, bob, "in")
        await other.commit(RemoveMember(room, ann, bob))
        assert await h.refused(Post(room, bob, "out")) == "not_member"
        await other.commit(AddMember(room, ann, bob))
        assert (await h.post(room, bob, "in again")).index == 2
        assert h.bodies(room) == ["in", "in again"]


async def test_rights_hold_only_at_their_access_seq_even_when_no_foreign_write_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 1: access_seq comes with the lock; it alone must be enough (PostgreSQL has no data_version)."""
    async with heart(tmp_path) as h, heart(tmp_path, h.clock) as other:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.post(room, bob, "in")
        await other.commit(RemoveMember(room, ann, bob))
        monkeypatch.setattr(h.committer._lanes[0].rights, "follow", lambda _generation: None)
        assert await h.refused(Post(room, bob, "out")) == "not_member"


@pytest.mark.parametrize("as_many", [False, True])
async def test_a_batch_that_is_rolled_back_leaves_no_memory(tmp_path: Path, as_many: bool) -> None:
    """Rule 1: members decided in a transaction that failed were never members. `as_many`: nor are they when another
    process brings the room to the `access_seq` that it would have had.
    """
    async with heart(tmp_path) as h, heart(tmp_path, h.clock) as other:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann)
        await h.post(room, ann, "@bob")  # loads names too
        with h.failing_commits():
            answers = await h.together(Join(room, bob), Post(room, bob, "never"))
        assert [code(answer) for answer in answers] == ["outcome_unknown"] * 2
        if as_many:
            await other.commit(Join(room, eve))
        assert await h.refused(Post(room, bob, "x")) == "not_member"
        assert (await h.post(room, ann, "@bob")).mentions == ()
        assert h.bodies(room) == ["@bob", "@bob"]


async def test_a_change_that_the_database_refuses_leaves_no_memory(tmp_path: Path) -> None:
    """The same where the connection lives on, and so nothing else makes the committer doubt."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        h.write(refuse, "INSERT", "members")
        await h.post(room, ann, "@bob")
        assert await h.refused(Join(room, bob)) == "internal"
        assert await h.refused(Post(room, bob, "x")) == "not_member"
        assert (await h.post(room, ann, "@bob")).mentions == ()


async def test_a_receipt_written_meanwhile_is_not_taken_back(tmp_path: Path) -> None:
    """Rule 5: members that are changed are loaded afresh, and positions never go back."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.accepted(Post(room, bob, "1"), Post(room, ann, "2"), Post(room, ann, "3"))
        await h.writer.run(receipts.advance, [(room, bob, 3, 3)])
        await h.accepted(Leave(room, ann), Leave(room, bob), Join(room, bob))
        for user, read in ((ann, 3), (bob, 3)):
            member = h.member(room, user)
            assert member is not None
            assert (member.read_index, member.delivered_index) == (read, read)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its bound everything is forgotten; the same members kept again do not count twice."""
    monkeypatch.setattr(loading, "KEPT", 10)
    rights = Rights()
    state = _state(7)
    for _ in range(100):
        rights.keep([state])
    assert rights.members(1, 1) == state.members
    rights.keep([_state(11)])
    assert rights.members(1, 1) == {}


def test_forgetting_a_user_never_disturbs_a_batch_that_runs() -> None:
    """Called from the loop while the writer's thread looks users up: takes effect with the next batch."""
    rights = Rights()
    rights.users()[1] = _user(1)
    forgetting = threading.Thread(target=rights.forget_users, args=([1, 2],))
    forgetting.start()
    forgetting.join()
    assert 1 in rights.users()
    rights.follow(0)
    assert 1 not in rights.users()


async def test_a_changed_user_is_loaded_again(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann)

        def rename(connection: Connection) -> None:
            connection.execute(text("UPDATE users SET first_name = 'Ann'"))

        await h.writer.run(rename)
        h.committer.forget_users([ann])
        sender = (await h.post(room, ann)).sender
        assert sender is not None
        assert sender.first_name == "Ann"


# Owners.


async def test_an_owner_who_leaves_hands_over_to_the_longest_member(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve, dan = h.people("ann", "bob", "eve", "dan")
        room = await h.room(ann)
        for user in (eve, bob, dan):
            h.clock.advance(1)
            await h.commit(Join(room, user))
        await h.commit(Leave(room, ann))
        assert _owners(h, room) == [eve]
        told = h.events(room)[-1]
        assert {member.user: member.role for member, _ in told.members} == {ann: Role.MEMBER, eve: Role.OWNER}
        assert {member.changed_seq for member, _ in told.members} == {told.seq}
        await h.accepted(Leave(room, eve), Leave(room, bob), Join(room, ann), Leave(room, dan))
        assert _owners(h, room) == [ann]
        await h.commit(Leave(room, ann))
        assert h.row(room).owner is None
        assert h.row(room).member_count == 0
        await h.commit(Join(room, bob))
        assert _owners(h, room) == []


async def test_all_leave_in_one_batch(tmp_path: Path) -> None:
    """The next owner may be gone as well, in the same batch."""
    async with heart(tmp_path) as h:
        people = h.people(*(f"user{n}" for n in range(6)))
        room = await h.room(*people)
        await h.accepted(*(Leave(room, user) for user in people[:5]))
        assert _owners(h, room) == people[5:]
        await h.accepted(Leave(room, people[5]), *(Join(room, user) for user in people[:3]))
        assert _owners(h, room) == []


async def test_heirs_are_looked_for_only_when_the_owner_goes(tmp_path: Path) -> None:
    """In a room of 100,000 that search is dear; people come and go there all the time."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob, eve)
        h.statements.clear()
        await h.accepted(Leave(room, bob), RemoveMember(room, ann, eve))
        assert not [statement for statement in h.statements if "ORDER BY members.joined_at" in statement]


def _owners(h: Heart, room: int) -> list[int]:
    """By the members' rows, which must agree with the room's."""

    def look(connection: Connection) -> list[int]:
        found = connection.execute(
            text("SELECT members.user FROM members WHERE room = :r AND role = 'owner'"), {"r": room}
        )
        return [row[0] for row in found]

    owners = h.read(look)
    assert ([h.row(room).owner] if h.row(room).owner else []) == owners
    return owners


# Mentions.


async def test_mentions_are_of_members_by_the_order_of_the_batch(tmp_path: Path) -> None:
    """Rule 1 for mentions: who comes can be mentioned from there on, who goes no more."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, eve)
        answers = await h.together(
            Post(room, ann, "@bob @eve"),
            Join(room, bob),
            Post(room, ann, "@bob @eve"),
            RemoveMember(room, ann, eve),
            Post(room, ann, "@bob @eve"),
        )
        mentioned = [message(answers[place]).mentions for place in (0, 2, 4)]
        bob_id, eve_id = h.user(bob).id, h.user(eve).id
        assert mentioned == [(eve_id,), (bob_id, eve_id), (bob_id,)]
        h.statements.clear()
        assert (await h.post(room, ann, "@bob @eve")).mentions == (bob_id,)
        if not h.writer.shared:
            assert not [statement for statement in h.statements if "FROM members" in statement], "the names moved along"


@pytest.mark.parametrize("kept", [1_000, 1])
async def test_mentions_are_the_same_in_small_and_large_rooms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """Design: the longest username of a member after `@`, whatever way members are looked up."""
    monkeypatch.setattr(loading, "KEPT_NAMES", kept)
    async with heart(tmp_path) as h:
        names = ("ann", "anna", "anna.b", "Eve", "zoë", "小明", "a@b.example", "stranger")
        people = dict(zip(names, h.people(*names), strict=True))
        room = await h.room(*(people[name] for name in names[:-1]))
        for body, expected in {
            "@ann": ["ann"],
            "@anna": ["anna"],
            "@annabelle": ["anna"],
            "@anna.": ["anna"],
            "@anna.b.": ["anna.b"],
            "@Eve, @ann": ["Eve", "ann"],
            "@eve @ANN": [],
            "hi @zoë!": ["zoë"],
            "@小明你好": ["小明"],
            "@a@b.example": ["a@b.example"],
            "@stranger": [],
            "@ann @ann @anna": ["ann", "anna"],
            "`@ann` @anna": ["anna"],
        }.items():
            posted = await h.post(room, people["anna.b"], body)
            assert list(posted.mentions) == [h.user(people[name]).id for name in expected], body
        rows = h.scalar('SELECT count(*) FROM mentions WHERE "user" = :u', u=people["anna.b"])
        assert rows == 0, "nobody is mentioned by themselves"


async def test_pathological_mentions_are_cheap_and_harm_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch full of the dearest mentions there are: looked up in few statements, none of them refused."""
    monkeypatch.setattr(loading, "KEPT_NAMES", 1)
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        worst = " ".join(f"@{n:03}" + "é" * 147 for n in range(60))
        with h.counting() as counted:
            answers = await h.together(
                *(Post(room, ann, worst.replace("é", chr(0x100 + n))) for n in range(30)), Post(room, ann, "@bob")
            )
        assert not [answer for answer in answers if isinstance(answer, Rejection)]
        assert message(answers[-1]).mentions == (h.user(bob).id,)
        assert counted.statements <= (13 if h.writer.shared else 11)


def _state(count: int) -> RoomState:
    room = Room(1, "id", RoomKind.PUBLIC, None, "", "", None, 1, 0, 1, 1, 1, 0, 0)
    members = {user: Member(1, user, Role.MEMBER, 0, 0, 0, None, 1) for user in range(count)}
    return RoomState(room, 0, members=members)


def _user(number: int) -> User:
    return User(number, f"id-{number}", f"user{number}")
