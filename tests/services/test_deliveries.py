"""Telling webhooks: order, retries, giving up, bounds; with a real receiver and a clock that stands still."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from support.accounts import new_database
from support.clock import FakeClock
from support.databases import ON_POSTGRESQL
from support.receiver import Received, receiver
from support.triggers import allow, refuse
from support.waiting import until
from tertulia.domain.ids import new_id
from tertulia.domain.webhooks import MAX_DELAY, Audience, Told, Webhook
from tertulia.metrics import Metrics
from tertulia.protocol.webhooks import payload_of
from tertulia.services import deliveries as module
from tertulia.services.calls import Calls
from tertulia.services.deliveries import Deliveries, Rules
from tertulia.services.targets import Targets
from tertulia.services.webhooks import By, Wanted, Webhooks
from tertulia.storage import deliveries, webhooks
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

STAFF = By(None, "test")


@dataclass
class World:
    """A process that tells webhooks."""

    db: Database
    clock: FakeClock
    metrics: Metrics
    sender: Deliveries
    webhooks: Webhooks
    forgotten: list[None]
    there: set[int] = field(default_factory=set)
    said: int = 0

    async def hook(self, url: str, *events: str) -> Webhook:
        return await self.webhooks.create(STAFF, url, events or ("message",))

    async def tell(self, *rooms: int | None, event: str = "message", audience: Audience | None = None) -> list[int]:
        """One delivery for each of `rooms`, numbered through, as the committer records it."""
        numbers = []
        told = []
        for room in rooms:
            self.said += 1
            numbers.append(self.said)
            told.append(Told(event, room, payload_of(event, {"n": self.said, "r": room}), audience))

        def record(connection: Connection) -> int:
            return deliveries.record(connection, webhooks.active(connection), told, self.clock.now())

        await self.db.write(record)
        self.sender.nudge()
        return numbers

    async def pass_time(self, seconds: float) -> None:
        """Second by second, so that all that repeats gets its turns."""
        for _ in range(int(seconds)):
            self.clock.advance(1)
            await self.settle()

    async def settle(self) -> None:
        def idle() -> bool:
            busy = self.sender._sending or self.db.reads_waiting or self.sender._wake.is_set()
            return not busy and bool(self.clock._waiting)  # and everybody has gone to sleep again

        for _ in range(2):
            await until(idle)
            await self.db.write(lambda _: None)  # behind what it is writing
        await until(idle)

    async def sql(self, statement: str, **values: object) -> Any:
        def work(connection: Connection) -> Any:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

        return await self.db.write(work)

    async def counts(self) -> tuple[int, int]:
        ((waiting, dead),) = await self.sql(
            "SELECT count(*) FILTER (WHERE dead_at IS NULL), count(dead_at) FROM deliveries"
        )
        return waiting, dead

    def metric(self, outcome: str) -> float:
        return self.metrics.registry.get_sample_value("tertulia_webhook_deliveries_total", {"outcome": outcome}) or 0


@asynccontextmanager
async def world(folder: Path, clock: FakeClock | None = None, seconds: float = 5, **rules: int) -> AsyncIterator[World]:
    clock, db, metrics, tasks = clock or FakeClock(), new_database(folder), Metrics(), Tasks()
    calls = Calls(Targets(["127.0.0.0/8"]), clock, seconds=seconds)
    there: set[int] = set()
    sender = Deliveries(db, calls, clock, tasks, metrics, Rules(**rules), there.__contains__)
    forgotten: list[None] = []
    sender.on_disable(lambda: forgotten.append(None))
    managed = Webhooks(db, calls, clock, forget=lambda: forgotten.append(None), refresh=sender.refresh)
    await db.write(lambda _: None)  # connects: from here on nothing is new to the writer
    tasks.spawn(sender.run(), "webhooks")
    with capture_logs():
        try:
            yield World(db, clock, metrics, sender, managed, forgotten, there)
        finally:
            await sender.close()
            await tasks.close()
            db.close()


def numbers(received: list[Received]) -> list[int]:
    return [one.json["n"] for one in received]


def by_room(received: list[Received]) -> dict[int | None, list[int]]:
    found: dict[int | None, list[int]] = {}
    for one in received:
        found.setdefault(one.json["r"], []).append(one.json["n"])
    return found


class Failing:
    """Answers 500 as often as `times` says for what is told first, and 200 to all else."""

    def __init__(self, fails: Callable[[Received], bool], status: int = 500) -> None:
        self.fails = fails
        self.status = status

    def __call__(self, one: Received) -> int:
        return self.status if self.fails(one) else 200


async def test_what_is_recorded_is_told_in_order_and_gone(tmp_path: Path) -> None:
    async with receiver() as there, world(tmp_path) as w:
        await w.hook(there.url)
        told = await w.tell(1, 1, 2, 1, None, 2)
        await there.count(6)
        await w.settle()
        assert sorted(numbers(there.received)) == told
        assert by_room(there.received) == {1: [1, 2, 4], 2: [3, 6], None: [5]}
        assert await w.counts() == (0, 0)
        assert w.metric("delivered") == 6
        ids = [one.id for one in there.received]
        assert len(set(ids)) == 6
        assert [one.json["id"] for one in there.received] == ids


async def test_order_in_a_room_is_kept_under_failures_and_other_rooms_go_on(tmp_path: Path) -> None:
    tries: dict[int, int] = {}

    def fails(one: Received) -> bool:
        number = one.json["n"]
        tries[number] = tries.get(number, 0) + 1
        return one.json["r"] == 1 and number % 2 == 1 and tries[number] < 3

    async with receiver(Failing(fails)) as there, world(tmp_path) as w:
        await w.hook(there.url)
        await w.tell(1, 1, 1, 2, 2, 1)
        await w.settle()
        assert by_room(there.received) == {1: [1], 2: [4, 5]}
        await w.pass_time(60)
        assert by_room(there.received)[1] == [1, 1, 1, 2, 3, 3, 3, 6]
        first = [one.id for one in there.received if one.json["n"] == 1]
        assert len(set(first)) == 1  # repeats are known by their id
        assert await w.counts() == (0, 0)


@ON_POSTGRESQL
async def test_of_two_nodes_one_tells_and_when_it_stops_the_other_does(tmp_path: Path) -> None:
    """Each delivery once and in its order, whichever node recorded it."""
    async with receiver() as there, world(tmp_path) as one, world(tmp_path, one.clock) as two:
        await one.hook(there.url)
        await two.db.writer.notice_foreign_writes()  # as the sweep does
        two.said = 100
        wanted = [number for _ in range(5) for w in (one, two) for number in await w.tell(1)]
        for _ in range(5):
            one.clock.advance(1)
            await one.settle()
            await two.settle()
        assert numbers(there.received) == wanted
        await one.sender.close()
        wanted += await one.tell(1) + await two.tell(1)
        await two.pass_time(2)
        await there.count(len(wanted))
        assert numbers(there.received) == wanted


async def test_one_dead_webhook_holds_up_no_other(tmp_path: Path) -> None:
    async with receiver() as there, world(tmp_path) as w:
        await w.hook("http://127.0.0.1:9/nobody")
        await w.hook(there.url)
        await w.tell(*range(50))
        await there.count(50)
        await w.settle()
        assert (await w.counts())[0] == 50


async def test_retries_back_off_and_end(tmp_path: Path) -> None:
    async with receiver(lambda _: 503) as there, world(tmp_path, attempts=4) as w:
        await w.hook(there.url)
        times: list[float] = []
        await w.tell(1, 1)
        await w.settle()
        for _ in range(60):
            if len(times) < len(there.received):
                times.append(w.clock.monotonic())
            await w.pass_time(1)
        assert numbers(there.received)[:5] == [1, 1, 1, 1, 2]
        waits = [later - sooner for sooner, later in itertools.pairwise(times[:4])]
        assert 3.75 <= waits[0] <= 8 <= waits[1] + 1 <= waits[2] + 2 <= 30
        await w.pass_time(60)
        assert await w.counts() == (0, 2)
        assert len(there.received) == 8
        ((error, attempts),) = set(await w.sql("SELECT error, attempts FROM deliveries"))
        assert (error, attempts) == ("status 503", 4)
        assert (w.metric("failed"), w.metric("dead")) == (6, 2)


async def test_the_dead_are_sent_again_when_wanted(tmp_path: Path) -> None:
    answers = Failing(lambda _: True)
    async with receiver(answers) as there, world(tmp_path, attempts=1) as w:
        hook = await w.hook(there.url)
        await w.tell(1, 1, 1)
        await w.settle()
        dead = await w.webhooks.dead(hook.id, None, 10)
        assert [one.attempts for one in dead] == [1, 1, 1]
        assert [one.number for one in await w.webhooks.dead(hook.id, dead[0].number, 1)] == [dead[1].number]
        answers.fails = lambda _: False
        there.received.clear()
        assert await w.webhooks.resend(STAFF, hook.id, [dead[1].id, new_id()]) == 1
        await there.count(1)
        await w.settle()
        assert numbers(there.received) == [2]
        assert await w.webhooks.resend(STAFF, hook.id) == 2
        await there.count(3)
        await w.settle()
        assert numbers(there.received) == [2, 1, 3]
        assert await w.counts() == (0, 0)


async def test_410_disables_and_enabling_goes_on(tmp_path: Path) -> None:
    answers = Failing(lambda _: True, 410)
    async with receiver(answers) as there, world(tmp_path) as w:
        hook = await w.hook(there.url)
        w.forgotten.clear()
        await w.tell(1, 1)
        await w.settle()
        await until(lambda: w.forgotten != [])
        await w.settle()
        assert len(there.received) == 1
        ((shown, counts),) = await w.webhooks.all()
        assert shown.disabled_at is not None
        assert counts == (1, 1)
        await w.tell(1)  # nothing is recorded for it
        await w.pass_time(10)
        assert len(there.received) == 1
        answers.fails = lambda _: False
        await w.webhooks.change(STAFF, hook.id, Wanted(enabled=True))
        await there.count(2)
        await w.settle()
        assert await w.counts() == (0, 1)
        ((via, details),) = await w.sql("SELECT via, details FROM audit WHERE act = 'webhook_disable'")
        assert via == "server"
        assert hook.id in details
        assert "410" in details


async def test_what_was_under_way_at_the_end_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same id; what waited goes on behind it."""
    monkeypatch.setattr(module, "LAST_WORDS", 0.01)
    clock = FakeClock()
    async with receiver() as there:
        there.gate = asyncio.Event()
        async with world(tmp_path, clock) as w:
            await w.hook(there.url)
            await w.tell(1, 1)
            await there.count(1)
        there.gate.set()
        async with world(tmp_path, clock) as w:
            await w.pass_time(10)
            await there.count(3)
            await w.settle()
            assert numbers(there.received)[-2:] == [1, 2]
            assert there.received[0].id == there.received[1].id
            assert await w.counts() == (0, 0)


