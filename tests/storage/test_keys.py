"""Keys as a table to join with."""

from pathlib import Path

from sqlalchemy import Connection, select

from support.heart import heart
from tertulia.storage.keys import listed, matches
from tertulia.storage.tables import users


async def test_numbers_and_text_match_exactly(tmp_path: Path) -> None:
    """Text is never taken for a number, nor a number for text; two lists in one statement do not mix."""
    async with heart(tmp_path) as h:
        names = ["1", "one", 'quote " \\', "ünï", "\U0001f600"]
        numbers = h.people(*names)

        def find(connection: Connection) -> list[str]:
            keys = listed(list(zip(numbers, names, strict=True)))
            found = connection.execute(select(users.c.username).where(matches(keys, users.c.number, users.c.username)))
            return sorted(found.scalars())

        def mix(connection: Connection) -> list[str]:
            first = matches(listed([(numbers[0],)]).alias("first"), users.c.number)
            return list(connection.execute(select(users.c.username).where(first)).scalars())

        assert h.read(find) == sorted(names)
        assert h.read(mix) == ["1"]
