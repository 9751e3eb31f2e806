"""Waiting for what a test expects, and no longer."""

import asyncio
from collections.abc import Callable

from tertulia.clock import SystemClock

PATIENCE = 10.0


class Signal:
    """Wakes who waits for a condition; `set` it whenever something changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._event.clear()
                await self._event.wait()


async def until(condition: Callable[[], bool]) -> None:
    """For what nobody signals: looked at again and again. Everything else gets a turn first."""
    async with asyncio.timeout(PATIENCE):
        for _ in range(5):
            await SystemClock().sleep(0)
        while not condition():
            await SystemClock().sleep(0.002)
