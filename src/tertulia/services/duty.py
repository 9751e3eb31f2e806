"""What only one node does at a time, though all could.

Who has the duty leaves a new sign of life in the database every few seconds. Who has seen the same one for `SECONDS`,
by its own clock, takes over; no two clocks are compared. Where nobody else writes, the duty is always held.
"""

import asyncio
from itertools import count

from tertulia.clock import Clock
from tertulia.domain.ids import new_id
from tertulia.services.lease import SECONDS
from tertulia.storage import duties
from tertulia.storage.database import Database

LOOK, RENEW = 1.0, 3.0
"""Seconds between two looks of those who do not have it, and between two signs of the one who has."""


class Duty:
    """This node's part in the duty `name`."""

    def __init__(self, db: Database, clock: Clock, name: str) -> None:
        self._db = db
        self._clock = clock
        self._name = name
        self._node = new_id()
        self._signs = count(1)
        self._ours: str | None = None
        self._seen: str | None = None
        self._seen_at = 0.0
        self._look_at = 0.0
        self._held_until = 0.0
        self._is_over = False
        self._looking = asyncio.Lock()

    @property
    def is_held(self) -> bool:
        """No other node does it at this moment. What was begun before it was lost may still be under way."""
        return not self._db.writer.shared or self._clock.monotonic() < self._held_until

    async def hold(self) -> bool:
        """Whether it is held: looked up again, and taken or kept, when it is time to."""
        async with self._looking:
            now = self._clock.monotonic()
            if self._db.writer.shared and now >= self._look_at and not self._is_over:
                self._look_at = now + LOOK
                await self._look()
        return self.is_held

    async def _look(self) -> None:
        there = await self._db.read(duties.sign, self._name)
        now = self._clock.monotonic()  # not from before: a sign is no older than this look at it
        if there != self._seen:
            self._seen, self._seen_at = there, now
        if there in {None, self._ours} or now - self._seen_at >= SECONDS:
            await self._take(there, now)
        else:
            self._held_until = 0.0

    async def _take(self, before: str | None, now: float) -> None:
        sign = f"{self._node} {next(self._signs)}"
        if not await self._db.write(duties.take, self._name, before, sign):
            return
        self._ours = self._seen = sign
        if self._is_over:
            await self.let_go()
        else:
            self._held_until, self._look_at = now + SECONDS, now + RENEW  # from before it was written

    async def let_go(self) -> None:
        """For good. Another node may begin at once."""
        self._is_over, self._held_until = True, 0.0
        ours, self._ours = self._ours, None
        if ours is not None:
            await self._db.write(duties.let_go, self._name, ours)
