"""Users of the product's own backend as rows: found and made by their `external_id`, which is unique."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tertulia.domain.errors import Rejection
from tertulia.domain.models import User
from tertulia.domain.usernames import fold_username
from tertulia.storage import avatars
from tertulia.storage.accounts import check_free, free_username, hold_names
from tertulia.storage.tables import departed, users
from tertulia.storage.users import COLUMNS, bump, by_numbers, user_of

LOGIN = "A user who signs in with an email address changes it themselves."


@dataclass(frozen=True, slots=True)
class NewExternal:
    """A user to be, who has no password. `username` must be free; without one, the first of `wishes` that is."""

    id: str
    external_id: str
    created_at: int
    username: str | None = None
    wishes: Sequence[str] = ()
    first_name: str = ""
    last_name: str = ""
    email: str | None = None
    email_confirmed_at: int | None = None
    avatar: str | None = None
    metadata: str | None = None
    is_bot: bool = False


def by_external_id(connection: Connection, external_id: str) -> User | None:
    row = connection.execute(select(*COLUMNS).where(users.c.external_id == external_id)).first()
    return user_of(row) if row else None


def by_number(connection: Connection, number: int) -> User | None:
    return by_numbers(connection, [number]).get(number)


def create(connection: Connection, new: NewExternal) -> User:
    """Raises `username_taken`. Tokens of a user who was here before and was deleted stay refused."""
    if new.username is not None:
        hold_names(connection, new.username)
        check_free(connection, new.username, None)
    values = {
        "id": new.id,
        "external_id": new.external_id,
        "username": new.username or free_username(connection, new.wishes),
        "created_at": new.created_at,
        "first_name": new.first_name,
        "last_name": new.last_name,
        "email": new.email,
        "email_confirmed_at": new.email_confirmed_at,
        "avatar": new.avatar,
        "metadata": new.metadata,
        "is_bot": new.is_bot,
        "sessions_ended_at": departed_at(connection, new.external_id),
    }
    return user_of(connection.execute(insert(users).values(values).returning(*COLUMNS)).one())


def change(connection: Connection, number: int, given: dict[str, Any]) -> tuple[User | None, set[str]]:
    """Set columns as given; the user now, and the names of what changed. Raises `username_taken`, `invalid`."""
    before = by_number(connection, number)
    changed = {name for name, value in given.items() if before is not None and getattr(before, name) != value}
    if before is None or before.deleted_at is not None or not changed:
        return before, set()
    if "username" in changed:
        hold_names(connection, given["username"])
        check_free(connection, given["username"], None, number)
        given = {**given, "username_folded": fold_username(given["username"])}
    if changed & {"email", "email_confirmed_at"} and before.claims_email:
        raise Rejection("invalid", LOGIN, field="email")
    if "avatar" in changed:
        avatars.drop(connection, number)  # what was uploaded makes way
    written = changed | ({"username_folded"} if "username" in changed else set())
    connection.execute(update(users).where(users.c.number == number).values({name: given[name] for name in written}))
    bump(connection, [number])
    return by_number(connection, number), changed


def end_sessions(connection: Connection, number: int, at: int) -> str | None:
    """Refuse all tokens that were made for the user up to now; their id, or None when there can be none."""
    query = update(users).where(users.c.number == number, users.c.external_id.is_not(None))
    ended = query.values(sessions_ended_at=at, version=users.c.version + 1).returning(users.c.id)
    user_id: str | None = connection.scalar(ended)
    return user_id


def ended_since(connection: Connection, since: int) -> dict[int, tuple[str, int]]:
    """By number, id and time of those whose sessions were all ended after `since`."""
    query = select(users.c.number, users.c.id, users.c.sessions_ended_at).where(users.c.sessions_ended_at > since)
    return {row.number: (row.id, row.sessions_ended_at) for row in connection.execute(query)}


def departed_at(connection: Connection, external_id: str) -> int | None:
    """When a user of that id was deleted here, last."""
    return connection.scalar(select(departed.c.at).where(departed.c.external_hash == _hash(external_id)))


def bury(connection: Connection, external_id: str, at: int) -> None:
    """The account is being deleted: tokens made for it until now must not bring it back. Only a hash stays."""
    hashed = _hash(external_id)
    again = connection.execute(update(departed).where(departed.c.external_hash == hashed).values(at=at))
    if again.rowcount == 0:
        connection.execute(insert(departed).values(external_hash=hashed, at=at))


def _hash(external_id: str) -> str:
    return hashlib.sha256(external_id.encode()).hexdigest()
