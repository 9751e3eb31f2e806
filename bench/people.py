"""Users, rooms, messages and tokens for a benchmark, written past sign-up, joining and posting."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, insert, select, update

from tertulia.app import Application
from tertulia.domain.ids import new_id
from tertulia.settings import Settings
from tertulia.storage import rooms as room_rows
from tertulia.storage import schema
from tertulia.storage import sessions as session_rows
from tertulia.storage.database import sqlite_url
from tertulia.storage.tables import members, messages, rooms, users

KEY = "benchmark key, of no other use!!"
SLICE = 5_000
T = TypeVar("T")


@dataclass(frozen=True)
class Crowd:
    """User i is a member of `each` rooms: `rooms[i % len(rooms)]` and those behind it."""

    tokens: list[str]
    rooms: list[str]
    each: int

    def rooms_of(self, user: int) -> list[int]:
        """Places in `rooms`."""
        return [(user + step) % len(self.rooms) for step in range(self.each)]

    def write(self, directory: Path) -> list[str]:
        """Files for the load generator, as its options."""
        tokens = self._write(directory / "tokens", self.tokens)
        return ["-T", tokens, "-R", self._write(directory / "rooms", self.rooms)]

    def hellos(self, directory: Path, cursors: dict[str, int] | None = None) -> str:
        """A file of what each says first; with `cursors` (by room id) they come back."""
        return self._write(directory / "hellos", (json.dumps(self._hello(n, cursors)) for n in range(len(self.tokens))))

    def _hello(self, user: int, cursors: dict[str, int] | None) -> dict[str, Any]:
        said: dict[str, Any] = {"cmd": "hello", "token": self.tokens[user]}
        if cursors is not None:
            said["resume"] = {self.rooms[place]: cursors[self.rooms[place]] for place in self.rooms_of(user)}
        return said

    @staticmethod
    def _write(path: Path, lines: Iterable[str]) -> str:
        path.write_text("".join(f"{line}\n" for line in lines))
        return str(path)


def settings(directory: Path, url: str | None = None) -> Settings:
    """Of the process that writes; what the server runs with is in machine.py."""
    url = url or sqlite_url(directory / "tertulia.db")
    return Settings(data_dir=directory, secret_key=KEY, access_token_minutes=600, database_url=url)


async def crowd(
    directory: Path, people: int, rooms: int, each: int = 1, *, stored: int = 0, url: str | None = None
) -> Crowd:
    """A fresh installation: `people` users, each a member of `each` of `rooms` public rooms, with `stored` messages
    in each room.
    """
    wanted = settings(directory, url)
    schema.migrate(wanted.database_url)
    application = Application(wanted)
    async with application.running():
        numbers, tokens = await application.db.write(_people, application, people)
        places, ids = await application.db.write(_rooms, application.clock.now(), rooms)
        joined = ((places[(at + step) % rooms], user) for at, user in enumerate(numbers) for step in range(each))
        for part in slices(joined):  # in slices, as everything that is written beside posts
            await application.db.write(_members, application.clock.now(), part)
        if stored:
            await _fill(application, dict.fromkeys(places, stored), numbers[0])
        await application.db.write(_count_members, places, people * each // rooms)
    return Crowd(tokens, ids, each)


def _people(connection: Connection, application: Application, count: int) -> tuple[list[int], list[str]]:
    now = application.clock.now()
    numbers: list[int] = []
    tokens: list[str] = []
    for number in range(count):
        user_id = new_id()
        row = {"id": user_id, "username": f"bench{number}", "created_at": now}
        user = connection.execute(insert(users).values(row).returning(users.c.number)).scalar_one()
        values = {"id": new_id(), "user": user, "device": "bench", "address": "127.0.0.1"}
        session = session_rows.create(connection, {**values, "created_at": now, "expires_at": now + 10**12})
        numbers.append(user)
        tokens.append(application.tokens.pair(session, user_id)["access"])
    return numbers, tokens


def _rooms(connection: Connection, now: int, count: int) -> tuple[list[int], list[str]]:
    """Numbers and ids. The making of a room is its first change."""
    found: list[tuple[int, str]] = []
    for number in range(count):
        room_id = new_id()
        row = {
            "id": room_id, "kind": "public", "name": f"room {number}", "title": f"Room {number}", "head_seq": 1,
            "access_seq": 1, "settings_seq": 1, "created_at": now, "last_at": now,
        }  # fmt: skip
        found.append((connection.execute(insert(rooms).values(row).returning(rooms.c.number)).scalar_one(), room_id))
    return [number for number, _ in found], [room_id for _, room_id in found]


def _members(connection: Connection, now: int, joined: list[tuple[int, int]]) -> None:
    rows = [{"room": room, "user": user, "role": "member", "joined_at": now, "changed_seq": 1} for room, user in joined]
    connection.execute(insert(members), rows)


def _count_members(connection: Connection, places: list[int], count: int) -> None:
    connection.execute(update(rooms).where(rooms.c.number.in_(places)).values(member_count=count))


async def fill(directory: Path, wanted: dict[str, int]) -> None:
    """Store so many messages in rooms (by id) that have none."""
    application = Application(settings(directory))
    async with application.running():
        numbers = await application.db.read(room_rows.numbers, list(wanted))
        sender = await application.db.read(_somebody)
        await _fill(application, {numbers[room]: count for room, count in wanted.items()}, sender)


def _somebody(connection: Connection) -> int:
    number: int = connection.execute(select(users.c.number).limit(1)).scalar_one()
    return number


async def _fill(application: Application, wanted: dict[int, int], sender: int) -> None:
    """By the numbers of rooms."""
    rows = (row for room, count in wanted.items() for row in _rows(room, sender, application.clock.now(), count))
    for part in slices(rows):
        await application.db.write(_messages, part)
    await application.db.write(_count_messages, wanted)


def _rows(room: int, sender: int, now: int, count: int) -> Iterator[dict[str, Any]]:
    for index in range(1, count + 1):
        yield {
            "room": room, "seq": index + 1, "index": index, "after": index - 1, "changed_seq": index + 1,
            "id": new_id(), "sender": sender, "kind": "message", "body": f"Message {index} ".ljust(100, "x"),
            "created_at": now,
        }  # fmt: skip


def _messages(connection: Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(messages), rows)


def _count_messages(connection: Connection, wanted: dict[int, int]) -> None:
    values: dict[str, Any] = {"head_seq": bindparam("_count") + 1, "message_count": bindparam("_count")}
    statement = update(rooms).where(rooms.c.number == bindparam("_room")).values(values)
    connection.execute(statement, [{"_room": room, "_count": count} for room, count in wanted.items()])


def slices(found: Iterable[T]) -> Iterator[list[T]]:
    """`SLICE` at a time."""
    iterator = iter(found)
    while part := list(islice(iterator, SLICE)):
        yield part
