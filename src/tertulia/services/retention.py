"""Retention: messages that are too old are removed, where the server or the room wants that."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.committer.committer import Committer
from tertulia.domain.changes import Trim
from tertulia.domain.errors import Rejection
from tertulia.domain.times import DAY
from tertulia.storage import retention
from tertulia.storage.database import Database

log = structlog.get_logger(__name__)

EVERY = 600.0
"""Seconds between two rounds."""
CHUNK = 200


class Retention:
    """`days`: in all rooms; 0: only in those that say so themselves. The shorter of both counts."""

    def __init__(self, db: Database, committer: Committer, clock: Clock, *, days: int) -> None:
        self._db = db
        self._committer = committer
        self._clock = clock
        self._days = days or None

    async def run(self) -> None:
        """A round at the start and every ten minutes, until cancelled."""
        while True:
            try:
                await self.round()
            except (SQLAlchemyError, Rejection) as error:
                log.warning("retention.failed", error=type(error).__name__)
            await self._clock.sleep(EVERY)

    async def round(self) -> None:
        """Move the beginning of each room, which is a change that everybody is told; then remove the rows before it."""
        after = 0
        while found := await self._db.read(retention.rooms_with_retention, self._days, after, CHUNK):
            for room, days in found:
                await self._trim(room, days)
            after = found[-1][0]
        await self._purge()

    async def _trim(self, room: int, days: int) -> None:
        first = await self._db.read(retention.first_since, room, self._clock.now() - days * DAY)
        if first is None:
            return
        try:
            await self._committer.commit(Trim(room, first))
        except Rejection as rejection:
            if rejection.code != "not_found":  # deleted meanwhile
                raise

    async def _purge(self) -> None:
        """In slices of one transaction each, so that posts are never held up."""
        after = 0
        while found := await self._db.read(retention.trimmed, after, CHUNK):
            for room in found:
                while await self._db.write(retention.purge_slice, room):
                    pass
            after = found[-1]
