"""Accounts: signing up and in, passwords, profiles, and looking people up."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.buckets import Attempts
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import MAX_INTEGER, new_id
from tertulia.domain.models import Caller, User
from tertulia.domain.people import SearchCursor
from tertulia.domain.text import check_text
from tertulia.domain.usernames import MAX_EMAIL, check_email, check_name, check_username, fold_email, normal_username
from tertulia.protocol.resources import TokensResource
from tertulia.services.access import find_user
from tertulia.services.finish import finish
from tertulia.services.passwords import Passwords
from tertulia.services.sessions import Opened, Sessions
from tertulia.services.tokens import unauthorized
from tertulia.services.user_cache import UserCache
from tertulia.storage import accounts, sessions, users
from tertulia.storage.accounts import Credentials, NewUser
from tertulia.storage.database import Database
from tertulia.storage.people import search
from tertulia.tasks import Tasks

CACHED = 50_000
GUESSES = 5
GUESS_SECONDS = 60.0
CHUNK = 500
"""Users of one query."""

Changed = Callable[[Collection[int]], None]


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody says who signs up; `email` is claimed as a login."""

    username: str
    password: str
    email: str | None = None
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody signs in: what it calls itself, and its address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    user: User
    tokens: TokensResource


class Accounts:
    """Users that were looked up stay in a bounded cache; a change of one forgets it, then calls the callbacks.

    `guesses`: wrong passwords of an account in a minute.
    """

    def __init__(
        self,
        db: Database,
        sessions: Sessions,
        passwords: Passwords,
        clock: Clock,
        tasks: Tasks,
        *,
        guesses: int = GUESSES,
        cache_size: int = CACHED,
    ) -> None:
        self._db = db
        self._sessions = sessions
        self._passwords = passwords
        self._clock = clock
        self._tasks = tasks
        self._guesses = Attempts(guesses, GUESS_SECONDS, clock)
        self._cache = UserCache(cache_size)
        self._callbacks: list[Changed] = []

    def on_changed(self, callback: Changed) -> None:
        """`callback(numbers)` is called when what others see of these users changed, after the commit."""
        self._callbacks.append(callback)

    # Signing up and in

    async def register(self, registration: Registration, device: Device) -> SignedIn:
        """Raises `invalid`, `weak_password`, `username_taken`, `email_taken` or `busy`."""
        new = await self._new_user(registration)
        user, opened = await self._db.write(self._create, new, device)
        return SignedIn(user, self._sessions.opened(opened))

    async def create_superuser(self, username: str, email: str | None, password: str) -> User:
        """An account of the staff, for the command line; raises what `register` raises."""
        new = await self._new_user(Registration(username, check_text(password), email or None), is_staff=True)
        return await self._db.write(accounts.create, new)

    async def _new_user(self, registration: Registration, *, is_staff: bool = False) -> NewUser:
        username = check_username(registration.username)
        email = None if registration.email is None else check_email(registration.email)
        email_login = None if email is None else fold_email(email)
        first_name = check_name(registration.first_name, "first_name")
        last_name = check_name(registration.last_name, "last_name")
        await self._db.read(accounts.check_free, username, email_login)
        about = {"username": username, "email": email or "", "first name": first_name, "last name": last_name}
        async with self._passwords.turn():
            password_hash = await self._passwords.choose(registration.password, about)
        now = self._clock.now()
        return NewUser(
            new_id(), username, password_hash, now, email, email_login, first_name, last_name, is_staff=is_staff
        )

    def _create(self, connection: Connection, new: NewUser, device: Device) -> tuple[User, Opened]:
        user = accounts.create(connection, new)
        return user, self._sessions.open(connection, user, device.name, device.address)

    async def login(self, name: str, password: str, device: Device) -> SignedIn:
        """`name` is a username or a claimed email address.

        Raises `wrong_credentials`, the same for everything that can be wrong; `rate_limited` after so many of these
        in a minute, whether there is such an account or not; `busy`.
        """
        username, email_login = normal_username(name), fold_email(name)
        guesses = email_login[:MAX_EMAIL]  # folding may make it much longer, and it is remembered
        self._check_guesses(guesses)
        async with self._passwords.turn():
            candidates = await self._db.read(accounts.credentials, username, email_login)
            found = await self._match(candidates, password, guesses=guesses)
            renewed = await self._passwords.renew(found.password_hash or "", password)
        opened = await finish(self._tasks, self._sign_in(found, renewed, device), "accounts.login")
        return SignedIn(found.user, self._sessions.opened(opened))

    async def _match(self, candidates: list[Credentials], password: str, *, guesses: str) -> Credentials:
        """The candidate whose password it is. Counts as a guess from the start, so that a hundred at once are five."""
        self._check_guesses(guesses)
        self._guesses.add(guesses)
        for candidate in candidates:
            if await self._passwords.verify(candidate.password_hash, password) and candidate.user.is_active:
                self._guesses.take_back(guesses)
                return candidate
        if not candidates:
            await self._passwords.verify(None, password)  # takes as long: time must not tell who has an account
        raise wrong_credentials()

    def _check_guesses(self, key: str) -> None:
        wait = self._guesses.wait(key)
        if wait > 0:
            message = "Too many wrong passwords. Wait a minute, then try again."
            raise Rejection("rate_limited", message, retry_after=wait)

    async def _sign_in(self, found: Credentials, renewed: str | None, device: Device) -> Opened:
        opened = await self._db.write(self._open, found, renewed, device)
        self._sessions.ended(opened.ended)
        return opened

    def _open(self, connection: Connection, found: Credentials, renewed: str | None, device: Device) -> Opened:
        verified = found.password_hash or ""
        if not accounts.replace_password(connection, found.user.number, verified, renewed or verified):
            raise wrong_credentials()  # changed since it was verified
        return self._sessions.open(connection, found.user, device.name, device.address)

    # About oneself

    async def me(self, caller: Caller) -> User:
        """Who the caller is; raises `unauthorized` for a token of an account that this database does not have."""
        user = (await self.users([caller.user])).get(caller.user)
        if user is None or user.id != caller.user_id:
            raise unauthorized()
        return user

    async def change_profile(self, caller: Caller, first_name: str | None, last_name: str | None) -> User:
        """Change the names that are given; raises `invalid`."""
        names = {"first_name": first_name, "last_name": last_name}
        given = {field: check_name(name, field) for field, name in names.items() if name is not None}
        await self.me(caller)
        return await finish(self._tasks, self._rename(caller.user, given), "accounts.rename")

    async def _rename(self, number: int, names: dict[str, str]) -> User:
        user, changed = await self._db.write(accounts.rename, number, names)
        if user is None:
            raise unauthorized()
        if changed:
            self.forget([number])
            for callback in self._callbacks:
                callback([number])
        return user

    async def change_password(self, caller: Caller, current: str, new: str) -> None:
        """Ends the user's other sessions; the caller's stays.

        Raises `wrong_credentials` (a guess as with `login`), `rate_limited`, `weak_password`, `busy`.
        """
        user = await self.me(caller)
        guesses = fold_email(user.username)
        self._check_guesses(guesses)
        async with self._passwords.turn():
            stored = await self._db.read(accounts.credentials_of, user.number)
            found = await self._match([stored] if stored else [], current, guesses=guesses)
            password_hash = await self._passwords.choose(new, _about(found.user), field="new")
        await finish(self._tasks, self._replace(caller, found, password_hash), "accounts.password")

    async def _replace(self, caller: Caller, found: Credentials, password_hash: str) -> None:
        ended = await self._db.write(self._store_password, caller, found, password_hash)
        self._sessions.ended(ended)

    def _store_password(
        self, connection: Connection, caller: Caller, found: Credentials, password_hash: str
    ) -> list[str]:
        if not sessions.is_open(connection, caller.session):
            raise unauthorized()  # it was ended while the hash was made
        if not accounts.replace_password(connection, caller.user, found.password_hash or "", password_hash):
            raise wrong_credentials()  # changed since it was verified
        return sessions.end_all(connection, caller.user, self._clock.now(), caller.session)

    # Looking people up

    async def user(self, number: int) -> User:
        """The user with that number, active or not; raises `not_found`."""
        found = (await self.users([number])).get(number)
        if found is None:
            raise not_found("user")
        return found

    async def users(self, numbers: Collection[int]) -> dict[int, User]:
        """By number, those that exist."""
        found, missing = {}, []
        for number in numbers:
            user = self._cache.get(number)
            if user is not None:
                found[number] = user
            elif 0 < number <= MAX_INTEGER:
                missing.append(number)
        for start in range(0, len(missing), CHUNK):
            mark = self._cache.mark
            read = await self._db.read(users.by_numbers, missing[start : start + CHUNK])
            self._cache.keep(read.values(), mark)
            found |= read
        return found

    async def by_id(self, user_id: str) -> User:
        """The active user with that id, as others may see them; raises `not_found`."""
        return await find_user(self._db, user_id)

    async def search(
        self, prefix: str, after: SearchCursor | None, limit: int
    ) -> tuple[list[User], SearchCursor | None]:
        """Active users whose username or name begins so, by that name; and where the next page starts."""
        return await self._db.read(search, prefix.strip(), after, limit)

    def forget(self, numbers: Iterable[int]) -> None:
        """These users changed: read them again."""
        self._cache.forget(numbers)

    def clear(self) -> None:
        """Anybody may have changed: read all again."""
        self._cache.clear()


def _about(user: User) -> dict[str, str]:
    return {
        "username": user.username,
        "email": user.email or "",
        "first name": user.first_name,
        "last name": user.last_name,
    }


def wrong_credentials() -> Rejection:
    return Rejection("wrong_credentials", "The username or the password is wrong.")
