"""People of the dialect conversations."""

from dataclasses import dataclass
from typing import Any

import httpx

from support.dialects import Place

NAME = "conversations"
PASSWORD = "password321"
"""The one of the dialect's document."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    id: str
    email: str
    access: str
    refresh: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access}"}


async def register(here: Place, name: str, **changed: Any) -> httpx.Response:
    body = {
        "first_name": name.title(),
        "last_name": "Test",
        "email": f"{name}@example.org",
        "password": PASSWORD,
        "confirm_password": PASSWORD,
    }
    return await here.http.post("/api/register/", json={**body, **changed})


async def person(here: Place, name: str, **changed: Any) -> Person:
    registered = await register(here, name, **changed)
    assert registered.status_code == 201, registered.text
    email = registered.json()["data"]["email"]
    signed_in = await here.http.post("/api/login/", json={"email": email, "password": PASSWORD})
    assert signed_in.status_code == 200, signed_in.text
    tokens = signed_in.json()
    caller = await here.server.application.services.sessions.identify(tokens["access"])
    return Person(caller.user_id, email, tokens["access"], tokens["refresh"])


async def people(here: Place, *names: str) -> list[Person]:
    return [await person(here, name) for name in names]


async def chat(here: Place, caller: Person, partner: Person) -> str:
    """The id of their conversation."""
    opened = await here.http.get(f"/api/users/{partner.id}/chat/", headers=caller.headers)
    assert opened.status_code == 200, opened.text
    return str(opened.json()["data"]["id"])
