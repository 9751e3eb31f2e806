"""Roles, bans, mutes, blocks, slow mode, invitations, reports, audit log: in their transaction, in their order."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from support.clock import FakeClock
from support.databases import ON_SQLITE
from support.heart import Heart, heart, message, outcome
from tertulia.domain.changes import (
    AddMember,
    Ban,
    ChangeRoom,
    CreateRoom,
    Delete,
    Depart,
    Edit,
    Join,
    Leave,
    Mute,
    Pin,
    Post,
    RemoveMember,
    SetRole,
    Transfer,
    Unban,
)
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.invites import new_code
from tertulia.domain.models import Invite, Role, RoomKind
from tertulia.storage import audit, invites, members, reports

SECOND = 1_000_000


def _codes(answers: list[Any]) -> list[str | None]:
    return [answer.code if isinstance(answer, Rejection) else None for answer in answers]


def _acts(h: Heart) -> list[tuple[str, int | None, int | None]]:
    """The audit log, oldest first."""
    return [(entry.act, entry.actor, entry.user) for entry in reversed(h.read(audit.page, limit=100))]


async def _direct(h: Heart, ann: int, bob: int) -> int:
    made = (await h.commit(CreateRoom(ann, RoomKind.DIRECT, partner=bob))).room
    assert made is not None
    return made.number


# What is remembered from batch to batch.


async def test_a_mute_and_a_role_hold_in_later_batches_without_a_look_up(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob, eve)
        await h.accepted(Post(room, bob, "1"), Mute(room, ann, bob, h.clock.now() + SECOND))
        h.statements.clear()
        assert await h.refused(Post(room, bob, "2")) == "muted"
        assert not [statement for statement in h.statements if "FROM members" in statement]
        h.clock.advance(1)
        await h.post(room, bob, "2")
        assert await h.refused(Pin(room, bob, 1, on=True)) == "forbidden"
        await h.commit(SetRole(room, ann, bob, Role.MODERATOR))
        await h.commit(Pin(room, bob, 1, on=True))
        await h.commit(SetRole(room, ann, bob, Role.MEMBER))
        assert await h.refused(Pin(room, bob, 1, on=False)) == "forbidden"


async def test_what_another_process_does_counts_from_the_very_next_batch(tmp_path: Path) -> None:
    async with heart(tmp_path) as h, heart(tmp_path, h.clock) as other:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.post(room, bob)
        await other.commit(Mute(room, None, bob, h.clock.now() + SECOND, via="command line"))
        assert await h.refused(Post(room, bob, "x")) == "muted"
        await other.commit(Mute(room, None, bob, None))
        await h.post(room, bob)
        await other.commit(Ban(room, None, bob))
        assert await h.refused(Post(room, bob, "x")) == "not_found"
        assert await h.refused(Join(room, bob)) == "not_found"
        await other.accepted(Unban(room, None, bob))
        await h.accepted(Join(room, bob), Post(room, bob, "back"))


async def test_slow_mode_is_exact_though_a_post_of_another_process_changes_no_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 28; also where no foreign write is noticed (PostgreSQL)."""
    async with heart(tmp_path) as h, heart(tmp_path, h.clock) as other:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.commit(ChangeRoom(room, ann, slow_mode=10))
        await h.post(room, bob)
        h.clock.advance(10)
        await other.post(room, bob)
        monkeypatch.setattr(h.committer._lanes[0].rights, "follow", lambda _generation: None)
        assert await h.refused(Post(room, bob, "x")) == "slow_mode"
        h.clock.advance(10)
        await h.post(room, bob)


