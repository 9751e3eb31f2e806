"""The committer: what happens when something fails, and where its bounds are."""

import asyncio
import math
from pathlib import Path

import pytest

from support.clock import FakeClock
from support.heart import Heart, code, heart, message, outcome
from tertulia.committer import committer as module
from tertulia.committer.committer import Committer
from tertulia.domain.changes import Change, Delete, Edit, Join, Post, Result
from tertulia.domain.errors import Rejection
from tertulia.domain.events import RoomBatch
from tertulia.metrics import Metrics
from tertulia.storage.writer import PATIENCE

SURROGATE = "smuggled \ud800 past the edge"
TOO_BIG = 2**63

# Promise 1.


async def test_an_answer_comes_after_the_commit(tmp_path: Path) -> None:
    """Promise 1: whoever is answered finds the message with another connection, in that very moment."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        seen: list[int] = []
        answered = asyncio.Event()

        def done(_result: Result) -> None:
            seen.append(h.scalar("SELECT count(*) FROM messages"))
            answered.set()

        h.committer.submit(Post(room, ann, "x"), done)
        await answered.wait()
        assert seen == [1]


async def test_events_are_delivered_once_committed_room_by_room_in_order(tmp_path: Path) -> None:
    """Promise 2: deliver comes after the commit, one batch a room, in seq order."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        one, two = await h.room(ann), await h.room(ann)
        h.delivered.clear()
        await h.accepted(Post(one, ann, "1"), Post(two, ann, "2"), Join(one, bob), Post(two, ann, "3"))
        assert [(batch.room, [event.seq for event in batch.events]) for batch in h.delivered] == [
            (one, [2, 3]),
            (two, [2, 3]),
        ]


async def test_changes_submitted_in_one_turn_share_a_transaction(tmp_path: Path) -> None:
    """Group commit: no timer, and one sync to disk for all that came together; at most 1,000 items."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        with h.counting() as counted:
            await h.accepted(*(Post(room, ann, str(n)) for n in range(2_100)))
        assert counted.transactions == 3
        assert h.bodies(room) == [str(n) for n in range(2_100)]


async def test_a_batch_is_bounded_in_bytes(tmp_path: Path) -> None:
    """Rule 4: a batch is at most 1 MB; an item that is larger alone goes alone."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        with h.counting() as counted:
            await h.accepted(*(Post(room, ann, "x" * 16_384) for _ in range(100)))
        assert counted.transactions == 2
        with h.counting() as counted:
            await h.accepted(Post(room, ann, "x"), Post(room, ann, "x" * 1_100_000), Post(room, ann, "x"))
        assert counted.transactions == 3


# One bad item (rule 4).


@pytest.mark.parametrize("place", [0, 1, 63, 100, 199])
@pytest.mark.parametrize("how", ["surrogate", "integer", "unknown user"])
async def test_one_bad_item_never_takes_its_batch_down(tmp_path: Path, place: int, how: str) -> None:
    """Rule 4, E6: it stands alone after O(log n) transactions; the others keep their order and their numbers."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        items: list[Change] = [Post(room, ann, str(n), f"key-{n}" if n % 2 else None) for n in range(200)]
        items[place] = _bad(room, ann, how)
        with h.counting() as counted:
            answers = await h.together(*items)
        assert code(answers[place]) == "internal"
        good = [outcome(answer) for number, answer in enumerate(answers) if number != place]
        assert [message(answer).index for answer in good] == list(range(1, 200))
        assert h.bodies(room) == [str(n) for n in range(200) if n != place]
        assert [row.seq for row in h.timeline(room)] == list(range(2, 201))
        assert [event.seq for event in h.events(room)] == list(range(1, 201))
        assert counted.transactions <= 1 + 2 * math.ceil(math.log2(200))


def _bad(room: int, ann: int, how: str) -> Change:
    if how == "surrogate":
        return Post(room, ann, SURROGATE)
    if how == "integer":
        return Post(TOO_BIG, ann, "x")
    return Join(room, 10**9)


async def test_two_bad_items_stand_alone_too(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        items = [Post(room, ann, SURROGATE if n in (3, 40) else str(n)) for n in range(64)]
        with h.counting() as counted:
            answers = await h.together(*items)
        assert [number for number, answer in enumerate(answers) if isinstance(answer, Rejection)] == [3, 40]
        assert h.bodies(room) == [str(n) for n in range(64) if n not in (3, 40)]
        assert counted.transactions <= 1 + 4 * 6


async def test_a_bad_item_among_repeated_keys_leaves_no_double(tmp_path: Path) -> None:
    """Rules 3 and 4 together: halves are run carefully, so keys of an earlier half or start are found."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann, "old", client_id="old")
    async with heart(tmp_path) as h:
        keys = ["old", "a", "a", None, "b", "old", "b", "a"]
        items = [Post(room, ann, SURROGATE if key is None else key, key) for key in keys]
        answers = await h.together(*items)
        assert code(answers[3]) == "internal"
        assert h.bodies(room) == ["old", "a", "b"]
        assert len({message(answers[n]).id for n in (1, 2, 7)}) == 1


