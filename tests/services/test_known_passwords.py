from support.clock import FakeClock
from tertulia.services.known_passwords import KnownPasswords


def test_a_password_is_known_for_a_while_with_its_hashes_only() -> None:
    clock = FakeClock()
    known = KnownPasswords(clock, seconds=60)
    known.learn(["one", "two"], "secret", 1)
    assert known.find(["one", "two"], "secret") == 1
    for stored, password in (
        (["one", "two"], "Secret"),
        (["two", "one"], "secret"),
        (["two"], "secret"),
        ([], "secret"),
    ):
        assert known.find(stored, password) is None
    clock.advance(59)
    assert known.find(["one", "two"], "secret") == 1
    clock.advance(1)
    assert known.find(["one", "two"], "secret") is None


def test_it_is_bounded_and_the_oldest_go_first() -> None:
    known = KnownPasswords(FakeClock(), size=2)
    for name in ("a", "b", "a", "c"):
        known.learn([name], "secret", 0)
    assert [known.find([name], "secret") for name in ("a", "b", "c")] == [0, None, 0]
    assert len(known) == 2


def test_neither_password_nor_hash_is_kept() -> None:
    known = KnownPasswords(FakeClock())
    known.learn(["stored hash", None], "secret", 0)
    kept = str(vars(known))
    assert "stored hash" not in kept
    assert "secret" not in kept
