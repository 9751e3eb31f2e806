"""What goes out and in on one line: backpressure both ways, the same for every kind of connection."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from tertulia.domain.errors import CloseCode, Disconnect
from tertulia.gateway.heartbeat import Entry, Heartbeat, Pulse, Wheel
from tertulia.gateway.transport import HIGH_WATER, Transport
from tertulia.metrics import Metrics
from tertulia.protocol.frames import Frames

IN_FLIGHT = 64
"""Commands worked on at a time; then reading pauses until one is done."""
MAX_LATEST = 2_000
"""Pieces of news kept for a congested connection; more of them, and it is too slow."""
STUCK_SECONDS = 30.0


class Edge(Protocol):
    """What lines of one kind have in common. `unsent_limit`: bytes."""

    wheel: Wheel
    heartbeat: Heartbeat
    metrics: Metrics
    unsent_limit: int


def nowhere(frames: Frames) -> None:
    """Where frames go that are offered to a connection that is not open."""


class Flow:
    """The part of a `Peer` and `Subscriber` that writes within bounds, and stops reading while the client does not."""

    __slots__ = (
        "__weakref__", "_drained", "_edge", "_in_flight", "_latest", "_paused", "_pulse", "_soon", "_soon_size",
        "_stuck", "_stuck_unsent", "ended", "greeted", "is_congested", "offer", "transport",
    )  # fmt: skip

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self.transport: Transport
        self.ended = False
        self.greeted = False
        """What comes first was sent: news may follow."""
        self.is_congested = False
        # The hub calls this for every delivery. It is the transport's own method while all is well.
        self.offer: Callable[[Frames], None] = nowhere
        self._soon: list[Frames] | None = None
        self._soon_size = 0
        self._latest: dict[tuple[str, str], Frames] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._in_flight = 0
        self._paused = False
        self._pulse: Pulse | None = None
        self._stuck: Entry | None = None
        self._stuck_unsent = 0

    def end(self, code: CloseCode, reason: str, *, say_bye: bool = True) -> None:
        """Close. May be called from within a delivery."""
        raise NotImplementedError

    def open_line(self, transport: Transport) -> None:
        """The handshake is done: what is offered is written."""
        self.transport = transport
        self.offer = transport.send
        self._pulse = self._edge.heartbeat.watch(transport)

    def close_line(self) -> None:
        """The line is down."""
        self.ended = True
        self.offer = nowhere
        if self._pulse is not None:
            self._pulse.stop()
        if self._stuck is not None:
            self._stuck.cancel()
        self._wake()

    def heard(self) -> None:
        if self._pulse is not None:
            self._pulse.heard()

    # Reading.

    def begin(self) -> None:
        """A command is being worked on."""
        self._in_flight += 1
        if self._in_flight >= IN_FLIGHT:
            self._pause()

    def finish(self) -> None:
        """A command is done."""
        self._in_flight -= 1
        self._read_again()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def _read_again(self) -> None:
        if self._paused and self._may_read():
            self._paused = False
            self.transport.resume_reading()

    def _may_read(self) -> bool:
        return self._in_flight < IN_FLIGHT // 2 and not self.is_congested and not self.ended

    # Writing.

    def offer_latest(self, key: tuple[str, str], frames: Frames) -> None:
        """News: while congested, only the latest of each key is kept, and written when there is room again.

        So is what comes before the line is greeted.
        """
        if self.greeted and not self.is_congested:
            self.offer(frames)
        elif not self.ended:
            if self._latest is None:
                self._latest = {}
            self._latest.pop(key, None)
            self._latest[key] = frames
            if len(self._latest) > MAX_LATEST:
                self._too_slow()

    def offer_all_latest(self, news: Sequence[tuple[tuple[str, str], Frames]]) -> None:
        """`offer_latest` for each, in one write if that is a small one."""
        joined = Frames.joined([frames for _, frames in news])
        if self.greeted and not self.is_congested and len(joined.wire) <= HIGH_WATER:
            self.offer(joined)
        else:
            for key, frames in news:
                self.offer_latest(key, frames)

    def _write_latest(self) -> None:
        latest, self._latest = self._latest, None
        for key, frames in (latest or {}).items():
            self.offer_latest(key, frames)

    def offer_soon(self, frames: Frames) -> None:
        """Written with what is offered next, at the end of this turn of the loop at the latest: a write for many."""
        if self._soon is None:
            if self.offer != self.transport.send:
                self.offer(frames)
                return
            self._soon, self._soon_size = [], 0
            self.offer = self._offer_behind
            asyncio.get_running_loop().call_soon(self._write_soon)
        self._soon.append(frames)
        self._soon_size += frames.size
        if self._soon_size > HIGH_WATER:
            self._write_soon()

    def _offer_behind(self, frames: Frames) -> None:
        assert self._soon is not None
        self._soon.append(frames)
        self._write_soon()

    def _write_soon(self) -> None:
        soon, self._soon = self._soon, None
        if soon is None:
            return
        if self.offer == self._offer_behind:
            self.offer = self.transport.send
        self.offer(Frames.joined(soon))

    def _watch_congestion(self) -> None:
        """Keep the watch over a line that does not take what is written."""
        self._stuck_unsent = self.transport.unsent
        self._stuck = self._edge.wheel.add(STUCK_SECONDS, self._look_whether_stuck)

    def _offer_congested(self, frames: Frames) -> None:
        """The bound: what is durable is written or the connection ends, nothing is dropped (promise 5)."""
        if self.transport.unsent + frames.size > self._edge.unsent_limit:
            self._too_slow()
        else:
            self._stuck_unsent += frames.size  # so that what is written anew does not look like what is stuck
            self.transport.send(frames)

    def congested(self) -> None:
        if self.ended:
            return
        self.is_congested = True
        self.offer = self._offer_congested
        self._pause()
        if self._stuck is None:
            self._watch_congestion()

    def _look_whether_stuck(self) -> None:
        self._stuck = None
        if self.ended or not self.is_congested:
            return
        if self.transport.unsent >= self._stuck_unsent:
            self._too_slow()
        else:
            self.heard()  # it takes what is written; what it says is not read meanwhile
            self._watch_congestion()

    def _too_slow(self) -> None:
        if not self.ended:
            self._edge.metrics.slow_closes.inc()
            self.end(CloseCode.SLOW, "You read too slowly. Come back and resume.", say_bye=False)

    def drained(self) -> None:
        if self.ended:
            return
        self.heard()
        self.is_congested = False
        self.offer = self.transport.send
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        self._write_latest()
        self._wake()
        self._read_again()

    async def writable(self) -> None:
        """Return when the line takes more; raises `Disconnect` when it is down. For what is written in pages."""
        while self.is_congested and not self.ended:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)
        if self.ended:
            raise Disconnect(CloseCode.NORMAL, "The line is down.")

    def _wake(self) -> None:
        waiting, self._drained = self._drained, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
