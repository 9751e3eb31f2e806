"""Reports: somebody tells the staff of a message or a user, and the staff say what was done."""

from collections.abc import Mapping

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.committer.committer import Committer
from tertulia.domain.changes import Delete
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import canonical_id
from tertulia.domain.models import Caller, User
from tertulia.domain.reports import Report
from tertulia.domain.times import SECOND
from tertulia.services.access import visible
from tertulia.services.pace import Pace
from tertulia.services.people import People
from tertulia.services.policy import Policy
from tertulia.storage import audit, messages, reports
from tertulia.storage.database import Database

PER_DAY = 20
"""Reports of one user in 24 hours."""
DAY = 86_400 * SECOND

Named = Mapping[int, User]
"""Those whom reports name, by number."""


class Reports:
    """`per_day`: how much one user may report in 24 hours."""

    def __init__(
        self,
        db: Database,
        committer: Committer,
        people: People,
        policy: Policy,
        clock: Clock,
        pace: Pace,
        *,
        per_day: int = PER_DAY,
    ) -> None:
        self._db = db
        self._committer = committer
        self._people = people
        self._policy = policy
        self._clock = clock
        self._pace = pace
        self._per_day = per_day

    # By everybody

    async def message(self, caller: Caller, room_id: str, index: int, reason: str) -> tuple[Report, bool]:
        """Report a message that the caller can see; once: again is answered with the first one, and True.

        Raises `not_found`, `deleted`, or `rate_limited` after so many in a day.
        """
        self._pace.check(caller)
        return await self._db.write(self._message, caller, room_id, index, reason)

    def _message(
        self, connection: Connection, caller: Caller, room_id: str, index: int, reason: str
    ) -> tuple[Report, bool]:
        room, _ = visible(connection, room_id, caller.user)
        found = messages.by_indexes(connection, [(room.number, index)])
        if not found or index < room.first_index:
            raise not_found("message")
        message = found[0]
        there = reports.of_message(connection, caller.user, message.id)
        if there is not None:
            return there, True
        if message.deleted_at is not None:
            raise Rejection("deleted", "This message is deleted.")
        self._check_day(connection, caller.user)
        sender = message.sender.number if message.sender else None
        report = reports.add(
            connection, at=self._clock.now(), reporter=caller.user, reason=reason, user=sender, room=room.number,
            room_id=room.id, index=index, message_id=message.id, body=message.body,
        )  # fmt: skip
        return report, False

    async def user(self, caller: Caller, user_id: str, reason: str) -> tuple[Report, bool]:
        """Report a user whom the caller may see; again, while nobody resolved it: the first one, and True."""
        self._pace.check(caller)
        user = await self._policy.person(caller, user_id)
        return await self._db.write(self._user, caller, user.number, reason)

    def _user(self, connection: Connection, caller: Caller, user: int, reason: str) -> tuple[Report, bool]:
        there = reports.open_of_user(connection, caller.user, user)
        if there is not None:
            return there, True
        self._check_day(connection, caller.user)
        report = reports.add(connection, at=self._clock.now(), reporter=caller.user, reason=reason, user=user)
        return report, False

    def _check_day(self, connection: Connection, reporter: int) -> None:
        now = self._clock.now()
        oldest = reports.oldest_since(connection, reporter, now - DAY, self._per_day)
        if oldest is not None:
            wait = (oldest + DAY - now) / SECOND
            raise Rejection("rate_limited", "You have reported a lot today. Wait until tomorrow.", retry_after=wait)

    # By staff: the edge asks whether one is

    async def page(self, *, is_open: bool | None, before: int | None, limit: int) -> tuple[list[Report], bool, Named]:
        """Newest first; more? `is_open` None: all. `before`: the number of the last one of the page before."""
        found = await self._db.read(_page, is_open, before, limit + 1)
        return found[:limit], len(found) > limit, await self._named(found[:limit])

    async def one(self, report_id: str) -> tuple[Report, Named]:
        """Raises `not_found`."""
        wanted = canonical_id(report_id)
        report = await self._db.read(reports.by_id, wanted) if wanted else None
        if report is None:
            raise not_found("report")
        return report, await self._named([report])

    async def resolve(
        self, caller: Caller, report_id: str, resolution: str, *, delete_message: bool
    ) -> tuple[Report, Named]:
        """Say what was done; with `delete_message` the message is deleted first. Who resolved it first stays.

        Raises `not_found`, or what deleting raises; a message that is gone already is no error.
        """
        report, _ = await self.one(report_id)
        if delete_message and report.room is not None and report.index is not None:
            await self._delete(caller, report.room, report.index)
        await self._db.write(self._resolve, caller, report, resolution)
        return await self.one(report_id)

    async def _delete(self, caller: Caller, room: int, index: int) -> None:
        try:
            await self._committer.commit(Delete(room, caller.user, index))
        except Rejection as rejection:
            if rejection.code not in {"not_found", "deleted"}:
                raise

    def _resolve(self, connection: Connection, caller: Caller, report: Report, resolution: str) -> None:
        now = self._clock.now()
        if reports.resolve(connection, report.id, now, caller.user, resolution) is not None:
            audit.record(
                connection, at=now, actor=caller.user, via="user", act="resolve_report", room=report.room,
                room_id=report.room_id, user=report.user, details={"report": report.id},
            )  # fmt: skip

    async def _named(self, found: list[Report]) -> Named:
        return await self._people.users({number for report in found for number in report.people})


def _page(connection: Connection, is_open: bool | None, before: int | None, limit: int) -> list[Report]:
    return reports.page(connection, is_open=is_open, before=before, limit=limit)
