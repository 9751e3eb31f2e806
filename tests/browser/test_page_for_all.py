"""The page at `/app/` for everybody: by keyboard alone, on small screens, in the dark, read aloud; and not for the
scripts of others.
"""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from support.browser import person
from support.chat_page import composer, faults, message, open_room, say, sign_up, stored, width
from support.server import RunningServer, running_server

ATTACKS = (
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "javascript:document.title='owned'//",
    "\"><svg onload=document.title='owned'>",
)
SMALL = {"width": 320, "height": 568}
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3


async def _busy(server: RunningServer) -> str:
    """A room with long names and words, links, code, right-to-left text, an answer and reactions; its id."""
    leila, max_ = await server.people("leila", "max")
    await leila.call("PATCH", "me", {"first_name": "ليلى", "last_name": "حسن"})
    await max_.call("PATCH", "me", {"first_name": "Maximilian" * 10, "last_name": "von und zu " * 10})
    room = await server.room(leila, max_, name="A room whose name is rather long and goes on and on and on")
    for who, body in (
        (leila, "مرحبا بالجميع! see https://example.org/" + "a" * 200),
        (max_, LONG),
        (leila, "```\nconst a = 1;\n```\nand `code`"),
        (max_, "word " * 3_000),
        (leila, "🎉"),
    ):
        await who.call("POST", f"rooms/{room}/messages", {"body": body})
    await max_.call("POST", f"rooms/{room}/messages", {"body": "Yes", "reply_to": 1})
    await max_.call("PUT", f"rooms/{room}/messages/1/reactions/👍")
    await leila.call("PATCH", f"rooms/{room}", {"slow_mode": 60})
    return room


