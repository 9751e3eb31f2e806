"""A real browser without a window, driven over its debugging protocol."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tertulia.clock import SystemClock

PATIENCE = 20.0
PROGRAM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")


class Page:
    """A tab."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._ids = count(1)
        self.complaints: list[str] = []

    async def call(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        await self._line.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(await self._line.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _note(self, event: Any) -> None:
        entry = event.get("params", {}).get("entry", {"level": "error"})
        if event.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"} and entry["level"] == "error":
            self.complaints.append(json.dumps(event["params"]))

    async def run(self, script: str) -> Any:
        """What the expression is."""
        found = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, userGesture=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until the expression is true."""
        async with asyncio.timeout(PATIENCE):
            while not await self.run(script):
                await SystemClock().sleep(0.02)

    async def open(self, url: str) -> None:
        await self.call("Page.navigate", url="about:blank")  # else a new fragment would load nothing
        await self.call("Page.navigate", url=url)
        await self.until("location.href !== 'about:blank' && document.readyState === 'complete'")

    async def text(self) -> str:
        return str(await self.run("document.body.innerText"))


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder / 'browser'}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(folder)},
    )
    try:
        port = await _port(process)
        async with connect(f"ws://127.0.0.1:{port}{await _first_tab(port)}", max_size=None) as line:
            page = Page(line)
            for domain in ("Page", "Runtime", "Log"):
                await page.call(f"{domain}.enable")
            yield page
    finally:
        process.terminate()
        await process.communicate()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        while line := await process.stderr.readline():
            if b"DevTools listening on" in line:
                return int(line.split(b"ws://")[1].split(b"/")[0].rsplit(b":", 1)[1])
    raise AssertionError("the browser does not start")


async def _first_tab(port: int) -> str:
    async with httpx.AsyncClient() as http:
        tabs = (await http.get(f"http://127.0.0.1:{port}/json/list")).json()
    [address] = [tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"]
    return "/" + str(address).split("/", 3)[3]
