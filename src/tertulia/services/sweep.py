"""What another process changed: found by looking. Hints say where to look first; what no hint told is found, too."""

from collections.abc import Awaitable, Callable, Collection, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tertulia.broker.letters import Hint
from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.hub.hub import Hub
from tertulia.storage import rooms, users
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

EVERY = 1.0
LEAST = 3.0
"""Seconds within which everything is compared where the database does not say whether others wrote to it."""
CHUNK = 500
MAX_HINTED = 5_000
"""Beyond, everything is looked at."""

Learn = Callable[[], Awaitable[None]]


class Sweep:
    """Compares heads and users' versions with the database.

    `shared`: other processes may write at any time, and the database does not say whether they did. `learners` by name:
    each learns what it keeps in memory. `forget(numbers)`: these users changed; None: anybody. `resync(user)` makes the
    user's connections follow what is theirs now, `stands(user, rooms)` tells them how the user stands there;
    `version(user)`: the one that they began with.
    """

    def __init__(  # noqa: PLR0913 - it looks everywhere
        self,
        db: Database,
        hub: Hub,
        clock: Clock,
        tasks: Tasks,
        *,
        shared: bool,
        learners: Mapping[str, Learn],
        forget: Callable[[Collection[int] | None], None],
        resync: Callable[[int], Awaitable[None]],
        version: Callable[[int], int | None],
        stands: Callable[[int, Collection[int]], Awaitable[None]],
    ) -> None:
        self._db = db
        self._hub = hub
        self._clock = clock
        self._tasks = tasks
        self._shared = shared
        self._learners = learners
        self._forget = forget
        self._resync = resync
        self._version = version
        self._stands = stands
        self._seen = 0
        self._swept_at = -LEAST
        self._versions: dict[int, int] = {}
        self._waiting = _Waiting()
        self._looking = False

    # By the clock.

    async def run(self) -> None:
        """Look every second, until cancelled."""
        self._seen = self._db.writer.foreign_writes  # what was before the start is known to nobody here
        while True:
            await self._clock.sleep(EVERY)
            try:
                await self.look()
            except (SQLAlchemyError, Rejection) as error:
                log.warning("sweep.failed", error=type(error).__name__)

    async def look(self) -> None:
        """Sweep, if another process wrote since the last time, or may have, and it is time."""
        writes = await self._db.writer.notice_foreign_writes()
        wrote = writes != self._seen
        if self._shared:
            wrote = self._clock.monotonic() - self._swept_at > LEAST - EVERY
        if wrote:
            await self.sweep()
            self._seen = writes

    async def sweep(self, *, everybody: bool = False) -> None:
        """Compare everything that is followed here; `everybody`: whether something of them is known to have changed or
        not.
        """
        began = self._clock.monotonic()
        self._forget(None)
        for learn in self._learners.values():
            await learn()
        await self._compare(self._hub.rooms)
        await self._sweep_users(everybody=everybody)
        self._swept_at = began

    async def _compare(self, numbers: Collection[int]) -> None:
        followed = list(numbers)
        for start in range(0, len(followed), CHUNK):
            chunk = followed[start : start + CHUNK]
            heads = await self._db.read(rooms.heads, chunk)
            for room in chunk:
                self._hub.note_head(room, heads.get(room))

    async def _sweep_users(self, *, everybody: bool) -> None:
        versions = await self._versions_of(self._hub.users)
        for user, version in versions.items():
            if everybody or self._versions.get(user, self._version(user)) != version:
                await self._resync(user)
        self._versions = versions

    async def _versions_of(self, numbers: Collection[int]) -> dict[int, int]:
        wanted = list(numbers)
        versions: dict[int, int] = {}
        for start in range(0, len(wanted), CHUNK):
            versions |= await self._db.read(users.versions, wanted[start : start + CHUNK])
        return versions

    # By hints.

    def hinted(self, hint: Hint) -> None:
        """Another node says where something is new."""
        waiting, hub = self._waiting, self._hub
        self._forget(hint.users)
        waiting.users.update(user for user in hint.users if hub.of_user(user))
        for user, room_id in hint.joined:
            if not all(one.is_member(room_id) for one in hub.of_user(user)):
                waiting.users.add(user)
        for user, room in hint.standing:
            if hub.of_user(user):
                waiting.standing.setdefault(user, set()).add(room)
        waiting.about.update(name for name in hint.about if name in self._learners)
        self._start()

    def compare_soon(self, numbers: Collection[int]) -> None:
        """Something may have been missed in these rooms."""
        self._waiting.rooms.update(numbers)
        self._start()

    def follow_soon(self, numbers: Collection[int]) -> None:
        """These users may have lost a room that is theirs."""
        self._waiting.users.update(user for user in numbers if self._hub.of_user(user))
        self._start()

    def sweep_soon(self) -> None:
        """Anything may have been missed."""
        self._waiting.everything = True
        self._start()

    def _start(self) -> None:
        if not self._looking and self._waiting.is_there:
            self._looking = True
            self._tasks.spawn(self._look_at_hints(), "sweep")

    async def _look_at_hints(self) -> None:
        try:
            while self._waiting.is_there:
                waiting, self._waiting = self._waiting, _Waiting()
                await self._look_at(waiting)
        except (SQLAlchemyError, Rejection) as error:
            log.warning("sweep.failed", error=type(error).__name__)
            self._seen, self._swept_at = -1, -LEAST  # the next look by the clock is at everything
        finally:
            self._looking = False

    async def _look_at(self, waiting: "_Waiting") -> None:
        if waiting.everything or waiting.size > MAX_HINTED:
            await self.sweep(everybody=True)
            return
        for name in waiting.about:
            await self._learners[name]()
        await self._compare(waiting.rooms)
        versions = await self._versions_of(waiting.users)
        for user in waiting.users:
            await self._resync(user)
        self._versions |= versions  # read before, so that nothing is passed over
        for user, rooms_of in waiting.standing.items():
            await self._stands(user, rooms_of)


class _Waiting:
    """Where to look."""

    def __init__(self) -> None:
        self.everything = False
        self.rooms: set[int] = set()
        self.users: set[int] = set()
        self.about: set[str] = set()
        self.standing: dict[int, set[int]] = {}

    @property
    def size(self) -> int:
        return len(self.rooms) + len(self.users) + sum(map(len, self.standing.values()))

    @property
    def is_there(self) -> bool:
        return bool(self.everything or self.about or self.size)
