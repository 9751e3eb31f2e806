"""What another process changed, and what no hint told: found by looking."""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.hub.hub import Hub
from tertulia.services.accounts import Accounts
from tertulia.services.sessions import Sessions
from tertulia.storage import rooms, users
from tertulia.storage.database import Database

log = structlog.get_logger(__name__)

EVERY = 1.0
CHUNK = 500


class Sweep:
    """Compares heads and users' versions with the database whenever another process wrote to it.

    `resync(user)` makes the user's connections follow what is theirs now. `learners` are called too: each learns
    what it keeps in memory.
    """

    def __init__(
        self,
        db: Database,
        hub: Hub,
        accounts: Accounts,
        sessions: Sessions,
        clock: Clock,
        resync: Callable[[int], Awaitable[None]],
        learners: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._db = db
        self._hub = hub
        self._accounts = accounts
        self._sessions = sessions
        self._clock = clock
        self._resync = resync
        self._learners = learners
        self._seen = 0
        self._versions: dict[int, int] = {}

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
        """Sweep, if another process wrote since the last time."""
        writes = await self._db.writer.notice_foreign_writes()
        if writes != self._seen:
            await self.sweep()
            self._seen = writes

    async def sweep(self) -> None:
        """Compare everything that is followed here."""
        self._accounts.clear()
        await self._sessions.catch_up()
        for learn in self._learners:
            await learn()
        followed = self._hub.rooms
        for start in range(0, len(followed), CHUNK):
            chunk = followed[start : start + CHUNK]
            heads = await self._db.read(rooms.heads, chunk)
            for room in chunk:
                self._hub.note_head(room, heads.get(room))
        await self._sweep_users()

    async def _sweep_users(self) -> None:
        connected = self._hub.users
        versions: dict[int, int] = {}
        for start in range(0, len(connected), CHUNK):
            versions |= await self._db.read(users.versions, connected[start : start + CHUNK])
        for user, version in versions.items():
            if self._versions.get(user) != version:
                await self._resync(user)
        self._versions = versions
