"""Events for whoever iterates over them, bounded."""

import asyncio
from collections import deque
from weakref import WeakSet

from tertulia.client.errors import Stopped
from tertulia.client.room import Frame

MAX_EVENTS = 1_000


class Events:
    """An async iterator over events from now on.

    Holds at most `limit` events that were not taken yet. When one more comes, all that wait are dropped and one
    `{"ev": "overrun"}` stands in their place: look at `client.rooms`, which are right, whatever was dropped. Ends when
    the client is closed; raises `Stopped` when it ended for another reason. One task may iterate at a time.
    """

    def __init__(self, limit: int = MAX_EVENTS) -> None:
        self._limit = limit
        self._queue: deque[Frame] = deque()
        self._wake = asyncio.Event()
        self._error: Stopped | None = None

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> Frame:
        while not self._queue:
            if self._error is not None:
                if self._error.code is None:
                    raise StopAsyncIteration
                raise self._error
            self._wake.clear()
            await self._wake.wait()
        return self._queue.popleft()

    def put(self, event: Frame) -> None:
        if len(self._queue) >= self._limit:
            self._queue.clear()
            self._queue.append({"ev": "overrun"})
        self._queue.append(event)
        self._wake.set()

    def end(self, error: Stopped) -> None:
        self._error = error
        self._wake.set()


class Feed:
    """All iterators that are in use. One that nobody holds any more is forgotten."""

    def __init__(self) -> None:
        self._events: WeakSet[Events] = WeakSet()
        self._error: Stopped | None = None

    def open(self, limit: int) -> Events:
        events = Events(limit)
        if self._error is not None:
            events.end(self._error)
        self._events.add(events)
        return events

    def put(self, event: Frame) -> None:
        for events in list(self._events):
            events.put(event)

    def end(self, error: Stopped) -> None:
        self._error = error
        for events in list(self._events):
            events.end(error)
