"""Deleting accounts. The account itself goes at once; rooms learn of it one after the other, also after a crash."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.committer.committer import Committer
from tertulia.domain.changes import ERASURE, Delete, Depart
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller, User
from tertulia.services.finish import finish
from tertulia.services.people import People
from tertulia.services.sessions import Sessions
from tertulia.services.verifier import Verifier
from tertulia.storage import audit, erasure
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 10.0


class Erasure:
    """Messages of a deleted user stay, with an author who is shown as deleted; or are blanked, if they want that."""

    def __init__(
        self,
        db: Database,
        committer: Committer,
        people: People,
        sessions: Sessions,
        verifier: Verifier,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._db = db
        self._committer = committer
        self._people = people
        self._sessions = sessions
        self._verifier = verifier
        self._clock = clock
        self._tasks = tasks
        self._asked = asyncio.Event()

    async def delete_own(self, caller: Caller, password: str | None, *, blank: bool) -> None:
        """The caller's account. Who has a password gives it.

        Raises `wrong_credentials` (a guess as with `login`), `rate_limited`, `busy`.
        """
        user = await self._people.me(caller)
        if await self._verifier.has_password(user):
            await self._verifier.verify_password(user, password or "")
        await self.delete(user, blank=blank)

    async def delete(self, user: User, *, blank: bool, via: str | None = None, actor: int | None = None) -> None:
        """Somebody's account; with `via` it is a deed for the audit log. Their sockets close before this returns."""
        await finish(self._tasks, self._delete(user, blank, via, actor), "erasure.delete")

    async def _delete(self, user: User, blank: bool, via: str | None, actor: int | None) -> None:
        now = self._clock.now()

        def work(connection):  # type: ignore[no-untyped-def]
            if via is not None:
                audit.record(
                    connection, at=now, actor=actor, via=via, act="delete_user", user=user.number,
                    details={"blank": blank},
                )  # fmt: skip
            return erasure.delete_account(connection, user, now, blank=blank)

        ended = await self._db.write(work)
        self._people.changed([user.number])  # at once: nobody acts as the user that was
        self._sessions.ended(ended)
        await self._sessions.catch_up()
        self._asked.set()

    async def run(self) -> None:
        """Tell the rooms, soon after each deletion and once after the start; until cancelled."""
        while True:
            self._asked.clear()
            try:
                await self.tell_rooms()
            except (SQLAlchemyError, Rejection) as error:
                log.warning("erasure.failed", error=type(error).__name__)
                await self._clock.sleep(AGAIN_SECONDS)
                continue
            await self._asked.wait()

    async def tell_rooms(self) -> None:
        """All that is left to do of all deletions."""
        while (found := await self._db.read(erasure.pending)) is not None:
            user, blank = found
            for room in await self._db.read(erasure.rooms_of, user):
                await self._leave(room, user)
                if blank:
                    await self._blank(room, user)
            await self._db.write(erasure.done, user.number, blank)

    async def _leave(self, room: int, user: User) -> None:
        try:
            outcome = await self._committer.commit(Depart(room, user.number))
            while not outcome.repeated:
                outcome = await self._committer.commit(Depart(room, user.number, again=True))
        except Rejection as rejection:
            if rejection.code != "not_found":  # the room was deleted meanwhile
                raise

    async def _blank(self, room: int, user: User) -> None:
        """Delete what they wrote, so many at a time that others are not held up."""
        first: int | None = 1
        while first is not None:
            indexes, first = await self._db.read(erasure.written_by, room, user.number, first)
            for index in indexes:
                try:
                    await self._committer.commit(Delete(room, None, index, via=ERASURE))
                except Rejection as rejection:
                    if rejection.code != "not_found":
                        raise
