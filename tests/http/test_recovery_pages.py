"""The links of mails, opened in a real browser: from a whole server, through a real mail server."""

from pathlib import Path

import pytest

from support.browser import PROGRAM, browser
from support.mail import mail_server, token_of
from support.server import PASSWORD, running_server

NEW_PASSWORD = "staple gun at dawn"
EMAIL = "ann@example.org"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PROGRAM, reason="there is no browser")]


async def test_both_links_in_a_browser(tmp_path: Path) -> None:
    async with (
        mail_server() as box,
        running_server(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}", public_url="https://chat.test") as server,
        browser(tmp_path) as page,
    ):
        address = f"http://127.0.0.1:{server.port}/auth"
        body = {"username": "ann", "password": PASSWORD, "email": EMAIL}
        tokens = (await server.http.post("/api/v1/auth/register", json=body)).json()["tokens"]
        mail = await box.newest(1)
        assert (mail["From"], mail["To"]) == ("tertulia@chat.test", EMAIL)
        assert f"https://chat.test/auth/confirm#token={token_of(mail)}" in mail.get_content()

        await page.open(f"{address}/confirm#token={token_of(mail)}")
        assert await page.run("location.href") == f"{address}/confirm"  # not in the history
        await page.run("document.querySelector('button').click()")
        await page.until("document.querySelector('[role=status]').textContent.startsWith('Done')")
        headers = {"Authorization": f"Bearer {tokens['access']}"}
        assert (await server.http.get("/api/v1/me", headers=headers)).json()["email_confirmed"] is True

        assert (await server.http.post("/api/v1/auth/forgot", json={"email": EMAIL})).status_code == 202
        link = f"{address}/reset#token={token_of(await box.newest(2))}"
        await page.open(link)
        for password, said in (("ann@example", "too much like"), (NEW_PASSWORD, "Done. Sign in")):
            await page.run(f"document.querySelector('form').elements.password.value = '{password}'")
            await page.run("document.querySelector('button').click()")
            await page.until(f"document.querySelector('[role=status]').textContent.includes('{said}')")
        assert await page.run("document.querySelector('form').checkVisibility()") is False
        assert (await server.http.get("/api/v1/me", headers=headers)).status_code == 401
        login = {"username": "ann", "password": NEW_PASSWORD}
        assert (await server.http.post("/api/v1/auth/login", json=login)).status_code == 200

        await page.open(link)
        await page.run("document.querySelector('form').elements.password.value = 'anything at all'")
        await page.run("document.querySelector('button').click()")
        await page.until("document.querySelector('[role=status]').textContent.includes('not good')")
        await page.open(f"{address}/reset")
        assert "not complete" in await page.text()
        refused = [text for text in page.complaints if "/api/v1/auth/reset" not in text]  # 400 and 409, as it should be
        assert refused == []
