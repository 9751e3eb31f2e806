from collections.abc import AsyncIterator

import pytest

from broker.places import WEATHERS, Place, in_one_process, in_weather


@pytest.fixture(params=["local", *WEATHERS])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    place = in_one_process() if request.param == "local" else in_weather(request.param)
    yield place
    for broker in place.brokers:
        await broker.stop()
