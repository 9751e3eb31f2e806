"""PostgreSQL that takes what it is told and answers nothing: a frozen machine, a network that lost us, a proxy that
swallows. A line that says nothing is given up, and what was on it is looked up on the next one.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from support.cut import When, line_to
from support.databases import ON_POSTGRESQL, new_url
from support.heart import code, heart, message, of_each_kind
from tertulia.clock import SystemClock
from tertulia.committer import committer
from tertulia.domain.changes import Post
from tertulia.domain.errors import Rejection
from tertulia.storage import users, writer
from tertulia.storage.engines import postgresql

pytestmark = ON_POSTGRESQL


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that wait for less long."""
    monkeypatch.setitem(postgresql.SESSION, "lock_timeout", "100ms")
    monkeypatch.setitem(postgresql.SESSION, "idle_in_transaction_session_timeout", "400ms")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called, lines are given up sooner."""
    return lambda: monkeypatch.setattr(postgresql.WritingLine, "silence", 0.4)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_each_item_of_a_commit_that_is_never_answered_is_stored_once(
    tmp_path: Path, when: When, impatient: Callable[[], None]
) -> None:
    """Rule 3: the server got COMMIT, or never will; every item is looked up before it is answered."""
    with line_to(new_url(tmp_path)) as line:
        async with heart(tmp_path, url=line.url) as h:
            ann, bob = h.people("ann", "bob")
            room = await h.room(ann)
            await h.post(room, ann, "first")
            impatient()
            line.swallow = when
            await h.accepted(*of_each_kind(room, ann, bob))
            assert line.cuts == 1
            assert h.bodies(room) == ["edited", "no key", "key", "after join"]
            assert h.scalar("SELECT count(*) FROM rooms") == 2
            assert message(await h.one(Post(room, ann, "key", "k"))).index == 3


async def test_a_line_that_fell_silent_while_it_was_idle_is_replaced(
    tmp_path: Path, impatient: Callable[[], None]
) -> None:
    with line_to(new_url(tmp_path)) as line:
        async with heart(tmp_path, lanes=4, url=line.url) as h:
            (ann,) = h.people("ann")
            rooms = [await h.room(ann) for _ in range(4)]
            await h.accepted(*(Post(room, ann, "before") for room in rooms))
            await h.writer.run(users.bump, [ann])
            version = h.write(users.versions, [ann])[ann]
            opened = line.opened
            impatient()
            line.fall_silent()
            await h.accepted(*(Post(room, ann, "after", "k") for room in rooms))
            await h.writer.run(users.bump, [ann])
            assert line.opened >= opened + 5, "each line was given up"
            assert [h.bodies(room) for room in rooms] == [["before", "after"]] * 4
            assert h.user(ann).version == version + 1


async def test_when_it_stays_away_each_is_answered_in_time_and_the_next_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, impatient: Callable[[], None]
) -> None:
    """`unavailable` for what was not begun, and nobody knows of what was on its way; then it is there again."""
    with line_to(new_url(tmp_path)) as line:
        async with heart(tmp_path, SystemClock(), url=line.url) as h:  # type: ignore[arg-type]
            (ann,) = h.people("ann")
            room = await h.room(ann)
            await h.writer.run(users.bump, [ann])
            impatient()
            for module in (committer, writer):
                monkeypatch.setattr(module, "PATIENCE", module.LAST_TRY + 0.3)
            line.swallow = "before"
            answers: list[str] = []
            h.committer.submit(Post(room, ann, "1", "k1"), lambda result: answers.append(code(result)))
            await h.until(lambda: line.cuts)
            h.committer.submit(Post(room, ann, "2", "k2"), lambda result: answers.append(code(result)))
            line.fall_silent()
            line.refuses = True
            await h.until(lambda: len(answers) == 2)
            assert answers == ["outcome_unknown", "unavailable"]
            with pytest.raises(Rejection) as refused:
                await h.writer.run(users.bump, [ann])
            assert (refused.value.code, refused.value.retry_after) == ("unavailable", 2)
            line.refuses = False
            monkeypatch.undo()
            found = await h.accepted(Post(room, ann, "2", "k2"), Post(room, ann, "1", "k1"))
            assert [message(one).body for one in found] == ["2", "1"]


async def test_a_database_that_is_slow_keeps_nobody_waiting_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says something all the time, and never ends."""
    done = 0

    def work(connection: Connection) -> None:
        nonlocal done
        for _ in range(50):
            connection.execute(text("SELECT pg_sleep(0.1)"))
            done += 1

    async with heart(tmp_path, SystemClock()) as h:  # type: ignore[arg-type]
        monkeypatch.setattr(postgresql, "LEAST", 0.1)
        monkeypatch.setattr(writer, "LAST_TRY", 0.0)
        monkeypatch.setattr(writer, "PATIENCE", 0.3)
        with pytest.raises(Rejection) as refused:
            await h.writer.run(work)
        assert refused.value.code == "unavailable"
        assert done < 50
