import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.accounts import ACCESS_SECONDS, NEW_PASSWORD, PASSWORD
from support.bad_input import SECRET, assert_problem, bad_bodies
from support.people import API, Person, Server, server


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as one:
        yield one


@pytest.fixture
async def ann(here: Server) -> Person:
    return await here.register()


async def open_sessions(person: Person) -> list[bool]:
    items = (await person.ask("GET", "/me/sessions")).json()["items"]
    return [session["current"] for session in items]


# register


async def test_register(here: Server) -> None:
    more = {"email": "Ann@example.org", "first_name": "Ann", "last_name": "Lind"}
    ann = await here.register("ann", **more)
    assert ann.user == {
        "id": ann.user["id"],
        "number": 1,
        "username": "ann",
        "name": "Ann Lind",
        "email_confirmed": False,
        "is_staff": False,
        "created_at": "2025-06-15T15:06:40.000000Z",
        **more,
    }
    assert set(ann.tokens) == {"access", "refresh", "expires_in"}
    assert ann.tokens["expires_in"] == ACCESS_SECONDS
    assert (await ann.ask("GET", "/me")).json() == ann.user


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"username": "ann"}, 409, "username_taken", "username"),
        ({"email": "ANN@example.org"}, 409, "email_taken", "email"),
        ({"password": "short"}, 400, "weak_password", "password"),
        ({"password": "12345678901"}, 400, "weak_password", "password"),
        ({"password": "do-not-repeat", "username": SECRET}, 400, "weak_password", "password"),
        ({"username": f"{SECRET} {SECRET}"}, 400, "invalid", "username"),
        ({"username": "x" * 151}, 400, "invalid", "username"),
        ({"email": SECRET}, 400, "invalid", "email"),
        ({"email": 7}, 400, "invalid", "email"),
        ({"first_name": "x" * 151}, 400, "invalid", "first_name"),
        ({"first_name": None}, 400, "invalid", "first_name"),
        ({"is_staff": True}, 400, "invalid", "is_staff"),
        ({"id": SECRET}, 400, "invalid", "id"),
    ],
)
async def test_register_refused(here: Server, changes: dict[str, object], status: int, code: str, field: str) -> None:
    await here.register("ann", email="ann@example.org")
    body = {"username": "bob", "password": PASSWORD, **changes}
    problem = assert_problem(await here.http.post(f"{API}/auth/register", json=body), status, code)
    assert list(problem["fields"]) == [field]
    await here.register("bob", email="bob@example.org")


async def test_the_longest_that_is_allowed(here: Server) -> None:
    longest = {"password": "🐎" * 1023 + "x", "first_name": "é" * 150, "last_name": "太" * 150}
    ann = await here.register("x" * 150, email="y" * 242 + "@example.org", **longest)
    assert (await here.login("x" * 150, longest["password"])).user == ann.user


# login


@pytest.mark.parametrize("name", ["ann", "ann@example.org", "ANN@example.ORG"])
async def test_login(here: Server, name: str) -> None:
    ann = await here.register("ann", email="Ann@example.org")
    again = await here.login(name)
    assert again.user == ann.user
    assert again.tokens["refresh"] != ann.tokens["refresh"]


async def test_a_login_may_name_its_device(here: Server, ann: Person) -> None:
    phone = await here.login(device="Ann's phone")
    devices = {item["device"] for item in (await phone.ask("GET", "/me/sessions")).json()["items"]}
    assert "Ann's phone" in devices


async def test_wrong_passwords(here: Server, ann: Person) -> None:
    for name in ("ann", "nobody"):
        for _ in range(5):
            body = {"username": name, "password": SECRET}
            problem = assert_problem(await here.http.post(f"{API}/auth/login", json=body), 401, "wrong_credentials")
            assert "fields" not in problem
        response = await here.http.post(f"{API}/auth/login", json={"username": name, "password": PASSWORD})
        assert_problem(response, 429, "rate_limited")
        assert response.headers["retry-after"] == "60"
    here.node.clock.advance(60)
    await here.login()


