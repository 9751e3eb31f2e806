"""The heart alone: a database, its writer, a committer, and people and rooms quickly made."""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, event, insert, select, text
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from support.clock import FakeClock
from support.databases import new_url
from tertulia.committer.committer import Committer
from tertulia.domain.changes import Change, CreateRoom, Edit, Join, Outcome, Post, Result
from tertulia.domain.errors import Rejection
from tertulia.domain.events import Changed, RoomBatch
from tertulia.domain.ids import new_id
from tertulia.domain.models import Member, Message, Room, RoomKind, User
from tertulia.metrics import Metrics
from tertulia.storage import changes, members, messages, rooms, users
from tertulia.storage import tables as t
from tertulia.storage.database import open_engine
from tertulia.storage.engines import kind_of_url
from tertulia.storage.engines.postgresql import Line
from tertulia.storage.writer import Writer

T = TypeVar("T")
PATIENCE = 10.0

Fault = Literal["before", "after"]


class FaultyConnection(sqlite3.Connection):
    """A driver's connection whose next commits fail as `faults` says: before the commit, or after it is done."""

    faults: deque[Fault | None]

    def commit(self) -> None:
        fault = self.faults.popleft() if self.faults else None
        if fault != "before":
            super().commit()
        if fault is not None:
            raise sqlite3.OperationalError("disk I/O error")


class FaultyLine(Line):
    """The same of PostgreSQL: the line is lost before the commit, or before its answer."""

    faults: deque[Fault | None]

    def commit(self) -> None:
        fault = self.faults.popleft() if self.faults and self.info.transaction_status else None
        if fault != "before":
            super().commit()
        if fault is not None:
            self.close()
            raise psycopg.OperationalError("the connection is lost")


