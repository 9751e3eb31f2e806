"""People who have no password, so that nothing is hashed; made behind the back of the accounts."""

from typing import Any

from sqlalchemy import Connection

from support.accounts import quick_hasher
from tertulia.app import Application
from tertulia.domain.ids import new_id
from tertulia.domain.models import User
from tertulia.protocol.resources import TokensResource
from tertulia.services.passwords import _unmatched_hash
from tertulia.storage import accounts


def quick_passwords(app: Application) -> None:
    """Hashes cost nothing from now on."""
    app.passwords._hasher = quick_hasher()
    app.passwords._nobodys_hash = _unmatched_hash(app.passwords._hasher)


async def create_user(app: Application, name: str) -> None:
    def create(connection: Connection) -> None:
        accounts.create(connection, accounts.NewUser(new_id(), name, None, app.clock.now()))

    await app.db.write(create)


async def open_session(app: Application, name: str) -> tuple[User, TokensResource]:
    """One more device of somebody who is there."""
    sessions = app.services.sessions

    def open_(connection: Connection) -> Any:
        [credentials] = accounts.credentials(connection, name, name)
        return credentials.user, sessions.open(connection, credentials.user, "test", "127.0.0.1")

    user, opened = await app.db.write(open_)
    return user, sessions.opened(opened)
