"""The refresh token in a cookie: for pages of the server's own origin, and for two calls only."""

import asyncio
import re
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.accounts import ACCESS_SECONDS, PASSWORD, REFRESH_SECONDS
from support.bad_input import assert_problem
from support.people import API, Server, server
from support.server import running_server
from support.web import NO_SERVICES, http_client
from tertulia.http.api import ApiConfig, build_api
from tertulia.http.openapi import openapi_document

OWN = "http://127.0.0.1:8000"
NAME = "tertulia_refresh_8000"
SAME = {"origin": OWN, "sec-fetch-site": "same-origin"}
FOREIGN: list[dict[str, str]] = [
    {},
    {"origin": "http://localhost:8000"},
    {"origin": "http://127.0.0.1:8001"},
    {"origin": "https://127.0.0.1:8000"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "null", "sec-fetch-site": "same-origin"},
    {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
    {"origin": OWN, "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "none"},
]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as one:
        yield one


class Browser:
    """Pages of one origin: its cookies, and headers that no script can write."""

    def __init__(self, http: httpx.AsyncClient, headers: dict[str, str] | None = None) -> None:
        self.http = http
        self.headers = SAME if headers is None else headers
        self.cookie = ""

    async def post(self, path: str, body: Any = None, cookie: str | None = None, **more: str) -> httpx.Response:
        """What the server answers to the cookie we have (or `cookie`); we keep the one that comes back."""
        self.http.cookies.clear()
        sent = self.cookie if cookie is None else cookie
        headers = {**self.headers, **({"cookie": f"{NAME}={sent}"} if sent else {}), **more}
        answer = await self.http.post(f"{API}{path}", json=body, headers=headers)
        kept = set_cookie(answer)
        if kept is not None:
            self.cookie = kept
        return answer

    async def sign_up(self, username: str = "ann") -> httpx.Response:
        body = {"username": username, "password": PASSWORD, "cookie": True}
        answer = await self.post("/auth/register", body)
        assert answer.status_code == 201, answer.text
        return answer

    async def me(self, answer: httpx.Response) -> httpx.Response:
        """Who the access token of a refresh is."""
        return await self.http.get(f"{API}/me", headers={"authorization": f"Bearer {answer.json()['access']}"})


def set_cookie(answer: httpx.Response) -> str | None:
    """The cookie that an answer sets ("" for one that it takes away); None for none."""
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return jar[NAME].value if NAME in jar else None


@pytest.fixture
async def browser(here: Server) -> Browser:
    one = Browser(here.http)
    await one.sign_up()
    return one


# Signing in


@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
async def test_the_refresh_token_is_in_the_cookie_and_nowhere_else(here: Server, path: str) -> None:
    if path == "/auth/login":
        await here.register()
    answer = await Browser(here.http).post(path, {"username": "ann", "password": PASSWORD, "cookie": True})
    assert answer.is_success
    assert set(answer.json()) == {"user", "tokens"}
    assert set(answer.json()["tokens"]) == {"access", "expires_in"}
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith(f"{NAME}=ey")
    assert name.split("=")[1] not in answer.text
    assert set(attributes) == {"HttpOnly", "SameSite=strict", f"Max-Age={REFRESH_SECONDS}", "Path=/api/v1/auth/"}


@pytest.mark.parametrize("cookie", [False, None])
async def test_without_asking_there_is_no_cookie(here: Server, cookie: bool | None) -> None:
    body = {"username": "ann", "password": PASSWORD} | ({} if cookie is None else {"cookie": cookie})
    for path in ("/auth/register", "/auth/login"):
        answer = await Browser(here.http).post(path, body)
        assert set(answer.json()["tokens"]) == {"access", "refresh", "expires_in"}
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_pages_elsewhere_get_no_cookie_and_make_no_account(here: Server, headers: dict[str, str]) -> None:
    """Else they could sign somebody in to an account of theirs, who would then write there."""
    elsewhere = Browser(here.http, headers)
    body = {"username": "ann", "password": PASSWORD, "cookie": True}
    assert_problem(refused := await elsewhere.post("/auth/register", body), 403, "origin_refused")
    assert "set-cookie" not in refused.headers
    await here.register()
    assert_problem(await elsewhere.post("/auth/login", body), 403, "origin_refused")


async def test_refusals_stay_as_they_are(here: Server) -> None:
    browser = Browser(here.http)
    for path, body, status, code in (
        ("/auth/register", {"username": "ann", "password": "short", "cookie": True}, 400, "weak_password"),
        ("/auth/login", {"username": "ann", "password": PASSWORD, "cookie": True}, 401, "wrong_credentials"),
        ("/auth/login", {"username": "ann", "password": PASSWORD, "cookie": "yes"}, 400, "invalid"),
        ("/auth/login", {"username": "ann", "password": PASSWORD, "cookie": None}, 400, "invalid"),
    ):
        answer = await browser.post(path, body)
        assert_problem(answer, status, code)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("proto", "trusted", "secure"), [("https", True, True), ("http", True, False), ("https", False, False)]
)
async def test_over_https_it_is_secure(tmp_path: Path, proto: str, trusted: bool, secure: bool) -> None:
    config = ApiConfig(trusted_proxies=("192.0.2.1",) if trusted else ())
    async with server(tmp_path) as here, http_client(here.node.services, config, peer="192.0.2.1") as http:
        own = {"origin": f"{'https' if secure else 'http'}://127.0.0.1:8000", "x-forwarded-proto": proto}
        answer = await Browser(http, own).sign_up()
        assert ("Secure" in answer.headers["set-cookie"].split("; ")) is secure


# Refreshing


@pytest.mark.parametrize("headers", [SAME, {"origin": OWN}, {"sec-fetch-site": "same-origin"}], ids=str)
async def test_refresh_by_cookie(here: Server, browser: Browser, headers: dict[str, str]) -> None:
    browser.headers, first = headers, browser.cookie
    here.node.clock.advance(ACCESS_SECONDS)
    answer = await browser.post("/auth/refresh")
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "expires_in"}
    assert answer.json()["expires_in"] == ACCESS_SECONDS
    assert f"Max-Age={REFRESH_SECONDS}" in answer.headers["set-cookie"]
    assert browser.cookie not in ("", first)
    assert (await browser.me(answer)).json()["username"] == "ann"


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_pages_elsewhere_cannot_use_the_cookie(here: Server, browser: Browser, headers: dict[str, str]) -> None:
    """Not even those of TERTULIA_ALLOWED_ORIGINS; and their trying changes nothing."""
    elsewhere = Browser(here.http, headers)
    for path in ("/auth/refresh", "/auth/logout"):
        answer = await elsewhere.post(path, cookie=browser.cookie)
        assert_problem(answer, 401, "unauthorized")
        assert "set-cookie" not in answer.headers
    assert (await browser.post("/auth/refresh")).status_code == 200


