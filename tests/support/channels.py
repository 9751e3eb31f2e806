"""People who use the dialect channels, and what they do there."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from support.dialects import PASSWORD, Line, Place

NAME = "channels"
EVIL = "https://evil.example"


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    """The header for HTTP Basic."""
    return {"authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


@dataclass(frozen=True)
class Somebody:
    """Signed in. `session`: what the cookie holds."""

    here: Place
    name: str
    number: int
    token: str
    session: str

    @property
    def basic(self) -> dict[str, str]:
        return basic(self.name)

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def cookie(self) -> dict[str, str]:
        return {"cookie": f"sessionid={self.session}"}

    async def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """With name and password; the JSON of the answer."""
        response = await self.here.http.request(method, path, json=body, headers=self.basic)
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response.json() if response.content else None

    async def make_room(self, name: str, *users: str) -> str:
        """Its UUID. Open without `users`."""
        body = {"room_name": name, **({"users": users} if users else {})}
        return str((await self.call("POST", "/api/rooms/", body, status=201))["room_uuid"])

    async def post(self, room: str, content: str) -> dict[str, Any]:
        posted: dict[str, Any] = await self.call(
            "POST", "/api/messages/", {"room": room, "content": content, "user": self.name}, status=201
        )
        return posted

    @asynccontextmanager
    async def line(self, room: str, **more: Any) -> AsyncIterator[Line]:
        """A socket, with name and password."""
        async with self.here.socket(room, headers=self.basic, **more) as line:
            yield line


async def nobody(here: Place, path: str, status: int = 200) -> Any:
    """GET without any credential."""
    response = await here.http.get(path)
    assert response.status_code == status, (path, response.status_code, response.text)
    return response.json()


async def sign_in(here: Place, name: str) -> Somebody:
    response = await here.http.post("/api/login/", json={"username": name, "password": PASSWORD})
    assert response.status_code == 200, response.text
    session = response.cookies["sessionid"]
    here.http.cookies.clear()  # what is sent says each test
    said = response.json()
    assert said == {"id": said["id"], "username": name, "token": said["token"]}
    return Somebody(here, name, said["id"], said["token"], session)


async def somebody(here: Place, name: str) -> Somebody:
    response = await here.http.post("/api/register/", json={"username": name, "password": PASSWORD})
    assert response.status_code == 201, response.text
    assert response.json() == {"id": response.json()["id"], "username": name}
    assert "set-cookie" not in response.headers
    return await sign_in(here, name)


async def deactivate(who: Somebody, by: Somebody) -> None:
    """As the staff does it."""
    services = who.here.server.application.services
    user_id = services.sessions.authenticate(who.token).user_id
    await services.staff.change_user(services.sessions.authenticate(by.token), user_id, is_active=False, is_staff=None)
