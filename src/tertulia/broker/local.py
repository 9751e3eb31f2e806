"""The broker of nodes that live in one process: usually one alone, for which it does nothing at all."""

import asyncio
from collections import deque

from tertulia.broker.broker import Broker, Listener

MAX_WAITING = 10_000
MAX_WAITING_BYTES = 64 * 1024 * 1024


class Bus:
    """Where the brokers of one process meet. `followers`: by channel."""

    def __init__(self) -> None:
        self.followers: dict[str, set[LocalBroker]] = {}


class LocalBroker(Broker):
    """Hands on what others on the same `bus` publish, in order, in a later turn of the loop. Too much: `deaf`."""

    def __init__(self, bus: Bus | None = None) -> None:
        self._bus = bus or Bus()
        self._listener: Listener | None = None
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._waiting_bytes = 0
        self._new: set[str] = set()
        self._followed: set[str] = set()
        self._missed = False
        self._scheduled = False

    async def start(self, listener: Listener) -> None:
        self._listener = listener

    async def stop(self) -> None:
        for channel in list(self._followed):
            self.leave(channel)
        self._listener = None
        self._waiting.clear()

    def publish(self, channel: str, payload: bytes) -> None:
        for other in tuple(self._bus.followers.get(channel, ())):
            if other is not self:
                other.take(channel, payload)

    def follow(self, channel: str) -> None:
        if channel not in self._followed:
            self._followed.add(channel)
            self._bus.followers.setdefault(channel, set()).add(self)
            self._new.add(channel)
            self._schedule()

    def leave(self, channel: str) -> None:
        if channel in self._followed:
            self._followed.discard(channel)
            self._new.discard(channel)
            followers = self._bus.followers[channel]
            followers.discard(self)
            if not followers:
                del self._bus.followers[channel]

    def is_heard(self, channel: str) -> bool:
        followers = self._bus.followers.get(channel)
        return followers is not None and (len(followers) > 1 or self not in followers)

    # What comes in.

    def take(self, channel: str, payload: bytes) -> None:
        """Another node published it."""
        self._waiting.append((channel, payload))
        self._waiting_bytes += len(payload)
        if len(self._waiting) > MAX_WAITING or self._waiting_bytes > MAX_WAITING_BYTES:
            self._waiting.clear()
            self._waiting_bytes, self._missed = 0, True
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._hand_on)

    def _hand_on(self) -> None:
        """All that waits; what comes meanwhile waits for the next turn."""
        self._scheduled = False
        waiting, self._waiting, self._waiting_bytes = self._waiting, deque(), 0
        new, self._new = self._new, set()
        missed, self._missed = self._missed, False
        if self._listener is None:
            return
        if new:
            self._listener.confirmed(new)
        if missed:
            self._listener.deaf()
        for channel, payload in waiting:
            if self._listener is not None:
                self._listener.received(channel, payload)
