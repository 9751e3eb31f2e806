"""Pictures of the page with the demo's people, into docs/images: `make screenshots`."""

import asyncio
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import Browser, Page, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.browser import chromium, person, program  # noqa: E402
from support.chat_page import composer, sign_in  # noqa: E402
from support.process import ServerProcess, server_process  # noqa: E402

IMAGES = ROOT / "docs" / "images"
WHO, ROOM = "ada", "Engineering"
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 640}, "color_scheme": "light", "device_scale_factor": 2},
}


async def main() -> None:
    path = program()
    if path is None:
        sys.exit("There is no Chromium: install it, or run `sh tools/browser`, and try again.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        password = await demo(Path(folder))
        async with server_process(Path(folder)) as server, chromium(path) as browser:
            for name, options in VIEWS.items():
                await take(browser, server, name, options, password)


async def demo(folder: Path) -> str:
    """Rooms and some days of talk; the password of `WHO`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tertulia", "demo", "--messages", "400", "--data-dir", str(folder / "data")),
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    said = (await process.communicate())[0].decode()
    found = re.search(rf"\b{WHO}\s+│\s+(\S+)\s", said)
    if process.returncode or found is None:
        sys.exit(f"The demo could not be made:\n{said}")
    return found.group(1)


async def take(browser: Browser, server: ServerProcess, name: str, options: dict[str, Any], password: str) -> None:
    """The page of who is not signed in, the list of rooms, and a room."""
    async with person(browser, server, WHO, **options) as ada:
        page = ada.page
        await page.goto("/app/")
        switch = page.get_by_role("button", name="Sign in", exact=True)  # a newcomer is first asked to sign up
        await expect(switch).to_be_visible()
        await picture(page, name, "entry")
        await switch.click()
        await sign_in(page, WHO, password)
        room = page.get_by_role("link", name=re.compile(ROOM)).first
        await expect(room).to_be_visible()
        await picture(page, name, "rooms")
        await room.click()
        await expect(composer(page)).to_be_visible()
        await picture(page, name, "room")


async def picture(page: Page, view: str, what: str) -> None:
    await page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    await page.screenshot(path=IMAGES / f"{what}-{view}.png", animations="disabled", caret="hide")
    print(f"docs/images/{what}-{view}.png")


if __name__ == "__main__":
    asyncio.run(main())
