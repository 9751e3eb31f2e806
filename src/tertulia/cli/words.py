"""`tertulia words`: the list of words that are not wanted. Works beside a running server, which learns of it."""

import asyncio
from collections.abc import Awaitable, Callable

import typer

from tertulia.cli.users import prepare
from tertulia.clock import SystemClock
from tertulia.domain.errors import Rejection
from tertulia.domain.words import Action
from tertulia.services.words import Words
from tertulia.settings import Loaded
from tertulia.storage.database import Database

VIA = "command line"
PAGE = 500


def add(loaded: Loaded, words: list[str], *, report: bool) -> None:
    """Refuse texts with these words, or let them through and report them."""
    action = Action.REPORT if report else Action.REFUSE

    async def work(there: Words) -> None:
        for word in words:
            stored = await there.put(None, word, action, VIA)
            typer.echo(f"{stored.word}  {stored.action.value}")

    _run(loaded, work)


def remove(loaded: Loaded, words: list[str]) -> None:
    """Take words off the list; those that are not on it are told of at the end."""
    missing: list[str] = []

    async def work(there: Words) -> None:
        for word in words:
            try:
                await there.remove(None, word, VIA)
            except Rejection:
                missing.append(word)

    _run(loaded, work)
    for word in missing:
        typer.echo(f"Not on the list: {word}", err=True)
    if missing:
        raise typer.Exit(1)


def show(loaded: Loaded) -> None:
    """Print the list, a word a line."""

    async def work(there: Words) -> None:
        after, more = "", True
        while more:
            found, more = await there.page(after, PAGE)
            for word in found:
                typer.echo(f"{word.word}  {word.action.value}")
            after = found[-1].word if found else ""

    _run(loaded, work)


def _run(loaded: Loaded, work: Callable[[Words], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(loaded.settings.database_url)
        try:
            await work(Words(database, SystemClock()))
        finally:
            database.close()

    prepare(loaded)
    asyncio.run(run())
