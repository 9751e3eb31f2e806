"""`tertulia apikey`: keys for the product's backend. Works beside a running server, which notices within a second."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer
from rich.console import Console
from rich.table import Table

from tertulia.cli.users import prepare
from tertulia.clock import SystemClock
from tertulia.domain.api_keys import KeyRow
from tertulia.domain.times import iso
from tertulia.services.api_keys import ApiKeys
from tertulia.settings import Loaded
from tertulia.storage.database import Database

T = TypeVar("T")


def create(loaded: Loaded, name: str, scopes: str) -> None:
    """The key alone goes to standard output, so that a script can keep it."""
    wanted = [scope for part in scopes.split(",") if (scope := part.strip())]
    key, text = _with_keys(loaded, lambda keys: keys.create(name, wanted))
    typer.echo(f"Key {key.name} ({', '.join(sorted(key.scopes))}). It is shown this once: keep it safe.", err=True)
    typer.echo(text)


def show(loaded: Loaded) -> None:
    """A table of all keys, revoked ones too, newest first."""
    table = Table("Name", "Id", "Scopes", "Made", "Last used", "Revoked")
    for row in _with_keys(loaded, lambda keys: keys.all()):
        table.add_row(*_cells(row))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=10_000)  # a program reads it: break no line
    console.print(table)


def revoke(loaded: Loaded, name_or_id: str) -> None:
    """From the next second on the server refuses it."""
    key = _with_keys(loaded, lambda keys: keys.revoke(name_or_id))
    typer.echo(f"The key {key.name} is good no more.")


def _cells(row: KeyRow) -> list[str]:
    times = (row.created_at, row.last_used_at, row.revoked_at)
    return [row.key.name, row.key.id, ", ".join(sorted(row.key.scopes)), *map(_time, times)]


def _time(micros: int | None) -> str:
    return "" if micros is None else iso(micros)[:19].replace("T", " ")


def _with_keys(loaded: Loaded, work: Callable[[ApiKeys], Awaitable[T]]) -> T:
    prepare(loaded)

    async def run() -> T:
        database = Database(loaded.settings.database_url)
        try:
            return await work(ApiKeys(database, SystemClock()))
        finally:
            database.close()

    return asyncio.run(run())
