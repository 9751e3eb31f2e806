"""What only staff may do: refused to everybody else, before anything is looked at."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from support.accounts import PASSWORD
from support.bad_input import assert_problem
from support.node import Node, Person, node
from support.staff import make_staff, staff_person
from support.web import NO_SERVICES
from tertulia.domain.ids import new_id
from tertulia.http.api import ROUTERS, build_api
from tertulia.http.openapi import openapi_document

ROUTES: dict[str, tuple[str, dict[str, Any] | None]] = {
    "POST /staff/invites": ("staff/invites", {}),
    "GET /staff/invites": ("staff/invites", None),
    "DELETE /staff/invites/{invite}": ("staff/invites/{id}", None),
    "GET /staff/reports": ("staff/reports", None),
    "GET /staff/reports/{report}": ("staff/reports/{id}", None),
    "POST /staff/reports/{report}/resolve": ("staff/reports/{id}/resolve", {"resolution": "done"}),
    "GET /staff/words": ("staff/words", None),
    "PUT /staff/words/{word}": ("staff/words/bad", {"action": "refuse"}),
    "DELETE /staff/words/{word}": ("staff/words/none", None),
    "GET /staff/audit": ("staff/audit", None),
    "PATCH /staff/users/{user}": ("staff/users/{id}", {"is_staff": True}),
}
MISSING = {"DELETE /staff/words/{word}"}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


def test_every_route_stands_in_the_table() -> None:
    """Webhooks have a table of their own."""
    routes = {
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path.startswith("/staff/") and "webhook" not in route.path
        for method in route.methods or ()
    }
    assert routes == ROUTES.keys()


@pytest.mark.parametrize("route", ROUTES)
async def test_for_staff_and_nobody_else(here: Node, route: str) -> None:
    method = route.split(maxsplit=1)[0]
    path, body = ROUTES[route]
    path = path.format(id=new_id())
    bob, staff = await here.person("bob"), await staff_person(here)
    refused = await here.call(bob, method, path, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    unsigned = await here.http.request(method, f"/api/v1/{path}", json=body)
    assert unsigned.status_code == 401
    answer = await here.call(staff, method, path, body)
    expected = 404 if "{id}" in ROUTES[route][0] or route in MISSING else 201 if method == "POST" else 200
    assert answer.status_code == expected, answer.text
    await make_staff(here, staff, is_staff=False)
    assert (await here.call(staff, method, path, body)).status_code == 403


@pytest.fixture
async def staff(here: Node) -> Person:
    return await staff_person(here)


async def test_words(here: Node, staff: Person) -> None:
    put = await here.call(staff, "PUT", "staff/words/%2ABad%20thing%2A", {"action": "refuse"})
    assert put.status_code == 200
    assert {**put.json(), "created_at": ""} == {"word": "*bad thing*", "action": "refuse", "created_at": ""}
    await here.call(staff, "PUT", "staff/words/worse", {"action": "report"})
    first = (await here.call(staff, "GET", "staff/words?limit=1")).json()
    second = (await here.call(staff, "GET", f"staff/words?limit=1&cursor={first['next']}")).json()
    assert [first["items"][0]["word"], second["items"][0]["word"], second["next"]] == ["*bad thing*", "worse", None]
    room = await here.room(staff)
    refused = await here.call(staff, "POST", f"rooms/{room}/messages", {"body": "a BAD thing"})
    assert (refused.status_code, refused.json()["code"]) == (403, "words_refused")
    assert "thing" not in refused.text
    assert (await here.call(staff, "DELETE", "staff/words/%2ABAD%20thing%2A")).status_code == 204
    assert (await here.call(staff, "DELETE", "staff/words/%2ABAD%20thing%2A")).status_code == 404


@pytest.mark.parametrize("word", ["naïve", "*and/or*", "*100%*", "*%2f*", "*a?b#c*", "*..*"])
async def test_words_of_any_characters(here: Node, staff: Person, word: str) -> None:
    path = f"staff/words/{quote(word, safe='')}"
    put = await here.call(staff, "PUT", path, {"action": "refuse"})
    assert (put.status_code, put.json()["word"]) == (200, word)
    assert word in {one["word"] for one in (await here.call(staff, "GET", "staff/words")).json()["items"]}
    assert (await here.call(staff, "DELETE", path)).status_code == 204
    assert (await here.call(staff, "DELETE", path)).status_code == 404


@pytest.mark.parametrize(
    "word", ["%2A", "a%2Fb", "two%20words", "a%2A", "b%2Ad", "%00", "x" * 65, "x" * 256, "%ED%A0%80"]
)
async def test_bad_words(here: Node, staff: Person, word: str) -> None:
    answer = await here.call(staff, "PUT", f"staff/words/{word}", {"action": "refuse"})
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("body", [{}, {"action": "ignore"}, {"action": "refuse", "more": 1}, [], None])
async def test_bad_actions(here: Node, staff: Person, body: Any) -> None:
    assert (await here.call(staff, "PUT", "staff/words/bad", body)).status_code == 400


async def test_accounts(here: Node, staff: Person) -> None:
    bob = await here.person("bob")
    answer = await here.call(staff, "PATCH", f"staff/users/{bob.id}", {"is_active": False})
    assert answer.status_code == 200
    assert {key: answer.json()[key] for key in ("id", "is_active", "is_staff")} == {
        "id": bob.id,
        "is_active": False,
        "is_staff": False,
    }
    own = await here.call(staff, "PATCH", f"staff/users/{staff.id}", {"is_staff": False})
    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    for body in ({"is_active": 1}, {"is_staff": "yes"}, {"username": "x"}):
        assert (await here.call(staff, "PATCH", f"staff/users/{bob.id}", body)).status_code == 400


async def test_the_audit_log(here: Node, staff: Person) -> None:
    bob = await here.person("bob")
    await here.call(staff, "PATCH", f"staff/users/{bob.id}", {"is_staff": True})
    await here.call(staff, "POST", "staff/invites", {})
    first = (await here.call(staff, "GET", "staff/audit?limit=1")).json()
    assert first["items"][0]["act"] == "invite"
    second = (await here.call(staff, "GET", f"staff/audit?limit=1&cursor={first['next']}")).json()
    [entry] = second["items"]
    assert (entry["actor"]["id"], entry["user"]["id"], entry["via"]) == (staff.id, bob.id, "user")
    assert (entry["act"], entry["details"], second["next"]) == ("change_user", {"is_staff": True}, None)
    about = (await here.call(staff, "GET", f"staff/audit?user={bob.id}")).json()
    assert about["items"] == [entry]
    for bad in ("cursor=x", "limit=0", "limit=101", f"user={'x' * 65}", "room=a&room=b"):
        assert (await here.call(staff, "GET", f"staff/audit?{bad}")).status_code == 400


async def test_the_last_one_does_not_leave(here: Node, staff: Person) -> None:
    """And the document tells of it."""
    leaving = await here.call(staff, "DELETE", "me", {"password": PASSWORD, "erase_messages": False})
    assert_problem(leaving, 403, "forbidden")
    told = openapi_document(build_api(NO_SERVICES))["paths"]["/api/v1/me"]["delete"]["responses"]
    assert "`forbidden`" in told["403"]["description"]
