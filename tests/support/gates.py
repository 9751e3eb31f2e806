"""Holding a call where a test wants it, to force a race."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from support.waiting import Signal


class Gate:
    """Puts itself in the place of the async method `name` of `owner`. While shut, calls wait: after the real one, so
    that what it brings grows old; with `before`, in front of it.
    """

    def __init__(self, owner: Any, name: str, *, before: bool = False, shut: bool = True) -> None:
        self.calls = 0
        self.waiting = 0
        self._real = getattr(owner, name)
        self._before = before
        self._open = asyncio.Event()
        self._signal = Signal()
        setattr(owner, name, self._call)
        if not shut:
            self._open.set()

    async def _call(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self._before:
            await self._wait()
        result = await self._real(*args, **kwargs)
        if not self._before:
            await self._wait()
        return result

    async def _wait(self) -> None:
        self.waiting += 1
        self._signal.set()
        await self._open.wait()
        self.waiting -= 1

    async def reached(self, number: int = 1) -> None:
        """Return when `number` calls wait here."""
        await self._signal.until(lambda: self.waiting >= number)

    def open(self) -> None:
        self._open.set()

    def shut(self) -> None:
        self._open.clear()


Work = Callable[[], Awaitable[None]]


class Hook:
    """Runs `work` before each call of the async method `name` of `owner`, or raises what it raises."""

    def __init__(self, owner: Any, name: str, work: Work) -> None:
        self._real = getattr(owner, name)
        self._work = work
        setattr(owner, name, self._call)

    async def _call(self, *args: Any, **kwargs: Any) -> Any:
        await self._work()
        return await self._real(*args, **kwargs)


class After(Hook):
    """The same behind the call, so that what it brings is old already."""

    async def _call(self, *args: Any, **kwargs: Any) -> Any:
        result = await self._real(*args, **kwargs)
        await self._work()
        return result
