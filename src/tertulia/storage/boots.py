"""Starts of the server, and the name of the installation's history."""

from sqlalchemy import Connection, delete, insert, select

from tertulia.domain.ids import new_id
from tertulia.storage.engines import kind_of
from tertulia.storage.tables import boots, installation, links, sessions


def add(connection: Connection, boot: str, now: int) -> None:
    connection.execute(insert(boots).values(id=boot, started_at=now))


def has(connection: Connection, boot: str) -> bool:
    return connection.execute(select(boots.c.id).where(boots.c.id == boot)).first() is not None


def epoch(connection: Connection) -> str:
    return "".join(history(connection))


def history(connection: Connection) -> tuple[str, str]:
    """Made at the first start; and what the database itself knows of its history: a standby has another one."""
    there = connection.execute(select(installation.c.value).where(installation.c.key == "epoch")).scalar()
    if there is None:
        there = new_id()
        connection.execute(insert(installation).values(key="epoch", value=there))
    return str(there), kind_of(connection).history(connection)


def begin_anew(connection: Connection) -> None:
    """From here on it is another history: no client of before goes on in it, and nobody is signed in.

    Tokens and links of before may have been used, or taken back, in the history that is lost. No server may run.
    """
    for table in (boots, sessions, links):
        connection.execute(delete(table))
    connection.execute(delete(installation).where(installation.c.key == "epoch"))
    epoch(connection)


def is_done(connection: Connection, what: str) -> bool:
    query = select(installation.c.key).where(installation.c.key == f"done:{what}")
    return connection.execute(query).first() is not None


def mark_done(connection: Connection, what: str) -> None:
    if not is_done(connection, what):
        connection.execute(insert(installation).values(key=f"done:{what}", value="1"))