@pytest.mark.parametrize("origin", ["https://app.example.org", OWN])
async def test_no_answer_allows_credentials(tmp_path: Path, origin: str) -> None:
    config = ApiConfig(allowed_origins=("https://app.example.org",))
    async with server(tmp_path) as here, http_client(here.node.services, config) as http:
        mine = Browser(http)
        await mine.sign_up()
        answer = await Browser(http, {"origin": origin}).post("/auth/refresh", cookie=mine.cookie)
        assert answer.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.status_code == (200 if origin == OWN else 401)
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
        preflight = await http.options(f"{API}/auth/refresh", headers={"origin": origin, **asked})
        assert preflight.status_code == 204
        assert "access-control-allow-credentials" not in preflight.headers


async def test_with_a_body_the_cookie_is_not_looked_at(here: Server, browser: Browser) -> None:
    ben = await here.register("ben")
    here.node.clock.advance(1)
    answer = await browser.post("/auth/refresh", {"refresh": ben.tokens["refresh"]})
    assert set(answer.json()) == {"access", "refresh", "expires_in"}
    assert "set-cookie" not in answer.headers
    assert (await browser.me(answer)).json()["username"] == "ben"
    body: object
    for body in ({}, {"refresh": None}, []):
        assert_problem(await browser.post("/auth/refresh", body), 400, "invalid")
    null = await browser.http.post(
        f"{API}/auth/refresh",
        content=b"null",
        headers={**SAME, "cookie": f"{NAME}={browser.cookie}", "content-type": "application/json"},
    )
    assert_problem(null, 400, "invalid")


async def test_without_a_cookie_nobody_is_signed_in(here: Server) -> None:
    """The first visit, which is no fault; pages elsewhere are told nothing, with a cookie or without."""
    browser = Browser(here.http)
    answer = await browser.post("/auth/refresh")
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(await browser.post("/auth/logout"), 401, "unauthorized")
    for headers in FOREIGN:
        assert_problem(await Browser(here.http, headers).post("/auth/refresh"), 401, "unauthorized")


