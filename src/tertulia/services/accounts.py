"""Accounts: signing up and in, passwords, profiles, and looking people up."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.buckets import Attempts
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import MAX_INTEGER, new_id
from tertulia.domain.invites import check_invite
from tertulia.domain.models import Caller, Invite, User
from tertulia.domain.passwords import Strength, password_session
from tertulia.domain.people import SearchCursor
from tertulia.domain.text import check_text
from tertulia.domain.times import SECOND
from tertulia.domain.usernames import MAX_EMAIL, check_email, check_name, check_username, fold_email, normal_username
from tertulia.protocol.resources import TokensResource
from tertulia.services.finish import finish
from tertulia.services.gathering import Gathering
from tertulia.services.known_passwords import SECONDS, KnownPasswords
from tertulia.services.passwords import Passwords
from tertulia.services.policy import Policy, Reach
from tertulia.services.sessions import Opened, Sessions
from tertulia.services.tokens import Lifetimes, unauthorized
from tertulia.services.user_cache import UserCache
from tertulia.services.words import Words
from tertulia.storage import accounts, invites, links, people, sessions, users
from tertulia.storage.accounts import By, Credentials, NewUser
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

CACHED = 50_000
GUESSES = 5
GUESS_SECONDS = 60.0
CHUNK = 500
"""Users of one query."""

Changed = Callable[[Collection[int]], None]
Registered = Callable[[User], None]
Invited = Callable[[User, Invite], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody says who signs up; `invite`: the code of an invitation.

    `username` None: the server makes one. `exact_name`: it may differ from another by case alone.
    `claims_email`: they want to sign in with the address; else it is profile data, which others may have, too.
    """

    username: str | None
    password: str
    email: str | None = None
    first_name: str = ""
    last_name: str = ""
    invite: str | None = None
    claims_email: bool = field(default=True, kw_only=True)
    strength: Strength = field(default=Strength.FULL, kw_only=True)
    exact_name: bool = field(default=False, kw_only=True)


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

    `guesses`: wrong passwords of an account in a minute. Without `policy` everybody may everything, without `words`
    all words are good.
    """

    def __init__(  # noqa: PLR0913 - what an account has to do with
        self,
        db: Database,
        sessions: Sessions,
        passwords: Passwords,
        clock: Clock,
        tasks: Tasks,
        *,
        policy: Policy | None = None,
        words: Words | None = None,
        guesses: int = GUESSES,
        cache_size: int = CACHED,
    ) -> None:
        self._db = db
        self._sessions = sessions
        self._passwords = passwords
        self._clock = clock
        self._tasks = tasks
        self._policy = policy or Policy(db)
        self._words = words or Words(db, clock)
        self._guesses = Attempts(guesses, GUESS_SECONDS, clock)
        self._known = KnownPasswords(clock)
        self._verifying: dict[tuple[str, str], asyncio.Task[Credentials | Rejection]] = {}
        self._cache = UserCache(cache_size)
        self._reading: Gathering[int, User | None] = Gathering(db, tasks, _by_numbers)
        self._callbacks: list[Changed] = []
        self._registered: list[Registered] = []
        self._invited: list[Invited] = []
        sessions.on_changed(self.forget)

    def on_changed(self, callback: Changed) -> None:
        """`callback(numbers)` is called when what others see of these users changed, after the commit."""
        self._callbacks.append(callback)

    def on_registered(self, callback: Registered) -> None:
        """`callback(user)` is called when somebody has signed up, after the commit."""
        self._registered.append(callback)

    def on_invited(self, callback: Invited) -> None:
        """`await callback(user, invite)` is called when somebody has signed up by an invitation, after the commit."""
        self._invited.append(callback)

    # Signing up and in

    async def register(
        self, registration: Registration, device: Device, lifetimes: Lifetimes | None = None
    ) -> SignedIn:
        """`lifetimes`: of the tokens, other than the usual ones.

        Raises `registration_closed`, `invite_required`, `invite_invalid`, `invalid`, `words_refused`, `weak_password`,
        `username_taken`, `email_taken` or `busy`.

        An invitation is counted together with the account, and one to a room leads into it.
        """
        self._policy.check_registration(invited=registration.invite is not None)
        names = (registration.username or "", f"{registration.first_name} {registration.last_name}")
        flagged = self._words.check(*names)
        await self._db.read(self._invitation, registration.invite)  # before it tells whose name is taken
        new = await self._new_user(registration)
        work = self._sign_up(new, device, lifetimes, registration.invite, flagged)
        return await finish(self._tasks, work, "accounts.register")

    async def _sign_up(
        self, new: NewUser, device: Device, lifetimes: Lifetimes | None, code: str | None, flagged: bool
    ) -> SignedIn:
        user, opened, invite = await self._db.write(self._create, new, device, lifetimes, code, flagged)
        for callback in self._registered:
            callback(user)
        if invite is not None:
            for invited in self._invited:
                await invited(user, invite)
        return SignedIn(user, self._sessions.opened(opened))

    async def create_superuser(self, username: str, email: str | None, password: str) -> User:
        """An account of the staff, for the command line; raises what `register` raises."""
        new = await self._new_user(Registration(username, check_text(password), email or None), is_staff=True)
        return await self._db.write(accounts.create, new)

    async def _new_user(self, registration: Registration, *, is_staff: bool = False) -> NewUser:
        username = None if registration.username is None else check_username(registration.username)
        email = None if registration.email is None else check_email(registration.email)
        new = NewUser(
            new_id(),
            username,
            None,
            self._clock.now(),
            email,
            fold_email(email) if email is not None and registration.claims_email else None,
            check_name(registration.first_name, "first_name"),
            check_name(registration.last_name, "last_name"),
            is_staff=is_staff,
            exact_name=registration.exact_name,
        )
        await self._db.read(accounts.check_new, new)
        async with self._passwords.turn():
            password_hash = await self._passwords.choose(
                registration.password, about_user(new), strength=registration.strength
            )
        return replace(new, password_hash=password_hash)

    def _create(
        self,
        connection: Connection,
        new: NewUser,
        device: Device,
        lifetimes: Lifetimes | None,
        code: str | None,
        flagged: bool,
    ) -> tuple[User, Opened, Invite | None]:
        invite = self._invitation(connection, code, lock=True)
        if invite is not None:
            invites.count_uses(connection, {invite.number: 1})
        user = accounts.create(connection, new)
        if flagged:
            self._words.report_within(connection, (user.username, user.name), user.number)
        return user, self._sessions.open(connection, user, device.name, device.address, lifetimes), invite

    def _invitation(self, connection: Connection, code: str | None, *, lock: bool = False) -> Invite | None:
        """The invitation with this code, None without one; raises `invite_invalid`."""
        if code is None:
            return None
        return check_invite(invites.by_code(connection, code, lock=lock), self._clock.now())

    async def login(
        self, name: str, password: str, device: Device, *, by: By = "either", lifetimes: Lifetimes | None = None
    ) -> SignedIn:
        """`name` is a username or a claimed email address, as `by` says, in any case. `lifetimes`: of the tokens, other
        than the usual ones.

        Raises `wrong_credentials`, the same for everything that can be wrong; `rate_limited` after so many of these
        in a minute, whether there is such an account or not; `busy`.
        """
        username, folded = normal_username(name), fold_email(name)
        guesses = folded[:MAX_EMAIL]  # folding may make it much longer, and it is remembered
        self._check_guesses(guesses)
        async with self._passwords.turn():
            candidates = await self._db.read(accounts.credentials, username, folded, by)
            found = await self._match(candidates, password, guesses=guesses)
            renewed = await self._passwords.renew(found.password_hash or "", password)
        opened = await finish(self._tasks, self._sign_in(found, renewed, device, lifetimes), "accounts.login")
        return SignedIn(found.user, self._sessions.opened(opened))

    async def _match(self, candidates: list[Credentials], password: str, *, guesses: str) -> Credentials:
        """The candidate whose password it is. Counts as a guess from the start, so that a hundred at once are five."""
        self._check_guesses(guesses)
        self._guesses.add(guesses)
        found = await self._matching(candidates, password)
        if found is None:
            raise wrong_credentials()
        self._guesses.take_back(guesses)
        return found

    async def _matching(self, candidates: list[Credentials], password: str) -> Credentials | None:
        for candidate in candidates:
            if await self._passwords.verify(candidate.password_hash, password) and candidate.user.is_active:
                return candidate
        if not candidates:
            await self._passwords.verify(None, password)  # takes as long: time must not tell who has an account
        return None

    def _check_guesses(self, key: str) -> None:
        wait = self._guesses.wait(key)
        if wait > 0:
            message = "Too many wrong passwords. Wait a minute, then try again."
            raise Rejection("rate_limited", message, retry_after=wait)

    async def _sign_in(
        self, found: Credentials, renewed: str | None, device: Device, lifetimes: Lifetimes | None
    ) -> Opened:
        opened = await self._db.write(self._open, found, renewed, device, lifetimes)
        self._sessions.ended(opened.ended)
        return opened

    def _open(
        self,
        connection: Connection,
        found: Credentials,
        renewed: str | None,
        device: Device,
        lifetimes: Lifetimes | None,
    ) -> Opened:
        verified = found.password_hash or ""
        if not accounts.replace_password(connection, found.user.number, verified, renewed or verified):
            raise wrong_credentials()  # changed since it was verified
        return self._sessions.open(connection, found.user, device.name, device.address, lifetimes)

    # Without signing in

    async def verify(self, name: str, password: str) -> Caller:
        """Who this is, for one request or one socket, where name and password come with each. No session is opened.

        What was good a moment ago is compared and not hashed again, and the same at once is one guess. Raises
        `wrong_credentials`, `rate_limited` or `busy`, as `login` does by username.
        """
        username, folded = normal_username(name), fold_email(name)
        candidates = await self._db.read(accounts.credentials, username, folded, "username")
        guesses = folded[:MAX_EMAIL]
        self._check_guesses(guesses)  # and no await before it counts: what is compared is a guess, too
        candidates = [one for one in candidates if one.user.is_active] or candidates[:1]
        place = self._known.find([one.password_hash for one in candidates], password)
        known = None if place is None else candidates[place]
        found = known or await self._verify_once(candidates, (username, password), guesses)
        until = self._clock.now() + int(SECONDS * SECOND)
        caller = Caller(found.user.number, found.user.id, password_session(found.password_hash or ""), until)
        if not self._sessions.is_open(caller):
            raise wrong_credentials()  # changed, or they were deactivated, since it was read
        return caller

    async def _verify_once(self, candidates: list[Credentials], said: tuple[str, str], guesses: str) -> Credentials:
        """`said`: the username in its case, and the password."""
        running = self._verifying.get(said)
        if running is None:
            self._guesses.add(guesses)
            running = self._tasks.spawn(self._verified(candidates, said[1], guesses), "accounts.verify")
            self._verifying[said] = running
            running.add_done_callback(lambda _: self._verifying.pop(said))
        found = await asyncio.shield(running)
        if isinstance(found, Rejection):
            raise found
        return found

    async def _verified(self, candidates: list[Credentials], password: str, guesses: str) -> Credentials | Rejection:
        """For all who ask at once; it counts as a guess already."""
        try:
            async with self._passwords.turn():
                found = await self._matching(candidates, password)
        except Rejection as busy:
            self._guesses.take_back(guesses)
            return busy
        if found is None:
            return wrong_credentials()
        self._guesses.take_back(guesses)
        self._known.learn([one.password_hash for one in candidates], password, candidates.index(found))
        return found

    # About oneself

    async def me(self, caller: Caller) -> User:
        """Who the caller is; raises `unauthorized` for a token of an account that this database does not have."""
        user = (await self.users([caller.user])).get(caller.user)
        if user is None or user.id != caller.user_id:
            raise unauthorized()
        return user

    async def has_password(self, number: int) -> bool:
        """Not so with accounts of the product's own backend."""
        stored = await self._db.read(accounts.credentials_of, number)
        return stored is not None and stored.password_hash is not None

    async def require_staff(self, caller: Caller) -> User:
        """Who the caller is; `forbidden` unless they are of the server's staff, as the database has it now."""
        user = await self._db.read(users.by_id, caller.user_id)
        if user is None:
            raise unauthorized()
        if not (user.is_staff and user.is_active):
            raise Rejection("forbidden", "This is for the staff of this server.")
        return user

    async def change_profile(self, caller: Caller, first_name: str | None, last_name: str | None) -> User:
        """Change the names that are given; raises `invalid` or `words_refused`."""
        names = {"first_name": first_name, "last_name": last_name}
        given = {field: check_name(name, field) for field, name in names.items() if name is not None}
        flagged = self._words.check(" ".join(given.values()))
        await self.me(caller)
        return await finish(self._tasks, self._rename(caller.user, given, flagged), "accounts.rename")

    async def _rename(self, number: int, names: dict[str, str], flagged: bool) -> User:
        user, changed = await self._db.write(self._store_names, number, names, flagged)
        if user is None:
            raise unauthorized()
        if changed:
            self.changed([number])
        return user

    def _store_names(
        self, connection: Connection, number: int, names: dict[str, str], flagged: bool
    ) -> tuple[User | None, bool]:
        user, changed = accounts.rename(connection, number, names)
        if flagged and changed:
            self._words.report_within(connection, tuple(names.values()), number)
        return user, changed

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
            password_hash = await self._passwords.choose(new, about_user(found.user), field="new")
        await finish(self._tasks, self._replace(caller, found, password_hash), "accounts.password")

    async def verify_password(self, caller: Caller, password: str) -> Credentials:
        """The caller's own credentials, if that is their password.

        Raises `wrong_credentials` (a guess as with `login`), `rate_limited`, `busy`.
        """
        user = await self.me(caller)
        guesses = fold_email(user.username)
        self._check_guesses(guesses)
        async with self._passwords.turn():
            stored = await self._db.read(accounts.credentials_of, user.number)
            return await self._match([stored] if stored else [], password, guesses=guesses)

    async def _replace(self, caller: Caller, found: Credentials, password_hash: str) -> None:
        ended = await self._db.write(self._store_password, caller, found, password_hash)
        self._sessions.ended([*ended, password_session(found.password_hash or "")])

    def _store_password(
        self, connection: Connection, caller: Caller, found: Credentials, password_hash: str
    ) -> list[str]:
        if not sessions.is_open(connection, caller.session):
            raise unauthorized()  # it was ended while the hash was made
        if not accounts.replace_password(connection, caller.user, found.password_hash or "", password_hash):
            raise wrong_credentials()  # changed since it was verified
        links.drop(connection, caller.user)  # whoever asked for one before need not be who chose this password
        return sessions.end_all(connection, caller.user, self._clock.now(), caller.session)

    # Looking people up

    async def user(self, number: int) -> User:
        """The user with that number, active or not; raises `not_found`."""
        user = self._cache.get(number)
        if user is None and 0 < number <= MAX_INTEGER:
            mark = self._cache.mark
            user = await self._reading.read(number)
            self._cache.keep([user] if user is not None else (), mark)
        if user is None:
            raise not_found("user")
        return user

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

    async def by_id(self, caller: Caller, user_id: str) -> User:
        """The active user with that id, if the caller may see them; raises `not_found`."""
        return await self._policy.person(caller, user_id)

    async def active(self, caller: Caller, ref: int | str) -> User:
        """`by_id`, by number (an integer) or id (text)."""
        return await self._policy.person(caller, ref)

    async def named(self, caller: Caller, usernames: Collection[str]) -> dict[str, User]:
        """By these usernames, as they are written: active users, as far as the caller may find them."""
        return await self._policy.named(caller, usernames)

    async def everybody(self, caller: Caller, limit: int) -> list[User]:
        """Active users but the caller, by number, as far as the caller may find them; the first `limit`."""
        reach = await self._policy.found(caller)
        if reach is Reach.NOBODY:
            return []
        job = people.everybody if reach is Reach.EVERYONE else people.everybody_shared
        return await self._db.read(job, caller.user, limit)

    async def search(
        self, caller: Caller, prefix: str, after: SearchCursor | None, limit: int
    ) -> tuple[list[User], SearchCursor | None]:
        """Active users whose username or name begins so, by that name; and where the next page starts.

        Only those whom the caller may find; raises `forbidden`. A page may hold fewer than `limit`.
        """
        if await self._policy.searched(caller) is Reach.SHARED:
            return await self._db.read(people.search_shared, caller.user, prefix.strip(), after, limit)
        return await self._db.read(people.search, prefix.strip(), after, limit)

    def forget(self, numbers: Iterable[int]) -> None:
        """These users changed: read them again."""
        self._cache.forget(numbers)

    def changed(self, numbers: Collection[int]) -> None:
        """What others see of these users changed, committed."""
        self.forget(numbers)
        for callback in self._callbacks:
            callback(numbers)

    def clear(self) -> None:
        """Anybody may have changed: read all again."""
        self._cache.clear()


def _by_numbers(connection: Connection, numbers: Collection[int]) -> dict[int, User | None]:
    found = users.by_numbers(connection, numbers)
    return {number: found.get(number) for number in numbers}


def about_user(user: User | NewUser) -> dict[str, str]:
    """What a password must not be like."""
    return {
        "username": user.username or "",
        "email": user.email or "",
        "first name": user.first_name,
        "last name": user.last_name,
    }


def wrong_credentials() -> Rejection:
    return Rejection("wrong_credentials", "The username or the password is wrong.")
