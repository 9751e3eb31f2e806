"""Reads that many ask for at the same time, in one job for all: when everybody comes back at once."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Generic, TypeVar

from sqlalchemy import Connection

from tertulia.domain.errors import Rejection
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

K = TypeVar("K")
V = TypeVar("V")

AT_ONCE = 64
"""Keys of one job."""
MAX_WAITING = 10_000


class Gathering(Generic[K, V]):
    """`job(connection, keys)` reads for up to `AT_ONCE` keys. Without a timer: what is asked for while one job runs is
    the next one.

    Nobody is told what was read before they asked.
    """

    def __init__(self, db: Database, tasks: Tasks, job: Callable[[Connection, Collection[K]], Mapping[K, V]]) -> None:
        self._db = db
        self._tasks = tasks
        self._job = job
        self._waiting: dict[K, list[asyncio.Future[V]]] = {}
        self._is_reading = False

    async def read(self, key: K) -> V:
        """What the job says of `key`; raises `busy` when too many wait, and what the job and `Database.read` raise."""
        if key not in self._waiting:
            if len(self._waiting) >= MAX_WAITING:
                raise Rejection("busy", "The server has too much to read at once. Try again shortly.", retry_after=1)
            self._waiting[key] = []
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting[key].append(future)
        if not self._is_reading:
            self._is_reading = True
            self._tasks.spawn(self._read_all(), "gathering")
        with self._db.waiting():
            return await future

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                await self._until_all_have_asked()
                await self._read({key: self._waiting.pop(key) for key in list(islice(self._waiting, AT_ONCE))})
        finally:
            self._is_reading = False

    async def _until_all_have_asked(self) -> None:
        """While each turn of the event loop brings more of them: in a storm, many are on the line already."""
        before = 0
        while before < len(self._waiting) < AT_ONCE:
            before = len(self._waiting)
            await asyncio.sleep(0)  # noqa: TID251 - one turn of the event loop

    async def _read(self, asked: dict[K, list[asyncio.Future[V]]]) -> None:
        try:
            found = await self._db.read(self._job, list(asked))
            for futures, value in zip(asked.values(), [found[key] for key in asked], strict=True):
                for future in _still_there(futures):
                    future.set_result(value)
        except Rejection as rejection:  # the database is lost, or has too much to do: all who wait are told at once
            _fail([*asked.values(), *self._waiting.values()], rejection)
            self._waiting.clear()
        except Exception as error:  # noqa: BLE001 - told to whoever asked; it may be the fault of one of them
            if len(asked) == 1:
                _fail(asked.values(), error)
            else:
                for key, futures in asked.items():
                    await self._read({key: futures})
        finally:
            for future in chain.from_iterable(asked.values()):
                future.cancel()  # those that are not done: the server goes down


def _fail(asked: Collection[list[asyncio.Future[V]]], error: Exception) -> None:
    for future in _still_there(chain.from_iterable(asked)):
        future.set_exception(error)


def _still_there(futures: Iterable[asyncio.Future[V]]) -> Iterator[asyncio.Future[V]]:
    """Without those of who does not wait any more."""
    return (future for future in futures if not future.done())