@pytest.mark.parametrize("cookie", ["x", "a.b.c", "x" * 5_000, '"', "%00"])
async def test_a_cookie_that_is_no_token(here: Server, cookie: str) -> None:
    browser = Browser(here.http)
    assert_problem(await browser.post("/auth/refresh", cookie=cookie), 401, "unauthorized")


async def test_two_cookies_of_that_name_are_none(here: Server, browser: Browser) -> None:
    """Another host of the same domain can plant one beside ours."""
    planted = await Browser(here.http).sign_up("eve")
    twice = f"{browser.cookie}; {NAME}={set_cookie(planted)}"
    assert (await browser.post("/auth/refresh", cookie=twice)).status_code == 204
    assert_problem(await browser.post("/auth/logout", cookie=twice), 401, "unauthorized")


async def test_an_access_token_in_the_cookie_is_good_for_nothing(here: Server) -> None:
    ann = await here.register()
    browser = Browser(here.http)
    for path in ("/auth/refresh", "/auth/logout"):
        assert_problem(await browser.post(path, cookie=ann.tokens["access"]), 401, "unauthorized")


async def test_a_refused_refresh_takes_the_cookie_away(here: Server, browser: Browser) -> None:
    here.node.clock.advance(REFRESH_SECONDS)
    answer = await browser.post("/auth/refresh")
    assert_problem(answer, 401, "unauthorized")
    assert browser.cookie == ""
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "Path=/api/v1/auth/" in answer.headers["set-cookie"]


async def test_what_may_pass_does_not_take_it_away(here: Server, browser: Browser) -> None:
    """The server has too much to do, or the address asked too often: that says nothing about the cookie."""
    answers = [await browser.post("/auth/refresh") for _ in range(1_201)]
    assert_problem(answers[-1], 429, "rate_limited")
    assert browser.cookie
    async with http_client(here.node.services) as http:
        assert (await Browser(http).post("/auth/refresh", cookie=browser.cookie)).status_code == 200


# Two tabs


async def test_tabs_that_refresh_at_once_get_the_same(here: Server, browser: Browser) -> None:
    here.node.clock.advance(ACCESS_SECONDS)
    tabs = [Browser(here.http) for _ in range(5)]
    answers = await asyncio.gather(*(tab.post("/auth/refresh", cookie=browser.cookie) for tab in tabs))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access"] for answer in answers}) == 1
    assert len({tab.cookie for tab in tabs}) == 1


async def test_a_request_that_comes_late_signs_nobody_out(here: Server, browser: Browser) -> None:
    """Many tabs are opened at once: some asked with the cookie of before, some with the new one already."""
    old = browser.cookie
    here.node.clock.advance(ACCESS_SECONDS)
    for seconds in (0, 1, 20, 20, 10):
        here.node.clock.advance(seconds)
        assert (await browser.post("/auth/refresh")).status_code == 200
        late = await Browser(here.http).post("/auth/refresh", cookie=old)
        assert late.status_code == 200
        assert (await browser.me(late)).status_code == 200


async def test_an_answer_that_comes_late_signs_nobody_out(here: Server, browser: Browser) -> None:
    """Answers overtake each other, and the last one to come is what the browser keeps."""
    old = browser.cookie
    here.node.clock.advance(ACCESS_SECONDS)
    first = set_cookie(await browser.post("/auth/refresh", cookie=old))
    late = set_cookie(await browser.post("/auth/refresh", cookie=old))
    again = await browser.post("/auth/refresh", cookie=first)
    assert "set-cookie" not in again.headers  # so nothing newer can be overwritten with it
    assert late == first
    here.node.clock.advance(ACCESS_SECONDS)
    assert (await browser.post("/auth/refresh", cookie=late)).status_code == 200


async def test_what_is_given_again_says_how_long_it_lives(here: Server, browser: Browser) -> None:
    here.node.clock.advance(ACCESS_SECONDS)
    await browser.post("/auth/refresh")
    here.node.clock.advance(40)
    answer = await browser.post("/auth/refresh")
    assert answer.json()["expires_in"] == ACCESS_SECONDS - 40
    here.node.clock.advance(ACCESS_SECONDS - 41)
    assert (await browser.me(answer)).status_code == 200
    here.node.clock.advance(1)
    assert_problem(await browser.me(answer), 401, "unauthorized")


