import pytest

from support.clock import FakeClock
from tertulia.domain.buckets import Attempts, Buckets


def test_a_burst_at_once_then_the_rate() -> None:
    clock = FakeClock()
    buckets = Buckets(2.0, 3, clock)
    assert [buckets.take("ann") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("ann") == pytest.approx(0.5)
    clock.advance(0.5)
    assert buckets.take("ann") == 0.0
    assert buckets.take("ann") == pytest.approx(0.5)


def test_a_refusal_takes_nothing() -> None:
    clock = FakeClock()
    buckets = Buckets(1.0, 1, clock)
    buckets.take("ann")
    for _ in range(100):
        assert buckets.take("ann") == pytest.approx(1.0)
    clock.advance(1.0)
    assert buckets.take("ann") == 0.0


def test_to_ask_takes_nothing() -> None:
    clock = FakeClock()
    buckets = Buckets(1.0, 1, clock)
    assert [buckets.wait("ann") for _ in range(3)] == [0.0] * 3
    buckets.take("ann")
    assert buckets.wait("ann") == pytest.approx(1.0)
    clock.advance(1.0)
    assert buckets.wait("ann") == 0.0
    assert len(buckets) == 1


def test_keys_do_not_share_and_time_fills_no_more_than_the_burst() -> None:
    clock = FakeClock()
    buckets = Buckets(1.0, 2, clock)
    buckets.take("ann")
    clock.advance(3600)
    assert [buckets.take("ann") > 0 for _ in range(3)] == [False, False, True]
    assert buckets.take("bob") == 0.0


def test_the_keys_are_bounded_and_the_quiet_ones_forgotten_first() -> None:
    clock = FakeClock()
    buckets = Buckets(0.001, 1, clock, max_keys=10)
    buckets.take("flooder")
    for number in range(9):
        buckets.take(number)
    assert buckets.take("flooder") > 0
    for number in range(1000):
        buckets.take(("other", number))
    assert len(buckets) == 10


def test_attempts_are_counted_in_any_window_of_time() -> None:
    clock = FakeClock()
    attempts = Attempts(5, 60.0, clock)
    for second in range(5):
        assert attempts.wait("ann") == 0.0
        attempts.add("ann")
        clock.advance(1.0)
        assert (attempts.wait("ann") > 0) == (second == 4)
    assert attempts.wait("ann") == pytest.approx(55.0)
    clock.advance(55.0)
    assert attempts.wait("ann") == 0.0
    attempts.add("ann")
    assert attempts.wait("ann") == pytest.approx(1.0)


def test_an_attempt_taken_back_does_not_count() -> None:
    attempts = Attempts(1, 60.0, FakeClock())
    attempts.add("ann")
    attempts.take_back("ann")
    attempts.take_back("ann")
    assert attempts.wait("ann") == 0.0
    assert len(attempts) == 0


def test_attempts_are_bounded_in_memory() -> None:
    attempts = Attempts(5, 60.0, FakeClock(), max_keys=10)
    for number in range(1000):
        attempts.add(number)
    assert len(attempts) == 10
