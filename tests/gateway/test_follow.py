"""Which rooms a connection follows: all of its user's, on whatever device they come and go."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.gates import Gate
from support.node import Node, node
from support.streams import Stream
from support.waiting import until
from tertulia.domain.changes import Join, Leave
from tertulia.gateway import commands


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


async def test_a_room_joined_on_one_device_comes_afresh_on_all(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    await running.post(ana, room, "before")
    devices = [await running.connect(ben) for _ in range(2)]
    await running.services.members.join(ben.caller, room)
    for line in devices:
        reload = await line.event("reload", room=room)
        assert reload["snapshot"]["room"]["me"]["unread"] == 0
    await running.post(ana, room, "after")
    for line in devices:
        await line.event("message", room=room)
        assert Stream(room, ben.id).feed(line.frames).bodies == ["before", "after"]


@pytest.mark.parametrize("kind", ["private", "direct"])
async def test_a_room_one_was_brought_into_comes_afresh(running: Node, kind: str) -> None:
    ana, ben = await running.people("ana", "ben")
    line = await running.connect(ben)
    if kind == "direct":
        view, _ = await running.services.rooms.open_direct(ana.caller, ben.id)
        room = view.room.id
    else:
        room = await running.room(ana, ben, kind="private")
    reload = await line.event("reload", room=room)
    assert len(reload["snapshot"]["members"]) == 2
    await running.post(ana, room)
    await line.event("message", room=room)


async def test_who_looked_on_and_joins_gets_the_room_afresh_too(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    looking, other = await running.connect(ben), await running.connect(ben)
    await looking.ask("subscribe", room=room)
    await looking.event("reload")
    await running.services.members.join(ben.caller, room)
    for line in (looking, other):
        await until(lambda line=line: any("me" in e["snapshot"]["room"] for e in line.events("reload")))  # type: ignore[misc]
        assert Stream(room, ben.id).feed(line.frames).cursor == 2
    assert [frame["ev"] for frame in looking.of_room(room)] == ["reload", "member", "reload"]


async def test_leaving_ends_it_on_all_devices_with_the_leaving(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    devices = [await running.connect(ben) for _ in range(2)]
    watching = await running.connect(ana)
    await running.services.members.leave(ben.caller, room)
    await running.post(ana, room, "unheard")
    await watching.event("message")
    for line in devices:
        [event] = line.of_room(room)
        assert "left_at" in event["members"][0]
        assert line.connection.rooms == {}


async def test_joining_and_leaving_in_one_breath_leaves_nothing_followed(running: Node) -> None:
    """Both in one transaction: the devices are asked to follow what is already over."""
    ana, ben = await running.people("ana", "ben")
    public = await running.room(ana)
    line = await running.connect(ben)
    number = running.services.numbers.known(public)
    assert number is not None
    for change in (Join(number, ben.number), Leave(number, ben.number)):
        running.app.committer.submit(change, lambda _result: None)
    await running.settle()
    await line.ask("ping")
    await until(lambda: running.app.hub.rooms == [])
    await running.post(ana, public, "unheard")
    await line.ask("ping")
    assert Stream(public, ben.id).feed(line.frames).cursor is None
    assert "unheard" not in str(line.frames)


async def test_coming_and_going_again_and_again(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    line = await running.connect(ben)
    members = running.services.members
    for _ in range(5):
        await members.join(ben.caller, room)
        await members.leave(ben.caller, room)
    await members.join(ben.caller, room)
    await running.settle()
    await running.post(ana, room, "last")
    await until(lambda: Stream(room, ben.id).feed(line.frames).cursor == 13)
    assert Stream(room, ben.id).feed(line.frames).bodies == ["last"]


async def test_unsubscribed_rooms_are_quiet_until_asked_for(running: Node) -> None:
    """Rule 21."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    line, other = await running.connect(ben), await running.connect(ben)
    await line.ask("unsubscribe", room=room)
    await running.post(ana, room, "one")
    await other.event("message")
    assert line.of_room(room) == []
    assert "message" in await line.ask("post", room=room, body="I may still post")
    assert "error" not in await line.ask("typing", room=room)
    assert "error" not in await line.ask("read", room=room, index=1)
    await line.ask("subscribe", room=room, seq=2)
    changes = await line.event("changes")
    assert [item["message"]["body"] for item in changes["items"]] == ["one", "I may still post"]


async def test_the_rooms_of_a_connection_are_bounded(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MAX_FOLLOWED", 2)
    ana, ben = await running.people("ana", "ben")
    rooms = [await running.room(ana) for _ in range(3)]
    line = await running.connect(ben)
    for room in rooms[:2]:
        assert "error" not in await line.ask("subscribe", room=room)
        await line.event("reload", room=room)
    assert (await line.ask("subscribe", room=rooms[2]))["error"]["code"] == "too_many_rooms"
    assert "error" not in await line.ask("subscribe", room=rooms[0])
    await line.ask("unsubscribe", room=rooms[0])
    assert "error" not in await line.ask("subscribe", room=rooms[2])


# Another process changed something (rule 9): `resync`.


async def test_rooms_that_are_not_mine_any_more_are_gone(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    mine, looked_at = await running.room(ana, ben), await running.room(ana)
    line = await running.connect(ben)
    await line.ask("subscribe", room=looked_at)
    await line.event("reload")
    await running.gateway.resync(ben.number)
    await line.ask("ping")
    assert line.events("gone") == []
    line.connection.rooms["nothing"] = type(line.connection.rooms[mine])(99, member=True)
    await running.gateway.resync(ben.number)
    assert [event["room"] for event in line.events("gone")] == ["nothing"]
    assert set(line.connection.rooms) == {mine, looked_at}


@pytest.mark.parametrize("read", ["followed", "visible"])
async def test_a_room_joined_while_it_is_compared_is_kept(running: Node, read: str) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    line = await running.connect(ben)
    gate = Gate(running.services.rooms, read)
    comparing = running.app.tasks.spawn(running.gateway.resync(ben.number), "resync")
    await gate.reached()
    await running.services.members.join(ben.caller, room)
    gate.open()
    await comparing
    await line.event("reload", room=room)
    assert line.events("gone") == []


async def test_a_room_left_and_joined_again_while_it_is_compared_is_kept(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    line = await running.connect(ben)
    first, second = Gate(running.services.rooms, "followed"), Gate(running.services.rooms, "visible")
    comparing = running.app.tasks.spawn(running.gateway.resync(ben.number), "resync")
    await first.reached()
    await running.services.members.leave(ben.caller, room)
    first.open()
    await second.reached()
    await running.services.members.join(ben.caller, room)
    await line.event("reload", room=room)
    second.open()
    await comparing
    await running.post(ana, room)
    await line.event("message", room=room)
    assert line.events("gone") == []
