"""What the product's backend does with users, by a server key. Every act stands in the audit log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.api_keys import ServerKey
from tertulia.domain.errors import not_found
from tertulia.domain.external import check_avatar, check_external_id, username_like
from tertulia.domain.ids import new_id
from tertulia.domain.metadata import dump_metadata
from tertulia.domain.models import User
from tertulia.domain.usernames import check_email, check_name, check_username
from tertulia.services.finish import finish
from tertulia.services.people import People
from tertulia.services.refs import user_of
from tertulia.services.sessions import EndedAll, Sessions
from tertulia.services.words import Words
from tertulia.storage import audit, external, standing
from tertulia.storage.database import Database
from tertulia.storage.external import NewExternal
from tertulia.tasks import Tasks

_CHECKS: dict[str, Callable[[Any], Any]] = {
    "username": check_username,
    "email": lambda email: check_email(email) if email else None,
    "first_name": lambda name: check_name(name, "first_name"),
    "last_name": lambda name: check_name(name, "last_name"),
    "avatar": lambda url: check_avatar(url) if url else None,
    "metadata": dump_metadata,
}


@dataclass(frozen=True, slots=True)
class _Written:
    user: User
    created: bool = False
    changed: bool = False
    ended: EndedAll | None = None


class ServerUsers:
    """`ref` is a user's id, or `external:` and the backend's own."""

    def __init__(
        self, db: Database, people: People, sessions: Sessions, words: Words, clock: Clock, tasks: Tasks
    ) -> None:
        self._db = db
        self._people = people
        self._sessions = sessions
        self._words = words
        self._clock = clock
        self._tasks = tasks

    async def get(self, ref: str) -> User:
        """Raises `not_found`."""
        return await self._db.read(user_of, ref)

    async def put(self, key: ServerKey, external_id: str, given: Mapping[str, Any]) -> tuple[User, bool]:
        """The user of that external_id, made or changed as `given` (columns by name), and whether they are new.

        Twice, or two at once, are one. Raises `invalid`, `username_taken`, `words_refused`.
        """
        values = self._checked(given)
        written = await self._write(self._put, key, check_external_id(external_id), values)
        return written.user, written.created

    async def change(self, key: ServerKey, ref: str, given: Mapping[str, Any]) -> User:
        """Raises what `put` raises, or `not_found`. Who is deactivated is signed out everywhere."""
        return (await self._write(self._change, key, ref, self._checked(given))).user

    async def end_sessions(self, key: ServerKey, ref: str) -> None:
        """Sign the user out everywhere, also with tokens of the backend made up to this second."""
        await self._write(self._end, key, ref)

    # Within the transaction

    def _put(self, connection: Connection, key: ServerKey, external_id: str, values: dict[str, Any]) -> _Written:
        there = external.by_external_id(connection, external_id)
        if there is not None:
            return self._set(connection, key, there, values)
        given = {name: value for name, value in values.items() if value is not None}
        name = username_like(f"{given.get('first_name', '')} {given.get('last_name', '')}".lower())
        wishes = [check_username(name)] if name else []
        new = NewExternal(id=new_id(), external_id=external_id, created_at=self._clock.now(), wishes=wishes, **given)
        user = external.create(connection, new)
        self._record(connection, key, "user_created", user)
        self._report(connection, user)
        return _Written(user, created=True)

    def _change(self, connection: Connection, key: ServerKey, ref: str, values: dict[str, Any]) -> _Written:
        return self._set(connection, key, user_of(connection, ref), values)

    def _set(self, connection: Connection, key: ServerKey, there: User, values: dict[str, Any]) -> _Written:
        if "email" in values and values["email"] != there.email:
            values = {**values, "email_confirmed_at": None}
        if there.is_active and values.get("is_active") is False:
            standing.end(connection, there.number, self._clock.now())
        user, changed = external.change(connection, there.number, values)
        if user is None:
            raise not_found("user")
        if not changed:
            return _Written(user)
        self._record(connection, key, "user_changed", user, fields=sorted(changed - {"email_confirmed_at"}))
        if changed & {"username", "first_name", "last_name"}:
            self._report(connection, user)
        leaves = "is_active" in changed and not user.is_active
        ended = self._sessions.write_end_all(connection, user.number) if leaves else None
        return _Written(user, changed=True, ended=ended)

    def _end(self, connection: Connection, key: ServerKey, ref: str) -> _Written:
        user = user_of(connection, ref)
        self._record(connection, key, "sessions_ended", user)
        return _Written(user, ended=self._sessions.write_end_all(connection, user.number))

    def _record(self, connection: Connection, key: ServerKey, act: str, user: User, **details: Any) -> None:
        audit.record(
            connection, at=self._clock.now(), actor=None, via=key.via, act=act, user=user.number, details=details
        )

    def _report(self, connection: Connection, user: User) -> None:
        if self._words.check(*_said(user)):
            self._words.report_within(connection, _said(user), user.number)

    # Around it

    def _checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values = {name: _CHECKS[name](value) if name in _CHECKS else value for name, value in given.items()}
        self._words.check(values.get("username"), f"{values.get('first_name', '')} {values.get('last_name', '')}")
        return values

    async def _write(self, job: Callable[..., _Written], *args: Any) -> _Written:
        async def work() -> _Written:
            written = await self._db.write(job, *args)
            if written.changed:
                self._sessions.set_active(written.user.number, active=written.user.is_active)
                self._people.changed([written.user.number])
            if written.ended is not None:
                self._sessions.ended_all(written.ended)
            return written

        return await finish(self._tasks, work(), "server_users.write")


def _said(user: User) -> tuple[str, str]:
    return user.username, user.name
