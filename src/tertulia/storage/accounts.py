"""Accounts as rows: making one, signing in, and what people change about themselves. Looking users up: users.py."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import ColumnElement, Connection, insert, not_, or_, select, update
from sqlalchemy.exc import IntegrityError

from tertulia.domain.errors import Rejection
from tertulia.domain.models import User
from tertulia.domain.usernames import MAX_USERNAME, fold_username
from tertulia.storage.engines import hold
from tertulia.storage.tables import users
from tertulia.storage.users import COLUMNS, bump, by_numbers, user_of

By = Literal["either", "username", "email"]
"""What somebody may sign in by."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to be. `email_login` is the folded address when it is claimed as a login.

    `username` None: one is made. `exact_name`: it may differ from another by case alone.
    """

    id: str
    username: str | None
    password_hash: str | None  # None: nobody signs in with one
    created_at: int
    email: str | None = None
    email_login: str | None = None
    first_name: str = ""
    last_name: str = ""
    is_staff: bool = False
    exact_name: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom somebody may be, and what their password must match; None matches nothing."""

    user: User
    password_hash: str | None


def create(connection: Connection, new: NewUser) -> User:
    """Raises `username_taken` or `email_taken`. To be called where nobody else writes: in a transaction that does."""
    username = new.username or free_username(connection)
    hold_names(connection, username, new.email_login)
    check_new(connection, replace(new, username=username))
    values = {name: getattr(new, name) for name in NewUser.__slots__ if name != "exact_name"}
    values |= {"username": username, "username_folded": _free_fold(connection, username)}
    try:
        return user_of(connection.execute(insert(users).values(values).returning(*COLUMNS)).one())
    except IntegrityError as error:
        for column in ("email_login", "username"):
            if column in str(error.orig):
                raise _taken(column) from None
        raise


def check_new(connection: Connection, new: NewUser) -> None:
    """Raises what `create` would raise now."""
    check_free(connection, new.username, new.email_login, exact_name=new.exact_name)


def check_free(
    connection: Connection,
    username: str | None,
    email_login: str | None,
    but: int | None = None,
    *,
    exact_name: bool = False,
) -> None:
    """Raises `username_taken` or `email_taken`: another account than `but` has the name, or signs in with it."""
    if username is not None and name_taken(connection, username, but, exact_name=exact_name):
        raise _taken("username")
    if email_login is not None and login_taken(connection, email_login, but):
        raise _taken("email_login")


def hold_names(connection: Connection, *names: str | None) -> None:
    """One's name may not be another's address: until the end of the transaction nobody else takes one of these."""
    hold(connection, *(f"name {fold_username(name)}" for name in names if name is not None))


def name_taken(connection: Connection, username: str, but: int | None = None, *, exact_name: bool = False) -> bool:
    """Whether another account than `but`, active or not, has this name in some case, or signs in with it.

    `exact_name`: the same name in another case leaves it free. Not one with an @: that may be somebody's address, or
    become it, and addresses are the same in any case.
    """
    if _is_there(connection, users.c.username == username, but):
        return True
    if exact_name and "@" not in username:
        return False
    return login_taken(connection, fold_username(username), but)


def free_username(connection: Connection, wishes: Sequence[str] = ()) -> str:
    """The first of `wishes` that nobody has; else one that is made of it, or of `user`, and of eight random digits.

    Digits, because letters make words, or half of somebody's name.
    """
    for wish in wishes:
        hold_names(connection, wish)
        if not name_taken(connection, wish):
            return wish
    base = (wishes[0] if wishes else "user")[: MAX_USERNAME - 9]
    while name_taken(connection, made := f"{base}-{secrets.randbelow(10**8):08}"):
        pass
    return made


def _free_fold(connection: Connection, username: str) -> str | None:
    """What to compare the name by; nothing when that is another's already, who has the same name in another case."""
    folded = fold_username(username)
    return None if _is_there(connection, users.c.username_folded == folded, None) else folded


def login_taken(connection: Connection, folded: str, but: int | None = None) -> bool:
    """The same of a folded name or address."""
    named = or_(users.c.username_folded == folded, users.c.email_login == folded)
    return _is_there(connection, named, but)


def _is_there(connection: Connection, wanted: ColumnElement[bool], but: int | None) -> bool:
    others = () if but is None else (users.c.number != but,)
    return connection.scalar(select(users.c.number).where(wanted, *others).limit(1)) is not None


def _taken(column: str) -> Rejection:
    if column == "username":
        return Rejection("username_taken", "Choose another username: somebody has this one.", field="username")
    return email_taken()


def email_taken() -> Rejection:
    message = "Somebody signs in with this email address: sign in with it, or give another one."
    return Rejection("email_taken", message, field="email")


def credentials(connection: Connection, username: str, folded: str, by: By = "either") -> list[Credentials]:
    """Who signs in so: by username first, then by username in another case or by email, as far as `by` says.

    More than one (at most three) only of those whose names differ by case, or who are from before one's name could not
    be the other's address. `folded`: the name, or the address.
    """
    names = (users.c.username == username, users.c.username_folded == folded)
    address = users.c.email_login == folded
    which = {"either": (*names, address), "username": names, "email": (address,)}[by]
    rows = connection.execute(
        select(*COLUMNS, users.c.password_hash)
        .where(or_(*which))
        .order_by(users.c.username != username, users.c.number)
        .limit(3)
    )
    return [Credentials(user_of(row), row.password_hash) for row in rows]


def credentials_of(connection: Connection, number: int) -> Credentials | None:
    row = connection.execute(select(*COLUMNS, users.c.password_hash).where(users.c.number == number)).one_or_none()
    return Credentials(user_of(row), row.password_hash) if row else None


def replace_password(connection: Connection, number: int, old: str, new: str) -> bool:
    """Store `new` if the stored hash is still `old` and the account active; whether that was so."""
    done = connection.execute(
        update(users)
        .where(users.c.number == number, users.c.password_hash == old, users.c.is_active)
        .values(password_hash=new)
    )
    return done.rowcount == 1


def rename(connection: Connection, number: int, names: dict[str, str]) -> tuple[User | None, bool]:
    """Set `first_name` and `last_name` as far as given; the user now, and whether anything changed."""
    before = by_numbers(connection, [number]).get(number)
    if before is None or all(getattr(before, name) == value for name, value in names.items()):
        return before, False
    connection.execute(update(users).where(users.c.number == number).values(names))
    bump(connection, [number])
    return by_numbers(connection, [number]).get(number), True


def inactive(connection: Connection) -> set[int]:
    """The numbers of all accounts that are not active."""
    return set(connection.scalars(select(users.c.number).where(not_(users.c.is_active))))


def other_staff(connection: Connection, number: int) -> bool:
    """Whether anybody else who is active is staff."""
    query = select(users.c.number).where(users.c.is_staff, users.c.is_active, users.c.number != number).limit(1)
    return connection.execute(query).first() is not None


def set_standing(connection: Connection, number: int, values: dict[str, bool]) -> None:
    """Set `is_active` and `is_staff` as far as given."""
    connection.execute(update(users).where(users.c.number == number).values(values))
    bump(connection, [number])
