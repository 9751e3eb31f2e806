"""Looking people up: who a caller is, and others by number, id or name."""

from collections.abc import Callable, Collection, Iterable

from sqlalchemy import Connection

from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.models import Caller, User
from tertulia.domain.people import SearchCursor
from tertulia.services.gathering import Gathering
from tertulia.services.policy import Policy, Reach
from tertulia.services.sessions import Sessions
from tertulia.services.tokens import unauthorized
from tertulia.services.user_cache import UserCache
from tertulia.storage import people, users
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

CACHED = 50_000
CHUNK = 500
"""Users of one query."""

Changed = Callable[[Collection[int]], None]


class People:
    """Users that were looked up stay in a bounded cache; a change of one forgets it, then calls the callbacks.

    Without `policy` everybody may find everybody.
    """

    def __init__(
        self,
        db: Database,
        sessions: Sessions,
        tasks: Tasks,
        *,
        policy: Policy | None = None,
        cache_size: int = CACHED,
    ) -> None:
        self._db = db
        self._policy = policy or Policy(db)
        self._cache = UserCache(cache_size)
        self._reading: Gathering[int, User | None] = Gathering(db, tasks, _by_numbers)
        self._callbacks: list[Changed] = []
        sessions.on_changed(self.forget)

    def on_changed(self, callback: Changed) -> None:
        """`callback(numbers)` is called when what others see of these users changed, after the commit."""
        self._callbacks.append(callback)

    # The caller

    async def me(self, caller: Caller) -> User:
        """Who the caller is; raises `unauthorized` for a token of an account that this database does not have."""
        user = (await self.users([caller.user])).get(caller.user)
        if user is None or user.id != caller.user_id:
            raise unauthorized()
        return user

    async def require_staff(self, caller: Caller) -> User:
        """Who the caller is; `forbidden` unless they are of the server's staff, as the database has it now."""
        user = await self._db.read(users.by_id, caller.user_id)
        if user is None:
            raise unauthorized()
        if not (user.is_staff and user.is_active):
            raise Rejection("forbidden", "This is for the staff of this server.")
        return user

    # Anybody, whoever asks

    async def user(self, number: int) -> User:
        """The user with that number, active or not; raises `not_found`."""
        user = self._cache.get(number)
        if user is None and 0 < number <= MAX_INTEGER:
            mark = self._cache.mark
            user = await self._reading.read(number)
            self._cache.keep([user] if user is not None else (), mark)
        if user is None:
            raise not_found("user")
        return user

    async def users(self, numbers: Collection[int]) -> dict[int, User]:
        """By number, those that exist."""
        found, missing = {}, []
        for number in numbers:
            user = self._cache.get(number)
            if user is not None:
                found[number] = user
            elif 0 < number <= MAX_INTEGER:
                missing.append(number)
        for start in range(0, len(missing), CHUNK):
            mark = self._cache.mark
            read = await self._db.read(users.by_numbers, missing[start : start + CHUNK])
            self._cache.keep(read.values(), mark)
            found |= read
        return found

    # Whom the caller may see or find

    async def by_id(self, caller: Caller, user_id: str) -> User:
        """The active user with that id, if the caller may see them; raises `not_found`."""
        return await self._policy.person(caller, user_id)

    async def active(self, caller: Caller, ref: int | str) -> User:
        """`by_id`, by number (an integer) or id (text)."""
        return await self._policy.person(caller, ref)

    async def named(self, caller: Caller, usernames: Collection[str]) -> dict[str, User]:
        """By these usernames, as they are written: active users, as far as the caller may find them."""
        return await self._policy.named(caller, usernames)

    async def everybody(self, caller: Caller, limit: int) -> list[User]:
        """Active users but the caller, by number, as far as the caller may find them; the first `limit`."""
        reach = await self._policy.found(caller)
        if reach is Reach.NOBODY:
            return []
        job = people.everybody if reach is Reach.EVERYONE else people.everybody_shared
        return await self._db.read(job, caller.user, limit)

    async def search(
        self, caller: Caller, prefix: str, after: SearchCursor | None, limit: int
    ) -> tuple[list[User], SearchCursor | None]:
        """Active users whose username or name begins so, by that name; and where the next page starts.

        Only those whom the caller may find; raises `forbidden`. A page may hold fewer than `limit`.
        """
        if await self._policy.searched(caller) is Reach.SHARED:
            return await self._db.read(people.search_shared, caller.user, prefix.strip(), after, limit)
        return await self._db.read(people.search, prefix.strip(), after, limit)

    # Changes

    def forget(self, numbers: Iterable[int]) -> None:
        """These users changed: read them again."""
        self._cache.forget(numbers)

    def changed(self, numbers: Collection[int]) -> None:
        """What others see of these users changed, committed."""
        self.forget(numbers)
        for callback in self._callbacks:
            callback(numbers)

    def clear(self) -> None:
        """Anybody may have changed: read all again."""
        self._cache.clear()


def _by_numbers(connection: Connection, numbers: Collection[int]) -> dict[int, User | None]:
    found = users.by_numbers(connection, numbers)
    return {number: found.get(number) for number in numbers}
