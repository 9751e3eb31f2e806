from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from support.bad_input import assert_problem
from support.people import API, Person, Server, server


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as one:
        yield one


@pytest.fixture
async def ann(here: Server) -> Person:
    return await here.register()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/auth/logout"),
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("POST", "/me/password"),
        ("GET", "/me/sessions"),
        ("DELETE", "/me/sessions/x"),
        ("GET", "/users"),
        ("GET", "/users/x"),
    ],
)
async def test_routes_for_those_who_are_signed_in(here: Server, ann: Person, method: str, path: str) -> None:
    assert (await ann.ask(method, path, json={})).status_code != 401
    if path == "/auth/logout":
        ann = await here.login()
    access, refresh = ann.tokens["access"], ann.tokens["refresh"]
    wrong = [None, "", "Bearer", "Bearer ", f"Basic {access}", access, f"Bearer {refresh}", f"Bearer {access}x"]
    wrong += [f"Bearer {access} {access}", f"Bearer {'x' * 5000}", "Bearer \xff\xfe"]
    for header in wrong:
        headers = {} if header is None else {"authorization": header.encode("latin-1")}
        response = await here.http.request(method, f"{API}{path}", headers=headers, json={})
        assert_problem(response, 401, "unauthorized")
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert access not in response.text


async def test_the_scheme_is_written_in_any_case(here: Server, ann: Person) -> None:
    for scheme in ("bearer", "BEARER"):
        headers = {"authorization": f"{scheme} {ann.tokens['access']}"}
        assert (await here.http.get(f"{API}/me", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("agent", "device"),
    [("Firefox", "Firefox"), ("a\tb", "ab"), ("x" * 2000, "x" * 255), ("", ""), ("Häns", "Häns")],
)
async def test_the_device_is_what_the_client_says_it_is(here: Server, agent: str, device: str) -> None:
    here.http.headers = httpx.Headers([(b"user-agent", agent.encode("latin-1"))])
    ann = await here.register()
    [session] = (await ann.ask("GET", "/me/sessions")).json()["items"]
    assert (session["device"], session["address"]) == (device, "127.0.0.1")
