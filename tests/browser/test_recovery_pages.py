"""The links of mails, opened in a real browser: from a whole server, through a real mail server."""

from pathlib import Path

from playwright.async_api import Browser, expect

from support.browser import person
from support.mail import mail_server, token_of
from support.server import PASSWORD, running_server

NEW_PASSWORD = "staple gun at dawn"
EMAIL = "ann@example.org"


async def test_both_links_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    async with (
        mail_server() as box,
        running_server(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}", public_url="https://chat.test") as server,
        person(browser, server, "ann") as ann,
    ):
        page = ann.page
        form, button, status = page.locator("form"), page.get_by_role("button"), page.get_by_role("status")
        body = {"username": "ann", "password": PASSWORD, "email": EMAIL}
        tokens = (await server.http.post("/api/v1/auth/register", json=body)).json()["tokens"]
        mail = await box.newest(1)
        assert (mail["From"], mail["To"]) == ("tertulia@chat.test", EMAIL)
        assert f"https://chat.test/auth/confirm#token={token_of(mail)}" in mail.get_content()

        await page.goto(f"/auth/confirm#token={token_of(mail)}")
        assert page.url == f"{ann.url}/auth/confirm"  # not in the history
        await button.click()
        await expect(status).to_contain_text("Done")
        headers = {"Authorization": f"Bearer {tokens['access']}"}
        assert (await server.http.get("/api/v1/me", headers=headers)).json()["email_confirmed"] is True

        assert (await server.http.post("/api/v1/auth/forgot", json={"email": EMAIL})).status_code == 202
        link = f"/auth/reset#token={token_of(await box.newest(2))}"
        await page.goto(link)
        ann.expects("/api/v1/auth/reset")  # 400 and 409, as it should be
        for password, said in (("ann@example", "too much like"), (NEW_PASSWORD, "Done. Sign in")):
            await page.locator("[name=password]").fill(password)
            await button.click()
            await expect(status).to_contain_text(said)
        await expect(form).to_be_hidden()
        assert (await server.http.get("/api/v1/me", headers=headers)).status_code == 401
        login = {"username": "ann", "password": NEW_PASSWORD}
        assert (await server.http.post("/api/v1/auth/login", json=login)).status_code == 200

        await page.goto("about:blank")  # else a new fragment would load nothing
        await page.goto(link)
        await page.locator("[name=password]").fill("anything at all")
        await button.click()
        await expect(status).to_contain_text("not good")
        await page.goto("about:blank")
        await page.goto("/auth/reset")
        await expect(page.locator("body")).to_contain_text("not complete")
