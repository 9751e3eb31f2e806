"""Rooms, members and messages by server key."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.clock import FakeClock
from support.node import Node, node
from tertulia.domain.words import Action
from tertulia.storage import audit, erasure

ROOMS = "/api/v1/server/rooms"
ORDER = f"{ROOMS}/external:order%2F17"


class Backend:
    """The product's backend, with a key."""

    def __init__(self, running: Node, key: str) -> None:
        self.node = running
        self.headers = {"authorization": f"Bearer {key}"}

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.node.http.request(method, path, json=body, headers=self.headers)

    async def user(self, own_id: str, **fields: Any) -> dict[str, Any]:
        response = await self.call("PUT", f"/api/v1/server/users/{own_id}", fields)
        assert response.is_success, response.text
        found: dict[str, Any] = response.json()
        return found


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


@pytest.fixture
async def backend(running: Node) -> Backend:
    _, key = await running.services.keys.create("shop", ["users", "rooms", "members", "messages"])
    return Backend(running, key)


async def test_a_retry_makes_no_second_room(running: Node, backend: Backend) -> None:
    body = {"title": "Order 17", "metadata": {"order": 17}, "slow_mode": 5}
    first = await backend.call("PUT", ORDER, body)
    again = await backend.call("PUT", ORDER, body)
    assert (first.status_code, again.status_code) == (201, 200)
    room = first.json()
    assert room["external_id"] == "order/17"
    assert (room["kind"], room["title"], room["metadata"], room["slow_mode"]) == (
        "private", "Order 17", {"order": 17}, 5,
    )  # fmt: skip
    assert again.json()["id"] == room["id"]
    at_once = await asyncio.gather(*(backend.call("PUT", f"{ROOMS}/order-18", body) for _ in range(10)))
    assert sorted(response.status_code for response in at_once) == [200] * 9 + [201]
    assert len({response.json()["id"] for response in at_once}) == 1


async def test_put_changes_what_is_given_and_a_public_room_stays_public(running: Node, backend: Backend) -> None:
    await backend.call("PUT", ORDER, {"title": "Order 17", "description": "A lamp."})
    changed = (await backend.call("PUT", ORDER, {"title": "Order 17, sent"})).json()
    assert (changed["title"], changed["description"]) == ("Order 17, sent", "A lamp.")
    refused = await backend.call("PUT", ORDER, {"kind": "public", "name": "orders"})
    assert (refused.status_code, refused.json()["code"]) == (409, "external_id_taken")
    archived = (await backend.call("PATCH", ORDER, {"archived": True})).json()
    assert archived["archived"] is True
    assert (await backend.call("PATCH", ORDER, {"title": "x"})).json()["code"] == "archived"


async def test_put_says_what_it_cannot_change(running: Node, backend: Backend) -> None:
    ana = await backend.user("a-1")
    made = await backend.call("PUT", ORDER, {"kind": "public", "name": "orders", "owner": "external:a-1"})
    assert made.status_code == 201
    for same in ({"owner": ana["id"]}, {"owner": "external:a-1", "kind": "public", "name": "orders"}, {}):
        assert (await backend.call("PUT", ORDER, same)).status_code == 200, same
    refused = await backend.call("PUT", ORDER, {"kind": "private", "title": "changed"})
    assert (refused.status_code, refused.json()["code"]) == (409, "external_id_taken")
    assert list(refused.json()["fields"]) == ["kind"]
    assert (await backend.call("GET", ORDER)).json()["title"] == "orders"


async def test_put_again_leaves_the_owner_who_may_have_handed_it_over(running: Node, backend: Backend) -> None:
    await backend.user("a-1")
    ben = await backend.user("b-2")
    wanted = {"kind": "public", "name": "orders", "owner": "external:a-1"}
    await backend.call("PUT", ORDER, wanted)
    await backend.call("PUT", f"{ORDER}/members/external:b-2", {"role": "owner"})
    assert (await backend.call("PUT", ORDER, wanted)).status_code == 200
    members = (await backend.call("GET", f"{ORDER}/members")).json()["items"]
    assert [one["user"]["id"] for one in members if one["role"] == "owner"] == [ben["id"]]


