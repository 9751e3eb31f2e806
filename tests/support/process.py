"""A real server process, as an operator starts it; for what cannot be proved within one process."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

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
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return when it says that it listens."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tertulia", "serve"),
            *("--port", str(self.port), "--data-dir", str(self.directory / "data")),
            env=self.environment,
            cwd=self.directory,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        async with asyncio.timeout(30):
            while not await self._answers():
                assert self._process.returncode is None, "the server ended at its start"
                await asyncio.wait({asyncio.ensure_future(self._process.wait())}, timeout=0.02)  # noqa: TID251

    async def _answers(self) -> bool:
        """Ready, not only listening: at first it may still make its database."""
        try:
            async with httpx.AsyncClient(trust_env=False) as http:
                return (await http.get(f"{self.url}/readyz")).is_success
        except httpx.TransportError:
            return False

    async def end(self, how: signal.Signals) -> None:
        """Send a signal and wait until the process is gone."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
            async with asyncio.timeout(20):
                await self._process.wait()

    async def kill(self) -> None:
        """`kill -9`: no goodbye, nothing flushed."""
        await self.end(signal.SIGKILL)


@asynccontextmanager
async def server_process(directory: Path, **environment: str) -> AsyncIterator[ServerProcess]:
    """Started; killed at the end, if it still runs."""
    server = ServerProcess(directory, **environment)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
