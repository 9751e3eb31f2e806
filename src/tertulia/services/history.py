"""Which history this is: a client that comes from another one (a restored backup) must start afresh."""

from contextlib import suppress

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import canonical_id, new_id
from tertulia.storage import boots
from tertulia.storage.database import Database

EVERY = 2.0
"""Seconds between two looks whether the database is still there."""


class History:
    """`epoch`: the `installation`'s, on the `server` that has its database; `boot`: this start's.

    Call `begin` before anything else.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.installation = self.server = ""
        self.boot = new_id()
        self._known: set[str] = set()

    async def begin(self) -> None:
        """Note this start."""
        self.installation, self.server = await self._db.write(self._begin)
        self._known = {self.boot}

    async def watch(self) -> None:
        """Until cancelled, see to it that the writer has a line, for a new one is compared: when nobody writes, nobody
        else would notice that a standby took over.
        """
        while self._db.writer.shared:
            await self._clock.sleep(EVERY)
            with suppress(SQLAlchemyError, Rejection):  # whoever needs the database says so
                await self._db.write(boots.history)

    @property
    def epoch(self) -> str:
        return self.installation + self.server

    def _begin(self, connection: Connection) -> tuple[str, str]:
        boots.add(connection, self.boot, self._clock.now())
        return boots.history(connection)

    async def is_done(self, what: str) -> bool:
        """Whether `mark_done` was called for this, ever."""
        return await self._db.read(boots.is_done, what)

    async def mark_done(self, what: str) -> None:
        """Something that is to happen once in the life of the installation has happened."""
        await self._db.write(boots.mark_done, what)

    async def knows(self, boot: str) -> bool:
        """Whether this database had that start."""
        if boot in self._known:
            return True
        wanted = canonical_id(boot)
        if wanted is None or not await self._db.read(boots.has, wanted):
            return False
        self._known.add(wanted)
        return True
