"""Rule 31: a node that was stopped holds deliveries and commands until one full sweep is done."""

import asyncio

import pytest
from structlog.testing import capture_logs

from support.clock import FakeClock
from support.waiting import until
from tertulia.services import lease as lease_module
from tertulia.services.lease import SECONDS, Lease
from tertulia.tasks import Tasks


class Sweeps:
    """Stands for the sweep: ends when the test says so."""

    def __init__(self) -> None:
        self.calls = 0
        self.failures = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> None:
        self.calls += 1
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("the database is away")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sweeps() -> Sweeps:
    return Sweeps()


@pytest.fixture
def lease(clock: FakeClock, sweeps: Sweeps) -> Lease:
    lease = Lease(clock, Tasks())
    lease.watch(recover=sweeps, matters=lambda: True)
    return lease


async def test_it_is_held_while_it_beats_in_time(lease: Lease, clock: FakeClock, sweeps: Sweeps) -> None:
    done: list[int] = []
    for number in range(5):
        clock.advance(SECONDS)
        lease.when_held(lambda number=number: done.append(number))  # type: ignore[misc]
        lease.beat()
    assert (done, sweeps.calls) == ([0, 1, 2, 3, 4], 0)


async def test_whoever_asks_first_after_a_stop_finds_out_and_all_goes_on_in_order(
    lease: Lease, clock: FakeClock, sweeps: Sweeps
) -> None:
    done: list[str] = []
    lease.on_held(lambda: done.append("held"))
    clock.advance(SECONDS + 1)
    lease.when_held(lambda: lease.when_held(lambda: done.append("from within")))
    lease.when_held(lambda: done.append("second"))
    lease.beat()  # too late
    assert not lease.is_held
    sweeps.gate.set()
    await until(lambda: bool(done))
    assert (done, sweeps.calls, lease.is_held) == (["second", "from within", "held"], 1, True)


async def test_a_sweep_that_fails_is_done_again(lease: Lease, clock: FakeClock, sweeps: Sweeps) -> None:
    sweeps.failures = 2
    sweeps.gate.set()
    clock.advance(SECONDS + 1)
    assert not lease.is_held
    for calls in (1, 2):
        await until(lambda calls=calls: sweeps.calls == calls)  # type: ignore[misc]
        assert not lease.is_held
        clock.advance(1)
    await until(lambda: lease.is_held)
    assert sweeps.calls == 3


async def test_what_was_too_much_to_keep_is_looked_for_once_more(
    lease: Lease, clock: FakeClock, sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "MAX_KEPT", 3)
    done: list[int] = []
    clock.advance(SECONDS + 1)
    for number in range(5):
        lease.when_held(lambda number=number: done.append(number))  # type: ignore[misc]
    sweeps.gate.set()
    await until(lambda: lease.is_held)
    assert (done, sweeps.calls) == ([], 2)


async def test_what_comes_during_the_sweeps_does_not_keep_it_from_coming_back(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on: there is no sweep during which nothing comes."""
    monkeypatch.setattr(lease_module, "MAX_KEPT", 3)
    lease = Lease(clock, Tasks())
    done: list[int] = []
    sweeps = 0

    async def sweep() -> None:
        nonlocal sweeps
        sweeps += 1
        number = sweeps
        if number <= 20:
            lease.when_held(lambda: done.append(number))

    lease.watch(recover=sweep, matters=lambda: True)
    clock.advance(SECONDS + 1)
    for _ in range(5):
        lease.when_held(lambda: done.append(0))
    await until(lambda: lease.is_held)
    assert (done, sweeps) == ([2], 2)


async def test_what_fails_when_it_is_held_again_keeps_nothing_else_from_being_done(
    lease: Lease, clock: FakeClock, sweeps: Sweeps
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise ValueError("a fault of ours")

    lease.on_held(fail)
    lease.on_held(lambda: done.append("held"))
    clock.advance(SECONDS + 1)
    lease.when_held(fail)
    lease.when_held(lambda: done.append("second"))
    sweeps.gate.set()
    with capture_logs() as logs:
        await until(lambda: lease.is_held)
    assert done == ["second", "held"]
    assert [entry["event"] for entry in logs].count("lease.call_failed") == 2
    lease.when_held(lambda: done.append("at once"))
    assert done[-1] == "at once"


async def test_nobody_waits_where_nobody_else_writes(clock: FakeClock, sweeps: Sweeps) -> None:
    lease = Lease(clock, Tasks())
    lease.watch(recover=sweeps, matters=lambda: False)
    clock.advance(SECONDS + 1)
    assert lease.is_held
    assert sweeps.calls == 0
