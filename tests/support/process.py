"""A real server process, as an operator starts it; for what cannot be proved within one process."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from support.forks import forks
from support.web import plain_client
from tertulia.clock import SystemClock

GENEROUS = {
    "TERTULIA_POST_RATE": "10000",
    "TERTULIA_POST_BURST": "100000",
    "TERTULIA_COMMAND_RATE": "10000",
    "TERTULIA_REGISTRATIONS_PER_MINUTE": "100000",
    "TERTULIA_LOGINS_PER_MINUTE": "100000",
    "TERTULIA_REQUESTS_PER_MINUTE": "1000000",
    "TERTULIA_LOG_LEVEL": "warning",
}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class ServerProcess:
    """`tertulia serve` on one port and one data directory, started and killed as often as wanted."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, **GENEROUS, **environment}
        self.process: int | None = None

    async def start(self) -> None:
        """Return when it says that it listens."""
        assert self.process is None
        self.process = forks().start(
            *("serve", "--port", str(self.port), "--data-dir", str(self.directory / "data")),
            folder=self.directory,
            variables=self.environment,
        )
        async with asyncio.timeout(30), plain_client(self.url) as http:
            while not await self._answers(http):
                await SystemClock().sleep(0.01)

    async def _answers(self, http: httpx.AsyncClient) -> bool:
        """Ready, not only listening: at first it may still make its database."""
        try:
            return (await http.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    async def end(self, how: signal.Signals) -> int | None:
        """Send a signal and wait until the process is gone: how it ended; None if none was there."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        os.kill(process, how)
        async with asyncio.timeout(20):
            return await forks().wait(process)

    async def kill(self) -> None:
        """`kill -9`: no goodbye, nothing flushed."""
        await self.end(signal.SIGKILL)


@asynccontextmanager
async def server_process(directory: Path, **environment: str) -> AsyncIterator[ServerProcess]:
    """Started; killed at the end, if it still runs."""
    server = ServerProcess(directory, **environment)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()
