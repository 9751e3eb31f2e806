from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.node import Node, Person, node
from support.staff import staff_person


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


@pytest.fixture
async def people(here: Node) -> tuple[Person, Person, Person]:
    """ann, bob and one of the staff."""
    return *await here.people("ann", "bob"), await staff_person(here)  # type: ignore[return-value]


async def test_reported_listed_resolved(here: Node, people: tuple[Person, Person, Person]) -> None:
    ann, bob, staff = people
    room = await here.room(ann, bob)
    message = await here.post(bob, room, "buy this")
    path = f"rooms/{room}/messages/1/report"
    made = await here.call(ann, "POST", path, {"reason": "spam"})
    assert (made.status_code, made.json().keys()) == (201, {"id", "created_at"})
    again = await here.call(ann, "POST", path, {"reason": "spam!"})
    assert (again.status_code, again.json()) == (200, made.json())
    listed = (await here.call(staff, "GET", "staff/reports?open=true")).json()
    [report] = listed["items"]
    assert report["user"]["id"] == bob.id
    assert report["reporter"]["id"] == ann.id
    told = {key: report[key] for key in ("reason", "room", "index", "message", "body")}
    assert told == {"reason": "spam", "room": room, "index": 1, "message": message.id, "body": "buy this"}
    one = f"staff/reports/{report['id']}"
    assert (await here.call(staff, "GET", one)).json() == report
    done = await here.call(staff, "POST", f"{one}/resolve", {"resolution": "deleted", "delete_message": True})
    assert (done.json()["resolution"], done.json()["resolved_by"]["id"]) == ("deleted", staff.id)
    assert (await here.call(ann, "GET", f"rooms/{room}/messages/1")).json()["body"] is None
    assert (await here.call(staff, "GET", "staff/reports?open=true")).json()["items"] == []
    assert len((await here.call(staff, "GET", "staff/reports?open=false")).json()["items"]) == 1
    assert len((await here.call(staff, "GET", "staff/reports")).json()["items"]) == 1


async def test_a_person(here: Node, people: tuple[Person, Person, Person]) -> None:
    ann, bob, staff = people
    made = await here.call(ann, "POST", f"users/{bob.id}/report", {"reason": "rude"})
    assert made.status_code == 201
    assert (await here.call(ann, "POST", f"users/{bob.id}/report", {"reason": "x"})).status_code == 200
    report = (await here.call(staff, "GET", f"staff/reports/{made.json()['id']}")).json()
    assert (report["user"]["id"], "body" in report, "room" in report) == (bob.id, False, False)


async def test_page_by_page(here: Node, people: tuple[Person, Person, Person]) -> None:
    ann, bob, staff = people
    for person in (bob, staff, ann):
        await here.call(ann, "POST", f"users/{person.id}/report", {"reason": "x"})
    first = (await here.call(staff, "GET", "staff/reports?limit=2")).json()
    second = (await here.call(staff, "GET", f"staff/reports?limit=2&cursor={first['next']}")).json()
    about = [report["user"]["id"] for report in first["items"] + second["items"]]
    assert (about, second["next"]) == ([ann.id, staff.id, bob.id], None)


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 2_001}, {"reason": "\x00"}, {"why": "x"}, None])
async def test_bad_reasons(here: Node, people: tuple[Person, Person, Person], body: Any) -> None:
    ann, bob, _ = people
    room = await here.room(ann, bob)
    await here.post(bob, room, "x")
    for path in (f"users/{bob.id}/report", f"rooms/{room}/messages/1/report"):
        assert (await here.call(ann, "POST", path, body)).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"resolution": ""}, {"resolution": "x" * 2_001}, {"resolution": "x", "delete": 1}]
)
async def test_bad_resolutions(here: Node, people: tuple[Person, Person, Person], body: Any) -> None:
    ann, bob, staff = people
    made = (await here.call(ann, "POST", f"users/{bob.id}/report", {"reason": "x"})).json()
    assert (await here.call(staff, "POST", f"staff/reports/{made['id']}/resolve", body)).status_code == 400
    for query in ("open=maybe", "cursor=x", "limit=0"):
        assert (await here.call(staff, "GET", f"staff/reports?{query}")).status_code == 400


async def test_no_message_no_report(here: Node, people: tuple[Person, Person, Person]) -> None:
    ann, bob, _ = people
    room = await here.room(ann, bob, kind="private")
    await here.post(bob, room, "x")
    eve = await here.person("eve")
    for who, path in ((eve, f"rooms/{room}/messages/1/report"), (ann, f"rooms/{room}/messages/2/report")):
        answer = await here.call(who, "POST", path, {"reason": "x"})
        assert answer.status_code == 404
    assert (await here.call(ann, "POST", f"rooms/{room}/messages/0/report", {"reason": "x"})).status_code == 400
