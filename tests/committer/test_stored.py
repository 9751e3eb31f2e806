"""Promise 3: posting twice posts once. The same room, sender and client_id have one message."""

from pathlib import Path

import pytest

from support.heart import code, heart, message, outcome
from tertulia.committer import committer
from tertulia.domain.changes import AddMember, Delete, DeleteRoom, Edit, Join, Leave, Post, RemoveMember
from tertulia.domain.errors import Rejection
from tertulia.domain.models import RoomKind

KEY = "k" * 16


def too_fast() -> Rejection:
    return Rejection("rate_limited", "You post too fast.", retry_after=1)


async def test_same_key_in_one_batch_shares_one_answer(tmp_path: Path) -> None:
    """Rule 3: equal keys in one batch share one answer, and only the first takes a seq and an index (E4)."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        answers = await h.accepted(*(Post(room, ann, "once", KEY) for _ in range(5)), Post(room, ann, "next"))
        assert [answer.repeated for answer in answers] == [False, True, True, True, True, False]
        assert len({message(answer).id for answer in answers[:5]}) == 1
        assert [(row.seq, row.index, row.body) for row in h.timeline(room)] == [(2, 1, "once"), (3, 2, "next")]


async def test_same_key_in_later_batches_is_looked_up_and_costs_no_second_try(tmp_path: Path) -> None:
    """Rule 3, E17: keys stored lately are remembered, so a repeated one does not make its batch fail first."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        first = await h.post(room, ann, "once", client_id=KEY)
        with h.counting() as counted:
            again = await h.commit(Post(room, ann, "once", KEY))
        assert again.repeated
        assert message(again) == first
        assert counted.transactions == 1


async def test_same_key_after_a_restart_is_found_and_leaves_no_hole(tmp_path: Path) -> None:
    """Rule 3, E4: not in memory, so the insert fails; the batch runs once more with a look-up, in order."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        first = await h.post(room, ann, "once", client_id=KEY)
    async with heart(tmp_path) as h:
        with h.counting() as counted:
            answers = await h.accepted(
                Post(room, bob, "before"), Post(room, ann, "once", KEY), Post(room, bob, "after")
            )
        assert counted.transactions == 2
        assert message(answers[1]) == first
        assert [answer.repeated for answer in answers] == [False, True, False]
        assert [(row.index, row.body) for row in h.timeline(room) if row.index] == [
            (1, "once"),
            (2, "before"),
            (3, "after"),
        ]
        assert [row.seq for row in h.timeline(room)] == [2, 3, 4, 5]
        assert [told.seq for told in h.events(room)] == [4, 5]


async def test_two_thousand_at_once_make_one_message(tmp_path: Path) -> None:
    """Promise 3, at scale and over several batches."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        answers = await h.accepted(*(Post(room, ann, "once", KEY) for _ in range(2_000)))
        assert len({message(answer).id for answer in answers}) == 1
        assert sum(not answer.repeated for answer in answers) == 1
        assert h.bodies(room) == ["once"]


async def test_key_forgotten_by_memory_is_still_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of recent keys is bounded; the unique key of the table is what holds."""
    monkeypatch.setattr(committer, "RECENT_KEYS", 2)
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        for number in range(5):
            await h.post(room, ann, f"{number}", client_id=f"key-{number}")
        with h.counting() as counted:
            again = await h.commit(Post(room, ann, "0", "key-0"))
        assert again.repeated
        assert counted.transactions == 2
        assert h.bodies(room) == ["0", "1", "2", "3", "4"]


async def test_key_belongs_to_its_room_and_sender(tmp_path: Path) -> None:
    """E5: the unique key is (room, sender, client_id): others may use the same."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        here, there = await h.room(ann, bob), await h.room(ann, bob)
        answers = await h.accepted(
            Post(here, ann, "1", KEY), Post(here, bob, "2", KEY), Post(there, ann, "3", KEY), Post(there, bob, "4", KEY)
        )
        assert not any(answer.repeated for answer in answers)
        assert (h.bodies(here), h.bodies(there)) == (["1", "2"], ["3", "4"])


