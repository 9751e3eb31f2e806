"""Server keys: made, revoked and listed on the command line; checked here, without asking the database."""

from collections.abc import Iterable

import structlog
from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.api_keys import (
    MAX_KEY,
    KeyRow,
    ServerKey,
    check_key_name,
    check_scopes,
    hash_key,
    is_key,
    new_key,
)
from tertulia.domain.buckets import Bucket
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import new_id
from tertulia.storage import api_keys, audit
from tertulia.storage.database import Database

log = structlog.get_logger(__name__)

MAX_KEYS = 1_000
"""Keys in force at a time: all of them are in memory."""
LISTED = 2_000
LOOKS_PER_SECOND, LOOKS_AT_ONCE = 1.0, 20
"""How often an unknown key is worth a look at the database: it may just have been made."""
UPKEEP_SECONDS = 60.0


class ApiKeys:
    """Call `load` before the first `authenticate`, `catch_up` when another process wrote, and let `upkeep` run."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._keys: dict[str, ServerKey] = {}  # by hash
        self._used: dict[int, int] = {}  # number → when, not written yet
        self._looks = Bucket(LOOKS_PER_SECOND, LOOKS_AT_ONCE, clock)

    # Checking

    async def authenticate(self, key: str) -> ServerKey:
        """Which key this is; raises `unauthorized`, the same for everything that is wrong with it."""
        found = self._keys.get(_hash(key))
        if found is None and is_key(key) and not self._looks.take():
            await self.load()
            found = self._keys.get(_hash(key))
        if found is None:
            raise Rejection("unauthorized", "Send a server key that is in force as `Authorization: Bearer tk_…`.")
        self._used[found.number] = self._clock.now()
        return found

    async def load(self) -> None:
        """Learn which keys are in force."""
        self._keys = await self._db.read(api_keys.active, MAX_KEYS)

    async def catch_up(self) -> None:
        """Learn what another process made or revoked."""
        await self.load()

    # Making and revoking

    async def create(self, name: str, scopes: Iterable[str]) -> tuple[ServerKey, str]:
        """The key, and its text, which is nowhere stored. Raises `invalid`, `name_taken` or `too_many`."""
        text = new_key()
        created = await self._db.write(self._create, check_key_name(name), check_scopes(scopes), hash_key(text))
        await self.load()
        return created, text

    def _create(self, connection: Connection, name: str, scopes: frozenset[str], key_hash: str) -> ServerKey:
        api_keys.hold_all(connection)
        active = api_keys.active(connection, MAX_KEYS)
        if any(key.name == name for key in active.values()):
            raise Rejection("name_taken", "A key in force has this name: revoke that one, or choose another.")
        if len(active) >= MAX_KEYS:
            raise Rejection("too_many", f"There are {MAX_KEYS:,} keys in force: revoke those that nobody uses.")
        now = self._clock.now()
        key = api_keys.create(connection, new_id(), name, key_hash, scopes, now)
        details = {"key": name, "scopes": sorted(scopes)}
        audit.record(connection, at=now, actor=None, via="command line", act="key_created", details=details)
        return key

    async def revoke(self, name_or_id: str) -> ServerKey:
        """The key that is good no more; raises `not_found`."""
        revoked = await self._db.write(self._revoke, name_or_id)
        await self.load()
        return revoked

    def _revoke(self, connection: Connection, name_or_id: str) -> ServerKey:
        now = self._clock.now()
        key = api_keys.revoke(connection, name_or_id, now)
        if key is None:
            raise not_found("key in force")
        details = {"key": key.name}
        audit.record(connection, at=now, actor=None, via="command line", act="key_revoked", details=details)
        return key

    async def all(self) -> list[KeyRow]:
        """The newest first, revoked ones too; at most 2,000."""
        return await self._db.read(api_keys.listed, LISTED)

    # Upkeep

    async def upkeep(self) -> None:
        """Every minute: note when keys were used. Runs until cancelled."""
        while True:
            await self._clock.sleep(UPKEEP_SECONDS)
            try:
                await self.flush()
            except Exception:  # a full disk today must not end the upkeep of tomorrow
                log.exception("api_keys.flush_failed")

    async def flush(self) -> None:
        """Write when keys were last used."""
        used, self._used = list(self._used.items()), {}
        if used:
            await self._db.write(api_keys.touch, used)


def _hash(key: str) -> str:
    return hash_key(key[:MAX_KEY])
