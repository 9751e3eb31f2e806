"""The database: its engines, its writers, its readers. What differs between the kinds of databases: engines/.

Reads run in a small pool of threads, each a short transaction that sees one state. Writes go through `Writer`, posts
first. A function that is run here gets an open `Connection` and must not keep it; it may be run again from its start.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from tertulia.clock import Clock, SystemClock
from tertulia.domain.errors import Rejection
from tertulia.storage.engines import READERS, bound, is_outage, kind_of_url, passes
from tertulia.storage.engines.compiled import share
from tertulia.storage.writer import PATIENCE, Writer, pause_after, unavailable

__all__ = ["Database", "is_outage", "open_engine", "sqlite_url"]

T = TypeVar("T")

READS_WAITING = 2_000


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def open_engine(url: str, *, write: bool) -> Engine:
    """An engine for `url`; transactions of a `write` engine may write. Raises `ValueError` for an unknown database."""
    engine = kind_of_url(url).open(make_url(url), write=write)
    share(engine, write=write)
    return engine


class Database:
    """Runs functions in transactions, off the event loop.

    `read` and `write` raise what the function raises, after rolling back; a full queue is `busy`. When the database is
    lost they try for a few seconds, then it is `unavailable`.
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self.url = url
        self._clock = clock or SystemClock()
        self._read_engine = open_engine(url, write=False)
        self._write_engine = open_engine(url, write=True)
        self._readers = ThreadPoolExecutor(READERS, "tertulia-read")
        self._reads = self._gathered = 0
        self.writer = Writer(self._write_engine, clock=self._clock)

    async def read(self, job: Callable[..., T], *args: Any) -> T:
        """`job(connection, *args)` in a read transaction."""
        if self._reads >= READS_WAITING:
            raise Rejection("busy", "The server has too much to read at once. Try again shortly.", retry_after=1)
        self._reads += 1
        try:
            async with asyncio.timeout(PATIENCE) as limit:  # then it is not begun any more; if it was, its line ends it
                return await self._try_to_read(job, args)
        except TimeoutError as error:
            if limit.expired():
                raise unavailable() from error
            raise
        finally:
            self._reads -= 1

    async def _try_to_read(self, job: Callable[..., T], args: tuple[Any, ...]) -> T:
        until = self._clock.monotonic() + PATIENCE
        for attempt in count():
            try:
                left = until - self._clock.monotonic()
                return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, left, job, args)
            except DBAPIError as error:
                if not passes(error):
                    raise
                if self._clock.monotonic() >= until:
                    raise unavailable() from error
            await self._clock.sleep(pause_after(attempt))
        raise AssertionError

    def _read(self, left: float, job: Callable[..., T], args: tuple[Any, ...]) -> T:
        with self._read_engine.connect() as connection, connection.begin():
            bound(connection, left)
            return job(connection, *args)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Somebody waits for a read that is made for many together, which is one read."""
        self._gathered += 1
        try:
            yield
        finally:
            self._gathered -= 1

    @property
    def reads_waiting(self) -> int:
        """Callers that wait for a read."""
        return self._reads + self._gathered

    async def probe(self) -> None:
        """Return when the database has answered; raises what a read raises."""
        await self.read(_probe)

    async def write(self, job: Callable[..., T], *args: Any) -> T:
        """`job(connection, *args)` in a write transaction, committed when this returns."""
        return await self.writer.run(job, *args)

    def close(self) -> None:
        """Wait for what runs, then let go of the files."""
        self.writer.close()
        self._readers.shutdown()
        self._read_engine.dispose()
        self._write_engine.dispose()


def _probe(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
