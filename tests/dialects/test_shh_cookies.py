"""The dialect shh with cookies, as its later front end uses it, and what is wrong with tokens wherever they are."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.clock import FakeClock
from support.dialects import PASSWORD, Place, place
from support.shh import EVIL, NAME, SITE, deactivate, sign_in, sign_up, somebody

ACCESS_SECONDS, TOKEN_SECONDS, REFRESH_SECONDS = 300, 3_600, 7 * 86_400


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


async def ask(
    here: Place, method: str, path: str, headers: Mapping[str, str], body: Any = None
) -> tuple[int, dict[str, Any]]:
    """Status and body; no cookie is kept."""
    response = await here.http.request(method, path, headers=headers, json=body)
    here.http.cookies.clear()
    return response.status_code, response.json()


def cookie(access: str = "", refresh: str = "") -> dict[str, str]:
    pairs = {"access_token": access, "refresh_token": refresh}
    return {"cookie": "; ".join(f"{name}={value}" for name, value in pairs.items() if value)}


def refused(text: str) -> tuple[int, dict[str, str]]:
    return 401, {"detail": text}


async def test_the_first_front_end(tmp_path: Path) -> None:
    """It keeps the token of the login reply, knows no refresh, names the room by its UUID and adds no slash."""
    clock = FakeClock()
    async with place(tmp_path, NAME, clock=clock) as here:
        body = {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.org", "password": PASSWORD}
        assert (await here.http.post("/register/", json=body)).status_code == 201
        login = {"email": "ann@example.org", "password": PASSWORD}
        token = (await here.http.post("/login/", json=login)).json()["token"]
        here.http.cookies.clear()
        bearer = {"authorization": f"Bearer {token}", "origin": SITE}
        status, made = await ask(here, "POST", "/rooms/create/", bearer, {"chat_room_name": "a"})
        assert status == 201
        room = made["room_id"]
        async with here.socket(room, token, origin=SITE) as line:
            assert (await line.receive()) == {"type": "message_history", "messages": []}
            clock.advance(TOKEN_SECONDS - 1)
            assert (await ask(here, "GET", f"/messages/{room}", bearer))[0] == 200
            clock.advance(2)
            assert await ask(here, "GET", "/rooms/", bearer) == refused("Access token expired")
            assert await here.close_code(room, token) == 4001
            await line.send({"message": "A socket outlives its token"})
            assert (await line.receive())["type"] == "message"


async def test_the_later_front_end(tmp_path: Path) -> None:
    """It keeps nothing: cookies do. On a 401 it refreshes them, and tries again."""
    clock = FakeClock()
    async with place(tmp_path, NAME, clock=clock) as here:
        await sign_up(here, "ann")
        here.http.headers["origin"] = SITE
        login = await here.http.post("/login/", json={"username": "ann", "password": PASSWORD})
        assert login.headers["access-control-allow-credentials"] == "true"
        assert login.cookies["access_token"] != login.json()["token"]
        made = (await here.http.post("/rooms/create/", json={"chat_room_name": "a"})).json()
        clock.advance(ACCESS_SECONDS + 1)
        response = await here.http.get("/rooms/")
        assert (response.status_code, response.json()) == refused("Access token expired")
        kept = "; ".join(f"{name}={value}" for name, value in here.http.cookies.items())
        assert await here.close_code(made["room_id"], headers={"cookie": kept}, origin=SITE) == 4001
        response = await here.http.post("/refresh/")
        assert response.status_code == 200
        assert response.json() == {"message": "Token refreshed successfully", "user_id": 1}
        cookies = response.headers.get_list("set-cookie")
        assert ["Max-Age=900" in cookies[0], "Max-Age=604800" in cookies[1]] == [True, True]
        assert all("HttpOnly" in each and f"Path={here.root}/" in each for each in cookies)
        assert (await here.http.get("/rooms/")).json()["count"] == 1
        kept = "; ".join(f"{name}={value}" for name, value in here.http.cookies.items())
        async with here.socket(made["room_id"], headers={"cookie": kept}, origin=SITE) as line:
            assert (await line.receive())["type"] == "message_history"
        response = await here.http.post("/logout/")
        assert (response.status_code, response.json()) == (200, {"message": "Logged out"})
        assert all('=""; ' in each and "Max-Age=0" in each for each in response.headers.get_list("set-cookie"))
        assert not here.http.cookies
        for again in ("/refresh/", "/rooms/create/"):
            response = await here.http.post(again, headers={"cookie": kept}, json={"chat_room_name": "b"})
            assert response.status_code == 401
        assert (await here.http.post("/logout/", headers={"cookie": kept})).status_code == 200
        assert (await here.http.post("/refresh/")).json() == {"detail": "No refresh token"}


async def test_what_is_wrong_with_tokens(tmp_path: Path) -> None:
    clock = FakeClock()
    async with place(tmp_path, NAME, clock=clock) as here:
        ann, gone = await somebody(here, "ann"), await somebody(here, "gone")
        room = await ann.make_room("a")

        async def told(token: str) -> set[Any]:
            """What both ways to send it are answered; and the close codes of the three ways to open a socket."""
            return {
                (await ask(here, "GET", "/rooms/", cookie(token)))[1]["detail"],
                (await ask(here, "GET", "/rooms/", {"authorization": f"Bearer {token}"}))[1]["detail"],
                await here.close_code(room, token),
                await here.close_code(room, headers={"authorization": f"Bearer {token}"}),
                await here.close_code(room, headers=cookie(token), origin=SITE),
            }

        async def refresh(token: str) -> tuple[int, Any]:
            return await ask(here, "POST", "/refresh/", cookie(refresh=token))

        assert await told("garbage") == {"Invalid token", 4002}
        assert await told(ann.refresh) == {"Invalid token type", 4002}
        assert await refresh("garbage") == refused("Invalid refresh token")
        assert await refresh(ann.access) == (400, {"detail": "Invalid token type"})
        assert (await refresh(ann.refresh))[0] == 200
        assert await refresh(ann.refresh) == refused("Invalid refresh token"), "it is dead"
        await deactivate(gone, by=ann)
        assert await told(gone.token) == {"User not found", 4002}
        assert await refresh(gone.refresh) == refused("User not found")
        assert await here.close_code(room) == 4000
        ann = await sign_in(here, "ann")
        clock.advance(ACCESS_SECONDS)
        assert await told(ann.access) == {"Access token expired", 4001}
        assert (await ask(here, "GET", "/rooms/", ann.bearer))[0] == 200
        clock.advance(REFRESH_SECONDS)
        assert await refresh(ann.refresh) == refused("Refresh token expired")


async def test_two_refreshes_at_once_are_one(here: Place) -> None:
    await sign_up(here, "ann")
    ann = await sign_in(here, "ann")
    answers = await asyncio.gather(*(ask(here, "POST", "/refresh/", ann.cookies) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 401, 401, 401]


async def test_a_cookie_goes_before_the_header_and_a_bad_one_behind(here: Place) -> None:
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    room = await ann.make_room("a")
    assert (await ask(here, "GET", "/rooms/", {**ann.cookies, **ben.bearer}))[1]["count"] == 1
    for bad in ("x", ann.refresh):
        assert (await ask(here, "GET", "/rooms/", {**cookie(bad), **ann.bearer}))[1]["count"] == 1
        assert await ask(here, "GET", "/rooms/", {**cookie(bad), "authorization": "Bearer y"}) == refused(
            "Invalid token"
        )
        async with here.socket(room, ann.token, headers=cookie(bad)) as line:
            assert (await line.receive())["type"] == "message_history"
    # Where a page may not have cookies, the header still counts.
    status, _ = await ask(here, "POST", "/rooms/create/", {**ben.cookies, **ann.bearer, "origin": EVIL}, {})
    assert status == 400


async def test_cookies_are_no_good_for_pages_elsewhere(here: Place) -> None:
    """What must not be reproduced: sockets and writes by cookie without a look at the `Origin`."""
    ann = await somebody(here, "ann")
    room = await ann.make_room("a")
    own = f"http://{here.host}"
    foreign: list[dict[str, str]] = [
        {"origin": EVIL}, {"origin": "null"}, {"origin": f"{SITE}.evil.example"}, {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ]  # fmt: skip
    for page in ({}, *foreign):
        headers = {**ann.cookies, **page}
        for method, path in (("POST", "/rooms/create/"), ("DELETE", f"/room/delete/{room}/")):
            status, body = await ask(here, method, path, headers)
            assert (status, body) == (403, {"detail": "You do not have permission to perform this action."})
        assert await here.close_code(room, headers=headers) == 4002
        assert (await ask(here, "GET", "/rooms/", headers))[0] == 200
    for page in foreign:
        for path in ("/refresh/", "/logout/"):
            assert (await ask(here, "POST", path, {**ann.cookies, **page}))[0] == 403
        response = await here.http.post("/login/", json={"username": "ann", "password": PASSWORD}, headers=page)
        assert (response.status_code, "set-cookie" in response.headers) == (200, False)
    for page in ({"origin": own}, {"origin": SITE}, {"sec-fetch-site": "same-origin"}):
        headers = {**ann.cookies, **page}
        assert (await ask(here, "POST", "/rooms/create/", headers, {}))[0] == 400
        async with here.socket(room, headers=headers) as line:
            assert (await line.receive())["type"] == "message_history"


async def test_a_cookie_is_for_https_where_it_came_by_https(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, trusted_proxies=("127.0.0.1",)) as here:
        await sign_up(here, "ann")
        proxied = {"x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1"}
        response = await here.http.post("/login/", json={"username": "ann", "password": PASSWORD}, headers=proxied)
        assert all("Secure" in each for each in response.headers.get_list("set-cookie"))


async def test_lifetimes_are_settings(tmp_path: Path) -> None:
    clock = FakeClock()
    async with place(tmp_path, NAME, clock=clock, dialect_tokens=("shh=120/2",)) as here:
        await sign_up(here, "ann")
        response = await here.http.post("/login/", json={"username": "ann", "password": PASSWORD})
        assert "Max-Age=172800" in response.headers.get_list("set-cookie")[1]
        here.http.cookies.clear()
        ann = await sign_in(here, "ann")
        clock.advance(120 * 60 - 1)
        assert (await ask(here, "GET", "/rooms/", ann.bearer))[0] == 200
        assert (await ask(here, "GET", "/rooms/", cookie(ann.access)))[0] == 401


async def test_no_token_is_logged(here: Place, capsys: pytest.CaptureFixture[str]) -> None:
    ann = await somebody(here, "ann")
    room = await ann.make_room("a")
    async with ann.line(room):
        pass
    await ask(here, "POST", "/refresh/", ann.cookies)
    await ask(here, "POST", "/logout/", {**ann.cookies, **ann.bearer})
    written = "".join(capsys.readouterr())
    assert "/compat/shh/ws/chat/" in written
    for token in (ann.token, ann.access, ann.refresh, PASSWORD):
        assert token not in written
        assert token.rpartition(".")[2] not in written
