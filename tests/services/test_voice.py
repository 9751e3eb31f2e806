"""Who may type: asked of the database once, and again when something changed."""

import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from support.clock import FakeClock
from support.node import Line, Node, Person, node
from support.waiting import until
from tertulia.domain.models import Role
from tertulia.services import voice as module
from tertulia.services.rooms import Settings
from tertulia.storage import blocks


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


def code(reply: dict[str, object]) -> str:
    error = reply.get("error", {})
    assert isinstance(error, dict)
    return str(error.get("code", ""))


async def types(line: Line, room: str, **more: bool) -> str:
    return code(await line.ask("typing", room=room, **more))


async def two(running: Node) -> tuple[Person, Person, str, Line, Line]:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    return ana, ben, room, await running.connect(ana), await running.connect(ben)


def shown(line: Line) -> list[int]:
    return [event["count"] for event in line.events("typing")]


async def test_the_database_is_asked_once(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, ben, room, _, line = await two(running)
    asked: list[int] = []
    real = module._voice

    def counted(connection: Connection, room: int, user: int) -> object:
        asked.append(user)
        return real(connection, room, user)

    monkeypatch.setattr(module, "_voice", counted)
    for _ in range(10):
        assert await types(line, room) == ""
        await running.post(ana, room)  # messages change nobody's voice
    assert len(asked) == 1
    await running.services.members.set_role(ana.caller, room, ben.id, Role.MODERATOR)
    assert await types(line, room) == await types(line, room) == ""
    assert len(asked) == 2


async def test_who_is_muted_stops_typing_at_once_and_may_again_when_it_is_over(running: Node) -> None:
    ana, ben, room, a, b = await two(running)
    assert await types(b, room) == ""
    await running.pass_time(0.5)
    await running.services.members.mute(ana.caller, room, ben.id, None, 20)
    await running.pass_time(0.5)
    assert shown(a) == [1, 0]
    for _ in range(2):
        reply = await b.ask("typing", room=room)
        assert code(reply) == "muted"
        assert 0 < reply["error"]["retry_after"] <= 20
    assert await types(b, room, on=False) == ""
    assert code(await b.ask("read", room=room, index=0)) == ""
    assert await types(a, room) == ""
    await running.pass_time(20, 5)
    assert await types(b, room) == ""
    await running.services.members.mute(ana.caller, room, ben.id, None, 20)
    assert await types(b, room) == "muted"
    await running.services.members.unmute(ana.caller, room, ben.id)
    assert await types(b, room) == ""


async def test_nobody_types_in_an_archived_room(running: Node) -> None:
    ana, _, room, a, b = await two(running)
    assert await types(a, room) == await types(b, room) == ""
    await running.pass_time(0.5)
    await running.services.rooms.change(ana.caller, room, Settings(archived=True))
    await running.pass_time(0.5)
    assert shown(a) == [2, 0]
    assert await types(a, room) == await types(b, room) == "archived"
    await running.services.rooms.change(ana.caller, room, Settings(archived=False))
    assert await types(a, room) == await types(b, room) == ""


async def test_who_is_removed_stops_typing_and_is_a_stranger(running: Node) -> None:
    ana, ben, room, a, b = await two(running)
    assert await types(b, room) == ""
    await running.pass_time(0.5)
    await running.services.members.remove(ana.caller, room, ben.id)
    await running.pass_time(0.5)
    assert shown(a) == [1, 0]
    assert await types(b, room) == "not_member"
    await running.services.members.join(ben.caller, room)
    assert await types(b, room) == ""
    await running.services.members.ban(ana.caller, room, ben.id, "")
    assert await types(b, room) == "not_found"


async def test_a_deleted_room_is_forgotten(running: Node) -> None:
    ana, _, room, a, b = await two(running)
    assert await types(a, room) == await types(b, room) == ""
    await running.services.rooms.delete(ana.caller, room)
    assert await types(b, room) == "not_found"
    voices = running.services.voices
    assert (voices._count, voices._rooms) == (0, {})


async def test_blocked_in_a_direct_room_and_no_more(running: Node) -> None:
    ana, ben, *_, b = await two(running)
    view, _ = await running.services.rooms.open_direct(ana.caller, ben.id)
    room, a = view.room.id, running.lines[0]
    await b.event("reload", room=room)
    assert await types(b, room) == await types(a, room) == ""
    await running.services.blocks.add(ana.caller, ben.id)
    assert await types(b, room) == "blocked"
    assert await types(a, room) == ""
    await running.services.blocks.remove(ana.caller, ben.id)
    assert await types(b, room) == ""
    voices = running.services.voices
    voices.forget(view.room.number)
    assert (voices._direct, voices._pairs, voices._count) == ({}, {}, 0)


async def test_what_was_read_before_a_change_is_read_again(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Muted between the reading and the keeping."""
    ana, ben, room, _, line = await two(running)
    read, go_on = threading.Event(), threading.Event()
    real = module._voice

    def slow(connection: Connection, room: int, user: int) -> object:
        found = real(connection, room, user)
        read.set()
        assert go_on.wait(10)
        return found

    monkeypatch.setattr(module, "_voice", slow)
    asked = line.say("typing", room=room)
    await until(read.is_set)
    await running.services.members.mute(ana.caller, room, ben.id, None, 60)
    go_on.set()
    assert code(await line.reply(asked)) == "muted"
    assert await types(line, room) == "muted"
    assert running.services.voices._loading == {}


async def test_it_is_bounded(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    ana, ben = await running.people("ana", "ben")
    rooms = [await running.room(ana, ben) for _ in range(4)]
    line, other = await running.connect(ana), await running.connect(ben)
    for room in [*rooms, *rooms]:
        assert await types(line, room) == await types(other, room) == ""
        voices = running.services.voices
        assert voices._count == sum(map(len, voices._rooms.values())) <= 3
        assert len(voices._rooms) <= 3


async def test_another_process_may_have_muted_them(tmp_path: Path) -> None:
    clock = FakeClock()
    async with node(tmp_path, clock) as here, node(tmp_path, clock) as there:
        ana, ben = await here.people("ana", "ben")
        room = await here.room(ana, ben)
        view, _ = await here.services.rooms.open_direct(ana.caller, ben.id)
        line = await here.connect(ben)
        assert await types(line, room) == await types(line, view.room.id) == ""
        await there.services.members.mute(ana.caller, room, ben.id, None, 600)
        await there.app.db.write(blocks.add, ana.number, ben.number, 0)
        await here.pass_time(2, 1)
        await here.settle()
        assert await types(line, room) == "muted"
        assert await types(line, view.room.id) == "blocked"


async def test_in_a_room_that_the_connection_does_not_follow(running: Node) -> None:
    ana, ben, room, _, b = await two(running)
    await b.ask("unsubscribe", room=room)
    assert await types(b, room) == ""
    await running.services.members.mute(ana.caller, room, ben.id, None, 600)
    assert await types(b, room) == "muted"
    assert await types(b, "0197a1b0-0000-7000-8000-0000000000ff") == "not_found"
