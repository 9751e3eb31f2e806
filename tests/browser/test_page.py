"""The page at `/app/`, by people in a real Chromium."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from support.browser import person
from support.chat_page import LOST, bodies, composer, faults, message, open_room, say, sign_in, sign_up, stored
from support.pictures import plain
from support.process import server_process
from support.server import PATIENCE, running_server
from support.wire import Frame

WAITING = "navigator.locks.query().then(({ pending }) => pending.length > 0)"
BACK_OFF = 45.0
"""Seconds within which who was cut off has tried again: 30 at most, and some for a slow machine."""


async def test_two_people_talk(browser: Browser, tmp_path: Path) -> None:
    async with (
        running_server(tmp_path) as server,
        person(browser, server, "ana") as ana,
        person(browser, server, "ben") as ben,
    ):
        here, there = await sign_up(ana), await sign_up(ben)
        await say(here, "Is anybody here?")
        await stored(there, "Is anybody here?")
        await composer(there).press_sequentially("We all")
        await expect(here.get_by_text("ben is typing")).to_be_visible()
        await composer(there).press("Enter")
        await stored(here, "We all")
        await expect(here.get_by_text("ben is typing")).to_be_hidden()
        await message(here, "We all").hover()
        await here.get_by_role("button", name="React").click()
        await here.get_by_role("button", name="Party").click()
        await expect(there.locator(".reaction")).to_have_text("🎉1")
        await composer(there).press("ArrowUp")
        await there.get_by_label("Edit message").fill("We all are")
        await there.keyboard.press("Enter")
        await expect(message(here, "We all are (edited)")).to_have_count(1)
        await message(here, "We all are").hover()
        await here.get_by_role("button", name="Reply").click()
        await say(here, "Coffee?")
        await expect(message(there, "Coffee?").locator(".reply-to")).to_contain_text("We all are")
        await message(here, "Coffee?").hover()
        await here.get_by_role("button", name="Delete").click()
        await here.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(there.get_by_text("This message was deleted.")).to_be_visible()


async def test_people_are_shown_with_the_pictures_that_they_uploaded(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        page = await sign_up(ana)
        [ben] = await server.people("ben")
        headers = {**ben.headers, "content-type": "image/png"}
        uploaded = await server.http.put("/api/v1/me/avatar", content=plain(), headers=headers)
        assert uploaded.status_code == 200
        room = page.url.rpartition("/")[2]
        await ben.call("POST", f"rooms/{room}/join")
        await ben.call("POST", f"rooms/{room}/messages", {"body": "Here I am"})
        await stored(page, "Here I am")
        picture = message(page, "Here I am").locator(".avatar img")
        await expect(picture).to_have_js_property("naturalWidth", 36)  # it was loaded, at the size of its place
        await ben.call("DELETE", "me/avatar")
        await page.reload()
        await expect(message(page, "Here I am").locator(".avatar")).to_have_text("B")
        await expect(picture).to_have_count(0)


async def test_rooms_are_made_found_and_opened(browser: Browser, tmp_path: Path) -> None:
    async with (
        running_server(tmp_path) as server,
        person(browser, server, "ana") as ana,
        person(browser, server, "ben") as ben,
    ):
        here, there = await sign_up(ana), await sign_up(ben)
        await here.get_by_role("button", name="New room").click()
        await here.get_by_label("Name", exact=True).fill("Slow reading")
        await here.get_by_role("button", name="Make the room").click()
        await expect(here.get_by_role("heading", level=1, name="Slow reading")).to_be_visible()
        await there.get_by_role("button", name="Find rooms").click()
        await there.get_by_role("searchbox", name="Search public rooms").fill("slow")
        await there.get_by_role("button", name="Join Slow reading").click()
        await expect(there.get_by_role("heading", level=1, name="Slow reading")).to_be_visible()
        await say(there, "What are we reading?")
        await stored(here, "What are we reading?")
        await here.get_by_role("button", name="Write to somebody").click()
        await here.get_by_role("searchbox", name="Search by name").fill("ben")
        await here.get_by_role("dialog").get_by_role("button", name="ben").click()
        await expect(here.get_by_role("heading", level=1, name="ben")).to_be_visible()
        await say(here, "@ben psst")
        await expect(there.get_by_role("link", name="ana 1 unread")).to_be_visible()
        await expect(there).to_have_title("(1) Slow reading · Tertulia")
        await open_room(there, "ana")
        await stored(there, "@ben psst")
        await expect(there).to_have_title("ana · Tertulia")
        await there.go_back()
        await expect(there.get_by_role("heading", level=1, name="Slow reading")).to_be_visible()
        await there.reload()
        await stored(there, "What are we reading?")


async def test_what_was_not_sent_survives_a_reload(browser: Browser, tmp_path: Path) -> None:
    async with server_process(tmp_path) as server, person(browser, server, "ana") as ana:
        ana.expects(LOST)
        page = await sign_up(ana)
        await say(page, "before")
        await stored(page, "before")
        await server.kill()
        await say(page, "while nobody listens")
        await expect(page.get_by_text("Connection lost. Your messages are kept and will be sent.")).to_be_visible()
        await expect(page.locator(".message.waits")).to_have_count(1)
        await server.start()
        await page.reload()
        await stored(page, "while nobody listens")
        assert await bodies(page) == ["before", "while nobody listens"]


@pytest.mark.timeout(180)
async def test_a_killed_server_comes_back(browser: Browser, tmp_path: Path) -> None:
    async with (
        server_process(tmp_path) as server,
        person(browser, server, "ana") as ana,
        person(browser, server, "ben") as ben,
    ):
        for one in (ana, ben):
            one.expects(LOST)
        here, there = await sign_up(ana), await sign_up(ben)
        await say(here, "one")
        await stored(there, "one")
        await server.kill()
        await say(here, "two")
        await say(here, "three")
        await expect(here.get_by_text("Next try in")).to_be_visible()
        assert await faults(here) == []
        async with here.expect_event("websocket"):
            await here.get_by_role("button", name="Try now").click()
        await server.start()
        await stored(there, "three", BACK_OFF)
        await stored(here, "three", BACK_OFF)
        await expect(here.get_by_text("Connection lost")).to_be_hidden()
        await expect(composer(here)).to_be_focused()
        assert await bodies(here) == await bodies(there) == ["one", "two", "three"]


async def test_two_tabs_renew_once_and_sign_out_together(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        first = await sign_up(ana)
        asked: list[str] = []

        both = asyncio.Event()

        async def count(route: Route) -> None:
            asked.append(route.request.url)
            await both.wait()
            await route.continue_()

        await ana.context.route("**/auth/refresh", count)
        second = await ana.tab()
        await asyncio.gather(first.reload(), second.goto("/app/"))
        async with asyncio.timeout(PATIENCE):
            while not await first.evaluate(WAITING):  # the other one, until this one has the token
                pass
        both.set()
        for tab in (first, second):
            await expect(composer(tab)).to_be_visible()
        assert len(asked) == 1
        await say(second, "from the second")
        await stored(first, "from the second")
        await first.get_by_role("button", name="Settings").click()
        await first.get_by_role("button", name="Sign out").click()
        for tab in (first, second):
            await expect(tab.get_by_role("heading", name="Welcome back")).to_be_visible()


async def test_errors_stand_beside_their_field(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        ana.expects("40[019]")
        await server.register("ana")
        page = ana.page
        await page.goto("/app/")
        await page.get_by_role("button", name="Create account").click()
        await expect(page.get_by_label("Username")).to_have_attribute("aria-invalid", "true")
        await page.get_by_label("Username").fill("ben")
        await page.get_by_label("Password").fill("short")
        await page.get_by_role("button", name="Create account").click()
        await expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_label("Password")).to_be_focused()
        await page.get_by_label("Username").fill("ana")
        await page.get_by_label("Password").fill("correct horse battery")
        await page.get_by_role("button", name="Create account").click()
        await expect(page.get_by_label("Username")).to_have_accessible_description(
            "Choose another username: somebody has this one."
        )
        await page.get_by_role("button", name="Sign in").click()
        await sign_in(page, "ana", "not the password")
        await expect(page.get_by_role("alert")).to_contain_text("password")
        await sign_in(page, "ana")
        await expect(page.get_by_role("button", name="Find a room")).to_be_visible()


@pytest.mark.parametrize("way", ["invite", "closed"])
async def test_registration_that_is_not_open(browser: Browser, tmp_path: Path, way: str) -> None:
    async with running_server(tmp_path, registration=way) as server, person(browser, server, "ana") as ana:
        ana.expects("403|409")
        page = ana.page
        await page.goto("/app/?invite=nonsense" if way == "invite" else "/app/")
        await page.get_by_label("Username").fill("ana")
        await page.get_by_label("Password").fill("correct horse battery")
        await page.get_by_role("button", name="Create account").click()
        if way == "closed":
            await expect(page.get_by_role("alert")).to_be_visible()
        else:
            await expect(page.get_by_label("Invitation code")).to_have_value("nonsense")
            await expect(page.get_by_label("Invitation code")).to_have_attribute("aria-invalid", "true")


async def test_history_comes_on_scroll_and_keeps_its_place(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        page = await sign_up(ana)
        ben = await server.register("ben")
        general = page.url.rpartition("/")[2]
        await ben.call("POST", f"rooms/{general}/join")
        await page.goto("/about")
        for number in range(170):
            await ben.call("POST", f"rooms/{general}/messages", {"body": f"line {number} of the talk"})
        await page.goto("/app/")
        await expect(page.get_by_role("log").get_by_text("170 new messages")).to_be_in_viewport()
        await expect(message(page, "line 0 of the talk")).to_be_in_viewport()
        async with ben.socket() as watch:
            await page.get_by_role("button", name="170 new messages").click()
            await expect(message(page, "line 169 of the talk")).to_be_in_viewport()
            await page.goto("/about")  # what was read a moment ago is read
            await watch.until(lambda frame: _everything_read(frame, ben.id, 170))
        await page.goto("/app/")
        await stored(page, "line 169 of the talk")
        await expect(page.get_by_role("log").get_by_text("new messages")).to_have_count(0)
        await expect(page.get_by_role("button", name="Jump to newest")).to_be_hidden()
        assert await faults(page) == []
        await page.get_by_role("log").evaluate("(log) => log.scrollTo(0, 200)")
        seen = message(page, "line 122 of the talk")
        before = await _top(page, "line 122 of the talk")
        await expect(message(page, "line 75 of the talk")).to_have_count(1)
        assert abs(await _top(page, "line 122 of the talk") - before) <= 2
        await expect(seen).to_be_in_viewport()
        await ben.call("POST", f"rooms/{general}/messages", {"body": "news"})
        await expect(page.get_by_role("button", name="1 new message")).to_be_visible()
        assert abs(await _top(page, "line 122 of the talk") - before) <= 2
        await page.get_by_role("button", name="1 new message").click()
        await expect(message(page, "news")).to_be_in_viewport()
        await expect(page.get_by_role("button", name="new message")).to_be_hidden()


def _everything_read(frame: Frame, writer: str, upto: int) -> bool:
    """Whether this tells that another than the writer has read all of it."""
    receipts = frame.get("receipts", []) if frame.get("ev") == "receipt" else []
    return any(each["user"] != writer and each["read_index"] >= upto for each in receipts)


async def _top(page: Page, text: str) -> float:
    box = await message(page, text).bounding_box()
    assert box is not None
    return box["y"]


async def test_who_must_wait_knows_and_loses_nothing(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        page = await sign_up(ana)
        owner = await server.register("owner")
        room = await server.room(owner, name="slow")
        await owner.call("PATCH", f"rooms/{room}", {"slow_mode": 3600})
        await page.goto(f"/app/rooms/{room}")
        await page.get_by_role("main").get_by_role("button", name="Join").click()
        await say(page, "first")
        await stored(page, "first")
        await expect(page.get_by_text("You can send the next one in 60 min.")).to_be_visible()
        await say(page, "second")
        await expect(page.get_by_role("alert")).to_contain_text("It is kept.")
        await expect(composer(page)).to_have_value("second")
        await owner.call("PATCH", f"rooms/{room}", {"title": "snail"})  # the page is not sure any more
        await expect(page.get_by_text("You can send the next one in")).to_be_hidden()
        await composer(page).press("Enter")
        await expect(page.get_by_text("Not sent.")).to_be_visible()
        await expect(page.get_by_text("You can send the next one in 60 min.")).to_be_visible()
        await page.get_by_role("button", name="Try again").click()
        await expect(page.get_by_text("Not sent.")).to_be_visible()
        await page.get_by_role("button", name="Discard").click()
        await expect(message(page, "second")).to_have_count(0)
        await composer(page).fill("third")
        ana_id = (await owner.call("GET", "users?q=ana"))["items"][0]["id"]
        await owner.call("PUT", f"rooms/{room}/members/{ana_id}/mute", {"seconds": 2})
        await expect(page.get_by_text("You are muted here until")).to_be_visible()
        await expect(composer(page)).to_have_value("third")
        await expect(composer(page)).to_be_focused()
        await owner.call("PATCH", f"rooms/{room}", {"archived": True})
        await expect(page.get_by_text("This room is archived")).to_be_visible()
        await owner.call("PATCH", f"rooms/{room}", {"archived": False})
        await expect(composer(page)).to_have_value("third")


async def test_a_room_that_is_not_there(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        page = await sign_up(ana)
        await page.goto("/app/rooms/0197a1b0-0000-7000-8000-00000000000a")
        await expect(page.get_by_role("heading", name="This room is not here")).to_be_visible()
        await page.get_by_role("button", name="To my rooms").click()
        await expect(page.get_by_role("heading", level=1, name="general")).to_be_visible()
