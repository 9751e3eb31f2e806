from tertulia.domain.models import User
from tertulia.services.user_cache import UserCache


def user(number: int, username: str = "ann") -> User:
    return User(number=number, id=str(number), username=username)


def test_the_least_asked_for_goes_first() -> None:
    cache = UserCache(2)
    cache.keep([user(1), user(2)], cache.mark)
    assert cache.get(1) == user(1)
    cache.keep([user(3)], cache.mark)
    assert [cache.get(number) for number in (1, 2, 3)] == [user(1), None, user(3)]
    assert len(cache) == 2


def test_forgetting_and_clearing() -> None:
    cache = UserCache(10)
    cache.keep([user(1), user(2), user(3)], cache.mark)
    cache.forget([1, 99])
    assert [cache.get(number) for number in (1, 2)] == [None, user(2)]
    cache.clear()
    assert len(cache) == 0


def test_what_was_read_before_a_change_is_not_kept() -> None:
    """Story: a read finds the old name, the rename commits and forgets, then the read arrives in the cache."""
    cache = UserCache(10)
    mark = cache.mark
    cache.forget([1])
    cache.keep([user(1, "old")], mark)
    assert cache.get(1) is None
    mark = cache.mark
    cache.clear()
    cache.keep([user(1, "old")], mark)
    assert cache.get(1) is None
