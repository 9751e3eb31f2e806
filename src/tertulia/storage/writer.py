"""The threads that write.

SQLite has one writer; so that sign-ins, receipts and purges cannot hold up posts, all writes of a process pass
through one thread: batches of the committer first, the others between them for at most 20 ms. PostgreSQL has many:
there each lane of the committer has a thread of its own, and some more share the other writes.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import Condition, Lock, Thread
from time import perf_counter
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from tertulia.clock import Clock, SystemClock
from tertulia.domain.errors import Rejection
from tertulia.storage.engines import Kind, bound, is_conflict, kind_of, passes

T = TypeVar("T")
log = structlog.get_logger(__name__)

WRITES_WAITING = 1_000
OTHERS_SLICE = 0.020
"""Seconds that other writes may take while a batch of posts waits."""
PATIENCE = 5.0
"""Seconds after which whoever waits has an answer."""
LAST_TRY = 2.0
"""Seconds that must be left for a try to begin."""
CONFLICTS = 3
"""How often a write is tried again because somebody else wrote the same key."""
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.25
"""Seconds before something is tried again."""


@dataclass(slots=True)
class _Job:
    work: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    done: Callable[[Any, BaseException | None], None]
    until: float
    transaction: bool = True
    reached_commit: bool = False


class _Queue:
    """Jobs in their order, for one thread or several that share `wake`."""

    def __init__(self, wake: Condition) -> None:
        self.wake = wake
        self.jobs: deque[_Job] = deque()


class _History:
    """The one that the first connection found; `is_lost`, for good, when a later one found another.

    What is remembered here, and what clients were told, is of the first.
    """

    def __init__(self, kind: Kind, lost: asyncio.Event) -> None:
        self.is_lost = False
        self._kind = kind
        self._lost = lost
        self._first: str | None = None
        self._lock = Lock()

    def compare(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        """To be called before anything else is done on a new connection."""
        found = self._kind.history(connection)
        with self._lock:
            if self._first is None:
                self._first = found
            if found == self._first or self.is_lost:
                return
            self.is_lost = True
        hint = "a standby took over: this server ends; start it again, unless a supervisor does"
        log.error("database.other_history", was=self._first, found=found, hint=hint)
        loop.call_soon_threadsafe(self._lost.set)


class _Hand:
    """A thread with a connection. It takes from `posts` first, from `others` for a slice in between; others that had
    to wait for too long are `unavailable`.
    """

    def __init__(
        self, engine: Engine, posts: _Queue, others: _Queue, seconds: Callable[[], float], history: _History
    ) -> None:
        self.connection: Connection | None = None
        self.doubts = 0  # how often another process may have written
        self._engine = engine
        self._kind = kind_of(engine)
        self._wake = others.wake
        self._posts = posts.jobs
        self._others = others.jobs
        self._seconds = seconds
        self._history = history
        self._is_compared = False
        self._data_version: int | None = None
        self._closing = False
        self._thread = Thread(target=self._run, name="tertulia-write", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()
        self._drop_connection()

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
            self._do(job, may_be_late=not others_turn)
            if not others_turn:
                others_until = self._seconds() + OTHERS_SLICE

    def _do(self, job: _Job, *, may_be_late: bool) -> None:
        result, error = None, None
        try:
            if not may_be_late and self._seconds() > job.until - LAST_TRY:
                raise unavailable()
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
        connection = self._open(job)
        with connection.begin():
            self._compare_history(connection, job.loop)
            self._compare_data_version(connection)
            result = job.work(connection)
            job.reached_commit = True
        return result

    def _look(self, job: _Job) -> Any:
        connection = self._open(job)
        self._compare_data_version(connection)
        if connection.in_transaction():
            connection.rollback()
        return job.work(connection)

    def _open(self, job: _Job) -> Connection:
        if self.connection is None:
            self.connection = self._engine.connect()
            self._is_compared = False
            self._data_version = None
            self.doubts += 1  # whatever was known before may be old
        bound(self.connection, job.until - self._seconds())
        return self.connection

    def _compare_history(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_compared:
            self._history.compare(connection, loop)
            self._is_compared = True
        if self._history.is_lost:  # also where a line to the first one is still open
            raise unavailable()

    def _compare_data_version(self, connection: Connection) -> None:
        version = self._kind.data_version(connection)
        if self._data_version is not None and version != self._data_version:
            self.doubts += 1
        self._data_version = version

    def _drop_connection(self) -> None:
        if self.connection is not None:
            connection, self.connection = self.connection, None
            try:
                connection.invalidate()
                connection.close()
            except Exception as error:  # noqa: BLE001 - it is gone in any case, and this thread must not end
                log.warning("writer.connection_lost", error=type(error).__name__)


class Writer:
    """Owns the connections that write. Each of its `lanes` runs one batch at a time.

    `shared`: other processes write all the time. `history_lost` is set when the database went on without something
    that was there (a standby took over): nothing is written any more, and only a new start puts that right.
    `seconds`: what time is taken by.
    """

    def __init__(
        self,
        engine: Engine,
        seconds: Callable[[], float] = perf_counter,
        *,
        clock: Clock | None = None,
        lanes: int | None = None,
    ) -> None:
        kind = kind_of(engine)
        self.lanes = kind.lanes if lanes is None else lanes
        self.shared = kind.shared
        self.history_lost = asyncio.Event()
        self._clock = clock or SystemClock()
        self._closing = False
        self._looks = 0
        self._seconds = seconds
        self._others = _Queue(Condition())
        if kind.others:
            self._batches = [_Queue(Condition()) for _ in range(self.lanes)]
            nothing = _Queue(self._others.wake)
            hands = [(batches, _Queue(batches.wake)) for batches in self._batches]
            hands += [(nothing, self._others)] * kind.others
        else:
            self._batches = [_Queue(self._others.wake)]
            hands = [(self._batches[0], self._others)]
        history = _History(kind, self.history_lost)
        self._hands = [_Hand(engine, posts, others, seconds, history) for posts, others in hands]

    @property
    def foreign_writes(self) -> int:
        """Rises when another process wrote, or may have."""
        return sum(hand.doubts for hand in self._hands) + self._looks

    async def notice_foreign_writes(self) -> int:
        """Look whether another process wrote; the count of times that one did, or may have."""
        if self.shared:
            self._looks += 1
        else:
            await self._await(lambda connection: None, PATIENCE, transaction=False)
        return self.foreign_writes

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """`work(connection, *args)` in a transaction of its own, tried again while that may help.

        Raises what it raises; `busy` when too many wait, `unavailable` when it does not succeed in time, and
        `outcome_unknown` when it may have happened.
        """
        if len(self._others.jobs) >= WRITES_WAITING:
            raise Rejection("busy", "The server has too much to write at once. Try again shortly.", retry_after=1)
        until = self._clock.monotonic() + PATIENCE
        for attempt in count():
            try:
                left = until - self._clock.monotonic()
                return await self._await(lambda connection: work(connection, *args), left, again=attempt > 0)
            except DBAPIError as error:
                if not passes(error) and not (is_conflict(error) and attempt < CONFLICTS):
                    raise
                if self._clock.monotonic() >= until - LAST_TRY:
                    raise unavailable() from error
            await self._clock.sleep(pause_after(attempt))
        raise AssertionError

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn, besides batches of posts."""
        return len(self._others.jobs)

    async def _await(
        self, work: Callable[[Connection], T], left: float, *, again: bool = False, transaction: bool = True
    ) -> T:
        """`again`: it had its turn, so it comes first."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def done(result: Any, error: BaseException | None) -> None:
            if future.done():  # the caller was cancelled; the work is done all the same
                return
            if error is None:
                future.set_result(result)
            elif job.reached_commit and passes(error):
                future.set_exception(_unknown())
            else:
                future.set_exception(error)

        job = _Job(work, loop, done, self._seconds() + left, transaction)
        self._put(self._others, job, first=again)
        return await future

    def batch(
        self,
        work: Callable[[Connection], T],
        done: Callable[[Any, BaseException | None], None],
        lane: int = 0,
        left: float = PATIENCE,
    ) -> None:
        """Run a batch before all other writes; `done(result, error)` is called on the event loop.

        `left`: seconds until somebody wants an answer; a database that is silent until then is given up.
        """
        self._put(self._batches[lane], _Job(work, asyncio.get_running_loop(), done, self._seconds() + left))

    def _put(self, queue: _Queue, job: _Job, *, first: bool = False) -> None:
        with queue.wake:
            if self._closing:
                raise Rejection("unavailable", "The server is stopping.", retry_after=2)
            (queue.jobs.appendleft if first else queue.jobs.append)(job)
            queue.wake.notify()

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._closing = True
        for hand in self._hands:
            hand.close()


def pause_after(attempt: int) -> float:
    """Seconds, longer from attempt to attempt, and never the same for two who were in each other's way."""
    longest: float = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret


def unavailable() -> Rejection:
    """Nothing was changed."""
    message = "The database cannot work right now; nothing was changed. Try again."
    return Rejection("unavailable", message, retry_after=2)


def _unknown() -> Rejection:
    message = "The database was lost in the middle: it may have been done or not. Look before you repeat it."
    return Rejection("outcome_unknown", message, retry_after=1)
