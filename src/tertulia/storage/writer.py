"""The one thread that writes.

SQLite has one writer; so that sign-ins, receipts and purges cannot hold up posts, all writes of a process pass
here: batches of the committer first, the others between them for at most 20 ms.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from tertulia.domain.errors import Rejection

T = TypeVar("T")
log = structlog.get_logger(__name__)

WRITES_WAITING = 1_000
OTHERS_SLICE = 0.020
"""Seconds that other writes may take while a batch of posts waits."""


@dataclass(slots=True)
class _Job:
    work: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    done: Callable[[Any, BaseException | None], None]
    transaction: bool = True


class Writer:
    """Owns the write connection. `foreign_writes` rises when another process wrote to the same file.

    `seconds`: what time is taken by.
    """

    def __init__(self, engine: Engine, seconds: Callable[[], float] = perf_counter) -> None:
        self._engine = engine
        self._seconds = seconds
        self._connection: Connection | None = None
        self._posts: deque[_Job] = deque()
        self._others: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._data_version: int | None = None
        self.foreign_writes = 0
        self._thread = threading.Thread(target=self._run, name="tertulia-write", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """`work(connection, *args)` in a transaction of its own; `busy` when too many wait."""
        if len(self._others) >= WRITES_WAITING:
            raise Rejection("busy", "The server has too much to write at once. Try again shortly.", retry_after=1)
        return await self._await(lambda connection: work(connection, *args), transaction=True)

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn, besides batches of posts."""
        return len(self._others)

    async def notice_foreign_writes(self) -> int:
        """Look whether another process wrote; the count of times that one did."""
        await self._await(lambda connection: None, transaction=False)
        return self.foreign_writes

    async def _await(self, work: Callable[[Connection], T], *, transaction: bool) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def done(result: Any, error: BaseException | None) -> None:
            if future.done():  # the caller was cancelled; the work is done all the same
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._put(self._others, _Job(work, loop, done, transaction))
        return await future

    def batch(self, work: Callable[[Connection], T], done: Callable[[Any, BaseException | None], None]) -> None:
        """Run a batch before all other writes; `done(result, error)` is called on the event loop."""
        self._put(self._posts, _Job(work, asyncio.get_running_loop(), done))

    def _put(self, queue: deque[_Job], job: _Job) -> None:
        with self._wake:
            if self._closing:
                raise Rejection("unavailable", "The server is stopping.", retry_after=2)
            queue.append(job)
            self._wake.notify()

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._drop_connection()

    # In the thread.

    def _run(self) -> None:
        others_until = 0.0
        while True:
            with self._wake:
                while not (self._posts or self._others or self._closing):
                    self._wake.wait()
                if not (self._posts or self._others):
                    return
                others_turn = bool(self._others) and (not self._posts or self._seconds() < others_until)
                job = self._others.popleft() if others_turn else self._posts.popleft()
            self._do(job)
            if not others_turn:
                others_until = self._seconds() + OTHERS_SLICE

    def _do(self, job: _Job) -> None:
        result, error = None, None
        try:
            result = self._transact(job) if job.transaction else self._look(job)
        except BaseException as failure:  # noqa: BLE001 - it is raised again where it is awaited
            error = failure
            if isinstance(failure, SQLAlchemyError) and not isinstance(failure, IntegrityError):
                self._drop_connection()  # after a failed write, start from a clean connection
        try:
            job.loop.call_soon_threadsafe(job.done, result, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.warning("writer.nobody_waits")

    def _transact(self, job: _Job) -> Any:
        connection = self._open()
        with connection.begin():
            self._compare_data_version(connection)
            return job.work(connection)

    def _look(self, job: _Job) -> Any:
        connection = self._open()
        self._compare_data_version(connection)
        if connection.in_transaction():
            connection.rollback()
        return job.work(connection)

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._data_version = None
            self.foreign_writes += 1  # whatever was known before may be old
        return self._connection

    def _compare_data_version(self, connection: Connection) -> None:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        version = raw.cursor().execute("PRAGMA data_version").fetchone()[0]
        if self._data_version is not None and version != self._data_version:
            self.foreign_writes += 1
        self._data_version = version

    def _drop_connection(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.invalidate()
                connection.close()
            except Exception as error:  # noqa: BLE001 - it is gone in any case, and this thread must not end
                log.warning("writer.connection_lost", error=type(error).__name__)
