"""What the server hands to browsers, in one."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from support.browser import page_elsewhere, person
from support.server import RunningServer, running_server

IMPORT = "async (url) => Object.keys(await import(url)).sort()"


async def test_the_first_address_is_the_page(browser: Browser, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, person(browser, server, "ana") as ana:
        await ana.page.goto(f"{ana.url}/")
        assert ana.page.url.startswith(f"{ana.url}/app/")
        assert "Tertulia" in await ana.page.title()


@pytest.mark.parametrize("where", ["own", "foreign"])
async def test_the_library_is_imported(browser: Browser, tmp_path: Path, where: str) -> None:
    async with (
        running_server(tmp_path) as server,
        page_elsewhere() as elsewhere,
        person(browser, server, "ana") as ana,
    ):
        await ana.page.goto(f"{ana.url}/about" if where == "own" else elsewhere)
        found = await ana.page.evaluate(IMPORT, f"{ana.url}/client/tertulia.js")
        assert {"createClient", "createSession", "TertuliaError"} <= set(found)


async def test_the_cookie_in_a_real_browser(browser: Browser, tmp_path: Path) -> None:
    """The browser says itself that a page is of the same origin, also under our Referrer-Policy; no script sees it."""
    call = """async ([path, body]) => {
        const answer = await fetch(path, {
            method: "POST",
            headers: body ? { "Content-Type": "application/json" } : {},
            body: body && JSON.stringify(body),
            credentials: "include",
        });
        return answer.status;
    }"""
    async with (
        running_server(tmp_path) as server,
        page_elsewhere() as elsewhere,
        person(browser, server, "ana") as ana,
    ):
        page = ana.page
        await page.goto(f"{ana.url}/about")
        body = {"username": "ana", "password": "correct horse battery", "cookie": True}
        assert await page.evaluate(call, ["/api/v1/auth/register", body]) == 201
        assert await page.evaluate("document.cookie") == ""
        [cookie] = await ana.context.cookies(f"{ana.url}/api/v1/auth/refresh")
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/api/v1/auth/")
        assert await ana.context.cookies(f"{ana.url}/api/v1/me") == []
        assert await page.evaluate(call, ["/api/v1/auth/refresh", None]) == 200
        await page.reload()
        assert await page.evaluate(call, ["/api/v1/auth/refresh", None]) == 200
        ana.expects("CORS|ERR_FAILED")
        other = await ana.tab()
        await other.goto(elsewhere)  # the same site, for which SameSite does nothing: other port, allowed by default
        refused = await other.evaluate(
            "async (url) => fetch(url, {method: 'POST', credentials: 'include'}).then(() => 'read', () => 'unread')",
            f"{ana.url}/api/v1/auth/logout",
        )
        assert refused == "unread"
        assert await page.evaluate(call, ["/api/v1/auth/refresh", None]) == 200
        assert await page.evaluate(call, ["/api/v1/auth/logout", None]) == 204
        assert await page.evaluate(call, ["/api/v1/auth/refresh", None]) == 204


async def visit(browser: Browser, server: RunningServer, script: str) -> None:
    async with person(browser, server, "ana") as ana:
        await ana.page.goto("/about")
        async with ana.page.expect_event("console"):
            await ana.page.evaluate(f"() => {{ {script} }}")


@pytest.mark.parametrize("script", ["console.error('oh')", "fetch('http://x.test').catch(() => 0)"])
async def test_complaints_fail_a_test(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr("support.browser.SCREENSHOTS", tmp_path / "pictures")
    async with running_server(tmp_path) as server:
        with pytest.raises(AssertionError, match=r"oh|Content Security Policy"):
            await visit(browser, server, script)
    assert len(list((tmp_path / "pictures").iterdir())) == 1