@pytest.mark.parametrize("days", [-30, 30])
async def test_a_clock_that_jumps_delays_nothing(tmp_path: Path, days: int) -> None:
    answers = Failing(lambda _: True)
    async with receiver(answers) as there, world(tmp_path) as w:
        await w.hook(there.url)
        await w.tell(1)
        await w.settle()
        now = w.clock.now
        w.clock.now = lambda: now() + days * 86_400_000_000  # type: ignore[method-assign]
        await w.pass_time(8)
        assert len(there.received) == 2


async def test_a_clock_that_is_put_back_while_nobody_runs_delays_by_six_hours_at_most(tmp_path: Path) -> None:
    async with receiver() as there, world(tmp_path) as w:
        await w.hook(there.url)
        await w.tell(1)
        await there.count(1)
        await w.settle()
        w.sender._closing = True
        await w.tell(2)
        await w.settle()
        await w.sql("UPDATE deliveries SET next_at = next_at + :month", month=30 * 86_400_000_000)
        w.sender._closing = False
        w.sender.refresh()
        await w.settle()
        assert len(there.received) == 1
        w.clock.advance(MAX_DELAY)
        await there.count(2)


async def test_what_another_process_records_or_resends_is_found(tmp_path: Path) -> None:
    async with receiver() as there, world(tmp_path) as w:
        await w.hook(there.url)
        other = Database(w.db.url)
        try:
            await other.write(
                lambda connection: webhooks.record_event(connection, "message", {"n": 1, "r": None}, at=w.clock.now())
            )
        finally:
            other.close()
        await w.db.writer.notice_foreign_writes()  # as the sweep does each second
        await w.pass_time(2)
        assert numbers(await there.count(1)) == [1]


