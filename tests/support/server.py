"""A whole server in the test's own event loop, on a free port and a database of its own; and people to talk to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
from websockets.asyncio.client import ClientConnection, connect

from support.databases import current, url_in
from support.quick import create_user, open_session
from support.template import make_database
from support.web import plain_client
from support.wire import Frame, check_frame
from tertulia.app import Application
from tertulia.clock import Clock
from tertulia.domain.ids import new_id
from tertulia.protocol.resources import account_resource
from tertulia.settings import Settings

PASSWORD = "correct horse battery"
PATIENCE = 10.0
"""Seconds after which a test that waits for a frame gives up."""


def settings_for(directory: Path, **changed: Any) -> Settings:
    """Fast and generous, unless `changed` says otherwise. The database is migrated."""
    values: dict[str, Any] = {
        "data_dir": directory,
        "secret_key": "k" * 40,
        "port": 0,
        "post_rate": 10_000,
        "post_burst": 100_000,
        "command_rate": 10_000,
        "registrations_per_minute": 100_000,
        "logins_per_minute": 100_000,
        "requests_per_minute": 1_000_000,
        "sockets": "picows",
    }
    if current() == "postgresql":
        values["database_url"] = url_in(directory)
    settings = Settings(**{**values, **changed})
    make_database(settings.database_url)
    return settings


class Person:
    """Somebody with an account. `socket()` opens a connection that has said nothing yet."""

    def __init__(self, server: "RunningServer", user: Frame, tokens: Frame) -> None:
        self.server = server
        self.user = user
        self.tokens = tokens

    @property
    def id(self) -> str:
        return str(self.user["id"])

    @property
    def name(self) -> str:
        return str(self.user["username"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access']}"}

    async def call(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """A REST call under /api/v1/; the JSON it answers. `status`: what is expected, else any 2xx."""
        response = await self.server.http.request(method, f"/api/v1/{path}", json=body, headers=self.headers)
        expected = response.is_success if status is None else response.status_code == status
        assert expected, (method, path, response.status_code, response.text)
        return response.json() if response.content else None

    @asynccontextmanager
    async def socket(self, **hello: Any) -> "AsyncIterator[Socket]":
        """A connection that said hello; `ready` is in `socket.ready`."""
        async with self.server.socket(self.headers) as socket:
            await socket.hello(**hello)
            yield socket


class Socket:
    """A connection, as a test sees it: frames in order, each looked at once, and each of its type."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.ready: Frame = {}
        self._next_id = 100
        self._put_back: list[Frame] = []
        self._asked: dict[Any, str] = {}

    async def send(self, **command: Any) -> None:
        self._asked[command.get("id")] = command["cmd"]
        await self.line.send(json.dumps(command))

    async def send_raw(self, text: str | bytes) -> None:
        await self.line.send(text)

    async def receive(self) -> Frame:
        """The next frame, whatever it is."""
        if self._put_back:
            return self._put_back.pop(0)
        async with asyncio.timeout(PATIENCE):
            text = await self.line.recv()
        return check_frame(text, self._asked.get(json.loads(text).get("re")))

    async def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """The first frame that is `wanted`; those before it stay, in order, for whoever asks for them."""
        passed: list[Frame] = []
        while not wanted(frame := await self.receive()):
            passed.append(frame)
        self._put_back = passed + self._put_back
        return frame

    async def event(self, ev: str, **fields: Any) -> Frame:
        """The next event of this kind with these fields."""
        return await self.until(
            lambda frame: frame.get("ev") == ev and all(frame.get(name) == value for name, value in fields.items())
        )

    async def ask(self, cmd: str, **fields: Any) -> Frame:
        """Send a command and wait for its reply."""
        self._next_id += 1
        number = self._next_id
        await self.send(cmd=cmd, id=number, **fields)
        return await self.until(lambda frame: frame.get("re") == number)

    async def hello(self, **fields: Any) -> Frame:
        """Say hello; the reply must be good, and `ready` the next frame."""
        reply = await self.ask("hello", **fields)
        assert "error" not in reply, reply
        self.ready = await self.event("ready")
        return self.ready

    async def closed(self) -> int:
        """Wait until the server has ended the connection; its close code."""
        async with asyncio.timeout(PATIENCE):
            await self.line.wait_closed()
        return self.line.close_code or 1006


class RunningServer:
    """`application` and the addresses at which it answers."""

    def __init__(self, application: Application, http: httpx.AsyncClient, port: int) -> None:
        self.application = application
        self.http = http
        self.port = port
        self._guests = 0

    async def register(self, username: str, **fields: Any) -> Person:
        body = {"username": username, "password": PASSWORD, **fields}
        response = await self.http.post("/api/v1/auth/register", json=body)
        assert response.status_code == 201, response.text
        return Person(self, response.json()["user"], response.json()["tokens"])

    async def people(self, *names: str) -> list[Person]:
        return [await self.register(name) for name in names]

    async def guests(self, *names: str) -> list[Person]:
        """People without a password, quickly made; a number is added to each name, so that it is free."""
        return [await self._guest(name) for name in names]

    async def _guest(self, name: str) -> Person:
        self._guests += 1
        name = f"{name}{self._guests}"
        await create_user(self.application, name)
        user, tokens = await open_session(self.application, name)
        return Person(self, dict(account_resource(user)), dict(tokens))

    async def room(self, owner: Person, *members: Person, kind: str = "public", name: str | None = None) -> str:
        """A room with these members; its id."""
        room = (await owner.call("POST", "rooms", {"kind": kind, "name": name or f"room {new_id()}"}))["id"]
        for member in members:
            if kind == "public":
                await member.call("POST", f"rooms/{room}/join")
            else:
                await owner.call("POST", f"rooms/{room}/members", {"user": member.id})
        return str(room)

    @asynccontextmanager
    async def socket(self, headers: dict[str, str] | None = None, **options: Any) -> AsyncIterator[Socket]:
        """A connection that has said nothing yet."""
        address = f"ws://127.0.0.1:{self.port}/ws"
        # Without a bound on what waits to be looked at: a client that stops reading cannot end in good order.
        options = {"compression": None, "max_queue": None, **options}
        async with connect(address, additional_headers=headers, **options) as line:
            yield Socket(line)


@asynccontextmanager
async def running_server(
    directory: Path,
    *,
    sockets: Literal["picows", "asgi"] = "picows",
    clock: Clock | None = None,
    **changed: Any,
) -> AsyncIterator[RunningServer]:
    """Start a server, and stop it in good order."""
    application = Application(settings_for(directory, sockets=sockets, **changed), clock)
    await application.start()
    server = application.server()
    serving = asyncio.get_running_loop().create_task(server.serve())
    await server.listening.wait()
    try:
        async with plain_client(f"http://127.0.0.1:{server.port}", timeout=PATIENCE) as http:
            yield RunningServer(application, http, server.port)
    finally:
        server.should_exit = True
        await serving
        await application.stop()
