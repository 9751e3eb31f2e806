"""A server with all dialects at which anything is thrown, and somebody who must notice nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any

import httpx

from support.bad_input import JSON, SECRET
from support.dialects import dialect_server
from support.faults import Faults, faults
from support.server import Person, RunningServer
from tertulia.dialects import DIALECTS

LISTS = {"chatrooms": "/api/chatrooms/", "realtime": "/chat/rooms/", "shh": "/rooms/", "conversations": "/api/users/",
         "channels": "/api/rooms/"}  # fmt: skip
"""What somebody else asks for meanwhile."""


@dataclass
class World:
    """`ann` asks, about what is hers; `ben` must notice nothing. `guests`: numbers of others."""

    server: RunningServer
    seen: Faults
    ann: Person
    ben: Person
    guests: Any
    names: dict[str, dict[str, str]]
    """What stands in paths, for each dialect."""
    hidden: dict[str, dict[str, str]]
    """The same of a room in which neither is."""
    rooms: dict[str, str]
    """Whose sockets are opened, for each dialect."""
    numbers: Any = field(default_factory=count)

    def fields(self, schema: dict[str, Any], dialect: str) -> dict[str, Any]:
        """A good body, with all fields; the numbers of people go around."""
        number = next(self.numbers)
        known = {
            "username": f"user{number}", "email": f"user{number}@example.org", "refresh": "a.b.c", "is_private": False,
            "password": "correct horse", "confirm_password": "correct horse", "user": self.ann.name,
            "chatroom_id": self.names[dialect]["room"], "room": self.names["channels"]["room"],
            "room_id": self.names["shh"]["room"], "users": [self.ben.name],
        }  # fmt: skip
        if "user_id" in schema["properties"]:
            known["user_id"] = next(self.guests)
        return {name: known.get(name, f"text {number}") for name in schema["properties"]}

    async def ask(self, dialect: str, method: str, path: str, content: bytes = b"", **headers: str) -> httpx.Response:
        """As ann; what is wrong with every answer is found here."""
        for name, value in self.names[dialect].items():
            path = path.replace(f"{{{name}}}", value)
        sent = {**self.ann.headers, "content-type": JSON, **{key.replace("_", "-"): headers[key] for key in headers}}
        raw = {name.lower().encode(): value.encode("latin-1") for name, value in sent.items()}
        response = await self.server.http.request(method, f"/compat/{dialect}{path}", content=content, headers=raw)
        assert response.status_code < 500, response.text
        if response.content and method != "HEAD" and "docs" not in path:
            assert response.headers["content-type"] == JSON
            assert isinstance(response.json(), dict | list | str)
        assert "Traceback" not in response.text
        assert "k" * 40 not in response.text
        if response.is_error:
            assert SECRET not in response.text.replace(f"There is no user {SECRET}", "")
            assert len(response.content) < 4_096
        return response

    async def check(self, dialect: str) -> None:
        """Nobody else noticed, and nothing was logged."""
        listed = await self.server.http.get(f"/compat/{dialect}{LISTS[dialect]}", headers=self.ben.headers)
        assert listed.status_code == 200, listed.text
        assert len(listed.json()) > 0
        self.seen.check()


@asynccontextmanager
async def dialect_world(directory: Path) -> AsyncIterator[World]:
    with faults() as seen:
        async with dialect_server(directory, "channels", password_attempts=1_000) as server:
            seen.watch(asyncio.get_running_loop())
            ann, ben, eve, *others = await server.guests(*["somebody"] * 9)
            made = await server.http.post(
                "/compat/shh/rooms/create/", json={"chat_room_name": "a"}, headers=ann.headers
            )
            room_id = made.json()["room_id"]
            await server.http.post("/compat/shh/room/join/", json={"room_id": room_id}, headers=ben.headers)
            direct = await server.http.get(f"/compat/conversations/api/users/{ben.id}/chat/", headers=ann.headers)
            names = await names_of(server, ann, room_id)
            hidden = await names_of(server, eve, await server.room(eve, kind="private"))
            rooms = {**{name: names[name]["room"] for name in DIALECTS}, "conversations": direct.json()["data"]["id"]}
            numbers = cycle([number_of(server, one) for one in others])
            yield World(server, seen, ann, ben, numbers, names, hidden, rooms)


def number_of(server: RunningServer, person: Person) -> int:
    return server.application.services.sessions.authenticate(person.tokens["access"]).user


async def names_of(server: RunningServer, owner: Person, room_id: str) -> dict[str, dict[str, str]]:
    """Of the room, of a new message there and of the owner, as the paths of each dialect have them."""
    message_id = (await owner.call("POST", f"rooms/{room_id}/messages", {"body": "hi"}))["id"]
    services = server.application.services
    caller = services.sessions.authenticate(owner.tokens["access"])
    room, _ = await services.lookup.room(caller, room_id)
    _, filed = await services.lookup.message(caller, message_id)
    ids = {"room": room_id, "message": message_id, "user": owner.id}
    numbers = {"room": str(room.number), "message": str(filed.number), "user": str(caller.user)}
    return {name: numbers if name == "chatrooms" else ids for name in DIALECTS}
