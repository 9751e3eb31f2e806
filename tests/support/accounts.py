"""Accounts and sessions on a real database, with a clock that stands still and hashes that cost nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from argon2 import PasswordHasher
from sqlalchemy import Connection, text

from support.clock import FakeClock
from support.databases import new_url
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.services import Services
from tertulia.services.accounts import Accounts, Device, Registration, SignedIn
from tertulia.services.lease import Lease
from tertulia.services.mail import Mailer, MailServer
from tertulia.services.passwords import Passwords
from tertulia.services.people import People
from tertulia.services.recovery import Recovery
from tertulia.services.sessions import Sessions
from tertulia.services.tokens import Tokens
from tertulia.services.verifier import Verifier
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

SECRET = b"a secret of the tests"
PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple gun at dawn"
LAPTOP = Device("laptop", "192.0.2.1")
PHONE = Device("phone", "192.0.2.2")
PUBLIC_URL = "https://chat.test/talk"
ACCESS_SECONDS = 900
REFRESH_SECONDS = 30 * 86_400


def quick_hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def new_database(folder: Path) -> Database:
    """A database with all tables in `folder`; the one that is there, if it is."""
    return Database(new_url(folder))


@dataclass(frozen=True)
class Node:
    """The accounts and sessions of one process."""

    clock: FakeClock
    database: Database
    passwords: Passwords
    tokens: Tokens
    people: People
    sessions: Sessions
    verifier: Verifier
    accounts: Accounts
    recovery: Recovery
    lease: Lease

    @property
    def services(self) -> Services:
        """Enough for the routes of accounts and sessions."""
        return cast(Services, self)

    async def register(self, username: str = "ann", **more: Any) -> SignedIn:
        return await self.accounts.register(Registration(username, PASSWORD, **more), LAPTOP)

    async def login(self, name: str = "ann", password: str = PASSWORD, device: Device = PHONE) -> SignedIn:
        return await self.accounts.login(name, password, device)

    async def login_code(self, name: str, password: str = PASSWORD) -> str:
        """What comes of a login: a code, or nothing."""
        try:
            await self.login(name, password)
        except Rejection as rejected:
            return rejected.code
        return ""

    def caller(self, signed_in: SignedIn) -> Caller:
        return self.sessions.authenticate(signed_in.tokens["access"])

    async def execute(self, sql: str, **values: object) -> None:
        """Change the database behind everybody's back."""

        def work(connection: Connection) -> None:
            connection.execute(text(sql), values)

        await self.database.write(work)

    async def scalar(self, sql: str, **values: object) -> object:
        def work(connection: Connection) -> object:
            return connection.scalar(text(sql), values)

        return await self.database.read(work)

    async def row(self, sql: str) -> list[object]:
        def work(connection: Connection) -> list[object]:
            return list(connection.execute(text(sql)).one())

        return await self.database.read(work)


@asynccontextmanager
async def node(
    folder: Path,
    clock: FakeClock | None = None,
    *,
    passwords: Passwords | None = None,
    per_user: int = 200,
    cache_size: int = 100,
    access_seconds: int = ACCESS_SECONDS,
    longest_access: int = 0,
    mail_port: int | None = None,
) -> AsyncIterator[Node]:
    """A process with accounts and sessions; several may run on one folder and clock. Mail goes to `mail_port`."""
    clock = clock or FakeClock()
    database, tasks = new_database(folder), Tasks()
    passwords = passwords or Passwords(quick_hasher())
    tokens = Tokens(SECRET, access_seconds, REFRESH_SECONDS, clock, longest_access=longest_access)
    sessions = Sessions(database, tokens, clock, tasks, per_user=per_user)
    people = People(database, sessions, tasks, cache_size=cache_size)
    verifier = Verifier(database, sessions, passwords, clock, tasks)
    accounts = Accounts(database, people, sessions, verifier, passwords, clock, tasks)
    mail = None
    if mail_port is not None:
        mail = Mailer(MailServer("smtp", "127.0.0.1", mail_port), "chat@chat.test", "chat.test", clock)
    recovery = Recovery(database, people, sessions, verifier, passwords, clock, tasks, address=PUBLIC_URL, mail=mail)
    accounts.on_registered(recovery.registered)
    await sessions.load()
    try:
        lease = Lease(clock, tasks)
        yield Node(clock, database, passwords, tokens, people, sessions, verifier, accounts, recovery, lease)
    finally:
        await tasks.close()
        if mail is not None:
            await mail.close(grace=1)
        passwords.close()
        database.close()
