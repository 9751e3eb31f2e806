"""Who asks while one read runs is answered by the next one, together with all others."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from sqlalchemy import Connection

from support.databases import new_url
from support.gates import Gate, Hook
from tertulia.domain.errors import Rejection
from tertulia.services import gathering
from tertulia.services.gathering import AT_ONCE, Gathering
from tertulia.storage.database import Database
from tertulia.tasks import Tasks


class Doubles:
    """Reads 2 n for n; remembers what was asked for together. Numbers below 0 are its fault."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __call__(self, _: Connection, keys: Collection[int]) -> dict[int, int]:
        self.asked.append(list(keys))
        if min(keys) < 0:
            raise ValueError(min(keys))
        return {key: 2 * key for key in keys}


class Here:
    def __init__(self, directory: Path) -> None:
        self.db = Database(new_url(directory))
        self.tasks = Tasks()
        self.doubles = Doubles()
        self.gathering = Gathering(self.db, self.tasks, self.doubles)

    async def ask(self, *keys: int) -> list[int | BaseException]:
        return await asyncio.gather(*map(self.gathering.read, keys), return_exceptions=True)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    here = Here(tmp_path)
    yield here
    await here.tasks.close()
    here.db.close()


async def test_all_who_ask_at_once_are_one_read(here: Here) -> None:
    assert await here.ask(1, 2, 3, 2) == [2, 4, 6, 4]
    assert here.doubles.asked == [[1, 2, 3]]
    assert here.db.reads_waiting == 0


async def test_who_asks_while_it_is_read_is_not_told_what_is_old(here: Here) -> None:
    reads = Gate(here.db, "read")
    async with asyncio.TaskGroup() as group:
        first = group.create_task(here.ask(1))
        await reads.reached()
        others = group.create_task(here.ask(1, 2))
        reads.open()
    assert (first.result(), others.result()) == ([2], [2, 4])
    assert here.doubles.asked == [[1], [1, 2]]


async def test_one_read_has_so_many_and_no_more(here: Here) -> None:
    wanted = range(2 * AT_ONCE + 1)
    assert await here.ask(*wanted) == [2 * key for key in wanted]
    assert [len(keys) for keys in here.doubles.asked] == [AT_ONCE, AT_ONCE, 1]


async def test_too_many_who_wait_are_refused(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_WAITING", 2)
    one, other, refused = await here.ask(1, 2, 3)
    assert (one, other) == (2, 4)
    assert isinstance(refused, Rejection)
    assert refused.code == "busy"


async def test_what_is_wrong_with_one_hurts_no_other(here: Here) -> None:
    one, wrong, other = await here.ask(1, -1, 2)
    assert (one, other) == (2, 4)
    assert isinstance(wrong, ValueError)


async def test_a_lost_database_is_told_at_once_to_all_who_wait(here: Here) -> None:
    async def lost() -> None:
        raise Rejection("unavailable", "not now")

    Hook(here.db, "read", lost)
    found = await here.ask(*range(3 * AT_ONCE))
    assert all(isinstance(each, Rejection) and each.code == "unavailable" for each in found)
    assert here.doubles.asked == []


async def test_who_goes_away_takes_no_answer_from_others(here: Here) -> None:
    reads = Gate(here.db, "read")
    async with asyncio.TaskGroup() as group:
        one, other = group.create_task(here.ask(1)), group.create_task(here.ask(1))
        await reads.reached()
        one.cancel()
        reads.open()
    assert other.result() == [2]


async def test_who_waits_when_the_server_goes_down_waits_no_more(here: Here) -> None:
    reads = Gate(here.db, "read")
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(here.ask(1))
        await reads.reached()
        await here.tasks.close()
    assert [type(each) for each in asking.result()] == [asyncio.CancelledError]
