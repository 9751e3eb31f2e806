from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.bad_input import assert_problem
from support.people import Person, Server, server
from tertulia.domain.ids import new_id
from tertulia.http.cursors import encode_cursor


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as one:
        for name in ("anna", "bob", "gone"):
            await one.register(name, email=f"{name}@example.org", first_name="Ann" if name == "bob" else "")
        await one.node.execute("UPDATE users SET is_active = 0 WHERE username = 'gone'")
        yield one


@pytest.fixture
async def ann(here: Server) -> Person:
    return await here.register("ann")


async def test_finding_people(ann: Person) -> None:
    answer = await ann.ask("GET", "/users", params={"q": "AN"})
    assert [user["username"] for user in answer.json()["items"]] == ["ann", "anna", "bob"]
    assert answer.json()["next"] is None
    assert answer.json()["items"][2] == {
        "id": answer.json()["items"][2]["id"],
        "number": 2,
        "username": "bob",
        "name": "Ann",
    }


async def test_page_by_page(ann: Person) -> None:
    names, cursor = [], None
    for _ in range(3):
        params = {"q": "an", "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await ann.ask("GET", "/users", params=params)).json()
        names += [user["username"] for user in page["items"]]
        cursor = page["next"]
    assert names == ["ann", "anna", "bob"]
    assert cursor is None


async def test_everybody_who_is_there_but_no_email(ann: Person) -> None:
    for params in ({}, {"q": ""}, {"q": "  "}):
        answer = await ann.ask("GET", "/users", params=params)
        assert [user["username"] for user in answer.json()["items"]] == ["ann", "anna", "bob"]
        assert "example.org" not in answer.text
    for q in ("anna@example.org", "example", "gone", "%", "_"):
        assert (await ann.ask("GET", "/users", params={"q": q})).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "x"},
        {"limit": "9" * 5000},
        {"limit": ""},
        {"q": "x" * 151},
        {"cursor": ""},
        {"cursor": "x"},
        {"cursor": "x" * 2049},
        {"cursor": encode_cursor(0, "ann", 2**63)},
        {"cursor": encode_cursor(-1, "ann", 1)},
        {"cursor": encode_cursor(0, "ann")},
        {"cursor": encode_cursor(0, 1, 1)},
    ],
)
async def test_bad_questions(ann: Person, params: dict[str, str]) -> None:
    assert_problem(await ann.ask("GET", "/users", params=params), 400, "invalid")


async def test_text_that_cannot_be_asked_for(ann: Person) -> None:
    assert_problem(await ann.ask("GET", "/users?q=%00"), 400, "invalid_text")
    assert_problem(await ann.ask("GET", f"/users?cursor={encode_cursor(0, chr(0), 1)}"), 400, "invalid")


async def test_a_cursor_of_another_question_does_no_harm(ann: Person) -> None:
    for cursor in (encode_cursor(10**18, "", 0), encode_cursor(2, "zzz", 2**63 - 1), encode_cursor(0, "'; --", 1)):
        answer = await ann.ask("GET", "/users", params={"q": "an", "cursor": cursor})
        assert answer.status_code == 200


async def test_one_person(here: Server, ann: Person) -> None:
    bob = await here.login("bob")
    answer = await ann.ask("GET", f"/users/{bob.user['id']}")
    assert answer.json() == {"id": bob.user["id"], "number": 2, "username": "bob", "name": "Ann"}


async def test_nobody(here: Server, ann: Person) -> None:
    gone = await here.node.scalar("SELECT id FROM users WHERE username = 'gone'")
    answers = [await ann.ask("GET", f"/users/{one}") for one in (gone, new_id(), "x", "1", "%00", "bob")]
    details = {assert_problem(answer, 404, "not_found")["detail"] for answer in answers}
    assert len(details) == 1