async def test_a_stolen_cookie_ends_the_session_when_it_is_used_later(here: Server, browser: Browser) -> None:
    stolen = browser.cookie
    here.node.clock.advance(ACCESS_SECONDS)
    answer = await browser.post("/auth/refresh")
    here.node.clock.advance(61)
    thief = Browser(here.http)
    assert_problem(await thief.post("/auth/refresh", cookie=stolen), 401, "token_reused")
    assert thief.cookie == ""
    assert_problem(await browser.me(answer), 401, "unauthorized")
    assert_problem(await browser.post("/auth/refresh"), 401, "unauthorized")
    assert browser.cookie == ""


# Signing out


async def test_logout_by_cookie(here: Server, browser: Browser) -> None:
    other = await here.login()
    answer = await browser.post("/auth/refresh")
    cookie = browser.cookie
    out = await browser.post("/auth/logout")
    assert (out.status_code, out.content, browser.cookie) == (204, b"", "")
    assert_problem(await browser.me(answer), 401, "unauthorized")
    for path in ("/auth/refresh", "/auth/logout"):
        again = await browser.post(path, cookie=cookie)
        assert_problem(again, 401, "unauthorized")
        assert set_cookie(again) == ""
    assert (await other.ask("GET", "/me")).status_code == 200


async def test_logout_with_the_cookie_of_before(here: Server, browser: Browser) -> None:
    """Another tab may have refreshed in between; whoever has a token of the session may end it."""
    old = browser.cookie
    here.node.clock.advance(ACCESS_SECONDS)
    answer = await browser.post("/auth/refresh")
    here.node.clock.advance(100)
    assert (await browser.post("/auth/logout", cookie=old)).status_code == 204
    assert_problem(await browser.me(answer), 401, "unauthorized")


async def test_with_an_access_token_the_cookie_is_not_looked_at(here: Server, browser: Browser) -> None:
    ben = await here.register("ben")
    assert_problem(await browser.post("/auth/logout", authorization="Bearer x"), 401, "unauthorized")
    assert (await browser.post("/auth/logout", authorization=ben.headers["authorization"])).status_code == 204
    assert_problem(await ben.ask("GET", "/me"), 401, "unauthorized")
    assert_problem(await browser.post("/auth/logout", {"everywhere": True}), 401, "unauthorized")
    assert (await browser.post("/auth/refresh")).status_code == 200


@pytest.mark.parametrize("body", [None, {"everywhere": True}])
async def test_a_cookie_of_the_session_that_leaves_goes_with_it(browser: Browser, body: object) -> None:
    answer = await browser.post("/auth/refresh")
    bearer = f"Bearer {answer.json()['access']}"
    foreign = Browser(browser.http, {"origin": "https://evil.example"})
    assert set_cookie(await foreign.post("/auth/logout", cookie=browser.cookie, authorization="Bearer x")) is None
    out = await browser.post("/auth/logout", body, authorization=bearer)
    assert (out.status_code, browser.cookie) == (204, "")


# Everywhere else


def calls() -> list[tuple[str, str]]:
    """All operations but those of `auth/`, with something in each place of the path."""
    return [
        (method.upper(), re.sub(r"\{\w+\}", "1", path))
        for path, item in openapi_document(build_api(NO_SERVICES))["paths"].items()
        if not path.startswith(f"{API}/auth/")
        for method in item.keys() & {"get", "put", "post", "patch", "delete"}
    ]


async def test_no_other_route_takes_a_cookie(here: Server, browser: Browser) -> None:
    every = calls()
    assert len(every) > 80
    for method, path in every:
        headers = {**SAME, "cookie": f"{NAME}={browser.cookie}"}
        answer = await here.http.request(method, path, headers=headers)
        assert_problem(answer, 401, "unauthorized")
        assert "set-cookie" not in answer.headers


async def test_nor_does_the_socket(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        own = f"http://127.0.0.1:{server.port}"
        browser = Browser(server.http, {"origin": own})
        await browser.sign_up()
        headers = {"origin": own, "cookie": f"{NAME}={browser.cookie}"}
        async with server.socket(headers) as socket:
            await socket.send(cmd="hello", id=1)
            assert await socket.closed() == 4500


async def test_servers_on_other_ports_of_a_host_have_cookies_of_their_own(browser: Browser) -> None:
    other = browser.cookie
    answer = await browser.http.post(
        f"{API}/auth/refresh", headers={**SAME, "cookie": f"tertulia_refresh_8001={other}; {NAME}={browser.cookie}"}
    )
    assert answer.status_code == 200
    alone = await browser.http.post(f"{API}/auth/refresh", headers={**SAME, "cookie": f"tertulia_refresh_8001={other}"})
    assert (alone.status_code, "set-cookie" in alone.headers) == (204, False)
