"""What only one node does at a time, and the sign of life of the one that does it."""

from sqlalchemy import Connection, delete, select, update

from tertulia.storage.engines import kind_of
from tertulia.storage.tables import installation


def sign(connection: Connection, duty: str) -> str | None:
    """The newest sign of life; None: nobody has the duty."""
    query = select(installation.c.value).where(installation.c.key == _key(duty))
    return connection.execute(query).scalar()


def take(connection: Connection, duty: str, before: str | None, sign: str) -> bool:
    """Put `sign` where `before` stands; False: something else stands there by now."""
    if before is None:
        new = kind_of(connection).insert(installation).values(key=_key(duty), value=sign)
        return connection.execute(new.on_conflict_do_nothing().returning(installation.c.key)).first() is not None
    there = (installation.c.key == _key(duty)) & (installation.c.value == before)
    return connection.execute(update(installation).where(there).values(value=sign)).rowcount == 1


def let_go(connection: Connection, duty: str, sign: str) -> None:
    connection.execute(delete(installation).where(installation.c.key == _key(duty), installation.c.value == sign))


def _key(duty: str) -> str:
    return f"duty:{duty}"
