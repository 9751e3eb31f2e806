"""The routes of bans."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from support.bad_input import assert_problem
from support.node import Node, Person, node
from tertulia.domain.models import Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTHING = "0197a1b0-0000-7000-8000-000000000001"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with node(tmp_path_factory.mktemp("bans")) as running:
        yield running


async def ok(running: Node, person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    response = await running.call(person, method, path, body)
    assert response.status_code == status, response.text
    return response.json() if response.content else None


async def problem(response: httpx.Response, status: int, *codes: str) -> dict[str, Any]:
    return assert_problem(response, status, *codes)


async def listed(running: Node, person: Person, room: str, limit: int = 50) -> list[Any]:
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        path = f"rooms/{room}/bans?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        page = await ok(running, person, "GET", path)
        found += page["items"]
        cursor = page["next"]
    return found


async def test_a_ban_keeps_out_until_it_is_lifted(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for reason in ("Advertising", "Again"):
        await ok(running, ana, "PUT", f"rooms/{room}/bans/{ben.id.upper()}", {"reason": reason}, 204)
    [ban] = await listed(running, ana, room)
    assert (ban["user"]["id"], ban["by"]["id"], ban["reason"]) == (ben.id, ana.id, "Advertising")
    assert set(ban) == {"user", "by", "reason", "created_at"}
    for method, path in (("GET", ""), ("POST", "/join"), ("GET", "/messages"), ("POST", "/leave"), ("GET", "/bans")):
        await problem(await running.call(ben, method, f"rooms/{room}{path}"), 404, "not_found")
    name = (await ok(running, ana, "GET", f"rooms/{room}"))["name"]
    assert (await ok(running, ben, "GET", f"rooms/directory?q={name}"))["items"] == []
    for _ in range(2):
        await ok(running, ana, "DELETE", f"rooms/{room}/bans/{ben.id}", status=204)
    assert await listed(running, ana, room) == []
    await ok(running, ben, "POST", f"rooms/{room}/join")


async def test_who_was_never_in_is_banned_too_and_takes_no_place_in_the_order(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    await ok(running, ana, "PUT", f"rooms/{room}/bans/{ben.id}", {}, 204)
    assert (await ok(running, ana, "GET", f"rooms/{room}"))["head_seq"] == 1
    assert (await listed(running, ana, room))[0]["reason"] == ""
    await problem(await running.call(ben, "POST", f"rooms/{room}/join"), 404, "not_found")


async def test_bans_in_pages(running: Node) -> None:
    ana, *others = await running.people(*"abcdef")
    room = await running.room(ana)
    for person in reversed(others):
        await ok(running, ana, "PUT", f"rooms/{room}/bans/{person.id}", {}, 204)
    for limit in (1, 2, 5, 100):
        assert [ban["user"]["id"] for ban in await listed(running, ana, room, limit)] == [one.id for one in others]


@pytest.mark.parametrize("reason", ["x" * 501, None, 7, ["x"], "a\x00"])
async def test_reasons_that_are_none(running: Node, reason: Any) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    response = await running.call(ana, "PUT", f"rooms/{room}/bans/{ben.id}", {"reason": reason})
    await problem(response, 400, "invalid", "invalid_text")
    assert await listed(running, ana, room) == []


async def test_the_longest_reason_is_kept_as_it_is(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    reason = "\U0001f600" * 500
    await ok(running, ana, "PUT", f"rooms/{room}/bans/{ben.id}", {"reason": reason}, 204)
    assert (await listed(running, ana, room))[0]["reason"] == reason


async def test_a_moderator_neither_bans_themselves_nor_their_betters(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.services.members.set_role(ana.caller, room, ben.id, Role.MODERATOR)
    for person in (ana, ben):
        await problem(await running.call(ben, "PUT", f"rooms/{room}/bans/{person.id}", {}), 403, "forbidden")
    for user in (NOTHING, "x"):
        await problem(await running.call(ben, "PUT", f"rooms/{room}/bans/{user}", {}), 404, "not_found")
        await problem(await running.call(ben, "DELETE", f"rooms/{room}/bans/{user}"), 404, "not_found")
