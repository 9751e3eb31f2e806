"""From hello to live: in the promised order, and right whatever happens meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import FakeClock
from support.device import Device
from support.gates import Gate, Hook
from support.node import Line, Node, node
from support.streams import Stream
from support.waiting import until
from tertulia.client.compare import said
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.models import Notify
from tertulia.services.membership import Quiet
from tertulia.services.rooms import Settings

NOTHING = "0197a1b0-0000-7000-8000-000000000001"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


def kinds(line: Line) -> list[str]:
    """What came, in order; a reply is "re"."""
    return [frame.get("ev", "re") for frame in line.frames]


async def keep_up(running: Node, device: Device) -> None:
    """Take everything, and ask for what is missing."""
    if device.line is None:
        device.connect(running)
    await running.settle()
    while device.take():
        await running.settle()


def is_clean(running: Node) -> bool:
    """Nobody is left in the hub."""
    return not running.app.hub.rooms and not running.app.hub.users


# What ready says.


async def test_ready_names_me_and_my_rooms(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    older = await running.room(ana, ben)
    room = await running.room(ana, ben)
    direct, _ = await running.services.rooms.open_direct(ben.caller, ana.id)
    await running.post(ben, room, f"hi @{ana.name}")
    await running.post(ana, room, "hello")
    await running.post(ben, room, f"hi @{ana.name}")
    line = await running.connect(ana)
    ready = await line.event("ready")
    assert ready["user"] == {"id": ana.id, "number": ana.number, "username": ana.name}
    assert (ready["epoch"], ready["boot"]) == (running.services.history.epoch, running.services.history.boot)
    assert ready["heartbeat"] == {"interval": 25, "timeout": 50}
    assert 890 < ready["expires_in"] <= 900
    assert ready["more"] is False
    rooms = {each["id"]: each for each in ready["rooms"]}
    assert list(rooms) == [room, direct.room.id, older]
    assert rooms[room]["me"]["unread"] == 1
    assert rooms[room]["me"]["mentions"] == 1
    assert rooms[room]["last_message"]["index"] == 3
    assert rooms[direct.room.id]["partner"]["id"] == ben.id
    assert "last_message" not in rooms[older]


async def test_of_a_resumed_room_that_ready_does_not_list_my_own_affair_is_told(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.services.rooms.change(ana.caller, room, Settings(archived=True))
    await running.services.membership.change(ben.caller, room, Quiet(notify=Notify.NONE))
    line = await running.connect(ben, resume={room: 3})
    assert (await line.event("ready"))["rooms"] == []
    await line.event("changes", room=room)
    assert (await line.event("me", room=room))["me"]["notify"] == "none"


async def test_ready_holds_200_rooms_and_all_are_followed(running: Node) -> None:
    """Rule 21."""
    [ana] = await running.people("ana")
    rooms = [await running.room(ana) for _ in range(205)]
    line = await running.connect(ana)
    ready = await line.event("ready")
    assert (len(ready["rooms"]), ready["more"]) == (200, True)
    await running.post(ana, rooms[0])
    await line.event("message", room=rooms[0])


async def test_rule_10_ready_is_bounded_in_bytes_too(running: Node) -> None:
    """Else who reads slowly is closed for it, comes back, and is closed again."""
    ana, ben = await running.people("ana", "ben")
    for _ in range(30):
        await running.post(ana, await running.room(ana, ben), "\U0001f600" * 16_000)
    line = await running.connect(ben)
    ready = await line.event("ready")
    assert 0 < len(ready["rooms"]) < 30
    assert ready["more"] is True
    assert max(line.sizes) < 256 * 1024


# Who may.


@pytest.mark.parametrize("token", ["x", "", "a.b.c", "\x00", "ñ"])
async def test_a_bad_token_ends_the_connection(running: Node, token: str) -> None:
    line = running.open()
    line.say("hello", token=token)
    assert await line.closed() == 4500
    assert kinds(line) == ["bye"]
    assert is_clean(running)


async def test_no_token_at_all_ends_the_connection(running: Node) -> None:
    line = running.open()
    line.say("hello")
    assert await line.closed() == 4500


async def test_the_token_of_hello_counts_more_than_that_of_the_handshake(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    line = running.open(ana)
    await line.ask("hello", token=ben.token)
    assert (await line.event("ready"))["user"]["id"] == ben.id


async def test_an_expired_token_can_be_replaced_and_says_so(tmp_path: Path) -> None:
    clock = FakeClock()
    async with node(tmp_path, clock) as running:
        [ana] = await running.people("ana")
        clock.advance(901)
        line = running.open()
        line.say("hello", token=ana.token)
        assert await line.closed() == 4001


async def test_a_session_that_ended_after_the_handshake(running: Node) -> None:
    [ana] = await running.people("ana")
    line = running.open(ana)
    await running.services.sessions.end_all(ana.number)
    line.say("hello")
    assert await line.closed() == 4500


async def test_rule_13_a_session_that_ends_during_hello_is_not_missed(running: Node) -> None:
    [ana] = await running.people("ana")
    gate = Gate(running.services.people, "user")
    line = running.open(ana)
    line.say("hello")
    await gate.reached()
    await running.services.sessions.end_all(ana.number)
    gate.open()
    assert await line.closed() == 4501
    assert is_clean(running)


async def test_the_connections_of_a_user_are_limited(tmp_path: Path) -> None:
    async with node(tmp_path, connections_per_user=2) as running:
        ana, ben = await running.people("ana", "ben")
        lines = [await running.connect(ana) for _ in range(2)]
        third = running.open(ana)
        third.say("hello")
        assert await third.closed() == 4502
        await running.connect(ben)
        lines[0].cut()
        await running.connect(ana)


async def test_the_limit_holds_for_those_who_come_at_the_same_time(tmp_path: Path) -> None:
    async with node(tmp_path, connections_per_user=2) as running:
        [ana] = await running.people("ana")
        gate = Gate(running.services.people, "user")
        lines = [running.open(ana) for _ in range(5)]
        for line in lines:
            line.say("hello")
        await gate.reached(5)
        gate.open()
        await until(lambda: sum(line.is_down for line in lines) == 3)
        assert len(running.app.hub.of_user(ana.number)) == 2
        assert {line.code for line in lines if line.is_down} == {4502}


async def test_a_busy_database_sends_the_client_away_to_come_back(running: Node) -> None:
    """There is no second hello, so a refusal would leave a connection that is good for nothing."""

    async def busy() -> None:
        raise Rejection("busy", "Too much to read.", retry_after=1)

    [ana] = await running.people("ana")
    await running.room(ana)
    Hook(running.services.rooms, "followed", busy)
    line = running.open(ana)
    line.say("hello")
    assert await line.closed() == 1013
    assert is_clean(running)


@pytest.mark.parametrize("where", ["user", "knows", "followed", "heads"])
async def test_who_leaves_during_hello_leaves_nothing_behind(running: Node, where: str) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    services = running.services
    owners = {"user": services.people, "knows": services.history, "followed": services.rooms, "heads": services.rooms}
    gate = Gate(owners[where], where)
    line = running.open(ana)
    line.say("hello", boot=NOTHING, resume={room: 1})
    await gate.reached()
    line.cut()
    gate.open()
    await running.settle()
    await until(lambda: is_clean(running))
    assert line.frames == []


async def test_who_leaves_during_hello_is_not_kept_until_their_token_expires(running: Node) -> None:
    [ana] = await running.people("ana")
    before = sum(map(len, running.app.gateway.wheel._buckets.values()))
    gate = Gate(running.services.people, "user")
    line = running.open(ana)
    line.say("hello")
    await gate.reached()
    line.cut()
    gate.open()
    await running.settle()
    assert sum(map(len, running.app.gateway.wheel._buckets.values())) == before


# In order.


async def test_the_reply_then_ready_then_each_room_of_resume_then_live(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    first, second = await running.room(ana, ben), await running.room(ana, ben)
    await running.post(ben, first, "one")
    private = await running.room(ben, kind="private")
    resume = {second: 1, private: 3, first: 1, NOTHING: 4, "x": 0}
    gate = Gate(running.services.rooms, "changes")
    line = running.open(ana)
    line.say("hello", resume=resume)
    await gate.reached()
    await running.post(ben, first, "two")  # while the other one is caught up
    gate.open()
    await line.event("gone", room="x")
    await running.post(ben, first, "three")
    await line.event("message", seq=5)
    assert kinds(line)[:2] == ["re", "ready"]
    answers = [(frame["ev"], frame["room"]) for frame in line.frames[2:] if frame.get("ev") in ("changes", "gone")]
    assert answers == [
        ("changes", second), ("gone", private), ("changes", first), ("gone", NOTHING), ("gone", "x"),
    ]  # fmt: skip
    stream = Stream(first, ana.id).resumed(1).feed(line.frames)
    assert stream.bodies == ["one", "two", "three"]


async def test_nothing_comes_before_the_reply(tmp_path: Path) -> None:
    """Not even what is for all devices of the user: it comes after `ready`."""
    async with node(tmp_path, large_room=1) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        await running.post(ben, room)
        gate = Gate(running.services.rooms, "followed")
        line = running.open(ana)
        line.say("hello")
        await gate.reached()
        await running.services.receipts.advance_now(ana.caller, room, 1, None)
        assert line.frames == []
        gate.open()
        receipt = await line.event("receipt")
        assert receipt["receipts"][0]["read_index"] == 1
        assert kinds(line)[:3] == ["re", "ready", "receipt"]


@pytest.mark.parametrize("in_handshake", [True, False])
async def test_what_is_said_right_behind_hello_is_answered_behind_ready(running: Node, in_handshake: bool) -> None:
    """Nobody has to wait; who they are may not even be known yet."""
    [ana] = await running.people("ana")
    room = await running.room(ana)
    line = running.open(ana if in_handshake else None)
    line.say("hello", **({} if in_handshake else {"token": ana.token}))
    numbers = [
        line.say("post", room=room, body="one"),
        line.say("ping"),
        line.say("post", room=room, body="two"),
        line.say("subscribe", room=room, seq=1),
        line.say("presence", status="away"),
        line.say("hello"),
    ]
    replies = [await line.reply(number) for number in numbers]
    assert [reply.get("error", {}).get("code") for reply in replies] == [*[None] * 5, "hello_repeated"]
    assert [replies[0]["message"]["index"], replies[2]["message"]["index"]] == [1, 2]
    assert kinds(line)[:2] == ["re", "ready"]
    assert line.frames[0]["re"] == numbers[0] - 1


async def test_what_is_said_right_behind_hello_is_bounded(running: Node) -> None:
    [ana] = await running.people("ana")
    gate = Gate(running.services.people, "user")
    line = running.open(ana)
    line.say("hello")
    await gate.reached()
    numbers = [line.say("ping") for _ in range(80)]
    refused = [frame["error"]["code"] for frame in line.frames]
    assert refused == ["rate_limited"] * 16
    gate.open()
    for number in numbers:
        await line.reply(number)


async def test_what_happens_between_reading_and_entering_is_not_lost(running: Node) -> None:
    """Also where nobody else here follows the room, so that no ring has it."""
    ana, ben = await running.people("ana", "ben")
    quiet, busy = await running.room(ana, ben), await running.room(ana, ben)
    other = await running.connect(ben)
    await other.ask("unsubscribe", room=quiet)
    gate = Gate(running.services.rooms, "followed")
    line = running.open(ana)
    line.say("hello")
    await gate.reached()
    for room in (quiet, busy):
        await running.post(ben, room, "meanwhile")
    gate.open()
    await line.event("ready")
    for room in (quiet, busy):
        await running.post(ben, room, "after")
        stream = Stream(room, ana.id)
        await until(lambda room=room: Stream(room, ana.id).feed(line.frames).cursor == 4)  # type: ignore[misc]
        assert stream.feed(line.frames).bodies == ["meanwhile", "after"]


async def test_what_happens_between_entering_and_ready_is_not_lost(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    gate = Gate(running.services.rooms, "heads")
    line = running.open(ana)
    line.say("hello")
    await gate.reached()
    await running.post(ben, room, "meanwhile")
    assert line.frames == []
    gate.open()
    await line.event("message")
    assert kinds(line) == ["re", "ready", "message"]


@pytest.mark.parametrize("where", ["followed", "heads"])
@pytest.mark.parametrize("resumes", [True, False])
@pytest.mark.parametrize("kind", ["private", "public"])
async def test_promise_7_who_is_removed_during_hello_hears_nothing_after_it(
    running: Node, where: str, resumes: bool, kind: str
) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben, cleo, kind=kind)
    other = await running.room(cleo, ben)
    if where == "followed":
        await running.connect(cleo)  # the room has a ring
    gate = Gate(running.services.rooms, where)
    line = running.open(ben)
    line.say("hello", resume={room: 3, other: 1} if resumes else {})
    await gate.reached()

    def stream() -> Stream:
        begun = Stream(room, ben.id)
        return (begun.resumed(3) if resumes else begun).feed(line.frames)

    await running.post(ana, room, "for ben")
    await running.services.members.remove(ana.caller, room, ben.id)
    await running.post(ana, room, "secret")
    gate.open()
    await line.event("ready")
    await until(lambda: stream().cursor is None)
    await running.post(ana, room, "secret too")
    await running.post(cleo, other, "the end")
    await until(lambda: "the end" in str(line.frames))
    assert stream().cursor is None
    assert "secret" not in str(line.frames)


@pytest.mark.parametrize("where", ["followed", "heads"])
@pytest.mark.parametrize("resumes", [True, False])
async def test_a_room_that_is_deleted_during_hello_is_gone(running: Node, where: str, resumes: bool) -> None:
    """Also where nobody here follows it, so that nobody is dropped when the deletion is told."""
    ana, ben = await running.people("ana", "ben")
    room, other = await running.room(ana, ben), await running.room(ana, ben)
    gate = Gate(running.services.rooms, where)
    line = running.open(ben)
    line.say("hello", resume={room: 2} if resumes else {})
    await gate.reached()
    await running.services.rooms.delete(ana.caller, room)
    gate.open()
    await line.event("gone", room=room)
    await running.post(ana, other, "the end")
    await line.event("message", room=other)
    assert kinds(line) == ["re", "ready", "gone", "message"]
    assert len(running.app.hub.rooms) == 1
    assert room not in line.connection.rooms


async def test_a_room_joined_during_hello_comes_afresh_after_ready(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    gate = Gate(running.services.rooms, "followed")
    line = running.open(ben)
    line.say("hello", resume={room: 1})
    await gate.reached()
    await running.services.members.join(ben.caller, room)
    gate.open()
    await line.event("reload", room=room)
    await running.post(ana, room, "hi")
    await line.event("message", room=room)
    assert kinds(line)[:2] == ["re", "ready"]
    assert len(line.of_room(room)) == 2
    assert Stream(room, ben.id).feed(line.frames).bodies == ["hi"]


async def test_a_client_repeats_its_own_positions(running: Node) -> None:
    """A crash may have lost them."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    foreign = await running.room(ben, kind="private")
    for _ in range(3):
        await running.post(ben, room)
    other = await running.connect(ben)
    await running.connect(ana, read={room: 2, foreign: 9, NOTHING: 1, "x": 5})
    receipt = await other.event("receipt")
    assert receipt["receipts"] == [{"user": ana.id, "read_index": 2, "delivered_index": 2}]