async def test_a_webhook_that_is_removed_hears_nothing_more(tmp_path: Path) -> None:
    async with receiver(lambda _: 500) as there, world(tmp_path) as w:
        hook = await w.hook(there.url)
        await w.tell(*range(30), *range(30))
        await w.settle()
        await w.webhooks.remove(STAFF, hook.id)
        await w.settle()
        there.received.clear()
        await w.pass_time(30)
        assert there.received == []
        assert await w.counts() == (0, 0)
        assert await w.webhooks.all() == []
        await w.tell(1)


async def test_only_so_many_at_a_time(tmp_path: Path) -> None:
    async with receiver() as there, world(tmp_path) as w:
        there.gate = asyncio.Event()
        await w.hook(there.url)
        await w.tell(*range(40))
        await there.count(8)
        await w.tell(100)
        assert len(there.received) == 8
        there.gate.set()
        await there.count(41)


async def test_a_slow_receiver_is_given_up_and_tried_again(tmp_path: Path) -> None:
    async with receiver() as there, world(tmp_path, seconds=0.1) as w:
        there.gate = asyncio.Event()
        await w.hook(there.url)
        await w.tell(1)
        await there.count(1)
        await w.settle()
        assert (await w.sql("SELECT error FROM deliveries"))[0][0] == "no answer in time"
        there.gate.set()
        await w.pass_time(8)
        assert len(await there.count(2)) == 2


