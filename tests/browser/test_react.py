"""`tertulia/react` in apps of somebody else's, on an origin of their own."""

import json
import re
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect

from support.browser import Person, person
from support.chat_page import LOST
from support.process import server_process
from support.react_site import ROOT, build, copy_of_the_example, fresh_app, install, served
from support.server import PASSWORD, running_server


async def test_two_people_talk_in_the_example(browser: Browser, tmp_path: Path) -> None:
    folder = copy_of_the_example(tmp_path / "example")
    async with running_server(tmp_path) as server:
        url = f"http://127.0.0.1:{server.port}"
        await install(folder, url)
        async with (
            served(await build(folder, url)) as site,
            person(browser, server, "ana") as ana,
            person(browser, server, "ben") as ben,
        ):
            here, there = await _enter(ana, site, "Sign up"), await _enter(ben, site, "Sign up")
            for page in (here, there):
                await page.get_by_role("button", name="Join general").click()
            await _say(here, "Is anybody here?")
            await expect(_log(there)).to_contain_text("ana Is anybody here?")
            await there.get_by_label("Message").press_sequentially("We")
            await expect(here.get_by_text("ben typing")).to_be_visible()
            await there.get_by_label("Message").press("Enter")
            await expect(_log(here)).to_contain_text("ben We")
            await expect(here.get_by_text("ben typing")).to_be_hidden()

            there = await _enter(ben, site, "Sign in")
            await _say(here, "Come back!")
            await expect(there.get_by_role("button", name="general")).to_have_text("general 1")
            await expect(there.get_by_role("status")).to_have_text("1 unread")
            await there.get_by_role("button", name="general").click()
            await expect(_log(there)).to_contain_text("Come back!")
            await expect(there.get_by_role("status")).to_have_text("0 unread")
            await there.get_by_role("button", name="Sign out ben").click()
            await expect(there.get_by_role("button", name="Sign in")).to_be_visible()


async def test_the_code_of_the_readme_is_a_chat(browser: Browser, tmp_path: Path) -> None:
    """And what was written while the server was gone arrives, once."""
    async with server_process(tmp_path) as server, person(browser, server, "mia") as mia:
        folder = fresh_app(tmp_path / "my-chat")
        for name in ("src/chat.js", "src/App.jsx"):
            (folder / name).write_text(_block(name).replace("http://127.0.0.1:8000", server.url))
        await install(folder, server.url)
        [account] = re.findall(r"-d '(.*)'", _block("account"))
        answer = await mia.context.request.post(f"{server.url}/api/v1/auth/register", data=json.loads(account))
        assert answer.ok, await answer.text()
        async with served(await build(folder, server.url)) as site:
            page, log = mia.page, mia.page.locator("form p")
            await page.goto(site)
            await page.get_by_role("button", name="Join general").click()
            await _write(page, "Hello!")
            await expect(log.first).to_have_text("mia Hello! ")
            mia.expects(LOST)
            await server.kill()
            await expect(page.locator("p").first).not_to_have_text("online")
            await _write(page, "Anybody?")
            await expect(log.nth(1)).to_have_text(" Anybody? pending")
            await server.start()
            await expect(log.nth(1)).to_have_text("mia Anybody? ")
            await expect(log).to_have_count(3)  # the last one says who types
            await expect(page.locator("p").first).to_have_text("online")


async def _write(page: Page, text: str) -> None:
    await page.get_by_placeholder("Message").fill(text)
    await page.get_by_placeholder("Message").press("Enter")
    await expect(page.get_by_placeholder("Message")).to_have_value("")


def _block(mark: str) -> str:
    """What the README says to put there."""
    [found] = re.findall(rf"<!-- react: {mark} -->\n```\w+\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert isinstance(found, str)
    return found


async def _enter(who: Person, site: str, way: str) -> Page:
    """On a page that was just loaded."""
    await who.page.goto(site)
    await who.page.get_by_label("Name").fill(who.name)
    await who.page.get_by_label("Password").fill(PASSWORD)
    await who.page.get_by_role("button", name=way).click()
    await expect(who.page.get_by_role("status")).to_contain_text("unread")
    return who.page


def _log(page: Page) -> Locator:
    return page.get_by_role("list").last


async def _say(page: Page, text: str) -> None:
    await page.get_by_label("Message").fill(text)
    await page.get_by_label("Message").press("Enter")
    await expect(_log(page)).to_contain_text(text)
