"""Blocks by REST: who may, whose ids, a page after the other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import FakeClock
from support.node import Node, node
from tertulia.domain.ids import new_id


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


async def test_block_list_unblock(running: Node) -> None:
    [ana, *others] = await running.people("ana", "ben", "cleo", "dora")
    for other in others:
        for _ in range(2):
            assert (await running.call(ana, "PUT", f"me/blocks/{other.id.upper()}")).status_code == 204
    first = (await running.call(ana, "GET", "me/blocks?limit=2")).json()
    second = (await running.call(ana, "GET", f"me/blocks?limit=2&cursor={first['next']}")).json()
    assert [one["id"] for one in first["items"] + second["items"]] == [other.id for other in others]
    assert second["next"] is None
    for _ in range(2):
        assert (await running.call(ana, "DELETE", f"me/blocks/{others[0].id}")).status_code == 204
    assert len((await running.call(ana, "GET", "me/blocks")).json()["items"]) == 2
    assert (await running.call(others[1], "GET", "me/blocks")).json()["items"] == []


async def test_refusals(running: Node) -> None:
    [ana] = await running.people("ana")
    for method, path, status, code in (
        ("PUT", f"me/blocks/{ana.id}", 400, "invalid"),
        ("PUT", f"me/blocks/{new_id()}", 404, "not_found"),
        ("PUT", "me/blocks/nonsense", 404, "not_found"),
        ("PUT", "me/blocks/" + "x" * 65, 400, "invalid"),
        ("GET", "me/blocks?cursor=nonsense", 400, "invalid"),
    ):
        response = await running.call(ana, method, path)
        assert (response.status_code, response.json()["code"]) == (status, code), path
    assert (await running.http.get("/api/v1/me/blocks")).status_code == 401


async def test_who_is_blocked_is_refused_and_still_sees_who_blocks(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    await running.call(ana, "PUT", f"me/blocks/{ben.id}")
    refused = await running.call(ben, "PUT", f"users/{ana.id}/direct")
    assert (refused.status_code, refused.json()["code"]) == (403, "blocked")
    assert (await running.call(ben, "GET", f"users/{ana.id}")).status_code == 200


@pytest.mark.parametrize("who", ["nonsense", "0197a1b0-0000-7000-8000-000000000001", "stranger"])
async def test_promise_7_taking_a_block_back_tells_nothing(tmp_path: Path, who: str) -> None:
    async with node(tmp_path, FakeClock(), find_people="nobody") as running:
        ana, stranger = await running.people("ana", "stranger")
        user = stranger.id if who == "stranger" else who
        assert (await running.call(ana, "DELETE", f"me/blocks/{user}")).status_code == 204


async def test_who_cannot_be_found_any_more_can_be_unblocked(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), find_people="shared") as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        assert (await running.call(ana, "PUT", f"me/blocks/{ben.id}")).status_code == 204
        await running.services.members.leave(ben.caller, room)
        assert (await running.call(ana, "DELETE", f"me/blocks/{ben.id}")).status_code == 204
        assert (await running.call(ana, "GET", "me/blocks")).json()["items"] == []
