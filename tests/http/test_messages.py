"""The routes of messages."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from support.bad_input import Bad, assert_problem, bad_bodies
from support.node import Node, Person, node

pytestmark = pytest.mark.asyncio(loop_scope="module")

THUMB = quote("👍")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """One for all tests; each has people and a room of its own."""
    async with node(tmp_path_factory.mktemp("messages")) as running:
        yield running


async def ok(running: Node, person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    response = await running.call(person, method, path, body)
    assert response.status_code == status, response.text
    return response.json()


async def refused(
    running: Node, person: Person, method: str, path: str, status: int, code: str, body: Any = None
) -> None:
    assert_problem(await running.call(person, method, path, body), status, code)


async def two(running: Node, kind: str = "public") -> tuple[Person, Person, str]:
    """Two members, and the path of their room's messages."""
    ana, ben = await running.people("ana", "ben")
    return ana, ben, f"rooms/{await running.room(ana, ben, kind=kind)}/messages"


async def test_promise_1_a_post_is_there_when_it_is_answered(running: Node) -> None:
    ana, ben, path = await two(running)
    message = await ok(running, ana, "POST", path, {"body": f"hi @{ben.name} \U0001f600"}, 201)
    assert (message["index"], message["kind"], message["sender"]["id"]) == (1, "message", ana.id)
    assert message["mentions"] == [ben.id]
    assert await ok(running, ben, "GET", f"{path}/1") == message
    reply = await ok(running, ben, "POST", path, {"body": "yes", "reply_to": 1}, 201)
    assert reply["reply_to"] == 1
    await refused(running, ben, "POST", path, 404, "not_found", {"body": "x", "reply_to": 9})


async def test_promise_3_a_repeated_post_is_answered_200_with_the_first(running: Node) -> None:
    ana, ben, path = await two(running)
    body = {"body": "once", "client_id": "k"}
    first = await ok(running, ana, "POST", path, body, 201)
    assert await ok(running, ana, "POST", path, body, 200) == first
    await refused(running, ana, "POST", path, 409, "client_id_reused", {**body, "body": "twice"})
    await ok(running, ben, "POST", path, body, 201)
    responses = await asyncio.gather(*(running.call(ana, "POST", path, {**body, "client_id": "k2"}) for _ in range(5)))
    assert sorted(response.status_code for response in responses) == [200, 200, 200, 200, 201]
    assert len({response.json()["id"] for response in responses}) == 1


async def test_editing_and_deleting(running: Node) -> None:
    ana, ben, path = await two(running)
    await ok(running, ben, "POST", path, {"body": "one"}, 201)
    edited = await ok(running, ben, "PATCH", f"{path}/1", {"body": "two"})
    assert (edited["body"], edited["seq"], edited["changed_seq"]) == ("two", 3, 4)
    assert await ok(running, ben, "PATCH", f"{path}/1", {"body": "two"}) == edited
    await refused(running, ana, "PATCH", f"{path}/1", 403, "forbidden", {"body": "mine"})
    deleted = await ok(running, ana, "DELETE", f"{path}/1")
    assert (deleted["body"], "deleted_at" in deleted) == (None, True)
    assert await ok(running, ana, "DELETE", f"{path}/1") == deleted
    assert await ok(running, ben, "GET", f"{path}/1") == deleted
    await refused(running, ben, "PATCH", f"{path}/1", 409, "deleted", {"body": "back"})
    for method in ("GET", "DELETE"):
        await refused(running, ana, method, f"{path}/2", 404, "not_found")
    await refused(running, ana, "PATCH", f"{path}/2", 404, "not_found", {"body": "x"})


async def test_reacting(running: Node) -> None:
    ana, ben, path = await two(running)
    await ok(running, ana, "POST", path, {"body": "hi"}, 201)
    message = await ok(running, ben, "PUT", f"{path}/1/reactions/{THUMB}")
    assert message["reactions"] == [{"emoji": "👍", "count": 1, "users": [ben.id]}]
    assert await ok(running, ben, "PUT", f"{path}/1/reactions/{THUMB}") == message
    message = await ok(running, ben, "DELETE", f"{path}/1/reactions/{THUMB}")
    assert "reactions" not in message
    assert await ok(running, ben, "DELETE", f"{path}/1/reactions/{THUMB}") == message
    for emoji in ("a", "%00", quote("👍👍"), quote("☺"), "%20", "x" * 65, quote("👍") + "%2F"):
        response = await running.call(ben, "PUT", f"{path}/1/reactions/{emoji}")
        assert response.status_code in (400, 404), emoji
        assert response.headers["content-type"] == "application/problem+json"
    await refused(running, ben, "PUT", f"{path}/9/reactions/{THUMB}", 404, "not_found")
    await ok(running, ana, "DELETE", f"{path}/1")
    await refused(running, ben, "PUT", f"{path}/1/reactions/{THUMB}", 409, "deleted")


