"""A receiver of webhooks: a real HTTP server on a free port, that answers as a test says."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from support.waiting import Signal


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def id(self) -> str:
        return self.headers["tertulia-delivery"]


Answer = Callable[[Received], int | bytes]
"""A status, or the whole answer as it goes over the line."""


class Receiver:
    """`received`: all requests, in the order in which they came. `answer` says what each gets."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self.lines = 0
        self.written = 0
        self.port = 0
        self.gate: asyncio.Event | None = None
        self.endless: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
        self._signal = Signal()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def events(self) -> list[str]:
        return [one.json["event"] for one in self.received]

    async def count(self, number: int) -> list[Received]:
        """All that came, once there are `number`."""
        await self._signal.until(lambda: len(self.received) >= number)
        return self.received

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._exchange(reader, writer)
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        one = Received(head[0].split(" ")[1], headers, body)
        answer = self.answer(one)
        self.received.append(one)
        self._signal.set()
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(answer, int):
            answer = f"HTTP/1.1 {answer} X\r\nContent-Length: 2\r\n\r\nok".encode()
        writer.write(answer)
        await writer.drain()
        if self.endless is not None:
            await self.endless(writer)


@asynccontextmanager
async def receiver(answer: Answer = lambda _: 200, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Started, and stopped at the end."""
    here = Receiver(answer)
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await here.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            running.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
