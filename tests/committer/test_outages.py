"""Commits that fail, or nobody knows: rules 3 and 42."""

from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from support.databases import ON_SQLITE
from support.heart import Fault, code, heart, message
from tertulia.domain.changes import Change, CreateRoom, Edit, Join, Post, React
from tertulia.domain.errors import Rejection
from tertulia.domain.models import RoomKind


async def test_commit_that_happened_but_failed_stores_nothing_twice(tmp_path: Path) -> None:
    """Rule 3: when the outcome is unknown, the batch runs again and finds its messages by their ids."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        await h.post(room, ann, "first")
        items: list[Change] = [
            Post(room, ann, "no key"),
            Post(room, ann, "key", "k"),
            Edit(room, ann, 1, "edited"),
            React(room, ann, 1, "👍", on=True),
            Join(room, bob),
            Post(room, bob, "after join"),
            Post(room, ann, "key", "k"),
            CreateRoom(ann, RoomKind.PUBLIC, "lobby"),
            CreateRoom(bob, RoomKind.PRIVATE),
            CreateRoom(ann, RoomKind.DIRECT, partner=bob),
        ]
        before = h.metrics.posts._value.get()
        h.faults.append("after")
        answers = await h.accepted(*items)
        assert h.bodies(room) == ["edited", "no key", "key", "after join"]
        assert [row.seq for row in h.timeline(room)] == [2, 3, 4, 7, 8]
        assert [message(answers[n]).body for n in (0, 1, 5, 6)] == ["no key", "key", "after join", "key"]
        assert h.scalar("SELECT count(*) FROM rooms") == 4
        made = answers[8]
        assert made.room is not None
        assert made.member == h.member(made.room.number, bob)
        assert h.metrics.posts._value.get() - before == 3


async def test_what_such_a_commit_did_is_found_by_the_sweep(tmp_path: Path) -> None:
    """Promise 4: nobody was told its events, so the count of foreign writes rises, and every head is compared."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        before = await h.writer.notice_foreign_writes()
        h.faults.append("after")
        await h.post(room, ann, "x")
        assert await h.writer.notice_foreign_writes() > before


@pytest.mark.parametrize("faults", [["before"], ["before", "after"], ["after", "before"]])
async def test_commits_that_fail_once_or_twice_store_everything_once_or_say_so(
    tmp_path: Path, faults: list[Fault]
) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        h.faults.extend(faults)
        answers = await h.together(Post(room, ann, "1"), Post(room, ann, "2", "k"))
        codes = {answer.code for answer in answers if isinstance(answer, Rejection)}
        assert codes <= {"outcome_unknown"}
        h.faults.clear()
        await h.post(room, ann, "2", client_id="k")
        if not codes:
            assert h.bodies(room) == ["1", "2"]
        assert len(h.bodies(room)) == len(set(h.bodies(room)))


@ON_SQLITE
async def test_an_unknown_outcome_stays_unknown_when_the_database_goes_away(tmp_path: Path) -> None:
    """Rule 3: `unavailable` says that nothing was changed; who may be stored is never told so."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        h.faults.append("after")
        attempts = 0

        def fail(_connection: Connection) -> None:
            nonlocal attempts
            attempts += 1
            if attempts > 1:
                raise OperationalError("BEGIN", None, Exception("disk I/O error"))

        with h.failing_begin(fail):
            answers = await h.together(Post(room, ann, "x"))
        assert code(answers[0]) == "outcome_unknown"
        assert h.bodies(room) == ["x"]


@ON_SQLITE
async def test_database_that_cannot_write_refuses_and_recovers(tmp_path: Path) -> None:
    """Rule 42: `unavailable`, nothing stored, a fresh connection, and then it goes on."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)

        attempts: list[Connection] = []

        def fail(connection: Connection) -> None:
            attempts.append(connection)
            raise OperationalError("BEGIN", None, Exception("disk I/O error"))

        with h.failing_begin(fail):
            answers = await h.together(*(Post(room, ann, str(n)) for n in range(100)))
        assert {code(answer) for answer in answers} == {"unavailable"}
        assert len(attempts) == 1, "a database that cannot write is not asked again for each half"
        assert h.bodies(room) == []
        assert (await h.post(room, ann, "again")).index == 1


@ON_SQLITE
async def test_full_disk_refuses_clearly_loses_nothing_and_recovers(tmp_path: Path) -> None:
    """Promise 1, rule 42: a real SQLITE_FULL; what was acknowledged stays, the rest is refused."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        acknowledged = [await h.post(room, ann, "before")]
        pages = h.scalar("PRAGMA page_count")
        h.pragma(f"max_page_count={pages + 3}")
        refused = ""
        while not refused:
            answer = await h.one(Post(room, ann, "x" * 10_000))
            if isinstance(answer, Rejection):
                refused = answer.code
            else:
                acknowledged.append(message(answer))
        assert refused == "unavailable"
        assert [row for row in h.timeline(room) if row.index] == acknowledged
        h.pragma("max_page_count=1000000")
        acknowledged.append(await h.post(room, ann, "after"))
        assert [row for row in h.timeline(room) if row.index] == acknowledged
        assert acknowledged[-1].index == len(acknowledged)