@pytest.mark.parametrize("restart", [False, True])
async def test_repeated_key_is_answered_even_when_the_sender_is_too_fast(tmp_path: Path, restart: bool) -> None:
    """Rule 3: whatever limits say now; a retry whose answer was lost is never told "no" though it is stored."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        first = await h.post(room, ann, "once", client_id=KEY)
        if not restart:
            answers = await h.together(Post(room, ann, "once", KEY, refusal=too_fast()))
            assert message(answers[0]) == first
    async with heart(tmp_path) as h:
        answers = await h.together(
            Post(room, ann, "once", KEY, refusal=too_fast()), Post(room, ann, "new", "n" * 16, refusal=too_fast())
        )
        assert message(answers[0]) == first
        assert code(answers[1]) == "rate_limited"
        assert h.bodies(room) == ["once"]


async def test_refused_posts_are_looked_up_in_one_statement(tmp_path: Path) -> None:
    """A flood of posts beyond the rate is cheap: one look-up a batch, not one a post."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        with h.counting() as counted:
            answers = await h.together(*(Post(room, ann, "x", f"key-{n}", refusal=too_fast()) for n in range(300)))
        assert {code(answer) for answer in answers} == {"rate_limited"}
        assert counted.statements <= (6 if h.writer.shared else 5)


async def test_refused_key_that_is_accepted_earlier_in_the_batch_is_answered(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        answers = await h.accepted(Post(room, ann, "once", KEY), Post(room, ann, "once", KEY, refusal=too_fast()))
        assert [answer.repeated for answer in answers] == [False, True]


@pytest.mark.parametrize("private", [False, True])
async def test_repeated_key_is_not_answered_to_who_is_no_member_any_more(tmp_path: Path, private: bool) -> None:
    """Rule 3: membership is still needed. Promise 7: a private room is then none."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, kind=RoomKind.PRIVATE if private else RoomKind.PUBLIC)
        await h.commit(AddMember(room, ann, bob))
        await h.post(room, bob, "once", client_id=KEY)
        await h.commit(RemoveMember(room, ann, bob))
        expected = "not_found" if private else "not_member"
        assert await h.refused(Post(room, bob, "once", KEY)) == expected
        assert await h.refused(Post(room, bob, "once", KEY, refusal=too_fast())) == expected
    async with heart(tmp_path) as h:
        assert await h.refused(Post(room, bob, "once", KEY)) == expected


async def test_repeated_key_of_a_room_deleted_before_it_in_the_batch(tmp_path: Path) -> None:
    """Rule 1: an earlier item counts for a later one, also for one that is stored already."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann, "once", client_id=KEY)
        answers = await h.together(DeleteRoom(room, ann), Post(room, ann, "once", KEY))
        assert code(answers[1]) == "not_found"


@pytest.mark.parametrize("same_batch", [False, True])
async def test_same_key_with_other_content_is_refused(tmp_path: Path, same_batch: bool) -> None:
    """Rule 23: 409, never a silent success for a message that was not stored."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann, "first")
        posts = [Post(room, ann, "once", KEY), Post(room, ann, "other", KEY), Post(room, ann, "once", KEY, reply_to=1)]
        if same_batch:
            answers = await h.together(*posts)
        else:
            answers = [await h.one(post) for post in posts]
        assert [code(answer) for answer in answers[1:]] == ["client_id_reused", "client_id_reused"]
        assert h.bodies(room) == ["first", "once"]


@pytest.mark.parametrize("same_batch", [False, True])
@pytest.mark.parametrize("how", ["edited", "deleted"])
async def test_repeated_key_of_a_changed_message_gets_it_as_it_is_now(
    tmp_path: Path, same_batch: bool, how: str
) -> None:
    """Rule 23 compares with an unedited body only; the answer is the message as it is, not as it was posted."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        change = Edit(room, ann, 1, "changed") if how == "edited" else Delete(room, ann, 1)
        items = [Post(room, ann, "once", KEY), change, Post(room, ann, "once", KEY), Post(room, ann, "other", KEY)]
        if same_batch:
            answers = await h.accepted(*items)
        else:
            answers = [outcome(await h.one(item)) for item in items]
        now = h.timeline(room)[-1]
        assert now.body == ("changed" if how == "edited" else None)
        assert message(answers[2]) == message(answers[3]) == now
        assert h.row(room).message_count == 1


async def test_a_key_of_a_member_who_left_and_came_back_still_holds(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        first = await h.post(room, bob, "once", client_id=KEY)
        answers = await h.together(
            Leave(room, bob), Post(room, bob, "once", KEY), Join(room, bob), Post(room, bob, "once", KEY)
        )
        assert code(answers[1]) == "not_member"
        assert message(answers[3]).id == first.id
        assert h.bodies(room) == ["once"]
