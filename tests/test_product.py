"""A product with its own users, end to end: its backend, its front end, and a server in a process of its own."""

import asyncio
import hashlib
import hmac
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest

from support.process import ServerProcess, server_process
from support.receiver import Received, Receiver, receiver
from support.waiting import until
from support.web import plain_client
from tertulia.client import Client, Stopped
from tertulia.clock import SystemClock

SECRET = "the product's backend and the chat server know this"
ROOM = "external:order-42"


class Backend:
    """The product's backend: signs tokens for its users, calls with its key, hears webhooks."""

    def __init__(self, server: ServerProcess, key: str, hook_secret: str, hooks: Receiver) -> None:
        self.hooks = hooks
        self._hook_secret = hook_secret
        self._http = plain_client(f"{server.url}/api/v1/server/", headers={"Authorization": f"Bearer {key}"})

    def token(self, customer: str, name: str) -> str:
        now = SystemClock().now() // 1_000_000
        claims = {"sub": customer, "name": name, "iat": now, "exp": now + 600, "iss": "shop", "aud": "chat"}
        return jwt.encode(claims, SECRET, "HS256")

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        response = await self._http.request(method, path, json=body)
        assert response.is_success, (method, path, response.text)
        return response.json() if response.content else None

    async def heard(self, event: str, **message: Any) -> dict[str, Any]:
        """The webhook of this event about such a message; every signature must be right."""

        def found() -> list[Received]:
            rows = [one for one in self.hooks.received if one.json["event"] == event]
            return [one for one in rows if message.items() <= (one.json.get("message") or {}).items()]

        await until(lambda: bool(found()))
        for one in self.hooks.received:
            parts = dict(part.split("=", 1) for part in one.headers["tertulia-signature"].split(","))
            signed = f"{parts['t']}.".encode() + one.body
            assert hmac.compare_digest(
                parts["v1"], hmac.new(self._hook_secret.encode(), signed, hashlib.sha256).hexdigest()
            )
        return found()[0].json

    async def close(self) -> None:
        await self._http.aclose()


async def tertulia(server: ServerProcess, *arguments: str) -> str:
    """What the command prints; it works beside the running server."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tertulia", *arguments, "--data-dir", str(server.directory / "data")),
        env=server.environment,
        cwd=server.directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode().strip()


@asynccontextmanager
async def product(folder: Path) -> AsyncIterator[tuple[ServerProcess, Backend]]:
    settings = {
        "TERTULIA_JWT_SECRET": SECRET,
        "TERTULIA_JWT_ISSUER": "shop",
        "TERTULIA_JWT_AUDIENCE": "chat",
        "TERTULIA_REGISTRATION": "closed",
        "TERTULIA_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    async with receiver() as hooks, server_process(folder, **settings) as server:
        key = await tertulia(server, "apikey", "create", "shop", "--scopes", "users,rooms,members,messages,sessions")
        secret = await tertulia(server, "webhook", "add", hooks.url, "--events", "message,mention,member")
        backend = Backend(server, key, secret, hooks)
        try:
            yield server, backend
        finally:
            await backend.close()


def front_end(server: ServerProcess, backend: Backend, customer: str, name: str) -> Client:
    """What runs in the customer's browser: it asks the backend for a token whenever it needs one."""

    async def get_token() -> str:
        return backend.token(customer, name)

    return Client.with_token(server.url, get_token)


@pytest.mark.slow
async def test_a_product_with_its_own_users(tmp_path: Path) -> None:
    async with product(tmp_path) as (server, backend), front_end(server, backend, "c-1", "Ana García") as ana:
        assert (ana.user["external_id"], ana.user["name"]) == ("c-1", "Ana García")  # made at first sight
        await backend.call("PUT", "users/bot", {"first_name": "Shop", "is_bot": True})
        ben = await backend.call("PUT", "users/c-2", {"username": "ben", "metadata": {"plan": "gold"}})

        # A retry makes no second room, and it comes to Ana's page by itself.
        wanted = {"title": "Order 42", "owner": "external:c-1", "metadata": {"order": 42}}
        made = [await backend.call("PUT", "rooms/order-42", wanted) for _ in range(2)]
        room = made[0]["id"]
        assert made[1]["id"] == room
        await ana.until(lambda: room in ana.rooms and ana.rooms[room].cursor is not None)
        assert ana.rooms[room].settings["metadata"] == {"order": 42}

        # Ben is not there: the webhook says whom to push to.
        await backend.call("PUT", f"rooms/{ROOM}/members/external:c-2", {})
        post = {"sender": "external:bot", "body": "@ben, your order is here", "client_id": "here-42"}
        first = await backend.call("POST", f"rooms/{ROOM}/messages", post)
        mention = await backend.heard("mention", id=first["id"])
        assert mention["offline"] == [{"id": ben["id"], "external_id": "c-2"}]
        assert (mention["room"]["external_id"], mention["message"]["body"]) == ("order-42", post["body"])

        async with front_end(server, backend, "c-2", "Ben") as ben_page:
            view = await ben_page.open(room)
            await ben_page.until(lambda: view.message_count == 1)
            assert (view.unread, view.mentions) == (1, 1)
            await ana.post(room, "It is for me, @ben")
            await ben_page.until(lambda: view.message_count == 2)
            assert (await backend.heard("mention", index=2))["offline"] == []

            # The server dies and comes back: nobody notices but by a pause, and nothing is there twice.
            await server.kill()
            written = ana.send(room, "Are you still there?")
            await server.start()
            await written.answer()
            again = await backend.call("POST", f"rooms/{ROOM}/messages", post)
            assert again["id"] == first["id"]
            await ben_page.until(lambda: view.message_count == 3)
            await backend.heard("message", index=3)
            told = list(
                dict.fromkeys(
                    one.json["message"]["index"] for one in backend.hooks.received if one.json["event"] == "message"
                )
            )
            assert told == [1, 2, 3]

            # Ben signs out of the product: out here as well, at once; Ana stays.
            await backend.call("DELETE", "users/external:c-2/sessions")
            await ben_page.until(lambda: isinstance(ben_page.error, Stopped))
        await ana.post(room, "Bye")
        page = await backend.call("GET", f"rooms/{ROOM}/messages")
        bodies = [row["body"] for row in page["items"] if row["index"]]
        assert bodies == [post["body"], "It is for me, @ben", "Are you still there?", "Bye"]