@pytest.mark.parametrize("own_id", ["%20", "a%20", "%20a", "%2E", "%2E%2E", "external:%2E%2E", "%E3%80%80a"])
async def test_ids_that_are_none(running: Node, backend: Backend, own_id: str) -> None:
    refused = await backend.call("PUT", f"{ROOMS}/{own_id}", {"title": "x"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


async def test_members_come_change_and_go(running: Node, backend: Backend) -> None:
    ana, ben = await backend.user("a-1", first_name="Ana"), await backend.user("b%2F2", first_name="Ben")
    await backend.call("PUT", ORDER, {"title": "Order 17", "owner": "external:a-1"})
    path = f"{ORDER}/members"
    made = await backend.call("PUT", f"{path}/external:b%2F2", {"role": "moderator"})
    assert (made.status_code, made.json()["role"]) == (200, "moderator")
    assert (await backend.call("PUT", f"{path}/{ben['id']}", {})).json()["role"] == "moderator"
    listed = (await backend.call("GET", path)).json()["items"]
    assert [(one["user"]["id"], one["role"]) for one in listed] == [(ana["id"], "owner"), (ben["id"], "moderator")]
    assert (await backend.call("PUT", f"{path}/{ben['id']}", {"role": "owner"})).json()["role"] == "owner"
    listed = (await backend.call("GET", path)).json()["items"]
    assert [one["role"] for one in listed] == ["admin", "owner"]
    assert (await backend.call("DELETE", f"{path}/{ben['id']}")).status_code == 204
    assert (await backend.call("DELETE", f"{path}/{ben['id']}")).status_code == 404
    listed = (await backend.call("GET", path)).json()["items"]
    assert [(one["user"]["id"], one["role"]) for one in listed] == [(ana["id"], "owner")]


async def test_it_speaks_as_a_bot_or_as_anybody_and_posting_twice_posts_once(running: Node, backend: Backend) -> None:
    await backend.user("bot", first_name="Shop", is_bot=True)
    ana = await backend.user("a-1", first_name="Ana")
    await backend.call("PUT", ORDER, {"title": "Order 17", "owner": ana["id"]})
    post = {"sender": "external:bot", "body": "Your order is on its way", "client_id": "sent-17", "metadata": {"n": 1}}
    first, again = [await backend.call("POST", f"{ORDER}/messages", post) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["sender"]["is_bot"] is True
    assert first.json()["metadata"] == {"n": 1}
    assert again.json()["id"] == first.json()["id"]
    as_ana = await backend.call("POST", f"{ORDER}/messages", {"sender": ana["id"], "body": "Thanks"})
    assert as_ana.json()["sender"]["id"] == ana["id"]
    page = (await backend.call("GET", f"{ORDER}/messages")).json()
    assert [row["body"] for row in page["items"] if row["index"]] == ["Your order is on its way", "Thanks"]
    gone = await backend.call("DELETE", f"{ORDER}/messages/2")
    assert gone.json()["body"] is None
    nobody = await backend.call("POST", f"{ORDER}/messages", {"sender": "external:nobody", "body": "x"})
    assert nobody.status_code == 404


async def test_the_direct_room_of_two(running: Node, backend: Backend) -> None:
    ana, ben = await backend.user("a-1"), await backend.user("b-2")
    path = f"/api/v1/server/users/{ana['id']}/direct"
    first, again = [await backend.call("PUT", f"{path}/external:b-2") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = await backend.call("PUT", f"/api/v1/server/users/{ben['id']}/direct/{ana['id']}")
    assert other.json()["id"] == first.json()["id"]
    assert (await backend.call("PUT", f"{path}/{ana['id']}")).status_code == 400
    room = f"{ROOMS}/{first.json()['id']}"
    for method, where, body in (("DELETE", room, None), ("PATCH", room, {"title": "x"})):
        assert (await backend.call(method, where, body)).json()["code"] == "direct_room"


async def test_a_deleted_room_is_gone_and_its_external_id_free(running: Node, backend: Backend) -> None:
    first = (await backend.call("PUT", ORDER, {"title": "Order 17"})).json()
    assert (await backend.call("DELETE", ORDER)).status_code == 204
    assert (await backend.call("GET", ORDER)).status_code == 404
    again = await backend.call("PUT", ORDER, {"title": "Order 17"})
    assert again.status_code == 201
    assert again.json()["id"] != first["id"]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("PUT", ORDER, "rooms"),
        ("GET", ORDER, "rooms"),
        ("PATCH", ORDER, "rooms"),
        ("DELETE", ORDER, "rooms"),
        ("PUT", "/api/v1/server/users/external:a/direct/external:b", "rooms"),
        ("GET", f"{ORDER}/members", "members"),
        ("PUT", f"{ORDER}/members/external:a", "members"),
        ("DELETE", f"{ORDER}/members/external:a", "members"),
        ("GET", f"{ORDER}/messages", "messages"),
        ("POST", f"{ORDER}/messages", "messages"),
        ("DELETE", f"{ORDER}/messages/1", "messages"),
    ],
)
async def test_each_needs_its_scope_and_no_user_gets_in(running: Node, method: str, path: str, scope: str) -> None:
    others = [name for name in ("users", "rooms", "members", "messages", "sessions") if name != scope]
    _, key = await running.services.keys.create("other", others)
    [ana] = await running.people("ana")
    body = {"title": "x", "sender": "external:a", "body": "x"} if method in ("PUT", "POST", "PATCH") else None
    with_key = await Backend(running, key).call(method, path, body)
    assert with_key.status_code in (400, 403)
    with_scope = await Backend(running, key).call(method, path, None if body is None else {})
    assert with_scope.status_code in (400, 403)
    as_user = await running.http.request(method, path, json=body, headers={"authorization": f"Bearer {ana.token}"})
    assert as_user.status_code in (400, 401)
    if body is None:
        assert (with_key.status_code, as_user.status_code) == (403, 401)
        assert scope in with_key.json()["detail"]


async def test_every_act_stands_in_the_audit_log(running: Node, backend: Backend) -> None:
    await backend.user("a-1")
    await backend.call("PUT", ORDER, {"title": "Order 17"})
    await backend.call("PATCH", ORDER, {"title": "Order 17, sent"})
    await backend.call("PUT", f"{ORDER}/members/external:a-1", {"role": "admin"})
    await backend.call("DELETE", f"{ORDER}/members/external:a-1")
    await backend.call("DELETE", ORDER)
    entries = await running.app.db.read(audit.page)
    acts = [entry.act for entry in reversed(entries) if entry.via == "key shop"]
    assert acts[-5:] == ["create_room", "change", "add", "remove", "delete_room"]


async def test_each_room_that_is_made_stands_in_the_audit_log_once(running: Node, backend: Backend) -> None:
    ana, ben = await backend.user("a-1"), await backend.user("b-2")
    room = (await backend.call("PUT", ORDER, {"title": "Order 17", "owner": ana["id"], "slow_mode": 5})).json()
    await backend.call("PUT", ORDER, {"title": "Order 17"})
    direct = (await backend.call("PUT", f"/api/v1/server/users/{ana['id']}/direct/{ben['id']}")).json()
    await backend.call("PUT", f"/api/v1/server/users/{ben['id']}/direct/{ana['id']}")
    own = await running.room((await running.people("own"))[0])
    entries = [entry for entry in await running.app.db.read(audit.page) if entry.act == "create_room"]
    assert [(entry.room_id, entry.actor, entry.user, entry.via) for entry in reversed(entries)] == [
        (room["id"], None, ana["number"], "key shop"),
        (direct["id"], None, ana["number"], "key shop"),
    ]
    assert entries[-1].details == {"kind": "private", "title": "Order 17"}
    assert own not in {entry.room_id for entry in entries}, "people make their own rooms unrecorded"


async def test_a_repeated_post_is_answered_whatever_the_list_says_now(running: Node, backend: Backend) -> None:
    ana = await backend.user("a-1")
    await backend.call("PUT", ORDER, {"title": "Order 17"})
    post = {"sender": ana["id"], "body": "an awful lamp", "client_id": "sent-17"}
    first = await backend.call("POST", f"{ORDER}/messages", post)
    await running.services.words.put(None, "awful", Action.REFUSE)
    again = await backend.call("POST", f"{ORDER}/messages", post)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    for other in ({**post, "client_id": "sent-18"}, {"sender": ana["id"], "body": "awful"}):
        refused = await backend.call("POST", f"{ORDER}/messages", other)
        assert (refused.status_code, refused.json()["code"]) == (403, "words_refused")
    await backend.call("PATCH", "/api/v1/server/users/external:a-1", {"is_active": False})
    assert (await backend.call("POST", f"{ORDER}/messages", post)).status_code == 200
    late = await backend.call("POST", f"{ORDER}/messages", {**post, "body": "a lamp", "client_id": "sent-19"})
    assert late.status_code == 404


async def test_what_the_list_flags_is_reported_here_too(running: Node, backend: Backend) -> None:
    await running.services.words.put(None, "dubious", Action.REPORT)
    ana = await backend.user("a-1")
    await backend.call("PUT", ORDER, {"title": "A dubious order"})
    await backend.call("PUT", ORDER, {"title": "A dubious order"})
    await backend.call("PATCH", ORDER, {"description": "dubious, too"})
    post = {"sender": ana["id"], "body": "a dubious lamp", "client_id": "sent-17"}
    for _ in range(2):
        await backend.call("POST", f"{ORDER}/messages", post)
    found, _, _ = await running.services.reports.page(is_open=True, before=None, limit=50)
    room = (await backend.call("GET", ORDER)).json()["id"]
    assert {report.room_id for report in found} == {room}
    assert [(report.body, report.user) for report in reversed(found)] == [
        ("A dubious order", None),
        ("dubious, too", None),
        ("a dubious lamp", ana["number"]),
    ]


async def test_a_user_is_deleted_and_their_id_is_free_for_somebody_new(running: Node, backend: Backend) -> None:
    ana = await backend.user("a-1", first_name="Ana")
    await backend.call("PUT", ORDER, {"title": "Order 17", "owner": ana["id"]})
    await backend.call("POST", f"{ORDER}/messages", {"sender": ana["id"], "body": "a secret"})
    path = "/api/v1/server/users/external:a-1"
    assert (await backend.call("DELETE", f"{path}?erase_messages=true")).status_code == 204
    assert (await backend.call("DELETE", path)).status_code == 404
    while await running.app.db.read(erasure.pending) is not None:
        await running.settle()
    page = (await backend.call("GET", f"{ORDER}/messages")).json()
    assert [row["body"] for row in page["items"] if row["index"]] == [None]
    assert (await backend.user("a-1"))["id"] != ana["id"]
