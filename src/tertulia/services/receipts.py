"""Receipts: gathered for a moment, written in one go, told once a room. They are not changes.

A crash may lose the last moment of them; clients repeat their own positions when they come back.
"""

from collections import defaultdict
from collections.abc import Collection

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.events import Positions
from tertulia.domain.events import Receipts as ReceiptsNews
from tertulia.domain.models import Caller
from tertulia.hub.hub import Hub
from tertulia.services.access import joined
from tertulia.storage import receipts
from tertulia.storage.database import Database

log = structlog.get_logger(__name__)

GATHER = 0.3
"""Seconds between two flushes."""
MAX_GATHERED = 50_000
FLUSHED_AT_ONCE = 500


class Receipts:
    """`large`: in rooms with more members, people get their own receipts only."""

    def __init__(self, db: Database, hub: Hub, clock: Clock, *, large: int) -> None:
        self._db = db
        self._hub = hub
        self._clock = clock
        self._large = large
        self._gathered: dict[tuple[int, int], tuple[int, int]] = {}

    def advance(self, user: int, room: int, read: int | None, delivered: int | None) -> None:
        """Note that a member has read or received so far; told and stored with the next flush."""
        before = self._gathered.get((room, user))
        if before is None and len(self._gathered) >= MAX_GATHERED:
            raise Rejection("busy", "Too many receipts at once. Try again shortly.", retry_after=1)
        had_read, had_delivered = before or (0, 0)
        self._gathered[room, user] = max(had_read, read or 0), max(had_delivered, delivered or 0, read or 0)

    async def advance_now(self, caller: Caller, room_id: str, read: int | None, delivered: int | None) -> Positions:
        """The same, written before it returns: for REST, where the next request may ask for the count."""
        room, _ = await self._db.read(joined, room_id, caller.user)
        self.advance(caller.user, room.number, read, delivered)
        position = self._gathered.pop((room.number, caller.user))
        written = await self._db.write(receipts.advance, [(room.number, caller.user, *position)])
        if not written:
            raise Rejection("not_member", "Join the room first.")
        self._tell(written)
        return written[0]

    async def run(self) -> None:
        """Flush again and again, until cancelled."""
        while True:
            await self._clock.sleep(GATHER)
            await self.flush()

    async def flush(self) -> None:
        """Write and tell what is gathered, in slices."""
        while self._gathered:
            keys = list(self._gathered)[:FLUSHED_AT_ONCE]
            slice_ = [(*key, *self._gathered.pop(key)) for key in keys]
            try:
                written = await self._db.write(receipts.advance, slice_)
            except (SQLAlchemyError, Rejection) as error:
                log.warning("receipts.lost", count=len(slice_), error=type(error).__name__)
                return
            self._tell(written)

    def _tell(self, written: Collection[Positions]) -> None:
        by_room: dict[str, list[Positions]] = defaultdict(list)
        for position in written:
            if position.member_count > self._large:
                news = ReceiptsNews(position.room_id, (_plain(position),))
                self._hub.tell_users((position.user,), ("receipt", position.room_id), news)
            else:
                by_room[position.room_id].append(position)
        for room_id, positions in by_room.items():
            self._hub.tell(
                positions[0].room, "receipt", ReceiptsNews(room_id, tuple(map(_plain, positions))), members_only=True
            )


def _plain(position: Positions) -> tuple[str, int, int]:
    return position.user_id, position.read_index, position.delivered_index
