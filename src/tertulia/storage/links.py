"""One-time links as rows: one for each user and purpose, gone when it is used."""

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from tertulia.domain.links import Link, Purpose
from tertulia.storage.engines import hold
from tertulia.storage.tables import links


def link_of(row: Any) -> Link:
    values = {column.name: getattr(row, column.name) for column in links.c}
    return Link(**{**values, "purpose": Purpose(values["purpose"])})


def replace(connection: Connection, link: Link) -> None:
    """Store it; an older one of the same user and purpose is good no more."""
    hold(connection, f"link {link.user} {link.purpose.value}")
    connection.execute(delete(links).where(links.c.user == link.user, links.c.purpose == link.purpose.value))
    values = {name: getattr(link, name) for name in Link.__slots__}
    connection.execute(insert(links).values({**values, "purpose": link.purpose.value}))


def find(connection: Connection, token_hash: str, now: int) -> Link | None:
    """The link, unless it has expired."""
    row = connection.execute(select(links).where(links.c.token_hash == token_hash, links.c.expires_at > now)).first()
    return link_of(row) if row else None


def take(connection: Connection, token_hash: str, now: int) -> Link | None:
    """The same, and it is used up: of two at once, one gets it."""
    row = connection.execute(
        delete(links).where(links.c.token_hash == token_hash, links.c.expires_at > now).returning(*links.c)
    ).first()
    return link_of(row) if row else None


def drop(connection: Connection, user: int) -> None:
    """None of the user's links is good any more."""
    connection.execute(delete(links).where(links.c.user == user))


def purge(connection: Connection, now: int, limit: int) -> int:
    """Remove at most `limit` links that have expired; how many."""
    expired = select(links.c.token_hash).where(links.c.expires_at <= now).limit(limit)
    return connection.execute(delete(links).where(links.c.token_hash.in_(expired))).rowcount
