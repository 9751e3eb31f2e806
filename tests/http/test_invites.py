from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from support.node import Node, Person, node
from support.staff import staff_person
from tertulia.domain.ids import new_id


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


@pytest.fixture
async def ann(here: Node) -> Person:
    return await here.person("ann")


async def test_made_looked_at_used_listed_revoked(here: Node, ann: Person) -> None:
    bob = await here.person("bob")
    room = await here.room(ann, kind="private", name="den")
    answer = await here.call(ann, "POST", f"rooms/{room}/invites", {"expires_in": 3600, "max_uses": 2})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["uses"], made["max_uses"]) == (0, 2)
    look = await here.call(bob, "GET", f"invites/{made['code']}")
    assert look.json() == {
        "expires_at": made["expires_at"],
        "room": {"id": room, "kind": "private", "title": "den", "description": "", "member_count": 1},
        "joined": False,
    }
    joined = await here.call(bob, "POST", f"invites/{made['code']}/join")
    assert (joined.status_code, joined.json()["id"], joined.json()["me"]["role"]) == (200, room, "member")
    listed = (await here.call(ann, "GET", f"rooms/{room}/invites")).json()
    assert listed == {"items": [{**made, "uses": 1}], "next": None}
    assert (await here.call(ann, "DELETE", f"rooms/{room}/invites/{made['id']}")).status_code == 204
    gone = await here.call(await here.person("eve"), "GET", f"invites/{made['code']}")
    assert (gone.status_code, gone.json()["code"]) == (409, "invite_invalid")


async def test_page_by_page(here: Node, ann: Person) -> None:
    room = await here.room(ann)
    made = [(await here.call(ann, "POST", f"rooms/{room}/invites", {})).json() for _ in range(3)]
    first = (await here.call(ann, "GET", f"rooms/{room}/invites?limit=2")).json()
    second = (await here.call(ann, "GET", f"rooms/{room}/invites?limit=2&cursor={first['next']}")).json()
    assert first["items"] + second["items"] == made
    assert second["next"] is None


@pytest.mark.parametrize(
    "body",
    [{"expires_in": 59}, {"expires_in": 365 * 86_400 + 1}, {"max_uses": 0}, {"max_uses": 10**9}, {"max_uses": "1"},
     {"uses": 1}, {"expires_in": 60.5}, []],
)  # fmt: skip
async def test_bad_wishes(here: Node, ann: Person, body: Any) -> None:
    room = await here.room(ann)
    assert (await here.call(ann, "POST", f"rooms/{room}/invites", body)).status_code == 400
    staff = await staff_person(here)
    assert (await here.call(staff, "POST", "staff/invites", body)).status_code == 400


async def test_to_the_server(here: Node) -> None:
    staff, ann = await staff_person(here), await here.person("ann")
    made = (await here.call(staff, "POST", "staff/invites", {"max_uses": 1})).json()
    assert (await here.call(staff, "GET", "staff/invites")).json() == {"items": [made], "next": None}
    look = await here.call(ann, "GET", f"invites/{made['code']}")
    assert look.json() == {"expires_at": made["expires_at"]}
    join = await here.call(ann, "POST", f"invites/{made['code']}/join")
    assert join.json()["code"] == "invite_invalid"
    assert (await here.call(staff, "DELETE", f"staff/invites/{made['id']}")).status_code == 204
    assert (await here.call(staff, "DELETE", f"staff/invites/{made['id']}")).status_code == 404


@pytest.mark.parametrize("code", ["x", "x" * 64, "%E2%98%83"])
async def test_bad_codes(here: Node, ann: Person, code: str) -> None:
    for method, path in (("GET", f"invites/{code}"), ("POST", f"invites/{code}/join")):
        answer = await here.call(ann, method, path)
        assert (answer.status_code, answer.json()["code"]) == (409, "invite_invalid")
        assert (await here.http.request(method, f"/api/v1/{path}")).status_code == 401


@pytest.mark.parametrize(
    ("registration", "body", "code"),
    [
        ("invite", {}, "invite_required"),
        ("invite", {"invite": "bad"}, "invite_invalid"),
        ("closed", {"invite": "bad"}, "registration_closed"),
        ("open", {"invite": "bad"}, "invite_invalid"),
        ("open", {"invite": "x" * 65}, "invalid"),
    ],
)
async def test_signing_up(tmp_path: Path, registration: str, body: dict[str, str], code: str) -> None:
    async with node(tmp_path, registration=registration) as here:
        wanted = {"username": "new", "password": "correct horse battery", **body}
        answer = await here.http.post("/api/v1/auth/register", json=wanted)
        assert answer.json()["code"] == code


async def test_signing_up_by_a_room_invite(tmp_path: Path) -> None:
    async with node(tmp_path, registration="invite") as here:
        ann = await here.person("ann")
        room = await here.room(ann, kind="private")
        made = (await here.call(ann, "POST", f"rooms/{room}/invites", {})).json()
        wanted = {"username": "new", "password": "correct horse battery", "invite": made["code"]}
        answer = await here.http.post("/api/v1/auth/register", json=wanted)
        assert answer.status_code == 201, answer.text
        headers = {"authorization": f"Bearer {answer.json()['tokens']['access']}"}
        mine = await here.http.get("/api/v1/rooms", headers=headers)
        assert room in [one["id"] for one in mine.json()["items"]]


async def test_not_of_another_room(here: Node, ann: Person) -> None:
    room, other = await here.room(ann), await here.room(ann)
    made = (await here.call(ann, "POST", f"rooms/{room}/invites", {})).json()
    for path in (f"rooms/{other}/invites/{made['id']}", f"rooms/{room}/invites/{new_id()}", f"rooms/{room}/invites/x"):
        assert (await here.call(ann, "DELETE", path)).status_code == 404


async def test_codes_do_not_stand_in_the_log(here: Node, ann: Person) -> None:
    room = await here.room(ann)
    made = (await here.call(ann, "POST", f"rooms/{room}/invites", {})).json()
    with capture_logs() as lines:
        await here.call(ann, "GET", f"invites/{made['code']}")
        await here.call(ann, "POST", f"invites/{made['code']}/join")
    paths = [line["path"] for line in lines if line["event"] == "http.request"]
    assert paths == ["/api/v1/invites/***", "/api/v1/invites/***/join"]
    assert made["code"] not in str(lines)
