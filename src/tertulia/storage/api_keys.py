"""Server keys as rows: only their hashes are stored."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from tertulia.domain.api_keys import KeyRow, ServerKey
from tertulia.storage.engines import hold
from tertulia.storage.tables import api_keys

ACTIVE = api_keys.c.revoked_at.is_(None)


def create(connection: Connection, id_: str, name: str, key_hash: str, scopes: frozenset[str], at: int) -> ServerKey:
    values = {
        "id": id_,
        "name": name,
        "key_hash": key_hash,
        "scopes": json.dumps(sorted(scopes)),
        "created_at": at,
    }
    return _key_of(connection.execute(insert(api_keys).values(values).returning(*api_keys.c)).one())


def hold_all(connection: Connection) -> None:
    """Nobody else makes one until the end of the transaction."""
    hold(connection, "api keys")


def active(connection: Connection, limit: int) -> dict[str, ServerKey]:
    """By hash, the newest ones that are in force."""
    query = select(api_keys).where(ACTIVE).order_by(api_keys.c.number.desc()).limit(limit)
    return {row.key_hash: _key_of(row) for row in connection.execute(query)}


def listed(connection: Connection, limit: int) -> list[KeyRow]:
    """The newest ones, revoked or not, newest first."""
    query = select(api_keys).order_by(api_keys.c.number.desc()).limit(limit)
    return [KeyRow(_key_of(row), row.created_at, row.last_used_at, row.revoked_at) for row in connection.execute(query)]


def revoke(connection: Connection, name_or_id: str, at: int) -> ServerKey | None:
    """The key that is not in force any more; None when none was."""
    query = (
        update(api_keys)
        .where(ACTIVE, or_(api_keys.c.name == name_or_id, api_keys.c.id == name_or_id.lower()))
        .values(revoked_at=at)
        .returning(*api_keys.c)
    )
    row = connection.execute(query).first()
    return _key_of(row) if row else None


def touch(connection: Connection, used: Sequence[tuple[int, int]]) -> None:
    """Note when keys (by number) were last used."""
    for number, at in used:
        connection.execute(update(api_keys).where(api_keys.c.number == number).values(last_used_at=at))


def _key_of(row: Any) -> ServerKey:
    return ServerKey(row.number, row.id, row.name, frozenset(json.loads(row.scopes)))
