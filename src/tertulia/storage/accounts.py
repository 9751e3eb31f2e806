"""Accounts as rows: making one, signing in, and what people change about themselves. Looking users up: users.py."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, insert, not_, or_, select, update
from sqlalchemy.exc import IntegrityError

from tertulia.domain.errors import Rejection
from tertulia.domain.models import User
from tertulia.domain.usernames import fold_username
from tertulia.storage.engines import hold
from tertulia.storage.tables import users
from tertulia.storage.users import COLUMNS, bump, by_numbers, user_of


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to be. `email_login` is the folded address when it is claimed as a login."""

    id: str
    username: str
    password_hash: str | None  # None: nobody signs in with one
    created_at: int
    email: str | None = None
    email_login: str | None = None
    first_name: str = ""
    last_name: str = ""
    is_staff: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom somebody may be, and what their password must match; None matches nothing."""

    user: User
    password_hash: str | None


def create(connection: Connection, new: NewUser) -> User:
    """Raises `username_taken` or `email_taken`. To be called where nobody else writes: in a transaction that does."""
    hold_names(connection, new.username, new.email_login)
    check_free(connection, new.username, new.email_login)
    values = {name: getattr(new, name) for name in NewUser.__slots__}
    try:
        return user_of(connection.execute(insert(users).values(values).returning(*COLUMNS)).one())
    except IntegrityError as error:
        for column in ("email_login", "username"):
            if column in str(error.orig):
                raise _taken(column) from None
        raise


def check_free(connection: Connection, username: str, email_login: str | None, but: int | None = None) -> None:
    """Raises what `create` would raise now: somebody other than `but` has the name in any case, or signs in with it."""
    if name_taken(connection, username, but):
        raise _taken("username")
    if email_login is not None and login_taken(connection, email_login, but):
        raise _taken("email_login")


def hold_names(connection: Connection, *names: str | None) -> None:
    """One's name may not be another's address: until the end of the transaction nobody else takes one of these."""
    hold(connection, *(f"name {fold_username(name)}" for name in names if name is not None))


def name_taken(connection: Connection, username: str, but: int | None = None) -> bool:
    """Whether another account than `but`, active or not, has this name in some case, or signs in with it."""
    return _is_there(connection, users.c.username == username, but) or login_taken(
        connection, fold_username(username), but
    )


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


def credentials(connection: Connection, username: str, email_login: str) -> list[Credentials]:
    """Who signs in so: by username first, then by username in another case or by email.

    More than one (at most three) only of those from before one's name could not be the other's name or address.
    `email_login`: the name folded.
    """
    rows = connection.execute(
        select(*COLUMNS, users.c.password_hash)
        .where(
            or_(
                users.c.username == username,
                users.c.username_folded == email_login,
                users.c.email_login == email_login,
            )
        )
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
