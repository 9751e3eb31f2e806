"""A batch: order without holes, rights under the lock, and few statements."""

import itertools
import random
from pathlib import Path

import pytest

from support.clock import FakeClock
from support.heart import code, heart, message
from tertulia.domain.changes import (
    AddMember,
    Change,
    ChangeRoom,
    CreateRoom,
    Delete,
    DeleteRoom,
    Edit,
    Join,
    Leave,
    Post,
    React,
    RemoveMember,
)
from tertulia.domain.errors import Rejection
from tertulia.domain.models import RoomKind


async def test_every_mix_of_accepted_refused_and_repeated_leaves_no_hole(tmp_path: Path) -> None:
    """Promises 2 and 3: seq and index are 1, 2, 3, …, whatever was refused or repeated between."""
    kinds = ("accepted", "refused", "too fast", "repeated")
    too_fast = Rejection("rate_limited", "Wait a moment.")
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob)
        await h.post(room, ann, "key", client_id="key")
        made = {
            "accepted": lambda: Post(room, bob, "new"),
            "refused": lambda: Post(room, eve, "no"),
            "too fast": lambda: Post(room, bob, "no", "new key", refusal=too_fast),
            "repeated": lambda: Post(room, ann, "key", "key"),
        }
        for mix in itertools.product(kinds, repeat=3):
            before = h.row(room)
            answers = await h.together(*(made[kind]() for kind in mix))
            new = mix.count("accepted")
            after = h.row(room)
            assert (after.head_seq, after.message_count) == (before.head_seq + new, before.message_count + new)
            assert [isinstance(answer, Rejection) for answer in answers] == [
                kind in {"refused", "too fast"} for kind in mix
            ]
        rows = h.timeline(room)
        assert [row.seq for row in rows] == list(range(2, h.row(room).head_seq + 1))
        assert [row.index for row in rows if row.index] == list(range(1, h.row(room).message_count + 1))
        assert [told.seq for told in h.events(room)] == list(range(1, h.row(room).head_seq + 1))


async def test_a_refused_item_changes_nothing(tmp_path: Path) -> None:
    """A rejection means that nothing was changed: no row, no seq, no event."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room, private = await h.room(ann, bob), await h.room(ann, kind=RoomKind.PRIVATE)
        await h.post(room, ann, "hers")
        refused: list[Change] = [
            Post(room, bob, "x", reply_to=2),
            Post(room, eve, "x"),
            Edit(room, bob, 1, "x"),
            Edit(room, ann, 2, "x"),
            Delete(room, bob, 1),
            Delete(room, bob, 99),
            React(room, eve, 1, "👍", on=True),
            React(room, bob, 99, "👍", on=True),
            Join(private, eve),
            Leave(room, eve),
            AddMember(room, bob, eve),
            AddMember(room, ann, 10**6),
            RemoveMember(room, bob, ann),
            RemoveMember(room, ann, eve),
            RemoveMember(room, ann, ann),
            ChangeRoom(room, bob, title="x"),
            DeleteRoom(room, bob),
            Post(10**6, ann, "x"),
            CreateRoom(10**6, RoomKind.PUBLIC),
            CreateRoom(ann, RoomKind.DIRECT, partner=10**6),
        ]
        before = [h.since(number, 0) for number in (room, private)]
        told = list(h.delivered)
        answers = await h.together(*refused)
        assert all(isinstance(answer, Rejection) for answer in answers)
        assert [h.since(number, 0) for number in (room, private)] == before
        assert h.delivered == told
        assert h.scalar("SELECT count(*) FROM rooms") == 2


async def test_nothing_to_do_takes_no_seq(tmp_path: Path) -> None:
    """Rule 6: what changes nothing takes no seq and says nothing."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        await h.post(room, ann, "hers")
        await h.commit(React(room, bob, 1, "👍", on=True))
        head, told = h.row(room).head_seq, len(h.delivered)
        again = await h.accepted(
            Join(room, bob),
            AddMember(room, ann, bob),
            Edit(room, ann, 1, "hers"),
            React(room, bob, 1, "👍", on=True),
            React(room, ann, 1, "👍", on=False),
            ChangeRoom(room, ann, title="room"),
        )
        assert all(answer.repeated for answer in again)
        assert (h.row(room).head_seq, len(h.delivered)) == (head, told)


