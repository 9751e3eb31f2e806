"""Addresses of accounts as rows: whose login one is, confirming it, changing it; and a password by its proof."""

from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import IntegrityError

from tertulia.domain.models import User
from tertulia.storage.accounts import email_taken, hold_names, login_taken
from tertulia.storage.tables import users
from tertulia.storage.users import COLUMNS, bump, user_of


def holder(connection: Connection, email_login: str) -> User | None:
    """The active account that signs in with this address."""
    row = connection.execute(select(*COLUMNS).where(users.c.email_login == email_login, users.c.is_active)).first()
    return user_of(row) if row else None


def unconfirmed(connection: Connection, number: int) -> str | None:
    """The address, as typed, with which that user signs in, while nobody has confirmed it."""
    return connection.scalar(
        select(users.c.email).where(
            users.c.number == number,
            users.c.is_active,
            users.c.email_login.is_not(None),
            users.c.email_confirmed_at.is_(None),
        )
    )


def is_taken(connection: Connection, email_login: str, but: int) -> bool:
    """Whether another account than `but`, active or not, has claimed the address, or is called so."""
    return login_taken(connection, email_login, but)


def confirm(connection: Connection, number: int, at: int) -> None:
    """The user's address reaches its owner; since when stays if it was known."""
    since = func.coalesce(users.c.email_confirmed_at, at)
    connection.execute(
        update(users).where(users.c.number == number, users.c.email_login.is_not(None)).values(email_confirmed_at=since)
    )
    bump(connection, [number])


def change(connection: Connection, number: int, email: str, email_login: str, confirmed_at: int | None) -> None:
    """Another address to sign in with; raises `email_taken`."""
    hold_names(connection, email_login)
    if is_taken(connection, email_login, number):
        raise email_taken()
    try:
        connection.execute(
            update(users)
            .where(users.c.number == number)
            .values(email=email, email_login=email_login, email_confirmed_at=confirmed_at)
        )
    except IntegrityError:  # another node, just now
        raise email_taken() from None
    bump(connection, [number])


def set_password(connection: Connection, number: int, password_hash: str) -> None:
    """Whatever it was before."""
    connection.execute(update(users).where(users.c.number == number).values(password_hash=password_hash))
    bump(connection, [number])
