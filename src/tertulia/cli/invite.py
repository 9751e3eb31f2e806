"""`tertulia invite`. Works beside a running server."""

import asyncio

import typer

from tertulia.cli.options import address_of
from tertulia.cli.users import prepare
from tertulia.clock import SystemClock
from tertulia.domain.models import Invite
from tertulia.services.invites import ServerInvites
from tertulia.settings import Loaded
from tertulia.storage.database import Database

DAY = 86_400


def invite(loaded: Loaded, uses: int, days: int) -> None:
    """Print the code of a new invitation to the server, alone on its line. `uses` 0: any number."""
    prepare(loaded)
    made = asyncio.run(_make(loaded.settings.database_url, days * DAY, uses or None))
    whom = {0: "anybody", 1: "one person"}.get(uses, f"{uses:,} people")
    span = "a day" if days == 1 else f"{days} days"
    typer.echo(f"With this code {whom} can sign up at {address_of(loaded)} within {span}:", err=True)
    typer.echo(made.code)


async def _make(url: str, expires_in: int, max_uses: int | None) -> Invite:
    database = Database(url)
    try:
        return await ServerInvites(database, SystemClock()).make(None, expires_in, max_uses, "command line")
    finally:
        database.close()
