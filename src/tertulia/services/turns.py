"""Heavy work in threads of its own, off the event loop: never too much at once, first come, first served."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from tertulia.domain.errors import Rejection

T = TypeVar("T")


class Turns:
    """Take a `turn`, and `work` within it. `at_most`: callers that may wait for one; `full`: what the next is told."""

    def __init__(self, name: str, threads: int, at_most: int, full: str) -> None:
        self._threads = ThreadPoolExecutor(threads, f"tertulia-{name}")
        self._free = asyncio.Semaphore(threads)
        self._at_most = at_most
        self._full = full
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold one of the threads; raises `busy` when too many wait."""
        if self._free.locked() and self.waiting >= self._at_most:
            raise Rejection("busy", self._full, retry_after=2)
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._free.release()

    async def work(self, job: Callable[[], T]) -> T:
        """What `job` returns or raises."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, job)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])  # the thread goes on; the turn is not over before
            raise

    def close(self) -> None:
        self._threads.shutdown()
