"""Uploaded profile pictures as rows, one of a user; `users.avatar` is its address as long as it is there."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, literal, select, update

from tertulia.domain.avatars import LARGE, LARGE_NAME, PREFIX, SMALL
from tertulia.domain.models import User
from tertulia.storage import users
from tertulia.storage.engines import take_time
from tertulia.storage.tables import avatars
from tertulia.storage.tables import users as users_table

_SIZES = {LARGE: avatars.c.large, SMALL: avatars.c.small}


@dataclass(frozen=True, slots=True)
class Avatar:
    """`token` stands for it in its address. `large` and `small`: the same picture in two sizes."""

    token: str
    content_type: str
    created_at: int
    large: bytes
    small: bytes


def put(connection: Connection, number: int, avatar: Avatar, url: str) -> User | None:
    """The user with this picture instead of the one before; None if their account is not good any more."""
    if not _is_good(connection, number):
        return None
    drop(connection, number)
    values = {name: getattr(avatar, name) for name in Avatar.__slots__}
    connection.execute(insert(avatars).values(user=number, **values))
    return _show(connection, number, url)


def remove(connection: Connection, number: int) -> tuple[User | None, bool]:
    """The user without a picture, also one whose address somebody gave, and whether there was one."""
    if not _is_good(connection, number):
        return None, False
    user = users.by_numbers(connection, [number])[number]
    if user.avatar is None:
        return user, False
    drop(connection, number)
    return _show(connection, number, None), True


def drop(connection: Connection, number: int) -> None:
    """What is at its address is gone. `users.avatar` is the caller's to set."""
    connection.execute(delete(avatars).where(avatars.c.user == number))


def of(connection: Connection, number: int) -> Avatar | None:
    columns = (avatars.c[name] for name in Avatar.__slots__)
    row = connection.execute(select(*columns).where(avatars.c.user == number)).first()
    return Avatar(*row) if row else None


def find(connection: Connection, token: str, size: int) -> tuple[bytes, str] | None:
    """A picture in one of its sizes, and its content type."""
    row = connection.execute(select(_SIZES[size], avatars.c.content_type).where(avatars.c.token == token)).first()
    return (row[0], row[1]) if row else None


def readdress(connection: Connection, server: str) -> None:
    """All are shown at `server` from now on: the server has another address, or the database came from another."""
    take_time(connection)
    url = literal(server + PREFIX) + avatars.c.token + literal(LARGE_NAME)
    now = select(url).where(avatars.c.user == users_table.c.number).scalar_subquery()
    changed = update(users_table).where(users_table.c.number.in_(select(avatars.c.user)), users_table.c.avatar != now)
    connection.execute(changed.values(avatar=now, version=users_table.c.version + 1))


def _is_good(connection: Connection, number: int) -> bool:
    """And stays as it is until the end of the transaction."""
    users.lock(connection, number)
    user = users.by_numbers(connection, [number]).get(number)
    return user is not None and user.is_active


def _show(connection: Connection, number: int, url: str | None) -> User:
    connection.execute(update(users_table).where(users_table.c.number == number).values(avatar=url))
    users.bump(connection, [number])
    return users.by_numbers(connection, [number])[number]