async def test_nothing_that_is_said_is_run(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        ana.expects("409")  # what the invitation at the end gets
        page = await sign_up(ana)
        general = page.url.rpartition("/")[2]
        for number, attack in enumerate(ATTACKS):
            mallory = await server.register(f"mallory{number}")
            await mallory.call("PATCH", "me", {"first_name": attack, "last_name": attack})
            room = await server.room(mallory, name=f"{number} {attack}")
            await mallory.call("PATCH", f"rooms/{room}", {"title": attack, "description": attack})
            await mallory.call("POST", f"rooms/{general}/join")
            await mallory.call("POST", f"rooms/{general}/messages", {"body": attack})
            await mallory.call("POST", f"rooms/{room}/messages", {"body": attack})
            direct = await mallory.call("PUT", f"users/{await _id(server, 'ana')}/direct")
            await mallory.call("POST", f"rooms/{direct['id']}/messages", {"body": f"`{attack}` {attack}"})
            await expect(message(page, attack).first).to_contain_text(attack)
            await page.goto(f"/app/rooms/{room}")
            await expect(page.get_by_role("heading", level=1)).to_have_text(attack)
            await page.get_by_role("button", name="About this room").click()
            await expect(page.get_by_role("dialog")).to_contain_text(f"@mallory{number}")
            await page.keyboard.press("Escape")
            await page.goto(f"/app/rooms/{direct['id']}")
            await stored(page, attack)
            await page.goto(f"/app/rooms/{general}")
        await page.get_by_role("button", name="Find rooms").click()
        await expect(page.get_by_role("dialog").get_by_text(ATTACKS[0]).first).to_be_visible()
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Write to somebody").click()
        await expect(page.get_by_role("dialog").get_by_text(ATTACKS[0]).first).to_be_visible()
        await page.goto(f"/app/?invite={ATTACKS[0]}")
        assert "owned" not in await page.title()
        assert await page.locator("a[href^='javascript']").count() == 0
        assert await page.locator("img, iframe, body script, object, embed").count() == 0


async def _id(server: RunningServer, name: str) -> str:
    [asker] = await server.guests("asker")
    found = await asker.call("GET", f"users?q={name}")
    return str(next(user["id"] for user in found["items"] if user["username"] == name))


async def test_links_are_only_to_the_web(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        page = await sign_up(ana)
        await say(page, "see https://example.org/a?b=c#d. or javascript:alert(1) or data:text/html,x or file:///etc")
        link = page.locator(".message a")
        await expect(link).to_have_count(1)
        await expect(link).to_have_attribute("href", "https://example.org/a?b=c#d")
        await expect(link).to_have_attribute("rel", "noopener noreferrer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(browser: Browser, tmp_path: Path, scheme: str) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana", color_scheme=scheme) as ana:
        page = ana.page
        await page.goto("/app/")
        await page.get_by_role("button", name="Create account").click()
        assert await faults(page) == []
        await page.get_by_role("button", name="Sign in").click()
        assert await faults(page) == []
        room = await _busy(server)
        await page.goto("/app/")
        await sign_up(ana)
        await page.goto(f"/app/rooms/{room}")
        await page.get_by_role("main").get_by_role("button", name="Join").click()
        await say(page, "Hello @leila")
        await stored(page, "Hello @leila")
        await message(page, "Hello @leila").hover()
        assert await faults(page) == []
        for name in ("New room", "Find rooms", "Write to somebody", "Settings", "About this room"):
            await page.get_by_role("button", name=name, exact=True).click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            await expect(page.get_by_role("dialog").locator(".spinner")).to_have_count(0)
            assert await faults(page) == [], name
            await page.keyboard.press("Escape")


async def test_a_screen_of_320_pixels(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana", viewport=SMALL) as ana:
        page = ana.page
        await page.goto("/app/")
        assert await width(page) == SMALL["width"]
        room = await _busy(server)
        await page.get_by_label("Username").fill("ana")
        await page.get_by_label("Password").fill("correct horse battery")
        await page.get_by_role("button", name="Create account").click()
        await open_room(page, "general")
        await page.get_by_role("button", name="Back to the rooms").click()
        await expect(composer(page)).to_be_hidden()
        await page.goto(f"/app/rooms/{room}")
        await page.get_by_role("main").get_by_role("button", name="Join").click()
        await say(page, LONG)
        await expect(message(page, "Yes")).to_be_visible()
        await expect(page.get_by_text("Slow mode: one message every minute.")).to_be_visible()
        box = await composer(page).bounding_box()
        assert box is not None
        assert box["height"] < 50, "the room's long name stays in one line"
        assert await width(page) == SMALL["width"]
        wide = "(log) => log.scrollWidth - log.clientWidth"
        assert await page.get_by_role("log").evaluate(wide) == 0
        await page.get_by_role("button", name="About this room").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await width(page) == SMALL["width"]


async def test_the_keyboard_is_enough(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        page = ana.page
        keys = page.keyboard
        await page.goto("/app/")
        await keys.type("ana")
        await keys.press("Tab")
        await keys.type("correct horse battery")
        await keys.press("Enter")
        await expect(composer(page)).to_be_focused()
        await keys.type("one")
        await keys.press("Shift+Enter")
        await keys.type("two")
        await keys.press("Enter")
        await stored(page, "one\ntwo")
        await keys.type("three")
        await keys.press("Enter")
        await stored(page, "three")
        await keys.press("Shift+Tab")
        await expect(message(page, "three")).to_be_focused()
        await keys.press("ArrowUp")
        await expect(message(page, "one")).to_be_focused()
        await keys.press("Tab")
        await keys.press("Enter")
        await keys.press("Enter")
        await expect(message(page, "one").locator(".reaction")).to_have_attribute("aria-pressed", "true")
        await keys.press("Escape")
        await keys.press("Escape")
        await expect(composer(page)).to_be_focused()
        await keys.press("ArrowUp")
        await keys.type("!")
        await keys.press("Enter")
        await expect(message(page, "three! (edited)")).to_have_count(1)
        await expect(composer(page)).to_be_focused()
        await page.get_by_role("link", name="Skip").focus()
        await keys.press("Enter")
        await expect(composer(page)).to_be_focused()


async def test_enter_that_ends_a_composition_sends_nothing(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        page = await sign_up(ana)
        await composer(page).fill("にほん")
        await composer(page).evaluate(
            "(box) => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
        )
        await expect(composer(page)).to_have_value("にほん")
        await expect(page.locator(".message")).to_have_count(0)
        await page.reload()
        await expect(composer(page)).to_have_value("にほん")


async def test_the_theme_is_kept(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana", color_scheme="light") as ana:
        page = await sign_up(ana)
        ground = "() => getComputedStyle(document.documentElement).backgroundColor"
        light = await page.evaluate(ground)
        await page.get_by_role("button", name="Settings").click()
        await page.get_by_text("Dark", exact=True).click()
        dark = await page.evaluate(ground)
        assert dark != light
        await page.reload()
        await expect(composer(page)).to_be_visible()
        assert await page.evaluate(ground) == dark