async def test_too_many_waiting_make_the_oldest_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_DEAD", 7)
    monkeypatch.setattr(module, "PAGE", 4)
    async with world(tmp_path, waiting=20) as w:
        await w.hook("http://127.0.0.1:9/nobody")
        await w.tell(*[1] * 50)
        await w.settle()
        await w.sender.upkeep()
        assert await w.counts() == (20, 7)
        rows = await w.sql("SELECT number, error FROM deliveries WHERE dead_at IS NOT NULL ORDER BY number")
        assert [number for number, _ in rows] == list(range(24, 31))
        errors = [error for _, error in rows]
        assert errors.count("too many deliveries waited") >= 6  # the one under way may say how it ended
        assert w.metric("dropped") == 23
        await w.sender.upkeep()
        assert await w.counts() == (20, 7)
        depth = w.metrics.registry.get_sample_value("tertulia_queue_depth", {"queue": "webhooks"})
        assert depth == 20


async def test_what_is_dead_or_disabled_is_not_kept_for_ever(tmp_path: Path) -> None:
    async with world(tmp_path, attempts=1) as w:
        hook = await w.hook("http://127.0.0.1:9/nobody")
        await w.tell(1)
        await w.settle()
        await w.webhooks.change(STAFF, hook.id, Wanted(enabled=False))
        await w.sql("UPDATE webhooks SET disabled_at = NULL")
        await w.tell(2)
        await w.sql("UPDATE webhooks SET disabled_at = 1")
        w.sender.refresh()
        await w.settle()
        await w.sender.upkeep()
        assert sum(await w.counts()) == 2
        w.clock._elapsed += 31 * 86_400
        await w.sender.upkeep()
        assert await w.counts() == (0, 0)


async def test_outcomes_that_cannot_be_written_are_written_later(tmp_path: Path) -> None:
    """Meanwhile nothing is sent twice."""
    async with receiver() as there, world(tmp_path) as w:
        await w.hook(there.url)
        await w.db.write(refuse, "DELETE", "deliveries")
        with capture_logs() as logged:

            async def failed(times: int) -> None:
                await until(lambda: [one["event"] for one in logged].count("webhooks.outcomes_not_written") == times)

            await w.tell(1, 1)
            for times in range(1, 5):
                await failed(times)
                w.clock.advance(1)
            await failed(5)
        assert len(there.received) == 1
        await w.db.write(allow)
        w.clock.advance(1)
        assert numbers(await there.count(2)) == [1, 2]
        await w.settle()
        assert await w.counts() == (0, 0)


def _id(name: str) -> str:
    return f"01890a5d-ac96-774b-bcce-{name[:6].ljust(6).encode().hex()}"


async def people(w: World, *names: str) -> dict[str, int]:
    for name in names:
        await w.sql(
            "INSERT INTO users (id, username, external_id, created_at) VALUES (:id, :name, :external, 1)",
            id=_id(name),
            name=name,
            external=f"ext-{name}" if name != "bob" else None,
        )
    return dict(await w.sql("SELECT username, number FROM users"))


async def room_of(w: World, users: dict[str, int], **notify: str) -> int:
    await w.sql("INSERT INTO rooms (id, kind, created_at, last_at) VALUES (:id, 'private', 1, 1)", id=new_id())
    ((number,),) = await w.sql("SELECT max(number) FROM rooms")
    for name, user in users.items():
        await w.sql(
            'INSERT INTO members (room, "user", role, joined_at, changed_seq, notify)'
            " VALUES (:room, :user, 'member', 1, 1, :notify)",
            room=number,
            user=user,
            notify=notify.get(name, "all"),
        )
    return int(number)


