"""Whether a password is the right one, and how often one may guess."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tertulia.clock import Clock
from tertulia.domain.buckets import Attempts
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller, User
from tertulia.domain.passwords import password_session
from tertulia.domain.times import SECOND
from tertulia.domain.usernames import MAX_EMAIL, fold_email, normal_username
from tertulia.services.known_passwords import SECONDS, KnownPasswords
from tertulia.services.passwords import Passwords
from tertulia.services.sessions import Sessions
from tertulia.storage import accounts
from tertulia.storage.accounts import By, Credentials
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

GUESSES = 5
GUESS_SECONDS = 60.0


class Verifier:
    """`guesses`: wrong passwords of an account in a minute, however they are said.

    What is wrong raises `wrong_credentials`, the same for everything that can be wrong; then, after so many in a
    minute, `rate_limited`, whether there is such an account or not. Too many at once: `busy`.
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
    ) -> None:
        self._db = db
        self._sessions = sessions
        self._passwords = passwords
        self._clock = clock
        self._tasks = tasks
        self._guesses = Attempts(guesses, GUESS_SECONDS, clock)
        self._known = KnownPasswords(clock)
        self._verifying: dict[tuple[str, str], asyncio.Task[Credentials | Rejection]] = {}

    # Once

    @asynccontextmanager
    async def by_name(self, name: str, password: str, by: By) -> AsyncIterator[Credentials]:
        """Whose name and password it is. Within it a turn of `Passwords` is held, for what is hashed next.

        `name` is a username or a claimed email address, as `by` says, in any case. Raises `wrong_credentials`,
        `rate_limited`, `busy`.
        """
        username, folded = normal_username(name), fold_email(name)
        guesses = folded[:MAX_EMAIL]  # folding may make it much longer, and it is remembered
        self._check_guesses(guesses)
        async with self._passwords.turn():
            candidates = await self._db.read(accounts.credentials, username, folded, by)
            yield await self._match(candidates, password, guesses)

    @asynccontextmanager
    async def by_user(self, user: User, password: str) -> AsyncIterator[Credentials]:
        """The credentials of this user, if that is their password. Holds a turn and raises as `by_name` does."""
        guesses = fold_email(user.username)
        self._check_guesses(guesses)
        async with self._passwords.turn():
            stored = await self._db.read(accounts.credentials_of, user.number)
            yield await self._match([stored] if stored else [], password, guesses)

    async def verify_password(self, user: User, password: str) -> Credentials:
        """`by_user`, when nothing is hashed next: raises the same."""
        async with self.by_user(user, password) as found:
            return found

    async def has_password(self, user: User) -> bool:
        """Not so with accounts of the product's own backend."""
        stored = await self._db.read(accounts.credentials_of, user.number)
        return stored is not None and stored.password_hash is not None

    async def _match(self, candidates: list[Credentials], password: str, guesses: str) -> Credentials:
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

    # With each request

    async def verify(self, name: str, password: str) -> Caller:
        """Who this is, for one request or one socket, where name and password come with each. No session is opened.

        What was good a moment ago is compared and not hashed again, and the same at once is one guess. `name` is a
        username. Raises `wrong_credentials`, `rate_limited`, `busy`.
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
            running = self._tasks.spawn(self._verified(candidates, said[1], guesses), "verifier.verify")
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


def wrong_credentials() -> Rejection:
    return Rejection("wrong_credentials", "The username or the password is wrong.")
