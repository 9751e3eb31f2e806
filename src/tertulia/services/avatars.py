"""Profile pictures: uploaded by people themselves, kept in the database, shown to whoever has the address."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tertulia.clock import Clock
from tertulia.domain.avatars import CONTENT_TYPE, LARGE, MAX_BYTES, SMALL, address_of, is_token
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.models import Caller, User
from tertulia.services.finish import finish
from tertulia.services.pace import Pace
from tertulia.services.people import People
from tertulia.services.tokens import unauthorized
from tertulia.services.turns import Turns
from tertulia.storage import avatars
from tertulia.storage.avatars import Avatar
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

THREADS = 1
"""A large picture takes some 100 MB while it is made small: one at a time."""
PLACES = 32
"""Pictures that are being received or wait to be made small."""
FULL = "Too many pictures come in at once. Try again shortly."


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    content_type: str


class Avatars:
    """`server`: its address, without a slash at the end. `max_bytes`: of a picture as it is sent."""

    def __init__(
        self,
        db: Database,
        people: People,
        pace: Pace,
        clock: Clock,
        tasks: Tasks,
        server: str,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.max_bytes = max_bytes
        self._db = db
        self._people = people
        self._pace = pace
        self._clock = clock
        self._tasks = tasks
        self._server = server
        self._turns = Turns("picture", THREADS, PLACES, FULL)
        self._sending: set[int] = set()

    async def start(self) -> None:
        """What was uploaded is at the address that the server has now."""
        await self._db.write(avatars.readdress, self._server)

    @contextmanager
    def place(self, caller: Caller) -> Iterator[None]:
        """Room in memory for one picture: to be held from before its body is read until `put` is done.

        Raises `busy` when there is none, `rate_limited` when the caller has one already.
        """
        if caller.user in self._sending:
            raise Rejection("rate_limited", "Send one picture after the other.", retry_after=1)
        if len(self._sending) >= PLACES:
            raise Rejection("busy", FULL, retry_after=2)
        self._sending.add(caller.user)
        try:
            yield
        finally:
            self._sending.discard(caller.user)

    async def put(self, caller: Caller, content: bytes) -> User:
        """Make this the caller's picture, at a new address; who they are then.

        The one before is gone. Raises `rate_limited`, `too_large`, `busy`, and `invalid` as `portraits` does.
        """
        self._pace.check(caller)
        if len(content) > self.max_bytes:
            raise Rejection("too_large", f"A picture has at most {self.max_bytes // 1024:,} KiB.", field="avatar")
        await self._people.me(caller)
        async with self._turns.turn():
            large, small = await self._turns.work(lambda: _portraits(content))
        avatar = Avatar(secrets.token_urlsafe(24), CONTENT_TYPE, self._clock.now(), large, small)
        return await finish(self._tasks, self._put(caller.user, avatar), "avatars.put")

    async def _put(self, number: int, avatar: Avatar) -> User:
        user = await self._db.write(avatars.put, number, avatar, address_of(avatar.token, self._server))
        if user is None:
            raise unauthorized()
        self._people.changed([number])
        return user

    async def remove(self, caller: Caller) -> User:
        """The caller has no picture, wherever it was; who they are then. Raises `rate_limited`."""
        self._pace.check(caller)
        await self._people.me(caller)
        return await finish(self._tasks, self._remove(caller.user), "avatars.remove")

    async def _remove(self, number: int) -> User:
        user, changed = await self._db.write(avatars.remove, number)
        if user is None:
            raise unauthorized()
        if changed:
            self._people.changed([number])
        return user

    async def get(self, token: str, size: int) -> Picture:
        """An uploaded picture that somebody has now, to whoever knows its address; raises `not_found`."""
        found = None
        if is_token(token) and size in (LARGE, SMALL):
            found = await self._db.read(avatars.find, token, size)
        if found is None:
            raise not_found("picture")
        return Picture(*found)

    async def of(self, caller: Caller) -> Avatar | None:
        """What the caller uploaded."""
        return await self._db.read(avatars.of, caller.user)

    def close(self) -> None:
        self._turns.close()


def _portraits(content: bytes) -> tuple[bytes, bytes]:
    from tertulia.services.pictures import portraits  # the library takes its time to load: not before it is needed

    return portraits(content)
