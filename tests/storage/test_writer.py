"""Rule 14: one writer; posts first, the others between them for at most 20 ms."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from structlog.testing import capture_logs

from support.databases import ON_SQLITE
from support.heart import Gate, heart, interrupt, prepare
from tertulia.domain.changes import Post
from tertulia.domain.errors import Rejection
from tertulia.storage import writer as module
from tertulia.storage.database import is_outage, open_engine
from tertulia.storage.writer import Writer


class Seconds:
    """Time as the writer takes it, moved by the jobs themselves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def writer(tmp_path: Path, seconds: Seconds) -> Iterator[Writer]:
    engine = open_engine(prepare(tmp_path), write=True)
    made = Writer(engine, seconds)
    yield made
    made.close()
    engine.dispose()


class Queue:
    """Jobs that wait behind a closed gate, and the order in which they ran."""

    def __init__(self, writer: Writer, seconds: Seconds) -> None:
        self.writer = writer
        self.seconds = seconds
        self.order: list[str] = []
        self.gate = Gate()
        self._waiting: list[asyncio.Future[None]] = []
        self._loop = asyncio.get_running_loop()

    async def close_gate(self) -> None:
        reached = asyncio.Event()

        def wait(_connection: Connection) -> None:
            self._loop.call_soon_threadsafe(reached.set)
            self.gate.wait()

        self._batch(wait)
        await reached.wait()

    def post(self, name: str, takes: float = 0.001) -> None:
        self._batch(lambda _connection: self._ran(name, takes))

    def other(self, name: str, takes: float) -> None:
        work = self.writer.run(lambda _connection: self._ran(name, takes))
        self._waiting.append(self._loop.create_task(work))

    async def all(self) -> list[str]:
        while self.writer.waiting < sum(isinstance(task, asyncio.Task) for task in self._waiting):
            turn = self._loop.create_future()
            self._loop.call_soon(turn.set_result, None)
            await turn
        self.gate.open()
        await asyncio.wait_for(asyncio.gather(*self._waiting), 10)
        return self.order

    def _batch(self, work: Callable[[Connection], None]) -> None:
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(future)
        self.writer.batch(work, lambda result, _error: future.set_result(result))

    def _ran(self, name: str, takes: float) -> None:
        self.order.append(name)
        self.seconds.now += takes


@ON_SQLITE
async def test_batches_pass_all_other_writes(writer: Writer, seconds: Seconds) -> None:
    """Rule 14: a batch of posts waits for at most what runs and 20 ms of others, however many wait."""
    queue = Queue(writer, seconds)
    await queue.close_gate()
    for number in range(50):
        queue.other(f"other {number}", 0.030)
    for number in range(3):
        queue.post(f"post {number}")
    order = await queue.all()
    assert [order.index(f"post {number}") for number in range(3)] == [1, 3, 5]


@ON_SQLITE
async def test_others_get_slices_of_20_ms_between_batches(writer: Writer, seconds: Seconds) -> None:
    """Rule 14: others are not starved by a stream of batches, and do not hold it up for longer than a slice."""
    queue = Queue(writer, seconds)
    await queue.close_gate()
    for number in range(4):
        queue.post(f"P{number}")
    for number in range(8):
        queue.other(f"o{number}", 0.008)
    order = await queue.all()
    assert "".join(name[0] for name in order) == "oooPoooPooPP"


async def test_other_writes_go_on_under_a_continuous_stream_of_posts(tmp_path: Path) -> None:
    """Rule 14: sign-ins and receipts are written while the committer never rests."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        stream = asyncio.Event()

        async def post_until_told() -> int:
            count = 0
            while not stream.is_set():
                await h.accepted(*(Post(room, ann, "x") for _ in range(20)))
                count += 1
            return count

        posting = asyncio.get_running_loop().create_task(post_until_told())
        async with asyncio.timeout(10):
            for _ in range(20):
                await h.writer.run(lambda connection: connection.execute(text("UPDATE users SET version = version")))
        stream.set()
        assert await posting > 0


@ON_SQLITE
async def test_foreign_writes_are_noticed_and_own_ones_are_not(tmp_path: Path) -> None:
    """Rule 14: PRAGMA data_version after BEGIN IMMEDIATE says that another process wrote."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        before = h.writer.foreign_writes
        for _ in range(3):
            await h.post(room, ann)
        assert await h.writer.notice_foreign_writes() == before
        h.people("bob")
        assert await h.writer.notice_foreign_writes() == before + 1
        assert await h.writer.notice_foreign_writes() == before + 1
        h.people("eve")
        await h.post(room, ann)
        assert h.writer.foreign_writes == before + 2


