from collections import Counter
from functools import partial

import pytest

from support.clock import FakeClock
from support.sockets import turn
from tertulia.domain.errors import CloseCode
from tertulia.gateway.heartbeat import DEAD_SECONDS, PING_SECONDS, Entry, Heartbeat, Wheel
from tertulia.protocol.frames import Frames
from tertulia.tasks import Tasks


class CountingTransport:
    """Counts pings by second, and remembers its close."""

    unsent = 0

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.pings: list[int] = []
        self.closed: int | None = None

    def send(self, frames: Frames) -> None: ...

    def ping(self) -> None:
        self.pings.append(int(self._clock.monotonic()))

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        self.closed = code

    def abort(self) -> None: ...


class Turning:
    """A wheel that a test turns by hand, one second at a time."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.wheel = Wheel(self.clock)

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            self.wheel.turn()


@pytest.fixture
def time() -> Turning:
    return Turning()


def test_a_deadline_is_met_after_its_time_and_never_before(time: Turning) -> None:
    called: list[str] = []
    time.clock.advance(0.9)
    time.wheel.add(2, lambda: called.append("late"))
    time.wheel.add(0, lambda: called.append("soon"))
    time.pass_seconds(1)
    assert called == ["soon"]
    time.pass_seconds(1)
    assert called == ["soon"]
    time.pass_seconds(1)
    assert called == ["soon", "late"]


def test_cancelled_is_forgotten(time: Turning) -> None:
    called: list[int] = []
    entries = [time.wheel.add(5, lambda: called.append(1)) for _ in range(3)]
    entries[0].cancel()
    entries[0].cancel()
    time.pass_seconds(10)
    assert called == [1, 1]
    entries[1].cancel()


def test_a_neighbour_cancels_what_is_due_in_the_same_second(time: Turning) -> None:
    called: list[str] = []
    entries: dict[str, Entry] = {}

    def first(name: str, other: str) -> None:
        entries[other].cancel()
        called.append(name)

    entries["a"] = time.wheel.add(1, partial(first, "a", "b"))
    entries["b"] = time.wheel.add(1, partial(first, "b", "a"))
    time.pass_seconds(3)
    assert len(called) == 1


def test_one_that_raises_stops_nobody(time: Turning) -> None:
    called: list[int] = []

    def fail() -> None:
        raise RuntimeError

    time.wheel.add(1, fail)
    time.wheel.add(1, lambda: called.append(1))
    time.pass_seconds(2)
    assert called == [1]


def test_a_wheel_that_was_held_up_calls_in_order(time: Turning) -> None:
    called: list[int] = []
    for second in (30, 10, 20):
        time.wheel.add(second, partial(called.append, second))
    time.clock.advance(1_000)
    time.wheel.turn()
    assert called == [10, 20, 30]


def test_a_machine_that_slept_for_ages_does_not_count_the_seconds(time: Turning) -> None:
    called: list[int] = []

    def beat() -> None:
        called.append(time.wheel.now)
        if len(called) < 3:
            time.wheel.add(25, beat)

    time.wheel.add(5, beat)
    time.clock.advance(10**12)  # one by one this would take a day
    time.wheel.turn()
    assert time.wheel.now == 10**12
    assert called[0] == 6
    time.pass_seconds(60)
    assert len(called) == 3


def test_a_callback_may_add_another(time: Turning) -> None:
    called: list[int] = []

    def again() -> None:
        time.wheel.add(0, lambda: called.append(1))

    time.wheel.add(1, again)
    time.pass_seconds(4)
    assert called == [1]


async def test_one_task_turns_it() -> None:
    clock = FakeClock()
    wheel, tasks = Wheel(clock), Tasks()
    called: list[float] = []
    tasks.spawn(wheel.run(), "wheel")
    wheel.add(2, lambda: called.append(clock.monotonic()))
    while not called:
        await turn()
        clock.advance(0.5)
    assert 2 <= called[0] <= 3.5
    await tasks.close()


def test_a_peer_that_answers_is_pinged_for_ever(time: Turning) -> None:
    transport = CountingTransport(time.clock)
    pulse = Heartbeat(time.wheel).watch(transport)
    for _ in range(300):
        time.pass_seconds(1)
        pulse.heard()
    assert transport.closed is None
    assert len(transport.pings) == pytest.approx(300 / PING_SECONDS, abs=2)


def test_a_dead_peer_is_closed_after_fifty_seconds(time: Turning) -> None:
    """Rule 43."""
    transport = CountingTransport(time.clock)
    pulse = Heartbeat(time.wheel).watch(transport)
    time.pass_seconds(33)
    pulse.heard()
    time.pass_seconds(DEAD_SECONDS - 1)
    assert transport.closed is None
    time.pass_seconds(4)
    assert transport.closed == CloseCode.UNRESPONSIVE
    pings = len(transport.pings)
    time.pass_seconds(100)
    assert len(transport.pings) == pings


def test_a_stopped_pulse_does_nothing(time: Turning) -> None:
    transport = CountingTransport(time.clock)
    Heartbeat(time.wheel).watch(transport).stop()
    time.pass_seconds(200)
    assert transport.pings == []
    assert transport.closed is None


def test_those_who_come_together_are_spread(time: Turning) -> None:
    heartbeat = Heartbeat(time.wheel)
    transports = [CountingTransport(time.clock) for _ in range(1_000)]
    pulses = [heartbeat.watch(transport) for transport in transports]
    for _ in range(100):
        time.pass_seconds(1)
        for pulse in pulses:
            pulse.heard()
    waves = Counter(second for transport in transports for second in transport.pings)
    assert max(waves.values()) <= 2 * 1_000 / PING_SECONDS