async def test_what_follows_a_bad_item_sees_what_came_before(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        answers = await h.together(
            Join(room, bob), Post(room, ann, SURROGATE), Post(room, bob, "in"), Edit(room, bob, 1, "edited")
        )
        assert [isinstance(answer, Rejection) for answer in answers] == [False, True, False, False]
        assert h.bodies(room) == ["edited"]


async def test_an_answer_that_fails_stops_nobody(tmp_path: Path) -> None:
    """One deaf client must not stop the answers of the others, nor the next batches."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)

        def deaf(_result: Result) -> None:
            raise RuntimeError("deaf")

        h.committer.submit(Post(room, ann, "1"), deaf)
        await h.post(room, ann, "2")
        async with h.stopped_writer():
            h.committer.submit(Post(room, ann, "3"), lambda _result: None)
            await asyncio.wait_for(_until_nothing_waits(h), 5)
            h.committer.submit(Post(room, ann, "too late"), deaf)
            h.clock.advance(PATIENCE)
        await h.post(room, ann, "4")
        assert h.bodies(room) == ["1", "2", "3", "4"]


async def test_a_delivery_that_fails_does_not_stop_the_next_batch(tmp_path: Path) -> None:
    """What is stored is answered; who misses the event asks again (promise 4)."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)

        def broken(_batches: list[RoomBatch]) -> None:
            raise RuntimeError("broken hub")

        committer = Committer(h.writer, h.clock, Metrics(), broken)
        async with asyncio.timeout(5):
            await committer.commit(Post(room, ann, "1"))
            await committer.commit(Post(room, ann, "2"))
            await committer.close()
        assert h.bodies(room) == ["1", "2"]


# Bounds.


async def test_full_queue_answers_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 4: the queue is bounded in items; full is `busy` with a time to come back, and nothing was done."""
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        answers = await h.together(*(Post(room, ann, str(n)) for n in range(15)))
        assert [isinstance(answer, Rejection) for answer in answers] == [False] * 10 + [True] * 5
        assert code(answers[-1]) == "busy"
        assert isinstance(answers[-1], Rejection)
        assert answers[-1].retry_after
        assert len(h.bodies(room)) == 10


async def test_queue_is_bounded_in_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 50_000)
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        for _ in range(3):  # what was answered does not count any more
            answers = await h.together(*(Post(room, ann, "x" * 10_000) for _ in range(6)))
            assert [isinstance(answer, Rejection) for answer in answers] == [False] * 4 + [True] * 2
        edits = await h.together(*(Edit(room, ann, 1, "y" * 10_000 + str(n)) for n in range(6)))
        assert [isinstance(answer, Rejection) for answer in edits] == [False] * 4 + [True] * 2


async def test_who_waited_too_long_is_refused_having_changed_nothing(tmp_path: Path) -> None:
    """Rule 3: `unavailable` only after it left the queue; what is in flight is answered with what came of it."""
    clock = FakeClock()
    async with heart(tmp_path, clock) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        loop = asyncio.get_running_loop()
        async with h.stopped_writer():
            flying = loop.create_task(h.one(Post(room, ann, "in flight")))
            await _until_nothing_waits(h)
            old = loop.create_task(h.together(Post(room, ann, "old"), Post(room, ann, "old too")))
            await _until_waiting(h, 2)
            clock.advance(4)
            young = loop.create_task(h.one(Post(room, ann, "young")))
            await _until_waiting(h, 3)
            clock.advance(1.5)
        assert message(await flying).body == "in flight"
        assert [code(answer) for answer in await old] == ["unavailable"] * 2
        assert message(await young).index == 2
        assert h.bodies(room) == ["in flight", "young"]


async def test_close_answers_all_that_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    """Rule 20: waiting posts are committed and answered; new ones are refused with `unavailable`."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        loop = asyncio.get_running_loop()
        waiting = loop.create_task(h.together(*(Post(room, ann, str(n)) for n in range(1_200))))
        await _until_waiting(h, 1)
        await h.committer.close()
        assert len(h.bodies(room)) == 1_200
        answers = await waiting
        assert not any(isinstance(answer, Rejection) for answer in answers)
        assert await h.refused(Post(room, ann, "late")) == "unavailable"


async def test_close_with_nothing_to_do_returns(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        await asyncio.wait_for(h.committer.close(), 5)
        await asyncio.wait_for(h.committer.close(), 5)


async def test_closed_writer_refuses_what_waits(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await asyncio.to_thread(h.writer.close)
        answers = await h.together(*(Post(room, ann, str(n)) for n in range(1_200)))
        assert {code(answer) for answer in answers} == {"unavailable"}


async def test_submit_never_answers_from_within(tmp_path: Path) -> None:
    """A caller may hold things half done while it submits: the answer comes in another turn of the loop."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.committer.close()
        answers: list[Result] = []
        h.committer.submit(Post(room, ann, "x"), answers.append)
        assert answers == []


async def test_cancelled_commit_happens_all_the_same(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        async with h.stopped_writer():
            task = asyncio.get_running_loop().create_task(h.committer.commit(Post(room, ann, "x")))
            await _until_nothing_waits(h)
            task.cancel()
        await h.post(room, ann, "y")
        assert task.cancelled()
        assert h.bodies(room) == ["x", "y"]


async def test_an_answer_may_submit_the_next_change(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        ended = asyncio.Event()

        def again(result: Result) -> None:
            body = message(result).body
            assert body is not None
            if body == "xxx":
                ended.set()
            else:
                h.committer.submit(Post(room, ann, body + "x"), again)

        h.committer.submit(Post(room, ann, "x"), again)
        await asyncio.wait_for(ended.wait(), 5)
        assert h.bodies(room) == ["x", "xx", "xxx"]
        assert await h.refused(Delete(room, ann, 4)) == "not_found"


async def _until_waiting(h: Heart, count: int) -> None:
    await h.until(lambda: h.committer.waiting >= count)


async def _until_nothing_waits(h: Heart) -> None:
    """All that was submitted is in flight."""
    await h.until(lambda: not h.committer.waiting)
