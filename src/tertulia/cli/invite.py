"""`tertulia invite`. Works beside a running server."""

import asyncio

import typer

from tertulia.cli.users import prepare
from tertulia.clock import SystemClock
from tertulia.domain.models import Invite
from tertulia.services.invites import ServerInvites
from tertulia.settings import Loaded
from tertulia.storage.database import Database

DAY = 86_400


def invite(loaded: Loaded, uses: int, days: int) -> None:
    """Print the code of a new invitation to the server. `uses` 0: any number."""
    prepare(loaded)
    made = asyncio.run(_make(loaded.settings.database_url, days * DAY, uses or None))
    typer.echo(made.code)


async def _make(url: str, expires_in: int, max_uses: int | None) -> Invite:
    database = Database(url)
    try:
        return await ServerInvites(database, SystemClock()).make(None, expires_in, max_uses, "command line")
    finally:
        database.close()
