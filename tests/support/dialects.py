"""A whole server with dialects, and what a test does with one of them, wherever it is served."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support.quick import quick_passwords
from support.server import PATIENCE, RunningServer, running_server
from support.web import plain_client

Where = Literal["prefix", "root", "host"]
WHERE: tuple[Where, ...] = ("prefix", "root", "host")
PASSWORD = "correct horse battery"


class Line:
    """A dialect's socket, as a test sees it: frames in order."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line

    async def send(self, frame: Any) -> None:
        """An object as JSON; text as it is."""
        await self.line.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def receive(self) -> Any:
        """The next frame: what its JSON says, or its text."""
        async with asyncio.timeout(PATIENCE):
            text = await self.line.recv()
        assert isinstance(text, str)
        try:
            return json.loads(text)
        except ValueError:
            return text

    async def closed(self) -> int:
        """Wait until the server has ended the connection, with nothing more said before; its close code."""
        async with asyncio.timeout(PATIENCE):
            await self.line.wait_closed()
        return self.line.close_code or 1006


class Place:
    """One dialect at one of its places. `http` takes paths as the dialect's document writes them."""

    def __init__(self, server: RunningServer, name: str, where: Where) -> None:
        self.server = server
        self.name = name
        self.where = where
        self.root = f"/compat/{name}" if where == "prefix" else ""
        self.host = f"{name}.localhost:{server.port}" if where == "host" else f"127.0.0.1:{server.port}"
        base = f"http://127.0.0.1:{server.port}{self.root}"
        self.http = plain_client(base, headers={"host": self.host}, timeout=PATIENCE)

    @asynccontextmanager
    async def socket(
        self,
        room: str,
        token: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
        slash: bool = True,
    ) -> AsyncIterator[Line]:
        """A socket of the room, which is percent-encoded here; raises `InvalidStatus` when it is refused."""
        query = "" if token is None else f"?token={quote(token)}"
        path = f"{self.root}/ws/chat/{quote(room, safe='')}{'/' if slash else ''}{query}"
        sent = {**(headers or {}), **({} if origin is None else {"origin": origin})}
        options: dict[str, Any] = {
            "compression": None,
            "max_queue": None,
            "host": "127.0.0.1",
            "port": self.server.port,
        }
        async with connect(f"ws://{self.host}{path}", additional_headers=sent, **options) as line:
            yield Line(line)

    async def refused(self, room: str, token: str | None = None, **more: Any) -> int:
        """The HTTP status with which a handshake is refused."""
        try:
            async with self.socket(room, token, **more):
                pass
        except InvalidStatus as error:
            return error.response.status_code
        raise AssertionError

    async def close_code(self, room: str, token: str | None = None, **more: Any) -> int:
        """The code with which a socket is closed right after its handshake, with no frame before."""
        async with self.socket(room, token, **more) as line:
            code = await line.closed()
            with suppress(ConnectionClosed):
                raise AssertionError(await line.line.recv())
            return code


@asynccontextmanager
async def dialect_server(directory: Path, name: str, **changed: Any) -> AsyncIterator[RunningServer]:
    """All five under their prefixes; `name` at the root, and each at its host name, too. Hashes cost nothing."""
    hosts = tuple(f"{each}={each}.localhost" for each in ("chatrooms", "realtime", "shh", "conversations", "channels"))
    usual: dict[str, Any] = {"dialects": "all", "root_dialect": name, "dialect_host": hosts}
    async with running_server(directory, **{**usual, **changed}) as server:
        quick_passwords(server.application)
        yield server


@asynccontextmanager
async def place(directory: Path, name: str, where: Where = "prefix", **changed: Any) -> AsyncIterator[Place]:
    """A server of its own, and one dialect there."""
    async with dialect_server(directory, name, **changed) as server:
        here = Place(server, name, where)
        async with here.http:
            yield here