async def test_rights_are_decided_in_the_order_of_the_batch(tmp_path: Path) -> None:
    """Rule 1: an earlier item's effect counts for a later one; [removal, post] in one batch refuses the post."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob)
        answers = await h.together(
            Post(room, bob, "in"),
            RemoveMember(room, ann, bob),
            Post(room, bob, "out"),
            Edit(room, bob, 1, "out"),
            React(room, bob, 1, "👍", on=True),
            Join(room, bob),
            Post(room, bob, "in again"),
            Post(room, eve, "outside"),
            Join(room, eve),
            Post(room, eve, "inside"),
            Leave(room, eve),
            Post(room, eve, "outside"),
        )
        codes = [answer.code if isinstance(answer, Rejection) else None for answer in answers]
        no = "not_member"
        assert codes == [None, None, no, no, no, None, None, no, None, None, None, no]
        assert h.bodies(room) == ["in", "in again", "inside"]


async def test_after_the_room_is_deleted_it_is_not_there_for_the_rest_of_the_batch(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        answers = await h.together(
            Post(room, bob, "last"),
            DeleteRoom(room, ann),
            Post(room, bob, "late"),
            Join(room, bob),
            DeleteRoom(room, ann),
        )
        assert message(answers[0]).body == "last"
        assert [code(answer) for answer in answers[2:]] == ["not_found"] * 3
        assert h.delivered[-1].gone
        assert [told.seq for told in h.delivered[-1].events] == [3]
        assert await h.refused(Post(room, bob, "later")) == "not_found"


async def test_edit_delete_and_react_work_on_a_message_of_the_same_batch(tmp_path: Path) -> None:
    """Rule 1: later items see what earlier ones wrote; every change is told, the row is written once."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        answers = await h.accepted(
            Post(room, ann, "1"),
            Edit(room, ann, 1, "2"),
            React(room, bob, 1, "👍", on=True),
            Edit(room, ann, 1, "3 @bob"),
        )
        assert [told.seq for told in h.events(room)][-4:] == [3, 4, 5, 6]
        [row] = [row for row in h.timeline(room) if row.index == 1]
        assert row == message(answers[-1])
        assert (row.seq, row.changed_seq, row.body) == (3, 6, "3 @bob")
        assert row.mentions == (h.user(bob).id,)
        assert row.reactions == ({"emoji": "👍", "count": 1, "users": [h.user(bob).id]},)
        gone = await h.accepted(Post(room, ann, "@bob"), React(room, bob, 2, "👍", on=True), Delete(room, ann, 2))
        assert message(gone[-1]) == h.timeline(room)[-1]
        assert h.scalar('SELECT count(*) FROM mentions WHERE "index" = 2') == 0
        assert h.scalar('SELECT count(*) FROM reactions WHERE "index" = 2') == 0


async def test_notices_stand_after_the_last_message_before_them(tmp_path: Path) -> None:
    """Design 5: notices have a seq, no index, and are placed `after` one; they are never unread."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        await h.accepted(
            Join(room, bob),
            Post(room, ann, "1"),
            Post(room, ann, "2"),
            Leave(room, bob),
            ChangeRoom(room, ann, title="new"),
        )
        kinds = [(row.index, row.after, row.notice and row.notice["type"]) for row in h.timeline(room)]
        assert kinds == [(None, 0, "joined"), (1, 0, None), (2, 1, None), (None, 2, "left"), (None, 2, "renamed")]
        assert h.row(room).message_count == 2


async def test_times_never_go_back_in_a_room(tmp_path: Path) -> None:
    """Rule 22: created_at is max(now, last of the room), whatever a node's clock says."""
    clock = FakeClock()
    async with heart(tmp_path, clock) as h:
        (ann,) = h.people("ann")
        clock.advance(100)
        room = await h.room(ann)
        clock.advance(-50)
        late = await h.post(room, ann)
        assert late.created_at == h.row(room).created_at
        clock.advance(80)
        assert (await h.post(room, ann)).created_at == clock.now()


