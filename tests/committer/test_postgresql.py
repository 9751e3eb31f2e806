"""PostgreSQL: many write at once, and others stop in the middle."""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from support.at_once import WAITING
from support.databases import ON_POSTGRESQL, new_url
from support.heart import Gate, Heart, code, heart, message
from support.proving import PROVING
from tertulia.clock import SystemClock
from tertulia.committer import committer
from tertulia.committer.committer import Committer
from tertulia.domain.changes import ChangeRoom, CreateRoom, Join, Leave, Post, Result
from tertulia.domain.ids import new_id
from tertulia.domain.models import RoomKind
from tertulia.metrics import Metrics
from tertulia.storage import rooms, users, writer
from tertulia.storage.database import Database, open_engine
from tertulia.storage.engines import is_locked, postgresql

pytestmark = ON_POSTGRESQL

ROUNDS = 200 if PROVING else 15
CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tertulia'"
)


async def test_batches_over_the_same_rooms_in_any_order_never_deadlock(tmp_path: Path) -> None:
    """Rule 2, E1: the lock statement comes first, in the order of the rooms."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        numbers = [await h.room(ann) for _ in range(20)]
        failures: list[BaseException] = []
        url = h.engine.url.render_as_string(hide_password=False)

        def write(seed: int) -> None:
            chance, engine = random.Random(seed), open_engine(url, write=True)
            try:
                with engine.connect() as connection:
                    for _ in range(ROUNDS):
                        with connection.begin():
                            locked = rooms.lock(connection, chance.sample(numbers, 12))
                            chosen = chance.sample(list(locked.values()), len(locked))
                            rooms.save_counts(
                                connection, [(r.number, r.head_seq + 1, r.message_count, r.last_at) for r in chosen]
                            )
                            users.bump(connection, [ann])
            except BaseException as error:  # noqa: BLE001 - counted below
                failures.append(error)
            finally:
                engine.dispose()

        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        assert failures == []
        assert sum(h.row(number).head_seq for number in numbers) == 20 + 6 * ROUNDS * 12


async def test_two_nodes_in_the_same_rooms_leave_no_hole(tmp_path: Path) -> None:
    """Rules 2 and 3, E1 and E4: four lanes each, the same rooms, half of the keys the same."""
    async with heart(tmp_path, lanes=4) as one, heart(tmp_path, lanes=4) as two:
        people = one.people("ann", "bob")
        numbers = [await one.room(*people) for _ in range(12)]
        for h in (one, two):
            assert h.committer._lanes[3].rights is not h.committer._lanes[0].rights
        failures = [failures_of(h) for h in (one, two)]

        def posts(own: str) -> list[Post]:
            made = [Post(room, people[0], "both", f"both-{n}") for room in numbers for n in range(5)]
            made += [Post(room, people[1], own, f"{own}-{n}") for room in numbers for n in range(5)]
            return random.Random(own).sample(made, len(made))

        await asyncio.gather(one.accepted(*posts("one")), two.accepted(*posts("two")))
        for room in numbers:
            assert sorted(str(body) for body in one.bodies(room)) == ["both"] * 5 + ["one"] * 5 + ["two"] * 5
            assert one.is_numbered(room)
        assert "40P01" not in [*failures[0], *failures[1]], "a deadlock, which is retried"


PASSING = pytest.mark.parametrize("state", ["40001", "40P01"], ids=["serialization", "deadlock"])


@PASSING
async def test_a_batch_that_was_in_the_way_of_others_is_tried_again_whole(tmp_path: Path, state: str) -> None:
    """Rule 2, ADR 15: what fails for a moment says nothing about the items, so they are not tried one by one."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann, bob)
        failures, tries = failures_of(h), 0

        def fail(connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
            nonlocal tries
            if statement.startswith("INSERT INTO messages"):
                tries += 1
                if tries <= 3:  # as often as four would be halved
                    end_by(connection, state)

        event.listen(h.engine, "after_cursor_execute", fail)
        answers = await h.accepted(*(Post(room, (ann, bob)[n % 2], str(n), f"k{n}") for n in range(4)))
        assert failures == [state] * 3
        assert tries == 4
        assert [message(answer).body for answer in answers] == h.bodies(room) == ["0", "1", "2", "3"]
        assert h.is_numbered(room)


@PASSING
async def test_a_write_that_was_in_the_way_of_others_is_tried_again(tmp_path: Path, state: str) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        failures, left = failures_of(h), 3

        def work(connection: Connection) -> str:
            nonlocal left
            users.bump(connection, [ann])
            if left:
                left -= 1
                end_by(connection, state)
            return "done"

        assert await h.writer.run(work) == "done"
        assert failures == [state] * 3
        assert h.user(ann).version == 1


def end_by(connection: Connection, state: str) -> None:
    """The server ends the transaction with this SQLSTATE."""
    connection.exec_driver_sql(f"DO $$ BEGIN RAISE 'in the way' USING ERRCODE = '{state}'; END $$")


def failures_of(h: Heart) -> list[str | None]:
    """The SQLSTATEs with which the server refuses what `h` writes from now on."""
    found: list[str | None] = []

    @event.listens_for(h.engine, "handle_error")
    def failed(context: ExceptionContext) -> None:
        if isinstance(context.original_exception, psycopg.Error):
            found.append(context.original_exception.sqlstate)

    return found


async def test_the_same_key_from_two_nodes_is_one_message(tmp_path: Path) -> None:
    """Rule 3, E3 and E4: the second finds it after the lock, and takes no number."""
    async with heart(tmp_path) as one, heart(tmp_path) as two:
        ann, bob = one.people("ann", "bob")
        room = await one.room(ann, bob)
        for n in range(10):
            pair = (Post(room, ann, f"{n}", f"k{n}"), Post(room, ann, f"{n}", f"k{n}"))
            answers = await asyncio.gather(one.commit(pair[0]), two.commit(pair[1]), two.commit(Post(room, bob, "-")))
            assert message(answers[0]).seq == message(answers[1]).seq
        assert one.scalar("SELECT count(*) FROM messages WHERE client_id IS NOT NULL") == 10
        assert one.is_numbered(room)


async def test_two_nodes_make_one_direct_room_and_one_of_a_name(tmp_path: Path) -> None:
    async with heart(tmp_path) as one, heart(tmp_path) as two:
        ann, bob = one.people("ann", "bob")
        made = await asyncio.gather(
            *(h.commit(CreateRoom(ann, RoomKind.DIRECT, partner=bob)) for h in (one, two)),
        )
        assert len({outcome.room.number for outcome in made if outcome.room}) == 1
        named = await asyncio.gather(*(h.one(CreateRoom(ann, RoomKind.PUBLIC, "lobby")) for h in (one, two)))
        assert sorted(getattr(result, "code", "made") for result in named) == ["made", "name_taken"]


@pytest.mark.parametrize("rename", [False, True])
async def test_a_name_that_is_given_away_while_one_asks_is_taken(tmp_path: Path, rename: bool) -> None:
    """Looked for, it was free; the index finds the other, as soon as that is committed."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        old = (await h.commit(CreateRoom(ann, RoomKind.PUBLIC, "old"))).room
        assert old is not None
        asked = ChangeRoom(old.number, ann, name="lobby") if rename else CreateRoom(ann, RoomKind.PUBLIC, "lobby")
        engine = open_engine(h.engine.url.render_as_string(hide_password=False), write=True)
        alone = engine.execution_options(isolation_level="AUTOCOMMIT")
        with alone.connect() as looking, engine.connect() as other:
            answers: list[Result] = []
            with other.begin():
                rooms.create(other, replace(old, id=new_id(), kind=RoomKind.PRIVATE, name="lobby", exclusive=True))
                h.committer.submit(asked, answers.append)
                await h.until(lambda: looking.scalar(WAITING))
            await h.until(lambda: answers)
            assert [code(answer) for answer in answers] == ["name_taken"]
        engine.dispose()


async def test_what_another_node_changed_counts_at_once(tmp_path: Path) -> None:
    """Rule 1: members by the room's access_seq, users and names by asking again."""
    async with heart(tmp_path) as one, heart(tmp_path) as two:
        ann, bob = one.people("ann", "bob")
        room = await one.room(ann, bob)
        for h in (one, two):
            assert message(await h.commit(Post(room, ann, "@bob"))).mentions == (one.user(bob).id,)
            await h.post(room, bob)
        await two.commit(Leave(room, bob))
        assert await one.refused(Post(room, bob, "still here?")) == "not_member"
        await two.commit(Join(room, bob))
        one.write(lambda connection: connection.execute(text("UPDATE users SET username = 'ben' WHERE number = 2")))
        for h in (one, two):
            assert message(await h.commit(Post(room, ann, "@bob @ben"))).mentions == (one.user(bob).id,)
            assert (await h.post(room, bob)).sender.username == "ben"  # type: ignore[union-attr]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that wait for less long."""
    monkeypatch.setitem(postgresql.SESSION, "lock_timeout", "100ms")
    monkeypatch.setitem(postgresql.SESSION, "idle_in_transaction_session_timeout", "2s")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits does so for longer than a slow machine takes."""
    for module in (committer, writer):
        monkeypatch.setattr(module, "PATIENCE", 30.0)


@pytest.mark.usefixtures("hasty", "patient")
async def test_who_stops_in_the_middle_holds_up_one_room_and_loses_it(tmp_path: Path) -> None:
    """Rule 2, E7: the other rooms go on at once, that one when the server has ended the session that stopped."""
    async with heart(tmp_path, SystemClock()) as h:  # type: ignore[arg-type]
        (ann,) = h.people("ann")
        held, free = await h.room(ann), await h.room(ann)
        with open_engine(h.engine.url.render_as_string(hide_password=False), write=True).connect() as stopped:
            transaction = stopped.begin()
            rooms.lock(stopped, [held])
            order: list[str] = []
            answered: Callable[[str], Callable[[object], None]] = lambda name: lambda _result: order.append(name)  # noqa: E731
            h.committer.submit(Post(held, ann, "1"), answered("held 1"))
            h.committer.submit(Post(free, ann, "1"), answered("free 1"))
            await h.until(lambda: order)
            h.committer.submit(Post(held, ann, "2"), answered("held 2"))
            h.committer.submit(Post(free, ann, "2"), answered("free 2"))
            await h.until(lambda: len(order) == 4)
            assert order == ["free 1", "free 2", "held 1", "held 2"]
            with pytest.raises(DBAPIError):
                transaction.commit()
            stopped.invalidate()
        assert h.bodies(held) == h.bodies(free) == ["1", "2"]


@pytest.mark.usefixtures("hasty")
async def test_a_room_that_stays_held_is_unavailable_after_a_while(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        held, free = await h.room(ann), await h.room(ann)
        engine = open_engine(h.engine.url.render_as_string(hide_password=False), write=True)
        with engine.connect() as other, other.begin():
            other.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            rooms.lock(other, [held])
            with pytest.raises(DBAPIError) as failed:
                h.write(rooms.lock, [held])
            assert is_locked(failed.value)
            answers = await h.together(Post(held, ann, "x"), Post(free, ann, "y"))
        engine.dispose()
        assert code(answers[0]) == "unavailable"
        assert message(answers[1]).body == "y"
        assert h.bodies(held) == []
        assert (await h.post(held, ann, "later")).index == 1


@pytest.mark.usefixtures("hasty", "patient")
async def test_a_batch_that_is_halved_keeps_the_order_of_a_room_that_was_held(tmp_path: Path) -> None:
    """Rule 2: the first half finds the room held; when the second flies it is free, and must wait behind the first."""
    async with heart(tmp_path, SystemClock()) as h:  # type: ignore[arg-type]
        (ann,) = h.people("ann")
        held, free = await h.room(ann), await h.room(ann)
        engine = open_engine(h.engine.url.render_as_string(hide_password=False), write=True)
        with engine.connect() as other:
            holding = other.begin()
            rooms.lock(other, [held])
            answers: list[object] = []

            def answered(result: object) -> None:
                answers.append(result)
                if holding.is_active:  # the first half is done
                    holding.rollback()

            for room, body in ((held, "1"), (free, "1"), (held, "2"), (free, "no database holds \ud800")):
                h.committer.submit(Post(room, ann, body), answered)
            await h.until(lambda: len(answers) == 4)
        engine.dispose()
        assert h.bodies(held) == ["1", "2"]
        assert h.bodies(free) == ["1"]


async def test_every_session_is_set_up_as_the_locks_need_it(tmp_path: Path) -> None:
    """Rule 2, E2: READ COMMITTED for whoever writes; one state, read only, for whoever reads."""
    async with heart(tmp_path, lanes=4) as h:

        def look(connection: Connection) -> list[str]:
            names = (
                "transaction_isolation", "transaction_read_only", "synchronous_commit", "lock_timeout",
                "idle_in_transaction_session_timeout", "application_name", "statement_timeout",
            )  # fmt: skip
            return [str(connection.scalar(text(f"SHOW {name}"))) for name in names]

        same = ["on", "2s", "3s", "tertulia"]
        found: list[list[str]] = []
        for lane in range(4):
            h.writer.batch(look, lambda result, _error: found.append(result), lane)
            await h.until(lambda: len(found) == lane + 1)  # noqa: B023 - asked within the turn
        found.append(await h.writer.run(look))
        assert found == [["read committed", "off", *same, "0"]] * 5
        assert h.read(look) == ["repeatable read", "on", *same, "4s"]


async def test_a_node_has_nine_connections_however_much_is_to_do(tmp_path: Path) -> None:
    """ADR 15: four lanes, one for other writes, four that read; counted while each of its threads holds one."""
    async with heart(tmp_path, url=f"{new_url(tmp_path)}?application_name=watching") as h:
        (ann,) = h.people("ann")
        numbers = [await h.room(ann) for _ in range(8)]
        before = set(threading.enumerate())
        database = Database(new_url(tmp_path))
        committer = Committer(database.writer, h.clock, Metrics(), lambda _batches: None)
        gate, held = Gate(), deque[Connection]()

        def hold(connection: Connection) -> None:
            held.append(connection)
            gate.wait()

        def all_held() -> bool:
            threads = [thread for thread in threading.enumerate() if thread.name.startswith("tertulia-")]
            return len(held) == len(set(threads) - before)

        event.listen(database._write_engine, "begin", hold)
        done = asyncio.gather(
            *(committer.commit(Post(room, ann, str(n))) for n in range(3) for room in numbers),
            *(work for _ in range(20) for work in (database.read(hold), database.write(users.bump, [ann]))),
        )
        try:
            await h.until(all_held)
            assert h.scalar(CONNECTIONS) == 9
        finally:
            gate.open()
            await done
        assert h.scalar(CONNECTIONS) == 9
        assert [h.bodies(room) for room in numbers] == [["0", "1", "2"]] * 8
        await committer.close()
        await asyncio.to_thread(database.close)