@dataclass
class Heart:
    """One process on a database. `statements` and `transactions` count what its writer did."""

    engine: Engine
    reading: Engine
    writer: Writer
    committer: Committer
    clock: FakeClock
    metrics: Metrics
    delivered: list[RoomBatch] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    transactions: int = 0
    faults: deque[Fault | None] = field(default_factory=deque)

    # People and rooms.

    def people(self, *names: str) -> list[int]:
        """Accounts with these usernames; their numbers."""
        return self.write(_add_people, names)

    async def room(
        self, owner: int | None, *others: int, kind: RoomKind = RoomKind.PUBLIC, name: str | None = None
    ) -> int:
        """A room; the others join, or are added."""
        made = await self.commit(CreateRoom(owner, kind, name, name or "room"))
        assert made.room is not None
        number = made.room.number
        await self.accepted(*(Join(number, user) for user in others))
        return number

    # Changes.

    async def commit(self, change: Change) -> Outcome:
        async with asyncio.timeout(PATIENCE):
            return await self.committer.commit(change)

    async def refused(self, change: Change) -> str:
        """The code of the refusal."""
        return code(await self.one(change))

    async def one(self, change: Change) -> Result:
        return (await self.together(change))[0]

    async def together(self, *changes: Change) -> list[Result]:
        """Their answers, in their order. As many as fit are one batch."""
        results: list[Result | None] = [None] * len(changes)
        answered = asyncio.Event()
        left = len(changes)

        def answer(place: int) -> Callable[[Result], None]:
            def done(result: Result) -> None:
                nonlocal left
                assert results[place] is None, "answered twice"
                results[place] = result
                left -= 1
                if not left:
                    answered.set()

            return done

        for place, change in enumerate(changes):
            self.committer.submit(change, answer(place))
        if changes:
            async with asyncio.timeout(PATIENCE):
                await answered.wait()
        return [result for result in results if result is not None]

    async def accepted(self, *changes: Change) -> list[Outcome]:
        """The same, and none may be refused."""
        results = await self.together(*changes)
        return [outcome(result) for result in results]

    async def post(self, room: int, user: int, body: str = "hello", **more: Any) -> Message:
        return message(await self.commit(Post(room, user, body, **more)))

    # What there is.

    def read(self, job: Callable[..., T], *args: Any, **more: Any) -> T:
        with self.reading.connect() as connection, connection.begin():
            return job(connection, *args, **more)

    def write(self, job: Callable[..., T], *args: Any) -> T:
        """Behind the back of the writer, as another process would."""
        engine = open_engine(str(self.engine.url), write=True)
        try:
            with engine.connect() as connection, connection.begin():
                return job(connection, *args)
        finally:
            engine.dispose()

    def scalar(self, sql: str, **values: object) -> Any:
        return self.read(lambda connection: connection.scalar(text(sql), values))

    def row(self, room: int) -> Room:
        """The room's row; it must be there."""
        found = self.read(rooms.by_number, room)
        assert found is not None
        return found

    def timeline(self, room: int) -> list[Message]:
        """All rows of the room, in seq order."""
        rows = self.read(messages.changed_since, room, 0, 1_000_000)
        return sorted(map(plain, rows), key=lambda row: row.seq)

    def bodies(self, room: int) -> list[str | None]:
        """What was said, without notices."""
        return [row.body for row in self.timeline(room) if row.index is not None]

    def is_numbered(self, room: int) -> bool:
        """No hole in `index`, and as many messages as the room counts."""
        indexes = [row.index for row in self.timeline(room) if row.index is not None]
        return indexes == list(range(1, len(indexes) + 1)) and self.row(room).message_count == len(indexes)

    def member(self, room: int, user: int) -> Member | None:
        return self.read(members.one, room, user)

    def user(self, number: int) -> User:
        return self.read(users.by_numbers, [number])[number]

    def since(self, room: int, seq: int) -> list[Changed] | None:
        def look(connection: Connection) -> list[Changed] | None:
            found = rooms.by_number(connection, room)
            assert found is not None
            return changes.since(connection, found, seq)

        return self.read(look)

    def events(self, room: int) -> list[Changed]:
        """Everything that was delivered of the room, in order."""
        return [told for batch in self.delivered if batch.room == room for told in batch.events]

    @contextmanager
    def counting(self) -> Iterator["Counted"]:
        """How many statements and transactions the writer needs within."""
        counted = Counted(len(self.statements), self.transactions)
        yield counted
        counted.statements = len(self.statements) - counted.statements
        counted.transactions = self.transactions - counted.transactions

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop turn until it is so; at least once."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            while True:
                turn = loop.create_future()
                loop.call_soon(turn.set_result, None)
                await turn
                if condition():
                    return

    @contextmanager
    def failing_begin(self, fail: Callable[[Connection], None]) -> Iterator[None]:
        """`fail(connection)` is asked before each transaction of the writer."""
        event.listen(self.engine, "begin", fail, insert=True)
        try:
            yield
        finally:
            event.remove(self.engine, "begin", fail)

    @contextmanager
    def failing_commits(self) -> Iterator[None]:
        """None within is done, however often it is tried."""
        self.faults.extend(["before"] * 1_000)
        try:
            yield
        finally:
            self.faults.clear()

    def pragma(self, setting: str) -> None:
        """Set something on the writer's connection, and on those that it opens later."""

        def set_it(raw: sqlite3.Connection, _record: object = None) -> None:
            raw.execute(f"PRAGMA {setting}").close()

        event.listen(self.engine, "connect", set_it)
        connection = self.writer._hands[0].connection
        if connection is not None:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            set_it(raw)

    @asynccontextmanager
    async def stopped_writer(self) -> AsyncIterator[None]:
        """Nothing is written within; all that is submitted waits."""
        loop = asyncio.get_running_loop()
        gate, reached = Gate(), [asyncio.Event() for _ in self.writer._hands]
        ended = [loop.create_future() for _ in reached]

        def stop(place: int) -> Callable[[Connection], None]:
            def wait(_connection: Connection) -> None:
                loop.call_soon_threadsafe(reached[place].set)
                gate.wait()

            return wait

        lanes = self.writer.lanes
        for lane in range(lanes):
            self.writer.batch(stop(lane), lambda _result, _error, lane=lane: ended[lane].set_result(None), lane)  # type: ignore[misc]
        others = [loop.create_task(self.writer.run(stop(place))) for place in range(lanes, len(reached))]
        for one in reached:
            await one.wait()
        try:
            yield
        finally:
            gate.open()
            await asyncio.gather(*ended[:lanes], *others)


