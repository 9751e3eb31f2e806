"""People who use the dialect realtime, and what they do there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from support.dialects import PASSWORD, Line, Place

NAME = "realtime"


@dataclass(frozen=True)
class Somebody:
    """Signed in."""

    here: Place
    id: int
    name: str
    token: str
    refresh: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def shown(self) -> dict[str, str]:
        """In the list of who is there."""
        return {"id": str(self.id), "username": self.name}

    def comes(self) -> dict[str, str]:
        return {"type": "user_join", "user_id": str(self.id), "username": self.name}

    def goes(self) -> dict[str, str]:
        return {**self.comes(), "type": "user_leave"}

    async def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """The JSON of the answer."""
        response = await self.here.http.request(method, path, json=body, headers=self.bearer)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response.json() if response.content else None

    async def make(self, name: str, **more: Any) -> dict[str, Any]:
        """A room of theirs."""
        made: dict[str, Any] = await self.call("POST", "/chat/rooms/create/", {"room_name": name, **more}, status=201)
        return made

    async def private(self, name: str, *members: "Somebody") -> dict[str, Any]:
        made = await self.make(name, is_private=True)
        for member in members:
            await self.call("POST", f"/chat/rooms/{made['room_id']}/members/add/", {"user_id": member.id})
        return made

    @asynccontextmanager
    async def line(self, room: str, *there: "Somebody", first: bool = True, history: int = 0) -> AsyncIterator[Line]:
        """A socket whose greeting was read: `there` are in the room with them; `first`: it is their first in it."""
        async with self.here.socket(room, self.token) as line:
            listed = {"type": "room_users_list", "users": [one.shown for one in (*there, self)]}
            assert sorted_users(await line.receive()) == sorted_users(listed)
            if first:
                assert await line.receive() == self.comes()
            for _ in range(history):
                assert (await line.receive())["type"] == "chat_message"
            yield line

    async def close_code(self, room: str) -> int:
        return await self.here.close_code(room, self.token)


def sorted_users(frame: dict[str, Any]) -> dict[str, Any]:
    return {**frame, "users": sorted(frame["users"], key=lambda user: int(user["id"]))}


async def sign_up(here: Place, name: str, **more: Any) -> None:
    response = await here.http.post("/users/auth/register/", json={"username": name, "password": PASSWORD, **more})
    assert response.status_code == 201, response.text


async def sign_in(here: Place, name: str) -> Somebody:
    response = await here.http.post("/users/auth/login/", json={"username": name, "password": PASSWORD})
    assert response.status_code == 200, response.text
    tokens = response.json()
    me = Somebody(here, 0, name, tokens["access"], tokens["refresh"])
    profile = await me.call("GET", "/users/auth/profile/")
    return Somebody(here, profile["id"], name, tokens["access"], tokens["refresh"])


async def somebody(here: Place, name: str) -> Somebody:
    await sign_up(here, name)
    return await sign_in(here, name)


async def people(here: Place, *names: str) -> list[Somebody]:
    return [await somebody(here, name) for name in names]
