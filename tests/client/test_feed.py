import asyncio
import gc

import pytest

from tertulia.client.errors import Stopped
from tertulia.client.feed import Feed


async def test_events_come_in_order_to_everybody_who_listens() -> None:
    feed = Feed()
    ears = [feed.open(10), feed.open(10)]
    for number in range(3):
        feed.put({"ev": number})
    for ear in ears:
        assert [(await anext(ear))["ev"] for _ in range(3)] == [0, 1, 2]


async def test_who_is_too_slow_is_told_and_goes_on() -> None:
    feed = Feed()
    ear = feed.open(3)
    for number in range(4):
        feed.put({"ev": number})
    assert [(await anext(ear))["ev"] for _ in range(2)] == ["overrun", 3]


async def test_it_ends_when_the_client_is_closed() -> None:
    feed = Feed()
    ear = feed.open(3)
    feed.put({"ev": "last"})
    feed.end(Stopped("closed"))
    assert [event async for event in ear] == [{"ev": "last"}]
    assert [event async for event in feed.open(3)] == []


async def test_it_raises_when_the_client_was_thrown_out() -> None:
    feed = Feed()
    ear = feed.open(3)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(_next_error(ear))
        group.create_task(_end(feed))
    assert waiting.result().code == 4501


async def _next_error(ear: object) -> Stopped:
    with pytest.raises(Stopped) as raised:
        await anext(ear)  # type: ignore[call-overload]
    return raised.value


async def _end(feed: Feed) -> None:
    feed.end(Stopped("revoked", 4501))


async def test_who_does_not_listen_any_more_costs_nothing() -> None:
    feed = Feed()
    feed.open(3)
    gc.collect()
    feed.put({"ev": "x"})
    assert len(feed._events) == 0
