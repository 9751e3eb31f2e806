"""The page of the dialect channels, by people in a real Chromium."""

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from support.browser import Person, person
from support.chat_page import faults, width
from support.quick import quick_passwords
from support.server import PASSWORD, running_server

ROOT = "/compat/channels"
NARROW, WIDE = {"width": 320, "height": 640}, {"width": 1100, "height": 700}
UNSAFE = "<img src=x onerror=alert(1)><script>document.title='stolen'</script>"


async def enter(somebody: Person, button: str) -> Page:
    """Through the form: a name and the password of all tests."""
    page = somebody.page
    await page.get_by_label("Username", exact=True).fill(somebody.name)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.locator("#entry").get_by_role("button", name=button).click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


async def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Message")
    await box.fill(text)
    await box.press("Enter")


async def test_two_people_talk_at_the_page_of_channels(browser: Browser, tmp_path: Path) -> None:
    async with (
        running_server(tmp_path, dialects="channels") as server,
        person(browser, server, "ana", viewport=WIDE) as ana,
        person(browser, server, "ben", viewport=NARROW, color_scheme="dark") as ben,
    ):
        quick_passwords(server.application)
        await ana.page.goto(ROOT)  # without the slash
        await expect(ana.page).to_have_url(f"{ana.url}{ROOT}/")
        assert await faults(ana.page) == []
        here = await enter(ana, "Create account")
        await ben.page.goto(f"{ROOT}/")
        assert await faults(ben.page) == []
        await ben.page.get_by_role("button", name="Sign in").click()
        there = await enter(ben, "Create account")

        await here.get_by_text("New room").click()
        assert await faults(here) == []
        await here.get_by_label("Name", exact=True).fill("Slow reading")
        await here.get_by_label("Only for").fill("ben")
        await here.get_by_role("button", name="Make the room").click()
        await expect(here.get_by_role("heading", name="Slow reading")).to_be_visible()
        await there.reload()  # still signed in
        await there.get_by_role("button", name="Slow reading").click()
        await expect(there.locator("#people")).to_have_text("ana, ben")

        await say(here, UNSAFE)
        await say(there, "Hello, ana")
        for page in (here, there):
            await expect(page.locator("#messages li")).to_have_count(2)
            await expect(page.locator("#messages .text").first).to_have_text(UNSAFE)
            await expect(page.locator("#messages b")).to_have_text(["ana", "ben"])
            assert await page.title() == "Slow reading · Channels"
            assert await faults(page) == []
        assert await width(there) == NARROW["width"]

        await sign_out_and_in_again(ben)


async def sign_out_and_in_again(somebody: Person) -> None:
    """In a room that is not open to everybody."""
    page = somebody.page
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="general")).to_be_visible()
    await expect(page.get_by_role("button", name="Slow reading")).to_have_count(0)
    await page.get_by_role("button", name="general").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_hidden()
    somebody.expects("401")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Username", exact=True).fill(somebody.name)
    await page.get_by_label("Password", exact=True).fill("wrong")
    await page.locator("#entry").get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("Invalid username/password.")
    assert await faults(page) == []
    await enter(somebody, "Sign in")
    await expect(page.get_by_role("alert")).to_be_hidden()
