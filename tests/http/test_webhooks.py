"""Webhooks over REST: the staff alone, and what they may do."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text

from support.bad_input import assert_problem
from support.clock import FakeClock
from support.node import Node, Person, node
from support.receiver import receiver
from tertulia.domain.webhooks import MAX_WEBHOOKS

EVENTS = ["message", "edit", "delete", "mention", "member", "report"]
NOBODY = "0197a1b0-0000-7000-8000-0000000000aa"
ROUTES = [
    ("GET", "staff/webhooks", None),
    ("POST", "staff/webhooks", {"url": "https://app.example/", "events": ["message"]}),
    ("PATCH", f"staff/webhooks/{NOBODY}", {}),
    ("DELETE", f"staff/webhooks/{NOBODY}", None),
    ("GET", f"staff/webhooks/{NOBODY}/dead", None),
    ("POST", f"staff/webhooks/{NOBODY}/resend", {}),
    ("POST", f"staff/webhooks/{NOBODY}/test", None),
]


class World:
    def __init__(self, here: Node, staff: Person, ann: Person, bob: Person) -> None:
        self.node = here
        self.staff = staff
        self.ann = ann
        self.bob = bob

    async def ask(self, method: str, path: str, body: Any = None, person: Person | None = None) -> httpx.Response:
        return await self.node.call(person or self.staff, method, path, body)

    async def add(self, url: str, *events: str) -> dict[str, Any]:
        answer = await self.ask("POST", "staff/webhooks", {"url": url, "events": list(events) or EVENTS})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def audit(self) -> list[tuple[Any, ...]]:
        def look(connection: Connection) -> list[tuple[Any, ...]]:
            rows = connection.execute(text("SELECT act, actor, via, details FROM audit ORDER BY number"))
            return [tuple(row) for row in rows]

        return await self.node.app.db.read(look)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with node(tmp_path, FakeClock(), webhook_allowed_networks=("127.0.0.0/8",), webhook_attempts=2) as here:
        staff, ann, bob = await here.people("staff", "ann", "bob")

        def promote(connection: Connection) -> None:
            connection.execute(text("UPDATE users SET is_staff = 1 WHERE number = :n"), {"n": staff.number})

        await here.app.db.write(promote)
        yield World(here, staff, ann, bob)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_the_staff_alone(w: World, method: str, path: str, body: Any) -> None:
    assert_problem(await w.ask(method, path, body, w.ann), 403, "forbidden")
    assert_problem(await w.node.http.request(method, f"/api/v1/{path}", json=body), 401, "unauthorized")


@pytest.mark.parametrize(("method", "path", "body"), ROUTES[2:])
async def test_a_webhook_that_is_not_there(w: World, method: str, path: str, body: Any) -> None:
    assert_problem(await w.ask(method, path, body), 404, "not_found")
    bad = path.replace(path.split("/")[2], "none")
    assert_problem(await w.ask(method, bad, body), 404, "not_found")


async def test_everything_that_happens_is_told(w: World) -> None:
    """From a post to the receiver, through the whole server."""
    async with receiver() as there:
        made = await w.add(there.url)
        room = await w.node.room(w.ann, w.bob, kind="private")
        w.node.services.presence.arrive(w.ann.number, w.ann.id, "device")
        await w.node.post(w.ann, room, f"hello @{w.bob.name}")
        got = await there.count(4)
        assert there.events == ["member", "member", "message", "mention"]
        assert [person["id"] for person in got[3].json["offline"]] == [w.bob.id]
        assert "offline" not in got[2].json
        direct = (await w.node.call(w.ann, "PUT", f"users/{w.bob.id}/direct")).json()["id"]
        await w.node.post(w.bob, direct, "psst")
        got = await there.count(6)
        assert got[5].json["room"]["kind"] == "direct"
        assert got[5].json["offline"] == []  # ann is there
        (shown,) = (await w.ask("GET", "staff/webhooks")).json()["items"]
        assert shown == {**{name: made[name] for name in made if name != "secret"}, "waiting": 0, "dead": 0} or (
            shown["waiting"] <= 1
        )


async def test_the_secret_is_shown_once(w: World) -> None:
    async with receiver() as there:
        made = await w.add(there.url, "message")
        assert made["secret"].startswith("whsec_")
        for answer in (
            await w.ask("GET", "staff/webhooks"),
            await w.ask("PATCH", f"staff/webhooks/{made['id']}", {"events": ["edit"]}),
        ):
            assert made["secret"] not in answer.text
            assert "secret" not in answer.text
        given = {"url": there.url, "events": ["message"], "secret": "chosen by the backend"}
        assert (await w.ask("POST", "staff/webhooks", given)).json()["secret"] == "chosen by the backend"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://app.example"),
        ("url", "https://user:pass@app.example/"),
        ("url", "http://169.254.169.254/latest/meta-data"),
        ("url", "http://[::1]/"),
        ("url", "http://10.0.0.1/"),
        ("url", "http://2852039166/"),
        ("url", "https://nothing.invalid/"),
        ("url", "https://a.example/" + "x" * 3000),
        ("url", None),
        ("events", []),
        ("events", ["test"]),
        ("events", ["message"] * 7),
        ("events", "message"),
        ("secret", "short"),
        ("secret", "x" * 300),
        ("secret", "é" * 20),
        ("number", 1),
    ],
)
async def test_bad_webhooks(w: World, field: str, value: Any) -> None:
    body = {"url": "http://127.0.0.1:9/", "events": ["message"], field: value}
    problem = assert_problem(await w.ask("POST", "staff/webhooks", body), 400, "invalid")
    assert any(name.startswith(field) for name in problem["fields"])
    assert "meta-data" not in json.dumps(problem)
    assert (await w.ask("GET", "staff/webhooks")).json()["items"] == []


async def test_there_is_a_bound(w: World) -> None:
    for _ in range(MAX_WEBHOOKS):
        await w.add("http://127.0.0.1:9/", "report")
    body = {"url": "http://127.0.0.1:9/", "events": ["message"]}
    assert_problem(await w.ask("POST", "staff/webhooks", body), 409, "too_many")


async def test_changing_and_removing(w: World) -> None:
    async with receiver() as there, receiver() as other:
        made = await w.add(there.url, "message")
        room = await w.node.room(w.ann)
        path = f"staff/webhooks/{made['id']}"
        await w.node.post(w.ann, room, "one")
        await there.count(1)
        changed = (await w.ask("PATCH", path, {"url": other.url})).json()
        assert (changed["url"], changed["events"]) == (other.url, ["message"])
        await w.node.post(w.ann, room, "two")
        await other.count(1)
        assert (await w.ask("PATCH", path, {"enabled": False})).json()["enabled"] is False
        await w.node.post(w.ann, room, "three")
        assert (await w.ask("PATCH", path, {"enabled": True})).json()["enabled"] is True
        await w.node.post(w.ann, room, "four")
        await other.count(2)
        assert [one.json["message"]["body"] for one in other.received] == ["two", "four"]
        assert_problem(await w.ask("PATCH", path, {"url": "http://10.0.0.1/"}), 400, "invalid")
        assert (await w.ask("DELETE", path)).status_code == 204
        assert_problem(await w.ask("DELETE", path), 404, "not_found")
        await w.node.post(w.ann, room, "five")
        await w.node.settle()
        assert len(other.received) == 2


async def test_the_dead_are_listed_and_sent_again(w: World) -> None:
    status = 500
    async with receiver(lambda _: status) as there:
        made = await w.add(there.url, "message")
        path = f"staff/webhooks/{made['id']}"
        room = await w.node.room(w.ann)
        for number in range(3):
            await w.node.post(w.ann, room, f"secret {number}")
        while (await w.ask("GET", "staff/webhooks")).json()["items"][0]["dead"] < 3:
            await w.node.pass_time(2, 1)
        page = (await w.ask("GET", f"{path}/dead?limit=2")).json()
        rest = (await w.ask("GET", f"{path}/dead?limit=2&cursor={page['next']}")).json()
        items = page["items"] + rest["items"]
        assert (len(items), rest["next"]) == (3, None)
        assert [item["error"] for item in items] == ["status 500"] * 3
        assert [item["attempts"] for item in items] == [2] * 3
        assert "secret" not in json.dumps(items)  # what was said is not for everybody of the staff
        assert_problem(await w.ask("GET", f"{path}/dead?cursor=x"), 400, "invalid")
        status = 200
        there.received.clear()
        assert (await w.ask("POST", f"{path}/resend", {"ids": [items[2]["id"]]})).json() == {"resent": 1}
        await there.count(1)
        assert (await w.ask("POST", f"{path}/resend", {})).json() == {"resent": 2}
        await there.count(3)
        assert [one.json["message"]["body"] for one in there.received] == ["secret 0", "secret 1", "secret 2"]
        for ids in ([], ["x"] * 101, [7], "all"):
            assert_problem(await w.ask("POST", f"{path}/resend", {"ids": ids}), 400, "invalid")


async def test_trying_a_webhook(w: World) -> None:
    status = 200
    async with receiver(lambda _: status) as there:
        path = f"staff/webhooks/{(await w.add(there.url, 'report'))['id']}/test"
        assert (await w.ask("POST", path)).json() == {"delivered": True, "status": 200}
        assert there.received[0].json["event"] == there.received[0].headers["tertulia-event"] == "test"
        status = 404
        assert (await w.ask("POST", path)).json() == {"delivered": False, "status": 404, "error": "status 404"}
    assert (await w.ask("POST", path)).json() == {"delivered": False, "error": "cannot connect"}


async def test_every_act_is_in_the_audit_log_without_address_or_secret(w: World) -> None:
    async with receiver() as there:
        made = await w.add(there.url + "?token=hidden", "message")
        path = f"staff/webhooks/{made['id']}"
        await w.ask("PATCH", path, {"events": ["edit"]})
        await w.ask("PATCH", path, {"events": ["edit"]})  # changes nothing
        await w.ask("POST", f"{path}/test")
        await w.ask("POST", f"{path}/resend", {})
        await w.ask("DELETE", path)
    rows = await w.audit()
    acts = ["create", "change", "test", "resend", "remove"]
    assert [row[0] for row in rows] == [f"webhook_{act}" for act in acts]
    assert all(row[1:3] == (w.staff.number, "user") for row in rows)
    assert all(made["id"] in row[3] for row in rows)
    text_ = json.dumps([list(row) for row in rows])
    assert "hidden" not in text_
    assert made["secret"] not in text_
