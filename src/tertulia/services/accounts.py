"""Accounts: signing up and in, changing names and passwords."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.ids import new_id
from tertulia.domain.invites import check_invite
from tertulia.domain.models import Caller, Invite, User
from tertulia.domain.passwords import Strength, password_session
from tertulia.domain.text import check_text
from tertulia.domain.usernames import check_email, check_name, check_username, fold_email
from tertulia.protocol.resources import TokensResource
from tertulia.services.finish import finish
from tertulia.services.passwords import Passwords, about_user
from tertulia.services.people import People
from tertulia.services.policy import Policy
from tertulia.services.sessions import Opened, Sessions
from tertulia.services.tokens import Lifetimes, unauthorized
from tertulia.services.verifier import Verifier, wrong_credentials
from tertulia.services.words import Words
from tertulia.storage import accounts, invites, links, sessions
from tertulia.storage.accounts import By, Credentials, NewUser
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

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
    """Without `policy` everybody may sign up, without `words` all words are good."""

    def __init__(  # noqa: PLR0913 - what an account has to do with
        self,
        db: Database,
        people: People,
        sessions: Sessions,
        verifier: Verifier,
        passwords: Passwords,
        clock: Clock,
        tasks: Tasks,
        *,
        policy: Policy | None = None,
        words: Words | None = None,
    ) -> None:
        self._db = db
        self._people = people
        self._sessions = sessions
        self._verifier = verifier
        self._passwords = passwords
        self._clock = clock
        self._tasks = tasks
        self._policy = policy or Policy(db)
        self._words = words or Words(db, clock)
        self._registered: list[Registered] = []
        self._invited: list[Invited] = []

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
        async with self._verifier.by_name(name, password, by) as found:
            renewed = await self._passwords.renew(found.password_hash or "", password)
        opened = await finish(self._tasks, self._sign_in(found, renewed, device, lifetimes), "accounts.login")
        return SignedIn(found.user, self._sessions.opened(opened))

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

    # The profile and the password

    async def change_profile(self, caller: Caller, first_name: str | None, last_name: str | None) -> User:
        """Change the names that are given; raises `invalid` or `words_refused`."""
        names = {"first_name": first_name, "last_name": last_name}
        given = {field: check_name(name, field) for field, name in names.items() if name is not None}
        flagged = self._words.check(" ".join(given.values()))
        await self._people.me(caller)
        return await finish(self._tasks, self._rename(caller.user, given, flagged), "accounts.rename")

    async def _rename(self, number: int, names: dict[str, str], flagged: bool) -> User:
        user, changed = await self._db.write(self._store_names, number, names, flagged)
        if user is None:
            raise unauthorized()
        if changed:
            self._people.changed([number])
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
        user = await self._people.me(caller)
        async with self._verifier.by_user(user, current) as found:
            password_hash = await self._passwords.choose(new, about_user(found.user), field="new")
        await finish(self._tasks, self._replace(caller, found, password_hash), "accounts.password")

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
