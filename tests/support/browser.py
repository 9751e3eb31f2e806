"""A real Chromium without a window, and people who each have a browser of their own in it.

What the page writes into the console as an error, an exception in a script and a breach of the Content-Security-Policy
(which the browser writes there, too) fail the test. When one fails, there are pictures in build/screenshots.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from support.server import PASSWORD

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
PATIENCE = 15.0
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Site(Protocol):
    """A server: `support.server.RunningServer`, or a process."""

    @property
    def port(self) -> int: ...


def program() -> str | None:
    """The browser of this machine."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    return next(iter([*found, *(place for place in PLACES if Path(place).exists())]), None)


def wanted_program() -> str:
    """Its path. Without it the test is skipped, but in CI it fails."""
    found = program()
    if found is None:
        reason = "there is no Chromium: install it, or run `sh tools/browser`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@asynccontextmanager
async def chromium(path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


class Person:
    """Somebody at a browser: cookies, storage and tabs of their own."""

    def __init__(self, context: BrowserContext, page: Page, url: str, name: str) -> None:
        self.context, self.page, self.url, self.name = context, page, url, name
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def expects(self, pattern: str) -> None:
        """These complaints are part of the story (a server that is gone, a wrong password)."""
        self._expected.append(re.compile(pattern))

    async def tab(self) -> Page:
        """One more tab."""
        page = await self.context.new_page()
        self.watch(page)
        return page

    def watch(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "assert"):
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")

    @property
    def unexpected(self) -> list[str]:
        return [each for each in self.complaints if not any(known.search(each) for known in self._expected)]

    async def register(self, **fields: Any) -> dict[str, Any]:
        """An account of this name, with the cookie in this browser; the page was not asked. What the server said."""
        body = {"username": self.name, "password": PASSWORD, "cookie": True, **fields}
        path, own = f"{self.url}/api/v1/auth/register", {"Origin": self.url}
        answer = await self.context.request.post(path, data=body, headers=own)
        assert answer.ok, await answer.text()
        said: dict[str, Any] = await answer.json()
        return said

    async def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(self.context.pages):
            await page.screenshot(path=SCREENSHOTS / f"{name}-{self.name}-{number}.png")


@asynccontextmanager
async def person(browser: Browser, site: Site, name: str, **options: Any) -> AsyncIterator[Person]:
    """`name` with a tab on nothing yet. `options`: of the browser's context (`viewport`, `color_scheme`, …)."""
    url = f"http://127.0.0.1:{site.port}"
    context = await browser.new_context(base_url=url, reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE * 1000)
    somebody = Person(context, await context.new_page(), url, name)
    somebody.watch(somebody.page)
    try:
        yield somebody
        assert not somebody.unexpected, somebody.unexpected
    except BaseException:
        await somebody.picture(_test_name())
        raise
    finally:
        await context.close()


def _test_name() -> str:
    name = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" ")[0]
    return re.sub(r"[^\w-]+", "-", name).strip("-") or "test"


@asynccontextmanager
async def page_elsewhere(html: str = "<!doctype html><title>Elsewhere</title>") -> AsyncIterator[str]:
    """The address of a page on an origin of its own, without any policy."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):  # browsers open more lines than they need
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode() + html.encode())
            await writer.drain()
        writer.close()

    length = len(html.encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()  # and not `wait_closed`: the browser may keep a line for later
