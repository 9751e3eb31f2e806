import pytest

from support.clock import FakeClock
from tertulia.domain.errors import Rejection
from tertulia.http.throttle import Throttle


def allowed(throttle: Throttle, address: str, kind: str, most: int = 10_000) -> int:
    """How many calls get through before the first refusal."""
    for count in range(most):
        try:
            throttle.check(address, kind)
        except Rejection:
            return count
    return most


def test_at_least_so_many_get_through_in_a_minute() -> None:
    throttle = Throttle(FakeClock())
    assert allowed(throttle, "192.0.2.1", "register") >= 20
    assert allowed(throttle, "192.0.2.1", "login") >= 60
    assert allowed(throttle, "192.0.2.1", "call") >= 600


def test_a_refusal_says_when_to_come_back() -> None:
    throttle = Throttle(FakeClock(), logins=6)
    allowed(throttle, "192.0.2.1", "login")
    with pytest.raises(Rejection) as refused:
        throttle.check("192.0.2.1", "login")
    assert (refused.value.code, refused.value.retry_after) == ("rate_limited", 10.0)
    assert "192.0.2.1" not in refused.value.message


def test_to_look_counts_nothing() -> None:
    throttle = Throttle(FakeClock(), logins=2)
    for _ in range(10):
        throttle.look("192.0.2.1", "login")
    assert allowed(throttle, "192.0.2.1", "login") == 2
    with pytest.raises(Rejection) as refused:
        throttle.look("192.0.2.1", "login")
    assert (refused.value.code, refused.value.retry_after) == ("rate_limited", 30.0)
    throttle.look("192.0.2.2", "login")


def test_limits_are_per_address_and_kind_and_come_back() -> None:
    clock = FakeClock()
    throttle = Throttle(clock, registrations=2, logins=3, calls=4)
    assert [allowed(throttle, "192.0.2.1", kind) for kind in ("register", "login", "call")] == [2, 3, 4]
    assert allowed(throttle, "192.0.2.2", "register") == 2
    clock.advance(30)
    assert allowed(throttle, "192.0.2.1", "register") == 1
    clock.advance(3600)
    assert allowed(throttle, "192.0.2.1", "register") == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "unix:", False),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, *, same: bool) -> None:
    throttle = Throttle(FakeClock(), registrations=2)
    assert allowed(throttle, one, "register") == 2
    assert allowed(throttle, other, "register") == (0 if same else 2)