@pytest.mark.parametrize(
    ("query", "indexes", "more"),
    [
        ("", range(1, 13), False),
        ("limit=5", range(8, 13), True),
        ("before=8&limit=5", range(3, 8), True),
        ("before=3&limit=5", range(1, 3), False),
        ("before=0", range(0), False),
        ("before=9999999999", range(1, 13), False),
        ("after=0&limit=4", range(1, 5), True),
        ("after=9", range(10, 13), False),
        ("after=12", range(0), False),
        ("around=6&limit=5", range(4, 9), True),
        ("around=1&limit=4", range(1, 5), True),
        ("around=12&limit=4", range(10, 13), True),
        ("around=500&limit=4", range(10, 13), True),
        ("around=0", range(1, 13), False),
    ],
)
async def test_history_by_index(running: Node, query: str, indexes: range, more: bool) -> None:
    path = await twelve(running)
    page = await ok(running, path[0], "GET", f"{path[1]}?{query}")
    assert [message["index"] for message in page["items"] if message["index"]] == list(indexes)
    assert page["more"] is more
    seqs = [message["seq"] for message in page["items"]]
    assert seqs == sorted(seqs)


_TWELVE: dict[int, tuple[Person, str]] = {}


async def twelve(running: Node) -> tuple[Person, str]:
    """A member, and the messages of a room that has twelve."""
    if id(running) not in _TWELVE:
        ana, _, path = await two(running)
        for number in range(12):
            await ok(running, ana, "POST", path, {"body": str(number)}, 201)
        _TWELVE[id(running)] = ana, path
    return _TWELVE[id(running)]


async def test_notices_come_in_their_place_and_on_one_page_only(running: Node) -> None:
    ana, ben, path = await two(running)
    room = path.split("/")[1]
    for body in ("1", "2", "3"):
        await ok(running, ana, "POST", path, {"body": body}, 201)
        await running.services.members.leave(ben.caller, room)
        await running.services.members.join(ben.caller, room)
    pages = []
    query, more = "limit=1", True
    while more:
        page = await ok(running, ana, "GET", f"{path}?{query}")
        pages.append([message["index"] or message["notice"]["type"] for message in page["items"]])
        index = next(message["index"] for message in page["items"] if message["index"])
        query, more = f"before={index}&limit=1", page["more"]
    assert pages == [[3, "left", "joined"], [2, "left", "joined"], ["joined", 1, "left", "joined"]]
    forward = await ok(running, ana, "GET", f"{path}?after=0&limit=1")
    assert [message["index"] or message["notice"]["type"] for message in forward["items"]] == pages[2]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "before=-1", "before=x", "before=9223372036854775808", "before=1&after=2",
     "around=1&before=2", "after=1.5", "around=", "before=" + "9" * 5_000],
)  # fmt: skip
async def test_bad_queries(running: Node, query: str) -> None:
    ana, path = await twelve(running)
    await refused(running, ana, "GET", f"{path}?{query}", 400, "invalid")


@pytest.mark.parametrize("index", ["0", "-1", "x", "1.5", "9223372036854775808", "9" * 5_000, "%00"])
async def test_bad_indexes(running: Node, index: str) -> None:
    ana, path = await twelve(running)
    await refused(running, ana, "GET", f"{path}/{index}", 400, "invalid")
    await refused(running, ana, "PATCH", f"{path}/{index}", 400, "invalid", {"body": "x"})
    await refused(running, ana, "PUT", f"{path}/{index}/reactions/{THUMB}", 400, "invalid")


POST = [
    *(("POST", "", bad) for bad in bad_bodies({"body": "hi"}, text="body", number="reply_to")),
    *(
        ("POST", "", bad)
        for bad in bad_bodies({"body": "hi", "client_id": "k"}, text="client_id")
        if "text" in bad.name
    ),
    *(("PATCH", "/1", bad) for bad in bad_bodies({"body": "hi"}, text="body")),
]
FINE = {"text_null", "text_missing"}
"""A post without a client_id."""


@pytest.mark.parametrize(("method", "end", "bad"), POST, ids=str)
async def test_bad_bodies(running: Node, method: str, end: str, bad: Bad) -> None:
    ana, path = await twelve(running)
    headers = {"authorization": f"Bearer {ana.token}", **bad.headers}
    url = f"/api/v1/{path}{end}"
    response = await running.http.request(method, url, content=bad.content, headers=headers)
    if bad.name in FINE and b'"body": "hi"' in bad.content:
        assert response.status_code == 201
        _TWELVE.clear()
        return
    assert_problem(response, bad.status, *bad.codes)


async def test_too_fast(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with node(tmp_path_factory.mktemp("fast"), post_rate=0.01, post_burst=1) as running:
        [ana] = await running.people("ana")
        path = f"rooms/{await running.room(ana)}/messages"
        await ok(running, ana, "POST", path, {"body": "hi"}, 201)
        response = await running.call(ana, "POST", path, {"body": "hi"})
        problem = assert_problem(response, 429, "rate_limited")
        assert 0 < problem["retry_after"] <= 100
        assert 1 <= int(response.headers["retry-after"]) <= 100
