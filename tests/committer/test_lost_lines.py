"""PostgreSQL: lines that break, a server that is gone, and one that another took the place of."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from support.cut import When, line_to
from support.databases import ON_POSTGRESQL, new_url
from support.heart import code, heart, message, of_each_kind
from tertulia.domain.changes import DeleteRoom, Leave, Post
from tertulia.domain.errors import Rejection
from tertulia.storage import users
from tertulia.storage.engines import postgresql

pytestmark = ON_POSTGRESQL


@pytest.mark.parametrize("when", ["before", "after"])
async def test_each_item_of_a_commit_without_an_answer_is_stored_once(tmp_path: Path, when: When) -> None:
    """Rule 3: the line is cut in front of COMMIT, or behind it, before its answer."""
    with line_to(new_url(tmp_path)) as line:
        async with heart(tmp_path, url=line.url) as h:
            ann, bob = h.people("ann", "bob")
            room = await h.room(ann)
            await h.post(room, ann, "first")
            line.cut = when
            await h.accepted(*of_each_kind(room, ann, bob))
            assert line.cuts == 1
            assert h.bodies(room) == ["edited", "no key", "key", "after join"]
            assert h.scalar("SELECT count(*) FROM rooms") == 2
            assert h.is_numbered(room)
            assert message(await h.one(Post(room, ann, "key", "k"))).index == 3


@pytest.mark.parametrize(("when", "expected"), [("before", {"done"}), ("after", {"done", "outcome_unknown"})])
async def test_what_can_be_done_once_only_is_never_called_refused_when_it_happened(
    tmp_path: Path, when: When, expected: set[str]
) -> None:
    with line_to(new_url(tmp_path)) as line:
        async with heart(tmp_path, url=line.url) as h:
            ann, bob = h.people("ann", "bob")
            room, other = await h.room(ann, bob), await h.room(ann)
            line.cut = when
            answers = await h.together(Leave(room, bob), DeleteRoom(other, ann))
            assert line.cuts == 1
            assert {getattr(answer, "code", "done") for answer in answers} <= expected
            member = h.member(room, bob)
            assert member is not None
            assert member.left_at is not None


async def test_a_line_that_is_cut_in_other_writes_says_that_nobody_knows(tmp_path: Path) -> None:
    with line_to(new_url(tmp_path)) as line:
        async with heart(tmp_path, url=line.url) as h:
            h.people("ann")
            line.cut = "after"
            with pytest.raises(Rejection) as refused:
                await h.writer.run(users.bump, [1])
            assert refused.value.code == "outcome_unknown"
            assert h.user(1).version == 1
            await h.writer.run(users.bump, [1])
            assert h.user(1).version == 2


async def test_connections_that_the_server_ends_are_made_anew(tmp_path: Path) -> None:
    async with heart(tmp_path, lanes=4) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        for n in range(3):
            await h.post(room, ann, str(n))
            await h.writer.run(users.bump, [ann])
            h.write(_end_all_others)
        await h.post(room, ann, "3")
        assert h.bodies(room) == ["0", "1", "2", "3"]
        assert h.user(ann).version >= 3


def _end_all_others(connection: Connection) -> None:
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )


async def test_after_a_standby_took_over_nothing_is_written_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promises 1, 2 and 4: it may give numbers again that were given, so the first new line is compared before it
    writes; those that are still open write nothing any more either.
    """
    with line_to(new_url(tmp_path)) as line:
        async with heart(tmp_path, lanes=4, url=line.url) as h:
            (ann,) = h.people("ann")
            rooms = [await h.room(ann) for _ in range(4)]
            await h.accepted(*(Post(room, ann, "before") for room in rooms))
            await h.writer.run(users.bump, [ann])
            version = h.user(ann).version
            monkeypatch.setattr(postgresql.Postgresql, "history", lambda _kind, _connection: "@7-2")
            assert not h.writer.history_lost.is_set()
            line.cut = "before"
            answers = await h.together(Post(rooms[0], ann, "in it"))
            assert [code(answer) for answer in answers] == ["outcome_unknown"], "the old one may have it"
            await h.until(h.writer.history_lost.is_set)
            answers = await h.together(*(Post(room, ann, "after") for room in rooms for _ in range(2)))
            assert {code(answer) for answer in answers} == {"unavailable"}
            with pytest.raises(Rejection) as refused:
                await h.writer.run(users.bump, [ann])
            assert refused.value.code == "unavailable"
            assert [h.bodies(room) for room in rooms] == [["before"]] * 4
            assert h.user(ann).version == version


async def test_a_takeover_is_seen_before_the_first_write_of_a_new_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with heart(tmp_path, lanes=4) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.post(room, ann, "before")
        h.write(_end_all_others)
        monkeypatch.setattr(postgresql.Postgresql, "history", lambda _kind, _connection: "@7-2")
        answers = await h.together(*(Post(room, ann, str(n)) for n in range(3)))
        assert [code(answer) for answer in answers] == ["unavailable"] * 3
        await h.until(h.writer.history_lost.is_set)
        assert h.bodies(room) == ["before"]


async def test_the_timeline_is_the_one_that_is_written_now(tmp_path: Path) -> None:
    """Not that of the last checkpoint: after a takeover, that is the old one for minutes."""
    async with heart(tmp_path) as h:
        wal = h.scalar("SELECT pg_walfile_name(pg_current_wal_lsn())")
        cluster = h.scalar("SELECT system_identifier FROM pg_control_system()")
        assert h.read(postgresql.Postgresql().history) == f"@{cluster}-{int(wal[:8], 16)}"


async def test_a_database_that_is_gone_is_tried_for_a_while_then_unavailable(tmp_path: Path) -> None:
    with line_to(new_url(tmp_path)) as line:
        async with heart(tmp_path, url=line.url) as h:
            (ann,) = h.people("ann")
            room = await h.room(ann)
            line.close()
            answers = await h.together(*(Post(room, ann, str(n)) for n in range(100)))
            assert {code(answer) for answer in answers} == {"unavailable"}
            assert 3 <= h.clock.monotonic() < 5
            with pytest.raises(Rejection) as refused:
                await h.writer.run(users.bump, [ann])
            assert (refused.value.code, refused.value.retry_after) == ("unavailable", 2)