async def test_of_fifty_posts_at_once_slow_mode_lets_one_through(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.commit(ChangeRoom(room, ann, slow_mode=10))
        answers = await h.together(*(Post(room, bob, f"{n}", f"key-{n}") for n in range(50)))
        assert _codes(answers) == [None, *["slow_mode"] * 49]
        refused = answers[1]
        assert isinstance(refused, Rejection)
        assert refused.retry_after == 10
        assert message(await h.one(Post(room, bob, "0", "key-0"))).index == 1, "a repeated one is answered all the same"
        assert await h.refused(Post(room, bob, "1", "key-0")) == "client_id_reused"
        assert h.bodies(room) == ["0"]
        h.clock.advance(10)
        answers = await h.together(*(Post(room, bob, f"{n}", f"key-{n}") for n in range(5)))
        assert _codes(answers) == [None, None, "slow_mode", "slow_mode", "slow_mode"]


async def test_slow_mode_is_kept_over_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with heart(tmp_path, clock) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.accepted(ChangeRoom(room, ann, slow_mode=10), Post(room, bob, "1"))
    async with heart(tmp_path, clock) as h:
        assert await h.refused(Post(room, bob, "2")) == "slow_mode"


async def test_a_repeated_post_is_answered_whatever_the_limits_say_by_now(tmp_path: Path) -> None:
    """Promise 3: muted, archived, slow; but who is out gets nothing."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        first = await h.post(room, bob, "x", client_id="key")
        again = Post(room, bob, "x", "key")
        await h.commit(Mute(room, ann, bob, h.clock.now() + SECOND))
        assert message(await h.one(again)).id == first.id
        await h.commit(ChangeRoom(room, ann, archived=True))
        assert message(await h.one(again)).id == first.id
        await h.commit(Ban(room, ann, bob))
        assert await h.refused(again) == "not_found"


# Order within a batch.


async def test_a_ban_and_posts_in_one_batch(tmp_path: Path) -> None:
    """What the banned said before it stands; after it the room is not there. The removal is what they get last."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        answers = await h.together(
            Post(room, bob, "before"),
            Ban(room, ann, bob, "spam"),
            Post(room, bob, "after"),
            Join(room, bob),
            AddMember(room, ann, bob),
            Post(room, ann, "later"),
        )
        assert _codes(answers) == [None, None, "not_found", "not_found", "banned", None]
        assert h.bodies(room) == ["before", "later"]
        batch = h.delivered[-1]
        assert (batch.banned, [event.removed for event in batch.events]) == ((bob,), [(), (bob,), ()])
        assert h.scalar('SELECT reason FROM bans WHERE "user" = :u', u=bob) == "spam"
        assert _codes(await h.together(Unban(room, ann, bob), Join(room, bob), Ban(room, ann, bob))) == [None] * 3
        assert h.scalar("SELECT count(*) FROM bans") == 1
        assert _codes(await h.together(Ban(room, ann, bob), Unban(room, ann, bob))) == [None, None]
        assert h.scalar("SELECT count(*) FROM bans") == 0


