"""`tertulia reset-password`: the link that a mail would bring. Works beside a running server."""

import asyncio

import typer

from tertulia.cli.options import address_of
from tertulia.cli.users import accounts_alone, prepare
from tertulia.domain.models import User
from tertulia.domain.text import check_text
from tertulia.services.recovery import Recovery
from tertulia.settings import Loaded


def reset_password(loaded: Loaded, name: str) -> None:
    """Print a link, alone on its line, for the account of that username or address."""
    prepare(loaded)
    user, link = asyncio.run(_make(loaded, check_text(name)))
    typer.echo(f"With this link {user.username} can choose a new password, once, within 30 minutes:", err=True)
    typer.echo(link)


async def _make(loaded: Loaded, name: str) -> tuple[User, str]:
    async with accounts_alone(loaded.settings.database_url) as alone:
        recovery = Recovery(
            alone.database,
            alone.people,
            alone.sessions,
            alone.verifier,
            alone.passwords,
            alone.clock,
            alone.tasks,
            address=address_of(loaded),
        )
        return await recovery.link_by_hand(name)