# Of which history.


async def test_rule_15_a_boot_that_was_never_here_is_another_history(running: Node) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    for boot in (new_id(), "x", ""):
        line = await running.connect(ana, boot=boot, resume={room: 1})
        assert (await line.event("reload"))["seq"] == 1
        assert not line.events("changes")


async def test_rule_15_what_was_read_in_another_history_is_not_read_here(running: Node) -> None:
    """The same index is another message there."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for _ in range(3):
        await running.post(ben, room)
    line = await running.connect(ana, boot=new_id(), resume={room: 9}, read={room: 3})
    await line.event("reload", room=room)
    await running.services.receipts.flush()
    view = await running.services.rooms.view(ana.caller, room)
    assert view.member is not None
    assert view.member.read_index == 0


async def test_an_earlier_start_of_this_database_is_the_same_history(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        room = await running.room(ana)
        boot, name = running.services.history.boot, ana.name
    async with node(tmp_path) as running:
        ana = await running.sign_in(name)
        assert running.services.history.boot != boot
        await running.post(ana, room)
        line = await running.connect(ana, boot=boot, resume={room: 1})
        changes = await line.event("changes")
        assert (changes["from"], changes["to"], len(changes["items"])) == (1, 2, 1)


@pytest.mark.parametrize("resumes", [True, False])
@pytest.mark.parametrize("is_followed", [True, False])
async def test_a_mark_is_told_behind_what_was_posted_before_it(running: Node, is_followed: bool, resumes: bool) -> None:
    """Both happen while the list of rooms grows old. A client that hears of its own post last would end the mark."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    if is_followed:
        await running.connect(ben)
    device = Device(ana)
    if resumes:
        await keep_up(running, device)
        device.cut()
    gate = Gate(running.services.rooms, "followed")
    device.connect(running)
    await gate.reached()
    await running.post(ana, room, "before")
    await running.services.membership.change(ana.caller, room, Quiet(unread_from=1))
    gate.open()
    await running.settle()
    await keep_up(running, device)
    known = said(device.model.rooms[room])
    assert (known["unread"], known["quiet"]["unread_from"]) == (1, 1)


@pytest.mark.parametrize("is_live", [True, False])
async def test_nothing_more_is_said_of_a_resumed_room_that_is_gone(running: Node, is_live: bool) -> None:
    """They look on; while it is asked whether they may, somebody brings them in and puts them out again."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    await running.connect(ana)
    gate = Gate(running.services.rooms, "visible")
    afresh = Gate(running.services.rooms, "snapshot", shut=not is_live)
    line = running.open(ben)
    line.say("hello", resume={room: 1})
    await gate.reached()
    await running.services.members.add(ana.caller, room, ben.id)
    await running.settle()
    await running.services.members.remove(ana.caller, room, ben.id)
    afresh.open()
    await running.settle()
    gate.open()
    await running.settle()
    assert Stream(room, ben.id).resumed(1).feed(line.frames).cursor is None
    assert ("gone" in [frame.get("ev") for frame in line.frames]) is not is_live