async def test_a_ban_of_a_stranger_is_delivered_though_it_takes_no_seq(tmp_path: Path) -> None:
    """They may look on at a public room: no more."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        head, version = h.row(room).head_seq, h.user(bob).version
        await h.commit(Ban(room, ann, bob))
        assert (h.delivered[-1].events, h.delivered[-1].banned) == ((), (bob,))
        assert h.row(room).head_seq == head
        assert h.user(bob).version > version, "other processes look again"


async def test_transfer_then_leave_and_demote_then_hand_over(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve, dan = h.people("ann", "bob", "eve", "dan")
        room = await h.room(ann, bob, eve, dan)
        await h.accepted(SetRole(room, ann, eve, Role.ADMIN), SetRole(room, ann, dan, Role.ADMIN))
        await h.accepted(SetRole(room, ann, eve, Role.MEMBER), Leave(room, ann))
        assert _owner(h, room) == dan
        await h.accepted(Transfer(room, dan, eve), Leave(room, dan), Join(room, ann))
        assert _owner(h, room) == eve
        await h.accepted(Transfer(room, eve, bob), Transfer(room, bob, ann), Leave(room, ann))
        assert _owner(h, room) == bob, "an admin since he gave it away, and the oldest"
        await h.accepted(Depart(room, bob), RemoveMember(room, None, eve))
        assert _owner(h, room) is None


async def test_heirs_are_found_beyond_those_who_are_known(tmp_path: Path) -> None:
    """The oldest admin may be somebody who never said a word, behind many older members."""
    async with heart(tmp_path) as h:
        people = h.people(*(f"user{n}" for n in range(30)))
        room = await h.room(*people)
        await h.commit(SetRole(room, people[0], people[29], Role.ADMIN))
        h.committer._lanes[0].rights.clear()
        await h.commit(Leave(room, people[0]))
        assert _owner(h, room) == people[29]


def _owner(h: Heart, room: int) -> int | None:
    owner: int | None = h.scalar("SELECT members.user FROM members WHERE room = :r AND role = 'owner'", r=room)
    assert h.row(room).owner == owner
    return owner


async def test_a_pin_of_a_post_of_the_same_batch_is_stored(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.accepted(Post(room, ann, "x"), Pin(room, ann, 1, on=True))
        [row] = h.timeline(room)
        assert (row.pinned_at, row.pinned_by) == (h.clock.now(), ann)


# Invitations.


async def test_an_invitation_is_used_exactly_as_often_as_it_may_be(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, *people = h.people("ann", *(f"user{n}" for n in range(50)))
        room = await h.room(ann, kind=RoomKind.PRIVATE)
        made = h.write(invites.create, Invite(0, new_id(), new_code(), room, ann, h.clock.now(), max_uses=7))
        answers = await h.together(*(Join(room, user, made.number) for user in people))
        assert _codes(answers) == [None] * 7 + ["invite_invalid"] * 43
        assert h.scalar("SELECT uses FROM invites") == 7
        assert h.row(room).member_count == 8
        assert outcome(await h.one(Join(room, people[0], made.number))).repeated
        assert await h.refused(Join(room, people[9], made.number)) == "invite_invalid"


async def test_an_invitation_of_another_room_is_none(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room, other = [await h.room(ann, kind=RoomKind.PRIVATE) for _ in range(2)]
        made = h.write(invites.create, Invite(0, new_id(), new_code(), room, ann, 1))
        answers = await h.together(Join(other, bob, made.number), Join(room, bob, made.number))
        assert _codes(answers) == ["invite_invalid", None]


async def test_invitations_end_with_the_right_to_invite(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, *people = h.people("ann", *(f"user{n}" for n in range(5)))
        room, other = [await h.room(ann, kind=RoomKind.PRIVATE) for _ in range(2)]
        await h.accepted(*(AddMember(place, ann, user, Role.MODERATOR) for place in (room, other) for user in people))
        for user in (ann, *people):
            for place in (room, other):
                h.write(invites.create, Invite(0, new_id(), new_code(), place, user, h.clock.now()))
        left, removed, banned, demoted, raised = people
        await h.accepted(
            Leave(room, left), RemoveMember(room, ann, removed), Ban(room, ann, banned),
            SetRole(room, ann, demoted, Role.MEMBER), SetRole(room, ann, raised, Role.ADMIN),
        )  # fmt: skip
        now = h.clock.now()
        assert [one.by for one in h.read(invites.open_to, room, now, 0, 99)] == [ann, raised]
        assert [one.by for one in h.read(invites.open_to, other, now, 0, 99)] == [ann, *people]


# What the transaction keeps beside.


async def test_deeds_are_logged_in_the_transaction_of_what_they_tell(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob)
        await h.accepted(
            Post(room, bob, "x"), Ban(room, ann, eve, "r"), Delete(room, ann, 1), Mute(room, ann, bob, 10**18)
        )
        assert _acts(h) == [("ban", ann, eve), ("delete_message", ann, bob), ("mute", ann, bob)]
        await h.refused(Ban(room, bob, ann))
        with h.failing_commits():
            await h.one(RemoveMember(room, ann, bob))
        assert h.member(room, bob) is not None
        assert len(_acts(h)) == 3, "nothing is logged of what did not happen"
        h.faults.extend(["after"])
        await h.one(RemoveMember(room, ann, bob))
        assert _acts(h)[3:] == [("remove", ann, bob)], "once, though it was tried twice"


async def test_a_flagged_post_is_reported_as_it_was_said(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        posted = await h.post(room, ann, "bad", client_id="k", flagged=True)
        await h.post(room, ann, "bad", client_id="k", flagged=True)
        await h.accepted(Edit(room, ann, 1, "worse", flagged=True), Delete(room, ann, 1))
        found = h.read(reports.page, is_open=True, before=None, limit=10)
        assert [(one.body, one.message_id, one.user, one.reporter) for one in reversed(found)] == [
            ("bad", posted.id, ann, None),
            ("worse", posted.id, ann, None),
        ]


# Rooms by external id.


async def test_one_room_for_an_external_id_in_one_batch_and_in_two(tmp_path: Path) -> None:
    async with heart(tmp_path) as h, heart(tmp_path, h.clock) as other:
        (ann,) = h.people("ann")

        def make(title: str) -> CreateRoom:
            return CreateRoom(ann, RoomKind.PRIVATE, title=title, external_id="order-7", metadata='{"a":1}')

        first, second = await h.accepted(make("a"), make("b"))
        third = await other.commit(make("c"))
        assert first.room is not None
        rooms = [made.room and (made.room.number, made.room.title) for made in (first, second, third)]
        assert rooms == [(first.room.number, "a")] * 3
        assert (first.repeated, second.repeated, third.repeated) == (False, True, True)
        assert h.row(first.room.number).metadata == '{"a":1}'
        answers = [await node.one(make("d")) for node in (h, other)]
        assert [outcome(answer).repeated for answer in answers] == [True, True]
        assert h.scalar("SELECT count(*) FROM rooms") == 1


# Deleted accounts.


async def test_a_deleted_user_leaves_direct_rooms_too_and_mentions_forget_the_name(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room, direct = await h.room(bob, ann), await _direct(h, ann, bob)
        await h.accepted(Post(room, ann, "@bob"), Post(direct, bob, "hello"))

        def forget(connection: Connection) -> None:
            connection.execute(
                text("UPDATE users SET username = 'deleted-x', deleted_at = 5, is_active = false WHERE number = :n"),
                {"n": bob},
            )

        await h.writer.run(forget)
        h.committer.forget_users([bob])
        await h.accepted(Depart(room, bob), Depart(direct, bob))
        assert _owner(h, room) == ann
        assert [h.row(number).member_count for number in (room, direct)] == [1, 1]
        for number in (room, direct):
            [(gone, user)] = h.events(number)[-1].members[:1]
            assert (gone.left_at is not None, user.deleted_at, user.username) == (True, 5, "deleted-x")
        assert (await h.post(room, ann, "@bob @deleted-x")).mentions == ()
        assert await h.refused(Join(room, bob)) == "not_found"
        (eve,) = h.people("eve")
        assert await h.refused(CreateRoom(eve, RoomKind.DIRECT, partner=bob)) == "not_found"
        assert h.read(members.partners, ann, [direct])[direct].deleted_at == 5


@ON_SQLITE
@pytest.mark.parametrize("act", ["post", "post in a direct room"])
async def test_the_plain_path_asks_nothing_that_it_need_not_know(tmp_path: Path, act: str) -> None:
    """E17: the statements of a post: as few as before there were bans, invitations and slow mode."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await (_direct(h, ann, bob) if "direct" in act else h.room(ann, bob))
        await h.post(room, ann)
        h.statements.clear()
        await h.post(room, ann)
        tables = ["bans", "invites", "audit", "reports", "room_mentions", "mentions", "webhooks"]
        assert not [one for one in h.statements for table in tables if f" {table} " in one.replace("\n", " ")]
        asked = [one for one in h.statements if "blocks" in one]
        assert len(asked) == ("direct" in act)
        assert len(h.statements) == 5 + len(asked), h.statements
