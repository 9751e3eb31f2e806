"""What somebody does at the page of `/app/`, in their words."""

from functools import cache
from typing import Any

from playwright.async_api import Locator, Page, expect

from support.browser import PATIENCE, ROOT, Person
from support.server import PASSWORD

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOST = "WebSocket|ERR_|Failed to load resource"
"""What Chromium writes into the console while a server is gone."""

expect.set_options(timeout=PATIENCE * 1000)


async def sign_up(somebody: Person) -> Page:
    """An account of this name, made at the page; a newcomer is in `general` then."""
    page = somebody.page
    await page.goto("/app/")
    await page.get_by_label("Username").fill(somebody.name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(composer(page)).to_be_visible()
    return page


async def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    await page.get_by_label("Username or email").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message ")


async def say(page: Page, text: str) -> None:
    await composer(page).fill(text)
    await composer(page).press("Enter")


def message(page: Page, text: str) -> Locator:
    """The rows of messages that say this."""
    return page.locator(".message", has=page.locator(".body", has_text=text))


async def stored(page: Page, text: str, patience: float = PATIENCE) -> None:
    """Wait until this message is there once, and is no post that waits. `patience`: seconds."""
    await expect(message(page, text)).to_have_count(1, timeout=patience * 1000)
    await expect(page.locator(".message:not(.waits)", has_text=text)).to_have_count(1, timeout=patience * 1000)


async def bodies(page: Page) -> list[str]:
    return await page.locator(".message .body").all_inner_texts()


async def open_room(page: Page, title: str) -> None:
    await page.get_by_role("navigation").get_by_role("link", name=title).click()
    await expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()


async def faults(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds wrong with the page as it is now."""
    await page.evaluate(f"() => {{ {_axe()} }}")
    options = {"runOnly": {"type": "tag", "values": RULES}}
    result: dict[str, Any] = await page.evaluate("(options) => axe.run(document, options)", options)
    return [
        {"rule": each["id"], "help": each["help"], "at": [node["html"][:160] for node in each["nodes"]][:3]}
        for each in result["violations"]
    ]


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


async def width(page: Page) -> int:
    """How wide the page is, in CSS pixels, also where it must be scrolled to."""
    return int(await page.evaluate("() => document.documentElement.scrollWidth"))
