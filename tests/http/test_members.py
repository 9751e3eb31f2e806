"""The routes of members: come, go, roles, muting."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from support.bad_input import Bad, assert_problem, bad_bodies
from support.node import Node, Person, node
from tertulia.domain.models import Role
from tertulia.domain.mutes import MAX_SECONDS
from tertulia.domain.times import SECOND, iso, parse_iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTHING = "0197a1b0-0000-7000-8000-000000000001"
MEMBER = {"user": NOTHING}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """One for all tests; each has people of its own."""
    async with node(tmp_path_factory.mktemp("members"), large_room=3) as running:
        yield running


async def ok(running: Node, person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    response = await running.call(person, method, path, body)
    assert response.status_code == status, response.text
    return response.json() if response.content else None


async def problem(response: httpx.Response, status: int, *codes: str) -> dict[str, Any]:
    return assert_problem(response, status, *codes)


async def pages(running: Node, person: Person, path: str, limit: int) -> list[Any]:
    """All items of a list, page by page."""
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = await ok(running, person, "GET", f"{path}?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next"]
    return found


async def test_adding_and_removing(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, kind="private")
    member = await ok(running, ana, "POST", f"rooms/{room}/members", {"user": ben.id.upper()}, 201)
    assert (member["user"]["id"], member["role"]) == (ben.id, "member")
    for body in ({"user": ben.id}, {"user": ben.id, "role": "member"}):
        assert await ok(running, ana, "POST", f"rooms/{room}/members", body, 200) == member
    await ok(running, ben, "GET", f"rooms/{room}")
    await problem(await running.call(ana, "DELETE", f"rooms/{room}/members/{ana.id}"), 403, "forbidden")
    await ok(running, ana, "DELETE", f"rooms/{room}/members/{ben.id}", status=204)
    for user in (ben.id, NOTHING, "x"):
        await problem(await running.call(ana, "DELETE", f"rooms/{room}/members/{user}"), 404, "not_found")
    await problem(await running.call(ben, "GET", f"rooms/{room}"), 404, "not_found")
    await problem(await running.call(ana, "POST", f"rooms/{room}/members", MEMBER), 404, "not_found")


async def test_adding_a_member_again_gives_no_role(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, kind="private")
    path = f"rooms/{room}/members"
    assert (await ok(running, ana, "POST", path, {"user": ben.id, "role": "admin"}, 201))["role"] == "admin"
    again = await ok(running, ana, "POST", path, {"user": ben.id}, 200)
    assert await ok(running, ana, "POST", path, {"user": ben.id, "role": "admin"}, 200) == again
    for user, role in ((ben.id, "member"), (ben.id, "moderator"), (ana.id, "member")):
        refused = await running.call(ana, "POST", path, {"user": user, "role": role})
        told = await problem(refused, 400, "invalid")
        assert "PATCH" in told["fields"]["role"]
    assert (await ok(running, ana, "POST", path, {"user": ben.id}, 200)) == again


async def test_members_in_pages_with_positions_in_small_rooms(running: Node) -> None:
    people = await running.people(*"abc")
    room = await running.room(*people)
    await running.post(people[0], room)
    for limit in (1, 2, 100):
        found = await pages(running, people[1], f"rooms/{room}/members", limit)
        assert [member["user"]["id"] for member in found] == [person.id for person in people]
    assert [member["read_index"] for member in found] == [1, 0, 0]
    [fourth] = await running.people("d")
    await ok(running, fourth, "POST", f"rooms/{room}/join")
    assert not any("read_index" in member for member in await pages(running, people[1], f"rooms/{room}/members", 2))


async def roles(running: Node, person: Person, room: str) -> dict[str, str]:
    found = await pages(running, person, f"rooms/{room}/members", 100)
    return {member["user"]["id"]: member["role"] for member in found}


async def test_roles_are_given_and_taken(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben)
    added = await ok(running, ana, "POST", f"rooms/{room}/members", {"user": cleo.id, "role": "admin"}, 201)
    assert added["role"] == "admin"
    for role in ("admin", "admin", "moderator", "member"):
        changed = await ok(running, ana, "PATCH", f"rooms/{room}/members/{ben.id}", {"role": role})
        assert changed["role"] == role
        assert (await roles(running, ben, room))[ben.id] == role
        assert (await ok(running, ben, "GET", f"rooms/{room}"))["me"]["role"] == role


@pytest.mark.parametrize("role", ["owner", "staff", "Admin", "", None, 1, ["admin"], "admin\x00", "x" * 100_000])
async def test_roles_that_are_none(running: Node, role: Any) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await problem(await running.call(ana, "PATCH", f"rooms/{room}/members/{ben.id}", {"role": role}), 400, "invalid")
    body = {"user": ben.id, "role": "" if role is None else role}  # null is like not given
    await problem(await running.call(ana, "POST", f"rooms/{room}/members", body), 400, "invalid")
    assert (await roles(running, ana, room))[ben.id] == "member"


async def test_nobody_promotes_themselves(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for role in (Role.MEMBER, Role.MODERATOR, Role.ADMIN):
        await running.services.members.set_role(ana.caller, room, ben.id, role)
        for wanted in {"moderator", "admin"} - {role.value}:
            refused = await running.call(ben, "PATCH", f"rooms/{room}/members/{ben.id}", {"role": wanted})
            await problem(refused, 403, "forbidden")
        await problem(await running.call(ben, "POST", f"rooms/{room}/transfer", {"user": ben.id}), 403, "forbidden")


async def test_the_room_is_handed_over(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    assert (await ok(running, ana, "POST", f"rooms/{room}/transfer", {"user": ana.id}))["role"] == "owner"
    new = await ok(running, ana, "POST", f"rooms/{room}/transfer", {"user": ben.id.upper()})
    assert (new["user"]["id"], new["role"]) == (ben.id, "owner")
    assert await roles(running, ana, room) == {ana.id: "admin", ben.id: "owner"}
    await problem(await running.call(ana, "POST", f"rooms/{room}/transfer", {"user": ana.id}), 403, "forbidden")
    await problem(await running.call(ben, "POST", f"rooms/{room}/transfer", MEMBER), 404, "not_found")


async def test_two_transfers_at_once_leave_one_owner(running: Node) -> None:
    ana, *others = await running.people(*"abcdef")
    room = await running.room(ana, *others)
    calls = (running.call(ana, "POST", f"rooms/{room}/transfer", {"user": person.id}) for person in others)
    statuses = [response.status_code for response in await asyncio.gather(*calls)]
    assert sorted(statuses) == [200, 403, 403, 403, 403]
    assert sorted((await roles(running, ana, room)).values()) == ["admin", *["member"] * 4, "owner"]


# Muting.


async def test_muting_for_a_time_and_no_more(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    path = f"rooms/{room}/members/{ben.id}/mute"
    now = running.app.clock.now()
    muted = await ok(running, ana, "PUT", path, {"seconds": 3_600})
    until = parse_iso(muted["muted_until"])
    assert until is not None
    assert now + 3_600 * SECOND <= until <= running.app.clock.now() + 3_600 * SECOND
    assert (await ok(running, ben, "GET", f"rooms/{room}"))["me"]["muted_until"] == muted["muted_until"]
    refused = await running.call(ben, "POST", f"rooms/{room}/messages", {"body": "x"})
    assert 3_590 < (await problem(refused, 403, "muted"))["retry_after"] <= 3_600
    wanted = iso(now + 86_400 * SECOND)
    for _ in range(2):
        assert (await ok(running, ana, "PUT", path, {"until": wanted}))["muted_until"] == wanted
    for _ in range(2):
        assert "muted_until" not in await ok(running, ana, "DELETE", path)
    await ok(running, ben, "POST", f"rooms/{room}/messages", {"body": "x"}, 201)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"seconds": None},
        {"seconds": 60, "until": "2100-01-01T00:00:00Z"},
        {"seconds": 0},
        {"seconds": -1},
        {"seconds": 1.5},
        {"seconds": "60"},
        {"seconds": True},
        {"seconds": MAX_SECONDS + 1},
        {"seconds": 2**63},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "9999-12-31T23:59:59-23:59"},
        {"until": "2100-01-01T00:00:00"},
        {"until": "2100-01-01"},
        {"until": "0001-01-01T00:00:00+23:59"},
        {"until": "tomorrow"},
        {"until": ""},
        {"until": "x" * 41},
        {"until": 1_800_000_000},
        {"until": "NaN"},
    ],
    ids=str,
)
async def test_times_that_are_none(running: Node, body: dict[str, Any]) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await problem(await running.call(ana, "PUT", f"rooms/{room}/members/{ben.id}/mute", body), 400, "invalid")
    await ok(running, ben, "POST", f"rooms/{room}/messages", {"body": "x"}, 201)


async def test_nan_is_no_number(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for value in (b"NaN", b"Infinity", b"1e400", b"9" * 5_000):
        response = await running.http.request(
            "PUT",
            f"/api/v1/rooms/{room}/members/{ben.id}/mute",
            content=b'{"seconds": ' + value + b"}",
            headers={"authorization": f"Bearer {ana.token}", "content-type": "application/json"},
        )
        await problem(response, 400, "invalid", "invalid_json")


# Attacks.

BODIES = [
    *(("POST", "members", bad) for bad in bad_bodies(MEMBER, text="user")),
    *(("POST", "transfer", bad) for bad in bad_bodies(MEMBER, text="user")),
    *(("PATCH", f"members/{NOTHING}", bad) for bad in bad_bodies({"role": "admin"}, text="role")),
    *(("PUT", f"members/{NOTHING}/mute", bad) for bad in bad_bodies({"until": "x"}, text="until")),
]


@pytest.mark.parametrize(("method", "path", "bad"), BODIES, ids=str)
async def test_bad_bodies(running: Node, method: str, path: str, bad: Bad) -> None:
    [ana] = await running.people("ana")
    headers = {"authorization": f"Bearer {ana.token}", **bad.headers}
    url = f"/api/v1/rooms/{await running.room(ana)}/{path}"
    response = await running.http.request(method, url, content=bad.content, headers=headers)
    if response.status_code == 404:  # an id, or a time, is a text like any other, and the user is not there
        assert bad.name.startswith("text_")
    else:
        await problem(response, bad.status, *bad.codes, "invalid")


@pytest.mark.parametrize("user", [NOTHING, "x", "%00", "x" * 65, "..%2F..", "é"])
async def test_promise_7_members_are_told_apart_only_for_those_who_may_act(running: Node, user: str) -> None:
    ana, ben, eve = await running.people("ana", "ben", "eve")
    room = await running.room(ana, ben, eve)
    for method, path, body in (
        ("PATCH", "members/{}", {"role": "admin"}),
        ("DELETE", "members/{}", None),
        ("PUT", "members/{}/mute", {"seconds": 1}),
        ("DELETE", "members/{}/mute", None),
    ):
        known = await running.call(eve, method, f"rooms/{room}/{path.format(ben.id)}", body)
        unknown = await running.call(eve, method, f"rooms/{room}/{path.format(user)}", body)
        await problem(known, 403, "forbidden")
        assert unknown.content == known.content or unknown.status_code in (400, 404)
        if user == NOTHING:
            assert unknown.content == known.content
        told = await running.call(ana, method, f"rooms/{room}/{path.format(user)}", body)
        assert told.status_code in (400, 404)


async def test_a_million_times(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with node(tmp_path_factory.mktemp("pace"), post_rate=1, post_burst=10) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        codes = [
            (await running.call(ana, "PATCH", f"rooms/{room}/members/{ben.id}", {"role": role})).status_code
            for role in ("admin", "member") * 10
        ]
        assert codes[:5] == [200] * 5
        assert codes[-5:] == [429] * 5
        refused = await running.call(ana, "PUT", f"rooms/{room}/members/{ben.id}/mute", {"seconds": 1})
        await problem(refused, 429, "rate_limited")
