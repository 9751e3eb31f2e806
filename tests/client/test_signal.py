import asyncio

import pytest

from tertulia.client.signal import Signal


async def test_who_waits_wakes_when_it_holds() -> None:
    signal = Signal()
    seen: list[int] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(signal.until(lambda: len(seen) == 2))
        await asyncio.wait([group.create_task(signal.until(lambda: True))])
        for number in range(2):
            seen.append(number)
            signal.notify()
    assert seen == [0, 1]


async def test_what_holds_already_does_not_wait() -> None:
    await Signal().until(lambda: True)


async def test_a_condition_that_fails_hurts_only_its_own_wait() -> None:
    signal, state = Signal(), {"ready": False}

    def bad() -> bool:
        if state["ready"]:
            raise ValueError("mine")
        return False

    waits = asyncio.gather(signal.until(bad), signal.until(lambda: state["ready"]), return_exceptions=True)
    await asyncio.wait([waits], timeout=0)
    state["ready"] = True
    signal.notify()
    assert [type(result) for result in await waits] == [ValueError, type(None)]


async def test_a_cancelled_wait_is_forgotten() -> None:
    signal = Signal()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await signal.until(lambda: False)
    signal.notify()
    assert signal._waiting == []