async def test_an_edit_does_not_make_a_room_recently_active(tmp_path: Path) -> None:
    """`last_at` is the time of the newest message or notice, by which a person's rooms are sorted."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann)
        before = h.row(room).last_at
        h.clock.advance(100)
        edited = message(await h.one(Edit(room, ann, 1, "new")))
        assert edited.edited_at == h.clock.now()
        await h.commit(Delete(room, ann, 1))
        assert h.row(room).last_at == before


async def test_a_hundred_posts_in_ten_rooms_need_a_constant_number_of_statements(tmp_path: Path) -> None:
    """No N+1: as many statements for 100 posts with mentions in 10 rooms as for 10 in one."""
    async with heart(tmp_path) as h:
        people = h.people("ann", "bob", "eve")
        ann = people[0]
        rooms = [await h.room(ann, *people[1:]) for _ in range(10)]

        async def count(posts: list[Post]) -> int:
            with h.counting() as counted:
                await h.accepted(*posts)
            assert counted.transactions == 1
            return counted.statements

        def some(rooms: list[int], each: int, body: str) -> list[Post]:
            return [
                Post(room, random.choice(people), body, f"{room}-{n}-{body}") for room in rooms for n in range(each)
            ]

        await h.accepted(*(Post(room, user, "@bob") for room in rooms for user in people))  # members are known now
        few, many = await count(some(rooms[:1], 10, "a")), await count(some(rooms, 10, "b"))
        assert few == many <= (7 if h.writer.shared else 5)  # users and webhooks, if others may have changed them
        mentioning = await count(some(rooms, 10, "hi @bob @eve"))
        assert mentioning == many + (4 if h.writer.shared else 2)  # who is meant; the mentions, and who blocks whom


async def test_first_posts_after_a_start_load_all_rooms_at_once(tmp_path: Path) -> None:
    """No N+1: members and users of all rooms of a batch come in one statement each."""
    async with heart(tmp_path) as h:
        people = h.people("ann", "bob", "eve")
        rooms = [await h.room(*people) for _ in range(10)]
    async with heart(tmp_path) as h:
        with h.counting() as counted:
            await h.accepted(*(Post(room, user, "x") for room in rooms for user in people))
        assert counted.statements <= (10 if h.writer.shared else 9)  # which history a new line is of


async def test_many_changes_of_many_kinds_stay_bounded(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        people = h.people(*(f"user{n}" for n in range(20)))
        rooms = [await h.room(people[0], *people[1:10]) for _ in range(10)]
        await h.accepted(*(Post(room, people[1], "x") for room in rooms))
        changes: list[Change] = []
        for room in rooms:
            changes += [Edit(room, people[1], 1, "y"), React(room, people[2], 1, "👍", on=True), Leave(room, people[3])]
            changes += [
                Join(room, people[11]),
                AddMember(room, people[0], people[12]),
                RemoveMember(room, people[0], people[4]),
            ]
        with h.counting() as counted:
            await h.accepted(*changes)
        assert counted.statements <= 20


@pytest.mark.parametrize("seed", range(5))
async def test_promises_hold_in_random_batches_of_two_processes(tmp_path: Path, seed: int) -> None:
    """Promise 2: one order without holes, also when two processes write to the same rooms in turn."""
    chance = random.Random(seed)
    async with heart(tmp_path) as h, heart(tmp_path, h.clock) as other:
        people = h.people("ann", "bob", "eve", "dan")
        rooms = [await h.room(people[0], *people[1:3]) for _ in range(3)]
        for _ in range(12):
            node = chance.choice((h, other))
            answers = await node.together(*(_any_change(chance, rooms, people) for _ in range(chance.randrange(1, 12))))
            # Numbers from memory would not get past the keys of the tables: then nothing works any more.
            assert not [each for each in answers if isinstance(each, Rejection) and each.code == "internal"]
        for room in rooms:
            row, timeline = h.row(room), h.timeline(room)
            assert [message.index for message in timeline if message.index] == list(range(1, row.message_count + 1))
            told = sorted(h.events(room) + other.events(room), key=lambda event: event.seq)
            assert [event.seq for event in told] == list(range(1, row.head_seq + 1))
            present = h.scalar("SELECT count(*) FROM members WHERE room = :room AND left_at IS NULL", room=room)
            assert row.member_count == present
            owners = h.scalar("SELECT count(*) FROM members WHERE room = :room AND role = 'owner'", room=room)
            assert owners == min(present, 1) or row.owner is None


def _any_change(chance: random.Random, rooms: list[int], people: list[int]) -> Change:
    room, actor, index = chance.choice(rooms), chance.choice(people), chance.randrange(1, 8)
    choices: list[Change] = [
        Post(room, actor, "x", chance.choice((None, "a", "b", "c"))),
        Post(room, actor, "x"),
        Edit(room, actor, index, chance.choice("abc")),
        Delete(room, actor, index),
        React(room, actor, index, chance.choice("👍🎉"), on=chance.random() < 0.6),
        Join(room, actor),
        Leave(room, actor),
        AddMember(room, people[0], actor),
        RemoveMember(room, people[0], actor),
        ChangeRoom(room, actor, title=chance.choice("abc")),
    ]
    return chance.choice(choices)
