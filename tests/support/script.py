"""A real WebSocket server that plays scripts: what the client sees is a server, what the test writes is a dialogue."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from support.clock import FakeClock
from support.reference import Frame, ReferenceRoom, ready
from tertulia.client import Client
from tertulia.client.address import Address

T = TypeVar("T")


class Line:
    """One connection, from the server's side. `ping` and `read` are answered by themselves, unless `deaf`."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.deaf = False
        self.token = (socket.request.headers if socket.request else {}).get("Authorization", "")

    async def hear(self, cmd: str | None = None) -> Frame:
        """The next command; it must be `cmd`."""
        while True:
            command: Frame = json.loads(await self.socket.recv())
            if command["cmd"] in ("ping", "read") and cmd != command["cmd"]:
                if not self.deaf:
                    await self.say(re=command["id"])
                continue
            assert cmd is None or command["cmd"] == cmd, command
            return command

    async def say(self, frame: Frame | None = None, **fields: Any) -> None:
        await self.socket.send(json.dumps({**(frame or {}), **fields}))

    async def reply(self, command: Frame, **fields: Any) -> None:
        await self.say(re=command["id"], **fields)

    async def refuse(self, command: Frame, code: str, **fields: Any) -> None:
        await self.reply(command, error={"code": code, "message": "No.", **fields})

    async def greet(self, *rooms: ReferenceRoom, **fields: Any) -> Frame:
        """hello, its reply, ready; the hello."""
        hello = await self.hear("hello")
        await self.reply(hello)
        await self.say(ready(list(rooms), **fields))
        return hello

    async def stay(self) -> None:
        """Answer nothing but pings, until the client goes."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed:
            return

    async def close(self, code: int, reason: str = "") -> None:
        await self.socket.close(code, reason)

    def cut(self) -> None:
        """As if somebody pulled the plug."""
        self.socket.transport.abort()


Script = Callable[[Line], Awaitable[None]]
Refusal = tuple[int, dict[str, str]]


class Stage:
    """The server: its n-th connection plays the n-th script, the last one again and again."""

    def __init__(self, scripts: list[Script | Refusal]) -> None:
        self.scripts = scripts
        self.errors: list[BaseException] = []
        self.tokens: list[str] = []
        self.connections = 0
        self.url = ""

    def _next(self) -> Script | Refusal:
        return self.scripts[min(self.connections, len(self.scripts)) - 1]

    def admit(self, _socket: ServerConnection, request: Request) -> Response | None:
        self.connections += 1
        self.tokens.append(request.headers.get("Authorization", ""))
        script = self._next()
        if isinstance(script, tuple):
            return Response(script[0], "no", Headers(**script[1]), b"")
        return None

    async def play(self, socket: ServerConnection) -> None:
        script = self._next()
        assert not isinstance(script, tuple)
        try:
            await script(Line(socket))
        except ConnectionClosed:
            return
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.errors.append(error)


@asynccontextmanager
async def staged(*scripts: Script | Refusal) -> AsyncIterator[Stage]:
    """What goes wrong in a script fails the test at the end."""
    stage = Stage(list(scripts))
    async with serve(stage.play, "127.0.0.1", 0, process_request=stage.admit, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        stage.url = f"http://127.0.0.1:{port}"
        yield stage
    assert stage.errors == []


def address(stage: Stage) -> Address:
    return Address(stage.url)


@asynccontextmanager
async def client_of(stage: Stage, clock: FakeClock, **options: Any) -> AsyncIterator[Client]:
    """A client that is not started; its tokens are token-1, token-2, …."""
    count = 0

    async def token() -> str:
        nonlocal count
        count += 1
        return f"token-{count}"

    client = Client.with_token(stage.url, token, clock=clock, **options)
    try:
        yield client
    finally:
        await client.close()


async def flow(clock: FakeClock, until: Callable[[], bool], *, step: float = 0.05) -> None:
    """Let time pass, and the network work, until it holds."""
    while not until():
        clock.advance(step)
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.001)


async def flowing(clock: FakeClock, work: Awaitable[T]) -> T:
    """Await `work` while time passes."""
    task = asyncio.ensure_future(work)  # noqa: TID251 - awaited below
    await flow(clock, task.done)
    return await task
