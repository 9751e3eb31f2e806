"""Gaps: what is missing in front of what came is read from the database, when the bus has had its time to bring it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from tertulia.clock import Clock
from tertulia.domain.events import Changed
from tertulia.hub.channel import Channel
from tertulia.metrics import Metrics

GAP_WAIT = 0.050
"""Seconds to wait for a batch that is still on its way, before reading it from the database."""
RETRY_WAIT = 1.0
"""Seconds until a repair that failed is tried again."""

Repaired = tuple[int, Sequence[Changed] | None]
"""(head, what changed up to there, or None if too much)."""
Repair = Callable[[int, int], Awaitable[Repaired | None]]
"""(room, after) → what changed since `after`, or None when the room is gone.

What it raises means "not now": it is asked again.
"""


class Repairs:
    """One reader a room. `repaired(channel, after, found)` is told what was read, if the room is still open."""

    def __init__(
        self,
        repair: Repair,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[Any]],
        metrics: Metrics,
        clock: Clock,
        is_open: Callable[[Channel], bool],
        repaired: Callable[[Channel, int, Repaired | None], None],
    ) -> None:
        self._repair = repair
        self._spawn = spawn
        self._metrics = metrics
        self._clock = clock
        self._is_open = is_open
        self._repaired = repaired

    def ask(self, channel: Channel, *, retry: bool = False) -> None:
        """Something is missing behind the head of `channel`: wait for it, then read it."""
        now = self._clock.monotonic()
        if channel.gap_at != channel.head or retry:  # else something comes behind a gap that is waited for already
            channel.gap_at, channel.gap_until = channel.head, now + (RETRY_WAIT if retry else GAP_WAIT)
        if not channel.repairing:
            channel.repairing = True
            self._spawn(self.wait_and_read(channel), f"repair room {channel.room}")

    async def wait_and_read(self, channel: Channel) -> None:
        """Unless the bus brings it after all."""
        while channel.lacks and (wait := channel.gap_until - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait)
        if channel.lacks and self._is_open(channel):
            await self._read(channel)
        else:
            channel.repairing = False

    async def _read(self, channel: Channel) -> None:
        after, wanted = channel.head, channel.wanted
        assert after is not None
        self._metrics.repairs.inc()
        try:
            found = await self._repair(channel.room, after)
        except Exception:
            channel.repairing = False
            if self._is_open(channel):
                self.ask(channel, retry=True)
            raise
        channel.repairing, channel.gap_at = False, None
        if not self._is_open(channel):
            return
        if found is not None and channel.wanted == wanted:
            channel.wanted = 0
        self._repaired(channel, after, found)
