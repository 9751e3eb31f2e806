import asyncio

import pytest

from tertulia.domain.errors import Rejection
from tertulia.services.finish import finish
from tertulia.tasks import Tasks


async def test_the_result_and_the_refusal_come_through() -> None:
    tasks = Tasks()

    async def work(code: str) -> str:
        if code:
            raise Rejection(code, "no")
        return "done"

    assert await finish(tasks, work(""), "work") == "done"
    with pytest.raises(Rejection, match="busy"):
        await finish(tasks, work("busy"), "work")
    await tasks.close()


async def test_work_goes_on_when_its_caller_is_cancelled() -> None:
    tasks, started, gate, done = Tasks(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        await gate.wait()
        done.set()

    async with asyncio.TaskGroup() as group:
        caller = group.create_task(finish(tasks, work(), "work"))
        await asyncio.wait_for(started.wait(), 5)
        caller.cancel()
    assert caller.cancelled()
    gate.set()
    await asyncio.wait_for(done.wait(), 5)
    await tasks.close()