async def test_a_write_that_fails_is_rolled_back_alone(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        before = h.user(ann)

        def fail(connection: Connection) -> None:
            connection.execute(text("UPDATE users SET first_name = 'Ann'"))
            raise ValueError("half way")

        with pytest.raises(ValueError, match="half way"):
            await h.writer.run(fail)
        with pytest.raises(IntegrityError):
            await h.writer.run(lambda connection: connection.execute(text("INSERT INTO users (username) VALUES ('x')")))
        with pytest.raises(DBAPIError):
            await h.writer.run(lambda connection: connection.execute(text("SELECT nonsense")))
        assert h.user(ann) == before
        await h.writer.run(lambda connection: connection.execute(text("UPDATE users SET first_name = 'Ann'")))
        assert h.user(ann).first_name == "Ann"


@ON_SQLITE
async def test_after_a_failed_write_it_begins_with_a_clean_connection(tmp_path: Path) -> None:
    """Rule 42: the connection is dropped, and what was remembered is doubted."""
    async with heart(tmp_path) as h:
        h.people("ann")
        before = await h.writer.notice_foreign_writes()
        h.faults.append("before")
        with pytest.raises(OperationalError):
            await h.writer.run(_rename)
        assert await h.writer.notice_foreign_writes() == before + 1
        await h.writer.run(_rename)


@ON_SQLITE
async def test_a_look_for_foreign_writes_that_fails_is_an_error_of_the_database(tmp_path: Path) -> None:
    """Rule 42: like that of a write, and the next look has a clean connection."""
    async with heart(tmp_path) as h:
        before = await h.writer.notice_foreign_writes()
        interrupt(h.writer)
        with pytest.raises(OperationalError) as failed:
            await h.writer.notice_foreign_writes()
        assert is_outage(failed.value)
        assert await h.writer.notice_foreign_writes() == before + 1


@ON_SQLITE
async def test_full_disk_fails_other_writes_and_they_recover(tmp_path: Path) -> None:
    """Rule 42: a real SQLITE_FULL for others than the committer."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        await h.writer.notice_foreign_writes()
        h.pragma(f"max_page_count={h.scalar('PRAGMA page_count')}")
        with pytest.raises(OperationalError, match="full"):
            await h.writer.run(_rename, "x" * 100_000)
        h.pragma("max_page_count=1000000")
        await h.writer.run(_rename, "y" * 10_000)
        assert h.user(ann).first_name == "y" * 10_000


@ON_SQLITE
async def test_file_locked_by_another_process_is_waited_for(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        blocker = sqlite3.connect(tmp_path / "tertulia.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        writing = asyncio.get_running_loop().create_task(h.writer.run(_rename))
        await h.until(lambda: not h.writer.waiting)
        blocker.execute("COMMIT")
        blocker.close()
        await writing
        assert h.user(ann).first_name == "Ann"


async def test_too_many_waiting_writes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every queue is bounded and says so."""
    async with heart(tmp_path) as h:
        h.people("ann")
        loop = asyncio.get_running_loop()
        async with h.stopped_writer():
            monkeypatch.setattr(module, "WRITES_WAITING", 3)
            waiting = [loop.create_task(h.writer.run(_rename)) for _ in range(3)]
            await h.until(lambda: h.writer.waiting == 3)
            with pytest.raises(Rejection) as refused:
                await h.writer.run(_rename)
        assert refused.value.code == "busy"
        await asyncio.gather(*waiting)


async def test_a_write_whose_turn_comes_too_late_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is before it may hang for long; whoever waits is told in time, and nothing is done behind their back."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        async with h.stopped_writer():
            monkeypatch.setattr(module, "PATIENCE", 0)
            writing = asyncio.get_running_loop().create_task(h.writer.run(_rename))
            await h.until(lambda: h.writer.waiting == 1)
        with pytest.raises(Rejection) as refused:
            await writing
        assert (refused.value.code, refused.value.retry_after) == ("unavailable", 2)
        assert h.user(ann).first_name == ""


async def test_cancelled_write_is_done_all_the_same_and_hurts_nobody(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        async with h.stopped_writer():
            writing = asyncio.get_running_loop().create_task(h.writer.run(_rename))
            await h.until(lambda: h.writer.waiting == 1)
            writing.cancel()
        await h.until(lambda: h.user(ann).first_name == "Ann")
        assert writing.cancelled()


@ON_SQLITE
async def test_close_finishes_what_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        loop = asyncio.get_running_loop()
        writing = [loop.create_task(h.writer.run(_rename, name)) for name in ("Ann", "Anna")]
        await h.until(lambda: True)
        await asyncio.to_thread(h.writer.close)
        await asyncio.gather(*writing)
        assert h.user(ann).first_name == "Anna"
        with pytest.raises(Rejection, match="stopping"):
            await h.writer.run(_rename)


def test_a_loop_that_is_gone_does_not_stop_the_writer(tmp_path: Path) -> None:
    """Nobody waits any more for what was asked by a loop that is closed; the next one is served."""
    engine = open_engine(prepare(tmp_path), write=True)
    writer, gate, ran = Writer(engine), Gate(), threading.Event()

    async def ask_and_go() -> None:
        writer.batch(lambda _connection: gate.wait(), lambda _result, _error: None)

    async def ask(connection_work: Callable[[Connection], None]) -> None:
        await writer.run(connection_work)

    with capture_logs():
        asyncio.run(ask_and_go())
        gate.open()
        asyncio.run(ask(lambda _connection: ran.set()))
    assert ran.is_set()
    writer.close()
    engine.dispose()


def _rename(connection: Connection, name: str = "Ann") -> None:
    connection.execute(text("UPDATE users SET first_name = :name"), {"name": name})