# refresh


async def test_refresh(here: Server, ann: Person) -> None:
    here.node.clock.advance(1)
    body = {"refresh": ann.tokens["refresh"]}
    first = await here.http.post(f"{API}/auth/refresh", json=body)
    assert first.status_code == 200
    assert set(first.json()) == {"access", "refresh", "expires_in"}
    here.node.clock.advance(9)
    again = await asyncio.gather(*(here.http.post(f"{API}/auth/refresh", json=body) for _ in range(5)))
    assert all(one.json() == first.json() for one in again)
    here.node.clock.advance(2)
    assert_problem(await here.http.post(f"{API}/auth/refresh", json=body), 401, "token_reused")
    assert_problem(await ann.ask("GET", "/me"), 401, "unauthorized")
    stolen = {"refresh": first.json()["refresh"]}
    assert_problem(await here.http.post(f"{API}/auth/refresh", json=stolen), 401, "unauthorized")
    await here.login()


async def test_bad_bodies_of_refresh(here: Server) -> None:
    """Those of register and login are in test_api.py; without a body it is about the cookie: test_cookies.py."""
    for bad in bad_bodies({"refresh": "x.y.z"}, "refresh"):
        if not bad.content:
            continue
        response = await here.http.post(f"{API}/auth/refresh", content=bad.content, headers=bad.headers)
        assert_problem(response, bad.status, *bad.codes)


async def test_an_access_token_refreshes_nothing(here: Server, ann: Person) -> None:
    body = {"refresh": ann.tokens["access"]}
    assert_problem(await here.http.post(f"{API}/auth/refresh", json=body), 401, "unauthorized")


async def test_no_secret_of_a_session_is_stored(here: Server, ann: Person) -> None:
    stored = "".join(str(value) for value in (await here.node.row("SELECT * FROM sessions")))
    for token in (ann.tokens["access"], ann.tokens["refresh"]):
        assert token not in stored
        assert token.rsplit(".", 1)[1] not in stored


# logout


@pytest.mark.parametrize("body", [None, {}, {"everywhere": False}])
async def test_logout(here: Server, ann: Person, body: dict[str, bool] | None) -> None:
    phone = await here.login()
    response = await phone.ask("POST", "/auth/logout", json=body)
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(await phone.ask("GET", "/me"), 401, "unauthorized")
    assert_problem(await phone.ask("POST", "/auth/logout"), 401, "unauthorized")
    refresh = await here.http.post(f"{API}/auth/refresh", json={"refresh": phone.tokens["refresh"]})
    assert_problem(refresh, 401, "unauthorized")
    assert await open_sessions(ann) == [True]


async def test_two_logouts_at_once_are_one(here: Server, ann: Person) -> None:
    answers = await asyncio.gather(*(ann.ask("POST", "/auth/logout") for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {204, 401}
    assert 204 in {answer.status_code for answer in answers}


async def test_logout_everywhere(here: Server, ann: Person) -> None:
    phone, bob = await here.login(), await here.register("bob")
    assert (await phone.ask("POST", "/auth/logout", json={"everywhere": True})).status_code == 204
    for gone in (ann, phone):
        assert_problem(await gone.ask("GET", "/me"), 401, "unauthorized")
    assert await open_sessions(bob) == [True]
    await here.login()


@pytest.mark.parametrize("body", [[], "x", 7, {"everywhere": "yes"}, {"everywhere": None}, {"else": True}])
async def test_a_logout_that_is_not_understood_ends_nothing(here: Server, ann: Person, body: object) -> None:
    assert_problem(await ann.ask("POST", "/auth/logout", json=body), 400, "invalid")
    assert await open_sessions(ann) == [True]


async def test_a_new_password_after_the_old(here: Server, ann: Person) -> None:
    body = {"current": PASSWORD, "new": NEW_PASSWORD}
    assert (await ann.ask("POST", "/me/password", json=body)).status_code == 204
    assert (await here.login(password=NEW_PASSWORD)).user == ann.user
