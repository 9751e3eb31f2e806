"""What happens later, for all connections together: one task, one wheel of seconds."""

from collections.abc import Callable
from itertools import count

import structlog

from tertulia.clock import Clock
from tertulia.domain.errors import CloseCode
from tertulia.gateway.transport import Transport

log = structlog.get_logger(__name__)

PING_SECONDS = 25
DEAD_SECONDS = 50


class Entry:
    """Something that will be called once, unless it is cancelled."""

    __slots__ = ("_bucket", "_callback")

    def __init__(self, callback: Callable[[], None], bucket: "set[Entry]") -> None:
        self._callback: Callable[[], None] | None = callback
        self._bucket = bucket
        bucket.add(self)

    def cancel(self) -> None:
        """Forget it; at any time, also twice."""
        self._callback = None
        self._bucket.discard(self)

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is None:  # cancelled by a neighbour in the same bucket
            return
        try:
            callback()
        except Exception:
            log.exception("wheel.failed")


class Wheel:
    """Deadlines in buckets of a second, so that adding and cancelling cost the same for ten as for 100,000.

    `run` is the one task that turns it. A deadline is met within a second after its time, never before.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.monotonic()
        self._buckets: dict[int, set[Entry]] = {}
        self.now = 0
        """Whole seconds since the wheel was made, as of the last turn: the cheap clock of everything on it."""

    def add(self, seconds: float, callback: Callable[[], None]) -> Entry:
        """Call `callback` (plain; what it raises is logged) in `seconds`."""
        due = max(self.now + 1, int(self._elapsed() + seconds) + 1)
        bucket = self._buckets.get(due)
        if bucket is None:
            bucket = self._buckets[due] = set()
        return Entry(callback, bucket)

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            await self._clock.sleep(1 - self._elapsed() % 1)
            self.turn()

    def turn(self) -> None:
        """Call what is due. A wheel that was held up catches up, second by second, but for those with nothing to do:
        a machine may have slept for months.
        """
        until = int(self._elapsed())
        while self.now < until:
            self.now = self._next(until)
            for entry in tuple(self._buckets.pop(self.now, ())):
                entry.fire()

    def _next(self, until: int) -> int:
        """The next second with something to do, `until` at the latest."""
        if until == self.now + 1:
            return until
        return min((due for due in self._buckets if due < until), default=until)

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._start


class Pulse:
    """The heartbeat of one connection: made by `Heartbeat.watch`, told of each sign of life, stopped at the end."""

    __slots__ = ("_entry", "_last", "_transport", "_wheel")

    def __init__(self, wheel: Wheel, transport: Transport, first: float) -> None:
        self._wheel = wheel
        self._transport = transport
        self._last = wheel.now
        self._entry = wheel.add(first, self._beat)

    def heard(self) -> None:
        """The peer is there. Called for every frame, so it is one assignment."""
        self._last = self._wheel.now

    def stop(self) -> None:
        self._entry.cancel()

    def _beat(self) -> None:
        silent = self._wheel.now - self._last
        if silent >= DEAD_SECONDS:
            self._transport.close(CloseCode.UNRESPONSIVE, "Nothing was heard from you for too long.")
            return
        self._transport.ping()
        self._entry = self._wheel.add(min(PING_SECONDS, DEAD_SECONDS - silent), self._beat)


class Heartbeat:
    """Pings every connection each 25 seconds, ends it with 4004 when nothing was heard for 50.

    Connections that come together (a restart) are spread over the seconds, so pings never come as a wave.
    """

    def __init__(self, wheel: Wheel) -> None:
        self._wheel = wheel
        self._turns = count()

    def watch(self, transport: Transport) -> Pulse:
        return Pulse(self._wheel, transport, next(self._turns) % PING_SECONDS)
