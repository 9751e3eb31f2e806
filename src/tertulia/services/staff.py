"""What only the staff of the server do: read the audit log, and change other accounts. The edge asks who is staff."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.audit import Entry
from tertulia.domain.errors import not_found
from tertulia.domain.ids import canonical_id
from tertulia.domain.models import Caller, User
from tertulia.services.finish import finish
from tertulia.services.people import People
from tertulia.services.sessions import EndedAll, Sessions
from tertulia.storage import accounts, audit, standing, users
from tertulia.storage.database import Database
from tertulia.tasks import Tasks


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """By id; None: any. `user`: whom it is about; `actor`: who did it."""

    room: str | None = None
    user: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    user: User
    ended: EndedAll | None
    changed: bool


class Staff:
    def __init__(self, db: Database, people: People, sessions: Sessions, clock: Clock, tasks: Tasks) -> None:
        self._db = db
        self._people = people
        self._sessions = sessions
        self._clock = clock
        self._tasks = tasks

    async def audit(
        self, wanted: AuditFilter, before: int | None, limit: int
    ) -> tuple[list[Entry], bool, Mapping[int, User]]:
        """Newest first, whether there are more, and the people in it by number; `before`: the last one's number."""
        found = await self._db.read(_audit, wanted, before, limit + 1)
        page = found[:limit]
        numbers = {number for entry in page for number in (entry.actor, entry.user) if number is not None}
        return page, len(found) > limit, await self._people.users(numbers)

    async def change_user(self, caller: Caller, user_id: str, *, is_active: bool | None, is_staff: bool | None) -> User:
        """What is given. Who is deactivated is signed out everywhere, and cannot sign in.

        Raises `not_found`; `forbidden` when nobody of the staff would be left.
        """
        wanted = canonical_id(user_id)
        if wanted is None:
            raise not_found("user")
        given = {"is_active": is_active, "is_staff": is_staff}
        values = {name: value for name, value in given.items() if value is not None}
        return await finish(self._tasks, self._change(caller, wanted, values), "staff.change_user")

    async def _change(self, caller: Caller, user_id: str, values: dict[str, bool]) -> User:
        done = await self._db.write(self._store, caller.user, user_id, values)
        if done.changed:
            self._sessions.set_active(done.user.number, active=done.user.is_active)
            self._people.changed([done.user.number])
        if done.ended is not None:
            self._sessions.ended_all(done.ended)
        return done.user

    def _store(self, connection: Connection, actor: int, user_id: str, values: dict[str, bool]) -> _Done:
        user = users.by_id(connection, user_id)
        if user is None or user.deleted_at is not None:
            raise not_found("user")
        values = {name: value for name, value in values.items() if value != getattr(user, name)}
        if not values:
            return _Done(user, None, changed=False)
        at, active = self._clock.now(), values.get("is_active", user.is_active)
        if False in values.values():
            standing.end(connection, user.number, at, only_staff=active)
        accounts.set_standing(connection, user.number, values)
        ended = None if values.get("is_active", True) else self._sessions.write_end_all(connection, user.number)
        audit.record(connection, at=at, actor=actor, via="user", act="change_user", user=user.number, details=values)
        stored = users.by_id(connection, user_id)
        assert stored is not None
        return _Done(stored, ended, changed=True)


def _audit(connection: Connection, wanted: AuditFilter, before: int | None, limit: int) -> list[Entry]:
    return audit.page(
        connection,
        room_id=None if wanted.room is None else canonical_id(wanted.room) or "",
        user=_number(connection, wanted.user),
        actor=_number(connection, wanted.actor),
        before=before,
        limit=limit,
    )


def _number(connection: Connection, user_id: str | None) -> int | None:
    """None for None; 0, which is nobody's, for an unknown id."""
    if user_id is None:
        return None
    user = users.by_id(connection, canonical_id(user_id) or "")
    return user.number if user else 0
