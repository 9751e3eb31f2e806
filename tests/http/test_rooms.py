"""The routes of rooms; those of their members, bans and pins are called by outsiders here, too."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from support.bad_input import Bad, assert_problem, bad_bodies
from support.node import Node, Person, node

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTHING = "0197a1b0-0000-7000-8000-000000000001"
MEMBER = {"user": NOTHING}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """One for all tests; each has people of its own."""
    async with node(tmp_path_factory.mktemp("rooms"), large_room=3) as running:
        yield running


async def ok(running: Node, person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    response = await running.call(person, method, path, body)
    assert response.status_code == status, response.text
    return response.json() if response.content else None


async def problem(response: httpx.Response, status: int, *codes: str) -> dict[str, Any]:
    return assert_problem(response, status, *codes)


# Making.


async def test_a_room_is_made_and_its_maker_owns_it(running: Node) -> None:
    [ana] = await running.people("ana")
    name = f"plans of {ana.name}"
    room = await ok(running, ana, "POST", "rooms", {"name": name, "description": "All of them."}, 201)
    assert (room["kind"], room["name"], room["title"], room["description"]) == ("public", name, name, "All of them.")
    assert (room["member_count"], room["message_count"], room["head_seq"]) == (1, 0, 1)
    assert room["me"] == {**room["me"], "role": "owner", "unread": 0, "mentions": 0}
    assert await ok(running, ana, "GET", f"rooms/{room['id']}") == room
    assert room in (await ok(running, ana, "GET", "rooms"))["items"]


async def test_a_private_room_needs_a_title_only(running: Node) -> None:
    [ana] = await running.people("ana")
    room = await ok(running, ana, "POST", "rooms", {"kind": "private", "title": "Plans"}, 201)
    assert (room["kind"], room["name"], room["title"]) == ("private", None, "Plans")


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "direct", "name": "x"},
        {"kind": "secret", "name": "x"},
        {"kind": "public"},
        {"kind": "public", "title": "x"},
        {"kind": "private"},
        {"name": " "},
        {"name": " x"},
        {"name": "x\n"},
        {"name": "dm_x"},
        {"name": "x" * 256},
        {"name": "x", "title": "x" * 256},
        {"name": "x", "description": "x" * 4_097},
        {"name": "x", "owner": NOTHING},
    ],
)
async def test_rooms_that_cannot_be(running: Node, body: dict[str, Any]) -> None:
    [ana] = await running.people("ana")
    await problem(await running.call(ana, "POST", "rooms", body), 400, "invalid")


async def test_a_title_turns_no_text_around_it(running: Node) -> None:
    [ana] = await running.people("ana")
    room = await ok(running, ana, "POST", "rooms", {"kind": "private", "title": "Plans"}, 201)
    line = await running.connect(ana)
    for title in ("a\u202eb", "\u2066a", "a\nb"):
        made = await problem(
            await running.call(ana, "POST", "rooms", {"kind": "private", "title": title}), 400, "invalid"
        )
        changed = await problem(
            await running.call(ana, "PATCH", f"rooms/{room['id']}", {"title": title}), 400, "invalid"
        )
        assert list(made["fields"]) == list(changed["fields"]) == ["title"]
        assert (await line.ask("change", room=room["id"], title=title))["error"]["code"] == "invalid"
    await ok(running, ana, "PATCH", f"rooms/{room['id']}", {"description": "any\u202e text"})


async def test_a_public_name_is_there_once_and_private_ones_tell_nothing(running: Node) -> None:
    """Promise 7: that a name is refused must not tell that there is a private room."""
    ana, eve = await running.people("ana", "eve")
    name = f"square of {ana.name}"
    room = await ok(running, ana, "POST", "rooms", {"name": name}, 201)
    refused = await problem(await running.call(eve, "POST", "rooms", {"name": name}), 409, "name_taken")
    assert refused["fields"].keys() == {"name"}
    other = await ok(running, eve, "POST", "rooms", {"name": f"{name} 2"}, 201)
    await problem(await running.call(eve, "PATCH", f"rooms/{other['id']}", {"name": name}), 409, "name_taken")
    secret = f"secret of {ana.name}"
    await ok(running, ana, "POST", "rooms", {"kind": "private", "name": secret}, 201)
    await ok(running, eve, "POST", "rooms", {"name": secret}, 201)
    await ok(running, ana, "DELETE", f"rooms/{room['id']}", status=204)
    await ok(running, eve, "POST", "rooms", {"name": name}, 201)


async def test_a_direct_room_is_there_once(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await ok(running, ana, "PUT", f"users/{ben.id}/direct", status=201)
    assert (room["kind"], room["name"], room["partner"]["id"]) == ("direct", None, ben.id)
    assert (await ok(running, ana, "PUT", f"users/{ben.id}/direct"))["id"] == room["id"]
    theirs = await ok(running, ben, "PUT", f"users/{ana.id}/direct")
    assert (theirs["id"], theirs["partner"]["id"]) == (room["id"], ana.id)
    await problem(await running.call(ana, "PUT", f"users/{ana.id}/direct"), 400, "invalid")
    for user in (NOTHING, "x", "x" * 40):
        await problem(await running.call(ana, "PUT", f"users/{user}/direct"), 404, "not_found")
    await problem(await running.call(ana, "PUT", f"users/{'x' * 65}/direct"), 400, "invalid")


# Changing.


async def test_changing_a_room(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    changed = await ok(running, ana, "PATCH", f"rooms/{room}", {"title": "Square", "description": "Quiet"})
    assert (changed["title"], changed["description"], changed["changed_seq"]) == ("Square", "Quiet", 3)
    same = await ok(running, ana, "PATCH", f"rooms/{room}", {"title": "Square", "name": None})
    assert same == changed
    assert await ok(running, ana, "PATCH", f"rooms/{room}", {}) == changed
    await problem(await running.call(ana, "PATCH", f"rooms/{room}", {"name": ""}), 400, "invalid")
    await problem(await running.call(ana, "PATCH", f"rooms/{room}", {"kind": "private"}), 400, "invalid")


async def test_a_deleted_room_is_gone_for_all(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await ok(running, ana, "DELETE", f"rooms/{room}", status=204)
    for person in (ana, ben):
        await problem(await running.call(person, "GET", f"rooms/{room}"), 404, "not_found")
        assert room not in str(await ok(running, person, "GET", "rooms"))
    await problem(await running.call(ana, "DELETE", f"rooms/{room}"), 404, "not_found")


async def test_what_a_product_keeps_with_a_room(running: Node) -> None:
    [ana] = await running.people("ana")
    kept = {"order": 17, "names": ["ñ", None], "": {}}
    room = await ok(running, ana, "POST", "rooms", {"kind": "private", "title": "x", "metadata": kept}, 201)
    assert room["metadata"] == kept
    path = f"rooms/{room['id']}"
    assert (await ok(running, ana, "GET", path))["metadata"] == kept
    assert (await ok(running, ana, "PATCH", path, {"title": "y"}))["metadata"] == kept
    assert (await ok(running, ana, "PATCH", path, {"metadata": {}}))["metadata"] == {}
    metadata: Any
    for metadata in ({"x": "x" * 4_096}, [], "x", {"x": "a\x00"}):
        await problem(
            await running.call(ana, "PATCH", path, {"metadata": metadata}), 400, "invalid", "too_long", "invalid_text"
        )


@pytest.mark.parametrize(
    "body", [{"slow_mode": -1}, {"slow_mode": 86_401}, {"slow_mode": 1.5}, {"retention_days": 36_501}, {"archived": 1}]
)
async def test_settings_out_of_range(running: Node, body: dict[str, Any]) -> None:
    [ana] = await running.people("ana")
    await problem(await running.call(ana, "PATCH", f"rooms/{await running.room(ana)}", body), 400, "invalid")


async def test_slow_mode_and_retention_are_set_and_taken_back(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    changed = await ok(running, ana, "PATCH", f"rooms/{room}", {"slow_mode": 60, "retention_days": 7})
    assert (changed["slow_mode"], changed["retention_days"]) == (60, 7)
    await ok(running, ben, "POST", f"rooms/{room}/messages", {"body": "one"}, 201)
    refused = await running.call(ben, "POST", f"rooms/{room}/messages", {"body": "two"})
    assert 58 < (await problem(refused, 429, "slow_mode"))["retry_after"] <= 60
    for _ in range(2):
        await ok(running, ana, "POST", f"rooms/{room}/messages", {"body": "the owner may"}, 201)
    changed = await ok(running, ana, "PATCH", f"rooms/{room}", {"slow_mode": 0, "retention_days": 0})
    assert changed["slow_mode"] == 0
    assert "retention_days" not in changed
    await ok(running, ben, "POST", f"rooms/{room}/messages", {"body": "two"}, 201)


async def test_an_archived_room_is_out_of_lists_until_it_is_opened_again(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben, name=f"archive of {ana.name}")

    async def listed(person: Person) -> list[str]:
        lists = ("rooms", "rooms?archived=true", f"rooms/directory?q=archive+of+{ana.name}")
        found = [[item["id"] for item in (await ok(running, person, "GET", path))["items"]] for path in lists]
        return ["".join("x" for item in items if item == room) for items in found]

    assert await listed(ben) == ["x", "", "x"]
    archived = await ok(running, ana, "PATCH", f"rooms/{room}", {"archived": True})
    assert archived["archived"] is True
    assert await ok(running, ana, "PATCH", f"rooms/{room}", {"archived": True}) == archived
    assert await listed(ben) == ["", "x", ""]
    assert (await ok(running, ben, "GET", f"rooms/{room}"))["archived"] is True
    await ok(running, ana, "PATCH", f"rooms/{room}", {"archived": False})
    assert await listed(ben) == ["x", "", "x"]


# Lists.


async def pages(running: Node, person: Person, path: str, limit: int) -> list[Any]:
    """All items of a list, page by page."""
    found: list[Any] = []
    cursor, sign = "", "&" if "?" in path else "?"
    while cursor is not None:
        page = await ok(running, person, "GET", f"{path}{sign}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next"]
    return found


async def test_my_rooms_in_pages_the_last_active_first(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    rooms = [await running.room(ana) for _ in range(7)]
    await running.room(ben)
    await running.post(ana, rooms[2])
    wanted = [rooms[2], *reversed(rooms[3:]), rooms[1], rooms[0]]
    for limit in (1, 3, 7, 100):
        assert [room["id"] for room in await pages(running, ana, "rooms", limit)] == wanted


async def test_rule_10_a_page_of_rooms_is_bounded_in_bytes(running: Node) -> None:
    [ana] = await running.people("ana")
    rooms = [await running.room(ana) for _ in range(5)]
    for room in rooms:
        await running.post(ana, room, "\U0001f600" * 16_000)
    first = await ok(running, ana, "GET", "rooms")
    assert 1 <= len(first["items"]) < 5
    assert {room["id"] for room in await pages(running, ana, "rooms", 100)} == set(rooms)


async def test_the_directory_shows_public_rooms_the_largest_first(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    mark = f"mark{ana.name}"
    sizes = {"a": (), "b": (ben, cleo), "c": (ben,)}
    rooms = {name: await running.room(ana, *members, name=f"{mark} {name}") for name, members in sizes.items()}
    await running.room(ana, kind="private", name=f"{mark} private")
    deleted = await running.room(ana, name=f"{mark} deleted")
    await ok(running, ana, "DELETE", f"rooms/{deleted}", status=204)
    for limit in (1, 2, 100):
        found = await pages(running, cleo, f"rooms/directory?q={mark.upper()}", limit)
        assert [room["id"] for room in found] == [rooms[name] for name in "bca"]
    assert [room["joined"] for room in found] == [True, False, False]
    everything = await pages(running, cleo, "rooms/directory", 100)
    assert {room["id"] for room in everything} >= set(rooms.values())
    for nothing in ("%25", "_", "\\", "'", "%F0%9F%98%80"):
        assert await pages(running, cleo, f"rooms/directory?q={mark}{nothing}", 10) == []


@pytest.mark.parametrize(
    "path", ["rooms", "rooms/directory", "rooms/{room}/members", "rooms/{room}/bans", "rooms/{room}/pins"]
)
async def test_bad_queries_of_lists(running: Node, path: str) -> None:
    [ana] = await running.people("ana")
    path = path.format(room=await running.room(ana))
    for query in ("limit=0", "limit=101", "limit=-1", "limit=x", "limit=1.5", "limit=" + "9" * 30, "limit="):
        await problem(await running.call(ana, "GET", f"{path}?{query}"), 400, "invalid")
    for cursor in ("x", "", "W10", "WzFd" * 600, "bnVsbA", "Wy0xLC0xXQ", "WyJ4IiwieCJd", "WzFlNDAwLDFd", "%00", "%F0"):
        await problem(await running.call(ana, "GET", f"{path}?cursor={cursor}"), 400, "invalid", "invalid_text")
    assert (await running.call(ana, "GET", f"{path}?unknown=1")).status_code == 200


async def test_a_search_of_what_cannot_be_stored(running: Node) -> None:
    [ana] = await running.people("ana")
    await problem(await running.call(ana, "GET", "rooms/directory?q=%00"), 400, "invalid_text")
    await problem(await running.call(ana, "GET", "rooms/directory?q=" + "x" * 256), 400, "invalid")


# Members.


async def test_joining_and_leaving(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    joined = await ok(running, ben, "POST", f"rooms/{room}/join")
    assert (joined["me"]["role"], joined["member_count"]) == ("member", 2)
    assert await ok(running, ben, "POST", f"rooms/{room}/join") == joined
    await ok(running, ben, "POST", f"rooms/{room}/leave", status=204)
    await problem(await running.call(ben, "POST", f"rooms/{room}/leave"), 403, "not_member")
    assert "me" not in await ok(running, ben, "GET", f"rooms/{room}")


async def test_my_position(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for _ in range(3):
        await running.post(ana, room)
    position = await ok(running, ben, "PUT", f"rooms/{room}/read", {"index": 2})
    assert position == {"user": ben.id, "read_index": 2, "delivered_index": 2}
    assert (await ok(running, ben, "PUT", f"rooms/{room}/read", {"index": 1}))["read_index"] == 2
    assert (await ok(running, ben, "PUT", f"rooms/{room}/read", {"delivered": 99}))["delivered_index"] == 3
    assert (await ok(running, ben, "GET", f"rooms/{room}"))["me"]["unread"] == 1
    for body in ({}, {"index": -1}, {"index": 2**63}, {"index": "1"}, {"index": None}, {"index": 1, "x": 1}):
        await problem(await running.call(ben, "PUT", f"rooms/{room}/read", body), 400, "invalid")


# Outsiders, and bad bodies.

ROUTES = [
    ("GET", "", None),
    ("PATCH", "", {"title": "x"}),
    ("DELETE", "", None),
    ("POST", "/join", None),
    ("POST", "/leave", None),
    ("GET", "/members", None),
    ("POST", "/members", MEMBER),
    ("DELETE", f"/members/{NOTHING}", None),
    ("PATCH", f"/members/{NOTHING}", {"role": "admin"}),
    ("PUT", f"/members/{NOTHING}/mute", {"seconds": 1}),
    ("DELETE", f"/members/{NOTHING}/mute", None),
    ("POST", "/transfer", MEMBER),
    ("GET", "/bans", None),
    ("PUT", f"/bans/{NOTHING}", {}),
    ("DELETE", f"/bans/{NOTHING}", None),
    ("GET", "/pins", None),
    ("PUT", "/messages/1/pin", None),
    ("DELETE", "/messages/1/pin", None),
    ("GET", "/messages", None),
    ("POST", "/messages", {"body": "x"}),
    ("GET", "/messages/1", None),
    ("PATCH", "/messages/1", {"body": "x"}),
    ("DELETE", "/messages/1", None),
    ("PUT", "/messages/1/reactions/👍", None),
    ("DELETE", "/messages/1/reactions/👍", None),
    ("PUT", "/read", {"index": 1}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=lambda part: str(part)[:30])
async def test_promise_7_a_private_room_answers_like_one_that_is_not_there(
    running: Node, method: str, path: str, body: Any
) -> None:
    ana, ben, eve = await running.people("ana", "ben", "eve")
    private = await running.room(ana, ben, kind="private")
    await running.post(ana, private)
    direct = (await ok(running, ana, "PUT", f"users/{ben.id}/direct", status=201))["id"]
    answers = []
    for room in (private, direct, NOTHING, "x"):
        response = await running.call(eve, method, f"rooms/{room}{path}", body)
        await problem(response, 404, "not_found")
        answers.append(response.content)
    assert len(set(answers)) == 1


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=lambda part: str(part)[:30])
async def test_nothing_without_a_token(running: Node, method: str, path: str, body: Any) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": ana.token}, {"authorization": "Basic x"}):
        response = await running.http.request(method, f"/api/v1/rooms/{room}{path}", json=body, headers=headers)
        await problem(response, 401, "unauthorized")


BODIES = [
    *(("POST", "rooms", bad) for bad in bad_bodies({"name": "a room"}, text="name")),
    *(("PATCH", "rooms/{room}", bad) for bad in bad_bodies({"title": "x"}, text="title") if "missing" not in bad.name),
    *(
        ("PUT", "rooms/{room}/read", bad)
        for bad in bad_bodies({"index": 1, "text": "x"}, text="text", number="index")
        if bad.name.startswith(("number", "not_", "no_body", "deep", "half", "null", "list", "integer"))
    ),
]
FINE = {"empty_object", "text_null", "text_empty"}
"""For PATCH: nothing is changed; a room may have no title."""


@pytest.mark.parametrize(("method", "path", "bad"), BODIES, ids=str)
async def test_bad_bodies(running: Node, method: str, path: str, bad: Bad) -> None:
    if method == "PATCH" and bad.name in FINE:
        return
    [ana] = await running.people("ana")
    path = path.format(room=await running.room(ana) if "{" in path else "")
    headers = {"authorization": f"Bearer {ana.token}", **bad.headers}
    response = await running.http.request(method, f"/api/v1/{path}", content=bad.content, headers=headers)
    await problem(response, bad.status, *bad.codes)


async def test_many_ask_for_a_room_of_the_same_name_at_once(running: Node) -> None:
    people = await running.people(*"abcde")
    calls = (running.call(person, "POST", "rooms", {"name": f"race {people[0].name}"}) for person in people)
    statuses = [response.status_code for response in await asyncio.gather(*calls)]
    assert sorted(statuses) == [201, 409, 409, 409, 409]
