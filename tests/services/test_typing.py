"""Who types where: told when it changes, forgotten by itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import FakeClock
from support.node import Line, Node, node
from tertulia.services import typing as module


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock(), large_room=3) as running:
        yield running


def told(line: Line) -> list[tuple[int, int | None]]:
    """(count, how many are named) of each event."""
    return [(event["count"], len(event["users"]) if "users" in event else None) for event in line.events("typing")]


async def test_it_is_told_once_however_often_it_is_said_and_forgotten_after_six_seconds(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    for _ in range(4):
        await a.ask("typing", room=room)
        await running.pass_time(3)
    assert told(b) == told(a) == [(1, 1)]
    assert b.events("typing")[0]["users"][0]["id"] == ana.id
    await running.pass_time(2.5)
    assert told(b) == [(1, 1)]
    await running.pass_time(1)
    assert told(b) == [(1, 1), (0, 0)]


async def test_saying_that_one_stopped(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    await a.ask("typing", room=room)
    await running.pass_time(0.5)
    await a.ask("typing", room=room, on=False)
    await a.ask("typing", room=room, on=False)
    await running.pass_time(0.5)
    assert told(b) == [(1, 1), (0, 0)]
    assert not running.services.typing._rooms


@pytest.mark.parametrize("by", ["socket", "rest"])
async def test_posting_ends_it(running: Node, by: str) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    await a.ask("typing", room=room)
    await running.pass_time(0.5)
    if by == "socket":
        await a.ask("post", room=room, body="hi")
    else:
        assert (await running.call(ana, "POST", f"rooms/{room}/messages", {"body": "hi"})).status_code == 201
    await running.pass_time(0.5)
    assert told(b) == [(1, 1), (0, 0)]


async def test_it_ends_with_the_last_device(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    phone, laptop, b = await running.connect(ana), await running.connect(ana), await running.connect(ben)
    await phone.ask("typing", room=room)
    await running.pass_time(0.5)
    phone.cut()
    await running.pass_time(0.5)
    assert told(b) == [(1, 1)]
    laptop.cut()
    await running.pass_time(0.5)
    assert told(b) == [(1, 1), (0, 0)]


async def test_in_large_rooms_it_is_a_count_once_a_second(running: Node) -> None:
    people = await running.people(*"abcd")
    room = await running.room(*people)
    lines = [await running.connect(person) for person in people]
    for line in lines:
        await line.ask("typing", room=room)
        await running.pass_time(0.25)
    await running.pass_time(1)
    counts = told(lines[0])
    assert len(counts) <= 2
    assert counts[-1] == (4, None)


async def test_a_room_that_somebody_joined_knows_that_it_is_large_now(running: Node) -> None:
    """Also for a node on which everybody followed it by joining."""
    people = await running.people(*"abcd")
    lines = [await running.connect(person) for person in people]
    room = await running.room(*people)
    await lines[3].event("reload", room=room)
    await running.settle()
    await lines[3].ask("typing", room=room)
    await running.pass_time(1.5)
    assert told(lines[0]) == [(1, None)]


async def test_who_is_shown_is_bounded(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NAMED", 1)
    monkeypatch.setattr(module, "MAX_TYPING", 2)
    people = await running.people(*"abc")
    room = await running.room(*people)
    lines = [await running.connect(person) for person in people]
    for line in lines:
        assert "error" not in await line.ask("typing", room=room)
    await running.pass_time(0.5)
    assert told(lines[0]) == [(2, 1)]


async def test_a_deleted_room_is_forgotten(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a = await running.connect(ana)
    await a.ask("typing", room=room)
    await running.services.rooms.delete(ana.caller, room)
    await running.pass_time(7)
    assert not running.services.typing._rooms
