from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tertulia.client.backoff import Backoff


@given(seed=st.integers(0, 1000), failures=st.integers(0, 2_000))
def test_waits_grow_to_a_bound_and_are_spread(seed: int, failures: int) -> None:
    backoff = Backoff(Random(seed), first=0.5, longest=30.0)
    waits = [backoff.next() for _ in range(failures % 50 + 1)]
    assert all(0 <= wait <= min(30.0, 0.5 * 2**turn) for turn, wait in enumerate(waits))


def test_waits_are_not_the_same_for_everybody() -> None:
    assert len({Backoff(Random(seed)).next() for seed in range(100)}) == 100


def test_never_comes_back_before_the_server_wants() -> None:
    backoff = Backoff(Random(1))
    for hint in (3.2, 60.0, 0.0):
        assert hint <= backoff.next(hint) <= hint + 1.0


def test_reset_makes_the_next_wait_short() -> None:
    backoff = Backoff(Random(1), first=0.5)
    for _ in range(20):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 0.5
