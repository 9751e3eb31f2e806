"""What tests of REST routes do as people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.accounts import PASSWORD, Node, node
from support.web import http_client

API = "/api/v1"


@dataclass(frozen=True)
class Person:
    """Somebody signed in, on one device."""

    http: httpx.AsyncClient
    user: dict[str, Any]
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens['access']}"}

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.http.request(method, f"{API}{path}", headers=self.headers, **more)


@dataclass(frozen=True)
class Server:
    """REST in the test's own process."""

    node: Node
    http: httpx.AsyncClient

    async def register(self, username: str = "ann", **more: Any) -> Person:
        body = {"username": username, "password": PASSWORD, **more}
        return self.person(await self.http.post(f"{API}/auth/register", json=body), 201)

    async def login(self, username: str = "ann", password: str = PASSWORD, **more: Any) -> Person:
        body = {"username": username, "password": password, **more}
        return self.person(await self.http.post(f"{API}/auth/login", json=body), 200)

    def person(self, response: httpx.Response, status: int) -> Person:
        assert response.status_code == status, response.text
        return Person(self.http, **response.json())


@asynccontextmanager
async def server(folder: Path, **more: Any) -> AsyncIterator[Server]:
    """`more`: see `support.accounts.node`."""
    async with node(folder, **more) as running, http_client(running.services) as client:
        yield Server(running, client)
