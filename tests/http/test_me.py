from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.accounts import NEW_PASSWORD, PASSWORD
from support.bad_input import SECRET, assert_problem, bad_bodies
from support.people import API, Person, Server, server
from tertulia.domain.ids import new_id


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as one:
        yield one


@pytest.fixture
async def ann(here: Server) -> Person:
    return await here.register("ann", email="ann@example.org", first_name="Ann")


# The profile


async def test_changing_names(ann: Person) -> None:
    changed = await ann.ask("PATCH", "/me", json={"last_name": "Lind"})
    assert changed.status_code == 200
    assert changed.json() == {**ann.user, "last_name": "Lind", "name": "Ann Lind"}
    assert (await ann.ask("GET", "/me")).json() == changed.json()
    cleared = (await ann.ask("PATCH", "/me", json={"first_name": "", "last_name": ""})).json()
    assert "name" not in cleared


@pytest.mark.parametrize("body", [{}, {"first_name": None}, {"first_name": "Ann"}])
async def test_changing_nothing(here: Server, ann: Person, body: dict[str, object]) -> None:
    assert (await ann.ask("PATCH", "/me", json=body)).json() == ann.user
    assert await here.node.scalar("SELECT version FROM users") == 0


@pytest.mark.parametrize(
    "body",
    [
        {"username": SECRET},
        {"is_staff": True},
        {"email": "other@example.org"},
        {"first_name": 7},
        {"first_name": "x" * 151},
        {"first_name": f"{SECRET}\x1b[2J"},
        [],
        None,
    ],
)
async def test_what_cannot_be_changed(ann: Person, body: object) -> None:
    assert_problem(await ann.ask("PATCH", "/me", json=body), 400, "invalid")
    assert (await ann.ask("GET", "/me")).json() == ann.user


# The password


async def test_changing_the_password(here: Server, ann: Person) -> None:
    phone = await here.login()
    body = {"current": PASSWORD, "new": NEW_PASSWORD}
    response = await ann.ask("POST", "/me/password", json=body)
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(await phone.ask("GET", "/me"), 401, "unauthorized")
    assert (await ann.ask("GET", "/me")).status_code == 200
    assert_problem(await ann.ask("POST", "/me/password", json=body), 401, "wrong_credentials")


async def test_a_weak_new_password(ann: Person) -> None:
    body = {"current": PASSWORD, "new": "ann@example.org"}
    problem = assert_problem(await ann.ask("POST", "/me/password", json=body), 400, "weak_password")
    assert list(problem["fields"]) == ["new"]


async def test_bad_bodies_of_the_password(here: Server, ann: Person) -> None:
    for bad in bad_bodies({"current": PASSWORD, "new": NEW_PASSWORD}, "new"):
        headers = {**ann.headers, **bad.headers}
        response = await here.http.post(f"{API}/me/password", content=bad.content, headers=headers)
        assert_problem(response, bad.status, *bad.codes)
    await here.login()


# The sessions


async def test_my_sessions(here: Server, ann: Person) -> None:
    here.node.clock.advance(5)
    phone = await here.login(device="phone")
    await here.register("bob")
    answer = (await phone.ask("GET", "/me/sessions")).json()
    assert answer["next"] is None
    newest, oldest = answer["items"]
    assert newest == {
        "id": newest["id"],
        "device": "phone",
        "address": "127.0.0.1",
        "created_at": "2025-06-15T15:06:45.000000Z",
        "last_used_at": "2025-06-15T15:06:45.000000Z",
        "current": True,
    }
    assert not oldest["current"]
    assert (await phone.ask("DELETE", f"/me/sessions/{oldest['id']}")).status_code == 204
    assert_problem(await ann.ask("GET", "/me"), 401, "unauthorized")
    assert_problem(await phone.ask("DELETE", f"/me/sessions/{oldest['id']}"), 404, "not_found")
    assert (await phone.ask("DELETE", f"/me/sessions/{newest['id']}")).status_code == 204
    assert_problem(await phone.ask("GET", "/me"), 401, "unauthorized")


async def test_sessions_of_others_do_not_exist(here: Server, ann: Person) -> None:
    bob = await here.register("bob")
    [hers] = (await ann.ask("GET", "/me/sessions")).json()["items"]
    answers = [await bob.ask("DELETE", f"/me/sessions/{one}") for one in (hers["id"], new_id(), "x", "%00")]
    details = {assert_problem(answer, 404, "not_found")["detail"] for answer in answers}
    assert len(details) == 1
    assert_problem(await bob.ask("DELETE", f"/me/sessions/{'x' * 65}"), 400, "invalid")
    assert (await ann.ask("GET", "/me")).status_code == 200
