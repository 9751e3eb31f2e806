"""The routes of pins."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from support.bad_input import assert_problem
from support.node import Node, Person, node
from tertulia.domain.decisions.messages import MAX_PINS
from tertulia.services.weights import PAGE_BYTES

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with node(tmp_path_factory.mktemp("pins")) as running:
        yield running


async def ok(running: Node, person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    response = await running.call(person, method, path, body)
    assert response.status_code == status, response.text
    return response.json() if response.content else None


async def problem(response: httpx.Response, status: int, *codes: str) -> dict[str, Any]:
    return assert_problem(response, status, *codes)


async def listed(running: Node, person: Person, room: str, limit: int = 50) -> list[int]:
    found: list[int] = []
    cursor = ""
    while cursor is not None:
        path = f"rooms/{room}/pins?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        response = await running.call(person, "GET", path)
        assert len(response.content) < PAGE_BYTES + 80_000
        found += [message["index"] for message in response.json()["items"]]
        cursor = response.json()["next"]
    return found


async def test_pinned_last_first_and_off_again(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for _ in range(4):
        await running.post(ben, room)
    for index in (2, 4, 1):
        pinned = await ok(running, ana, "PUT", f"rooms/{room}/messages/{index}/pin")
        assert "pinned_at" in pinned
        assert await ok(running, ana, "PUT", f"rooms/{room}/messages/{index}/pin") == pinned
    for limit in (1, 2, 3, 100):
        assert await listed(running, ben, room, limit) == [1, 4, 2]
    for _ in range(2):
        assert "pinned_at" not in await ok(running, ana, "DELETE", f"rooms/{room}/messages/4/pin")
    assert await listed(running, ben, room) == [1, 2]
    await ok(running, ben, "DELETE", f"rooms/{room}/messages/1")
    assert await listed(running, ben, room) == [2]
    await problem(await running.call(ana, "PUT", f"rooms/{room}/messages/1/pin"), 409, "deleted")
    await problem(await running.call(ana, "PUT", f"rooms/{room}/messages/99/pin"), 404, "not_found")


async def test_both_pin_in_a_direct_room(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    view, _ = await running.services.rooms.open_direct(ana.caller, ben.id)
    await running.post(ana, view.room.id)
    await ok(running, ben, "PUT", f"rooms/{view.room.id}/messages/1/pin")
    assert await listed(running, ana, view.room.id) == [1]


async def test_a_room_has_so_many_pins_and_a_page_so_many_bytes(running: Node) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    for index in range(1, MAX_PINS + 2):
        await running.post(ana, room, "\U0001f600" * 2_000)
        if index <= MAX_PINS:
            await ok(running, ana, "PUT", f"rooms/{room}/messages/{index}/pin")
    await problem(await running.call(ana, "PUT", f"rooms/{room}/messages/{MAX_PINS + 1}/pin"), 409, "too_many")
    assert await listed(running, ana, room, 100) == list(range(MAX_PINS, 0, -1))
    await ok(running, ana, "DELETE", f"rooms/{room}/messages/7/pin")
    await ok(running, ana, "PUT", f"rooms/{room}/messages/{MAX_PINS + 1}/pin")


@pytest.mark.parametrize("index", ["0", "-1", "x", "1.5", "9" * 30, "%00"])
async def test_indexes_that_are_none(running: Node, index: str) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    for method in ("PUT", "DELETE"):
        await problem(await running.call(ana, method, f"rooms/{room}/messages/{index}/pin"), 400, "invalid")
