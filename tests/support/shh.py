"""People who use the dialect shh, and what they do there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from support.dialects import PASSWORD, Line, Place

NAME = "shh"
SITE = "http://localhost:5173"
"""A page elsewhere that may have cookies."""
EVIL = "https://evil.example"


@dataclass(frozen=True)
class Somebody:
    """Signed in. `access`, `refresh`: what the cookies hold."""

    here: Place
    user: dict[str, Any]
    token: str
    access: str
    refresh: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def cookies(self) -> dict[str, str]:
        return {"cookie": f"access_token={self.access}; refresh_token={self.refresh}"}

    async def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """With the Bearer token; the JSON of the answer."""
        response = await self.here.http.request(method, path, json=body, headers=self.bearer)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response.json()

    async def make_room(self, name: str) -> str:
        """Its UUID."""
        made = await self.call("POST", "/rooms/create/", {"chat_room_name": name}, status=201)
        return str(made["room_id"])

    async def join(self, room: str) -> None:
        await self.call("POST", "/room/join/", {"room_id": room})

    @asynccontextmanager
    async def line(self, room: str, **more: Any) -> AsyncIterator[Line]:
        """A socket whose history was read."""
        async with self.here.socket(room, self.token, **more) as line:
            assert (await line.receive())["type"] == "message_history"
            yield line


async def sign_up(here: Place, name: str, **more: Any) -> dict[str, Any]:
    """The body of the answer."""
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **more}
    response = await here.http.post("/register/", json=body)
    assert response.status_code == 201, response.text
    assert "set-cookie" not in response.headers
    registered: dict[str, Any] = response.json()
    return registered


async def sign_in(here: Place, name: str) -> Somebody:
    response = await here.http.post("/login/", json={"username": name, "password": PASSWORD})
    assert response.status_code == 200, response.text
    kept = dict(response.cookies)
    here.http.cookies.clear()  # what is sent says each test
    body = response.json()
    return Somebody(here, body["user"], body["token"], kept["access_token"], kept["refresh_token"])


async def somebody(here: Place, name: str) -> Somebody:
    await sign_up(here, name)
    return await sign_in(here, name)


async def deactivate(who: Somebody, by: Somebody) -> None:
    """As the staff does it."""
    services = who.here.server.application.services
    user_id = services.sessions.authenticate(who.token).user_id
    await services.staff.change_user(services.sessions.authenticate(by.token), user_id, is_active=False, is_staff=None)
