"""`PATCH rooms/{id}/me`: what is absent stays, null takes a mark back, and what is not asked for is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.clock import FakeClock
from support.node import Node, node


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


async def test_what_is_absent_stays(running: Node) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    await running.post(ana, room)

    async def change(**body: Any) -> Any:
        response = await running.call(ana, "PATCH", f"rooms/{room}/me", body)
        assert response.status_code == 200, response.text
        return response.json()

    assert (await change(notify="none"))["notify"] == "none"
    assert (await change(unread_from=1))["unread_from"] == 1
    found = await change(hidden=True)
    assert (found["notify"], found["hidden"], found["unread_from"], found["unread"]) == ("none", True, 1, 1)
    assert await change() == await change(notify=None, hidden=None) == found
    assert "unread_from" not in await change(unread_from=None)
    assert (await running.call(ana, "GET", f"rooms/{room}")).json()["me"]["notify"] == "none"


@pytest.mark.parametrize(
    "body",
    [
        {"notify": "some"},
        {"hidden": "yes"},
        {"unread_from": 0},
        {"unread_from": 2},
        {"unread_from": 2**63},
        {"unread_from": True},
        {"read_index": 1},
    ],
)
async def test_what_is_not_asked_for_is_refused(running: Node, body: dict[str, Any]) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    await running.post(ana, room)
    response = await running.call(ana, "PATCH", f"rooms/{room}/me", body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


async def test_outsiders(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    for kind, status, code in (("public", 403, "not_member"), ("private", 404, "not_found")):
        room = await running.room(ana, kind=kind)
        response = await running.call(ben, "PATCH", f"rooms/{room}/me", {"hidden": True})
        assert (response.status_code, response.json()["code"]) == (status, code)
