"""Starts of the server, and the name of the installation's history."""

from sqlalchemy import Connection, insert, select

from tertulia.domain.ids import new_id
from tertulia.storage.tables import boots, installation


def add(connection: Connection, boot: str, now: int) -> None:
    connection.execute(insert(boots).values(id=boot, started_at=now))


def has(connection: Connection, boot: str) -> bool:
    return connection.execute(select(boots.c.id).where(boots.c.id == boot)).first() is not None


def epoch(connection: Connection) -> str:
    """Made at the first start."""
    there = connection.execute(select(installation.c.value).where(installation.c.key == "epoch")).scalar()
    if there is None:
        there = new_id()
        connection.execute(insert(installation).values(key="epoch", value=there))
    return str(there)


def is_done(connection: Connection, what: str) -> bool:
    query = select(installation.c.key).where(installation.c.key == f"done:{what}")
    return connection.execute(query).first() is not None


def mark_done(connection: Connection, what: str) -> None:
    if not is_done(connection, what):
        connection.execute(insert(installation).values(key=f"done:{what}", value="1"))