def offline(one: Received) -> set[str]:
    return {bytes.fromhex(person["id"][-12:]).decode().strip() for person in one.json["offline"]}


async def test_who_is_offline_is_told_as_it_is_when_sent(tmp_path: Path) -> None:
    async with receiver() as there, world(tmp_path) as w:
        users = await people(w, "ann", "bob", "cat", "dan", "eve", "flo", "gus", "hal")
        room = await room_of(w, users, cat="mentions", dan="none")
        await w.sql('UPDATE members SET left_at = 2 WHERE "user" = :eve', eve=users["eve"])
        await w.sql("INSERT INTO blocks VALUES (:flo, :ann, 1)", flo=users["flo"], ann=users["ann"])
        await w.sql("UPDATE users SET is_bot = true WHERE username = 'gus'")
        await w.sql("UPDATE users SET is_active = false WHERE username = 'hal'")
        await w.hook(there.url, "message", "mention")
        ann = users["ann"]
        names = tuple(_id(name) for name in users)
        await w.tell(room)
        await w.tell(room, audience=Audience(ann, room=True, mention=False))
        await w.tell(room, event="mention", audience=Audience(ann, names))
        await w.tell(room, event="mention", audience=Audience(ann, (_id("cat"),), room=True))
        await w.tell(room, event="mention", audience=Audience(None, (_id("ann"), _id("nobody"))))
        await there.count(5)
        plain, direct, mention, both, own = there.received
        assert "offline" not in plain.json
        assert offline(direct) == {"bob"}
        assert offline(mention) == {"bob", "cat"}
        assert offline(both) == {"cat", "bob"}
        assert offline(own) == {"ann"}
        assert {"id": _id("bob")} in direct.json["offline"]
        assert {"id": _id("cat"), "external_id": "ext-cat"} in mention.json["offline"]
        w.there.add(users["bob"])
        await w.tell(room, event="mention", audience=Audience(ann, names))
        assert offline((await there.count(6))[5]) == {"cat"}


async def test_of_a_large_room_a_thousand_are_named(tmp_path: Path) -> None:
    async with receiver() as there, world(tmp_path) as w:
        room = await room_of(w, {})
        made = "('01890a5d-ac96-774b-bcce-' || CAST(100000000000 + i AS TEXT))"
        made = f"CAST({made} AS UUID)" if w.db.writer.shared else made
        await w.sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
            f" INSERT INTO users (id, username, created_at) SELECT {made}, 'user' || i, 1 FROM n"
        )
        await w.sql(
            'INSERT INTO members (room, "user", role, joined_at, changed_seq)'
            " SELECT :room, number, 'member', 1, 1 FROM users",
            room=room,
        )
        await w.hook(there.url, "mention")
        late = "01890a5d-ac96-774b-bcce-100000001400"
        await w.tell(room, event="mention", audience=Audience(None, (late,), room=True))
        (got,) = await there.count(1)
        assert len(got.json["offline"]) == 1_000
        assert got.json["offline"][0] == {"id": late}


async def test_without_webhooks_nothing_is_read(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.settle()
        reads: list[Any] = []
        original = w.db.read

        async def counted(job: Any, *args: Any) -> Any:
            reads.append(job)
            return await original(job, *args)

        w.db.read = counted  # type: ignore[method-assign]
        for _ in range(1000):
            w.sender.nudge()
        await w.pass_time(9)
        assert reads == []


async def test_a_failing_receiver_is_logged_once_and_without_its_address(tmp_path: Path) -> None:
    answers = Failing(lambda _: True)
    async with receiver(answers) as there, world(tmp_path) as w:
        hook = await w.hook(there.url + "?token=hidden")
        with capture_logs() as lines:
            await w.tell(*range(20))
            await w.settle()
            answers.fails = lambda _: False
            await w.pass_time(10)
        said = [line for line in lines if line["event"].startswith("webhook.")]
        assert [line["event"] for line in said] == ["webhook.fails", "webhook.works_again"]
        assert said[0] == {
            "event": "webhook.fails", "log_level": "warning", "webhook": hook.id, "host": "127.0.0.1",
            "reason": "status 500",
        }  # fmt: skip
        assert "hidden" not in str(lines)
