"""`tertulia createsuperuser`. Works beside a running server."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import typer

from tertulia.cli.options import pasteable
from tertulia.clock import Clock, SystemClock
from tertulia.datadir import open_data_dir
from tertulia.domain.errors import Rejection
from tertulia.domain.models import User
from tertulia.refusal import Refusal
from tertulia.services.accounts import Accounts
from tertulia.services.passwords import Passwords
from tertulia.services.people import People
from tertulia.services.sessions import Sessions
from tertulia.services.tokens import Tokens
from tertulia.services.verifier import Verifier
from tertulia.settings import Loaded
from tertulia.storage import schema
from tertulia.storage.database import Database
from tertulia.tasks import Tasks


def createsuperuser(loaded: Loaded, username: str | None, email: str | None, *, password_stdin: bool) -> None:
    """Ask for what is not given; with `password_stdin` nothing is asked."""
    if not password_stdin and not sys.stdin.isatty():
        raise Refusal(
            "Nobody is here to ask: give --username NAME and --password-stdin, and the password on standard input."
        )
    if password_stdin and username is None:
        raise Refusal("Give --username NAME too: with --password-stdin nothing is asked.")
    is_new = prepare_or_make(loaded)
    if password_stdin:
        user = _create(loaded, username or "", email, sys.stdin.readline().rstrip("\r\n"))
    else:
        user = _ask_and_create(loaded, username, email)
    typer.echo(f"The account {user.username} has all rights now.")
    if is_new:
        say_new(loaded)


def prepare(loaded: Loaded) -> None:
    """The database of a server that was started before. Makes nothing: in a wrong directory it would help nobody.

    Never changed under a server that may run on it. Raises `Refusal`.
    """
    settings = loaded.settings
    if os.path.lexists(settings.data_dir):
        open_data_dir(settings.data_dir)  # says what is wrong with it
    if schema.state_of(settings.database_url) is schema.State.EMPTY:
        raise Refusal(no_database(loaded))
    schema.require_current(settings.database_url, pasteable(loaded, "migrate"))


def no_database(loaded: Loaded) -> str:
    """What is said where no server was started yet."""
    if loaded.origins["database_url"] == "default":
        folder = loaded.settings.data_dir
        return f"There is no Tertulia database in {folder}: start the server there first, or use --data-dir."
    url = loaded.settings.database_url
    missing = f"at {schema.named(url)}" if schema.is_file(url) else f"in {schema.named(url)}"
    return f"There is no Tertulia database {missing}: start the server with it first, or use --database-url."


def prepare_or_make(loaded: Loaded) -> bool:
    """The same, for what makes sense before the first start: a missing database is made. Returns whether it was."""
    open_data_dir(loaded.settings.data_dir)
    url = loaded.settings.database_url
    is_new = schema.state_of(url) is schema.State.EMPTY
    if is_new:
        schema.migrate(url)
    schema.require_current(url, pasteable(loaded, "migrate"))
    return is_new


def say_new(loaded: Loaded) -> None:
    """Somebody may have meant another one."""
    typer.echo(f"This is in a new database: {schema.named(loaded.settings.database_url)}", err=True)


def _ask_and_create(loaded: Loaded, username: str | None, email: str | None) -> User:
    """What is refused is asked for again."""
    while True:
        name = username or typer.prompt("Username")
        address = email if email is not None else typer.prompt("Email (may be empty)", default="", show_default=False)
        password = typer.prompt("Password", hide_input=True, confirmation_prompt="The same again")
        try:
            return _create(loaded, name, address, password)
        except Rejection as rejection:
            typer.echo(rejection.message, err=True)
            username = name if rejection.code == "weak_password" else None
            email = address if rejection.code == "weak_password" else None


def _create(loaded: Loaded, username: str, email: str | None, password: str) -> User:
    async def create() -> User:
        async with accounts_alone(loaded.settings.database_url) as alone:
            return await alone.accounts.create_superuser(username, email, password)

    return asyncio.run(create())


@dataclass(frozen=True, slots=True)
class Alone:
    """What has to do with accounts, and nothing else of a server."""

    database: Database
    clock: Clock
    tasks: Tasks
    passwords: Passwords
    people: People
    sessions: Sessions
    verifier: Verifier
    accounts: Accounts


@asynccontextmanager
async def accounts_alone(url: str) -> AsyncIterator[Alone]:
    """The accounts alone: no server is started, and nobody is signed in, so that any key does."""
    database, clock, tasks, passwords = Database(url), SystemClock(), Tasks(), Passwords()
    sessions = Sessions(database, Tokens(secrets.token_bytes(32), 1, 1, clock), clock, tasks)
    people = People(database, sessions, tasks)
    verifier = Verifier(database, sessions, passwords, clock, tasks)
    accounts = Accounts(database, people, sessions, verifier, passwords, clock, tasks)
    try:
        yield Alone(database, clock, tasks, passwords, people, sessions, verifier, accounts)
    finally:
        await tasks.close()
        passwords.close()
        database.close()