class RestlessClock(FakeClock):
    """It stands still, but for those who sleep: their time passes at once."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


@dataclass
class Counted:
    statements: int
    transactions: int


class Gate:
    """Closed until opened; for threads."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self) -> None:
        assert self._event.wait(PATIENCE), "the gate was never opened"

    def open(self) -> None:
        self._event.set()


def interrupt(writer: Writer) -> None:
    """Whatever the writer asks SQLite for fails, until it opens another connection."""
    connection = writer._hands[0].connection
    assert connection is not None
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.set_progress_handler(lambda: 1, 1)


def code(result: Result) -> str:
    assert isinstance(result, Rejection), result
    return result.code


def outcome(result: Result) -> Outcome:
    assert isinstance(result, Outcome), result
    return result


def message(result: Result) -> Message:
    found = outcome(result).message
    assert found is not None
    return plain(found)


def plain(found: Message) -> Message:
    """Without the version of its sender, which only tells that something changed elsewhere."""
    return found if found.sender is None else replace(found, sender=replace(found.sender, version=0))


def _add_people(connection: Connection, names: tuple[str, ...]) -> list[int]:
    rows = [{"id": new_id(), "username": name, "created_at": 1} for name in names]
    connection.execute(insert(t.users), rows)
    found = connection.execute(select(t.users.c.username, t.users.c.number).where(t.users.c.username.in_(names)))
    numbers = {row.username: row.number for row in found}
    return [numbers[name] for name in names]


def prepare(folder: Path) -> str:
    """A database with all tables; its address."""
    return new_url(folder)


@asynccontextmanager
async def heart(
    folder: Path, clock: FakeClock | None = None, lanes: int = 1, url: str | None = None
) -> AsyncIterator[Heart]:
    """A process; several may run on one folder and clock. More than one lane: on PostgreSQL only.

    `url`: another way to the database of the folder.
    """
    url = url or prepare(folder)
    clock, metrics = clock or RestlessClock(), Metrics()
    # Not `open_engine`: engines may share their dialect, and what is listened to on it would be heard from all.
    engine, reading = kind_of_url(url).open(make_url(url), write=True), open_engine(url, write=False)
    writer = Writer(engine, clock=clock, lanes=lanes)
    delivered: list[RoomBatch] = []
    committer = Committer(writer, clock, metrics, delivered.extend)
    running = Heart(engine, reading, writer, committer, clock, metrics, delivered)
    _watch(engine, running)
    try:
        with capture_logs():  # what is logged on purpose here is slow to print
            yield running
        async with asyncio.timeout(PATIENCE):
            await committer.close()
    finally:
        await asyncio.to_thread(writer.close)
        engine.dispose()
        reading.dispose()


def _watch(engine: Engine, running: Heart) -> None:
    faulty: dict[str, Any] = {"faults": running.faults}

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
        options["factory"] = type("Faulty", (FaultyConnection,), faulty)  # not asked on PostgreSQL: Line connects first

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: object) -> None:
        if isinstance(raw, Line):
            raw.__class__ = type("Faulty", (FaultyLine, type(raw)), faulty)

    @event.listens_for(engine, "begin")
    def begun(_connection: Connection) -> None:
        running.transactions += 1
        if engine.dialect.name == "postgresql":
            running.statements.append("BEGIN")  # said by the driver

    @event.listens_for(engine, "before_cursor_execute")
    def executed(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        running.statements.append(statement)


def of_each_kind(room: int, ann: int, bob: int) -> list[Change]:
    """Changes that depend on each other's order. The room has one message, and bob is not in it."""
    return [
        Post(room, ann, "no key"),
        Post(room, ann, "key", "k"),
        Edit(room, ann, 1, "edited"),
        Join(room, bob),
        Post(room, bob, "after join"),
        CreateRoom(ann, RoomKind.PUBLIC, "lobby"),
    ]
