"""`tertulia webhook`: where events are told. Works beside a running server, which notices within a second."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import typer
from rich.console import Console
from rich.table import Table

from tertulia.cli.users import prepare
from tertulia.clock import SystemClock
from tertulia.domain.times import iso
from tertulia.domain.webhooks import Delivery
from tertulia.services.calls import Calls
from tertulia.services.targets import Targets
from tertulia.services.webhooks import By, Webhooks
from tertulia.settings import Loaded
from tertulia.storage.database import Database

T = TypeVar("T")
BY = By(None, "command line")
SHOWN = 100


def add(loaded: Loaded, url: str, events: str) -> None:
    """The secret alone goes to standard output, so that a script can keep it."""
    wanted = [event for part in events.split(",") if (event := part.strip())]
    webhook = _with_webhooks(loaded, lambda webhooks: webhooks.create(BY, url, wanted))
    typer.echo(f"Webhook {webhook.id} ({', '.join(webhook.events)}).", err=True)
    typer.echo("Its secret is shown this once: the receiver checks signatures with it.", err=True)
    typer.echo(webhook.secret)


def show(loaded: Loaded) -> None:
    """A table of all webhooks."""
    table = Table("Id", "Address", "Events", "Waiting", "Dead", "Disabled")
    for webhook, (waiting, dead) in _with_webhooks(loaded, lambda webhooks: webhooks.all()):
        table.add_row(
            webhook.id, webhook.url, ", ".join(webhook.events), str(waiting), str(dead), _time(webhook.disabled_at)
        )
    _print(table)


def remove(loaded: Loaded, webhook: str) -> None:
    """With all that waits for it."""
    _with_webhooks(loaded, lambda webhooks: webhooks.remove(BY, webhook))
    typer.echo("The webhook is gone.")


def dead(loaded: Loaded, webhook: str) -> None:
    """A table of the newest deliveries that were given up."""
    found: Sequence[Delivery] = _with_webhooks(loaded, lambda webhooks: webhooks.dead(webhook, None, SHOWN))
    table = Table("Id", "Event", "Made", "Given up", "Attempts", "Why")
    for one in found:
        table.add_row(one.id, one.event, _time(one.created_at), _time(one.dead_at), str(one.attempts), one.error or "")
    _print(table)


def resend(loaded: Loaded, webhook: str, ids: list[str]) -> None:
    """Those with these ids; without ids all."""
    number = _with_webhooks(loaded, lambda webhooks: webhooks.resend(BY, webhook, ids or None))
    typer.echo(f"{number} deliveries wait again.")


def _print(table: Table) -> None:
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=10_000)  # a program reads it: break no line
    console.print(table)


def _time(micros: int | None) -> str:
    return "" if micros is None else iso(micros)[:19].replace("T", " ")


def _with_webhooks(loaded: Loaded, work: Callable[[Webhooks], Awaitable[T]]) -> T:
    prepare(loaded)

    async def run() -> T:
        database, clock = Database(loaded.settings.database_url), SystemClock()
        calls = Calls(Targets(loaded.settings.webhook_allowed_networks), clock)
        try:
            return await work(Webhooks(database, calls, clock))
        finally:
            await calls.close()
            database.close()

    return asyncio.run(run())
