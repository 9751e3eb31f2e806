"""The users that were asked for lately."""

from collections import OrderedDict
from collections.abc import Iterable

from tertulia.domain.models import User


class UserCache:
    """At most `size` users; beyond, the one that was not asked for the longest is dropped.

    What was read before a `forget` may be old and is not kept: a reader takes the `mark` before it reads.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._users: OrderedDict[int, User] = OrderedDict()
        self._mark = 0

    @property
    def mark(self) -> int:
        """Rises with each `forget`."""
        return self._mark

    def get(self, number: int) -> User | None:
        user = self._users.get(number)
        if user is not None:
            self._users.move_to_end(number)
        return user

    def keep(self, users: Iterable[User], mark: int) -> None:
        """Remember users that were read after `mark` was taken."""
        if mark != self._mark:
            return
        for user in users:
            self._users[user.number] = user
            self._users.move_to_end(user.number)
        while len(self._users) > self._size:
            self._users.popitem(last=False)

    def forget(self, numbers: Iterable[int]) -> None:
        self._mark += 1
        for number in numbers:
            self._users.pop(number, None)

    def clear(self) -> None:
        self._mark += 1
        self._users.clear()

    def __len__(self) -> int:
        return len(self._users)
