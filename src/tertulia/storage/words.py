"""The list of words that are not wanted."""

from sqlalchemy import Connection, delete, func, insert, select, update

from tertulia.domain.ids import new_id
from tertulia.domain.words import Action, Word
from tertulia.storage.tables import installation, words

VERSION = "words"
"""Key of what is new with every change of the list."""


def version(connection: Connection) -> str | None:
    """Another one after each change; None: there never was a word."""
    return connection.scalar(select(installation.c.value).where(installation.c.key == VERSION))


def all_of(connection: Connection) -> dict[str, Action]:
    return {row.word: Action(row.action) for row in connection.execute(select(words.c.word, words.c.action))}


def page(connection: Connection, after: str, limit: int) -> list[Word]:
    """In the order of the words; those behind `after`."""
    query = select(words).where(words.c.word > after).order_by(words.c.word).limit(limit)
    return [Word(row.word, Action(row.action), row.by, row.created_at) for row in connection.execute(query)]


def count(connection: Connection) -> tuple[int, int]:
    """How many there are, and how many of these with a star at both ends."""
    inside = func.count().filter(words.c.word.like("*%*"))
    row = connection.execute(select(func.count(), inside).select_from(words)).one()
    return row[0], row[1]


def one(connection: Connection, word: str) -> Word | None:
    row = connection.execute(select(words).where(words.c.word == word)).first()
    return Word(row.word, Action(row.action), row.by, row.created_at) if row else None


def put(connection: Connection, word: Word) -> None:
    """Add it, or change what becomes of texts with it."""
    values = {"action": word.action.value, "by": word.by, "created_at": word.created_at}
    if not connection.execute(update(words).where(words.c.word == word.word).values(values)).rowcount:
        connection.execute(insert(words).values(word=word.word, **values))
    _changed(connection)


def remove(connection: Connection, word: str) -> bool:
    """Whether it was there."""
    if not connection.execute(delete(words).where(words.c.word == word)).rowcount:
        return False
    _changed(connection)
    return True


def _changed(connection: Connection) -> None:
    new = new_id()
    if not connection.execute(update(installation).where(installation.c.key == VERSION).values(value=new)).rowcount:
        connection.execute(insert(installation).values(key=VERSION, value=new))
