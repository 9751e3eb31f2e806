"""Users, rooms and tokens for a benchmark, made without going through sign-up."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert

from tertulia.app import Application
from tertulia.domain.changes import CreateRoom, Join
from tertulia.domain.ids import new_id
from tertulia.domain.models import RoomKind
from tertulia.settings import Settings
from tertulia.storage import schema
from tertulia.storage import sessions as session_rows
from tertulia.storage.tables import users

KEY = "benchmark key, of no other use!!"


@dataclass(frozen=True)
class Crowd:
    """`tokens[i]` belongs to a member of `rooms[i % len(rooms)]`."""

    tokens: list[str]
    rooms: list[str]

    def write(self, directory: Path) -> list[str]:
        """Files for the load generator, as its options."""
        tokens, rooms = directory / "tokens", directory / "rooms"
        tokens.write_text("\n".join(self.tokens) + "\n")
        rooms.write_text("\n".join(self.rooms) + "\n")
        return ["-T", str(tokens), "-R", str(rooms)]


def settings(directory: Path) -> Settings:
    """The limits of one user and address are not what is measured."""
    return Settings(
        data_dir=directory,
        secret_key=KEY,
        access_token_minutes=600,
        post_rate=10_000,
        post_burst=100_000,
        connections_per_user=10_000,
    )


async def crowd(directory: Path, people: int, rooms: int, rooms_each: int = 1) -> Crowd:
    """A fresh installation with `people` users, each a member of `rooms_each` of `rooms` public rooms."""
    wanted = settings(directory)
    schema.migrate(wanted.database_url)
    application = Application(wanted)
    async with application.running():
        numbers, tokens = await application.db.write(_people, application, people)
        made = [
            await application.committer.commit(CreateRoom(None, RoomKind.PUBLIC, f"room {number}", f"Room {number}"))
            for number in range(rooms)
        ]
        found = [outcome.room for outcome in made if outcome.room is not None]
        for number, user in enumerate(numbers):
            for step in range(rooms_each):
                room = found[(number + step) % rooms]
                application.committer.submit(Join(room.number, user), lambda _: None)
            if number % 500 == 499:
                await application.committer.commit(Join(found[0].number, numbers[0]))
    return Crowd(tokens, [room.id for room in found])


def _people(connection: Connection, application: Application, count: int) -> tuple[list[int], list[str]]:
    now = application.clock.now()
    numbers: list[int] = []
    tokens: list[str] = []
    for number in range(count):
        user_id = new_id()
        row = {"id": user_id, "username": f"bench{number}", "created_at": now}
        user = connection.execute(insert(users).values(row).returning(users.c.number)).scalar_one()
        session = session_rows.create(
            connection,
            {
                "id": new_id(),
                "user": user,
                "device": "bench",
                "address": "127.0.0.1",
                "created_at": now,
                "expires_at": now + 10**12,
            },
        )
        numbers.append(user)
        tokens.append(application.tokens.pair(session, user_id)["access"])
    return numbers, tokens
