"""Promise 6: counts are arithmetic; receipts are gathered, only grow, and end at the last message (rule 5)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import FakeClock
from support.databases import ON_POSTGRESQL
from support.node import Line, Node, node
from tertulia.domain.errors import Rejection
from tertulia.services import receipts as module
from tertulia.storage import receipts as rows
from tertulia.storage.database import open_engine


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock(), large_room=3) as running:
        yield running


def positions(line: Line) -> list[dict[str, tuple[int, int]]]:
    """Of each event: user → (read, delivered)."""
    return [
        {one["user"]: (one["read_index"], one["delivered_index"]) for one in event["receipts"]}
        for event in line.events("receipt")
    ]


async def test_what_is_said_within_a_moment_is_told_in_one_event(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben, cleo)
    for _ in range(3):
        await running.post(ana, room)
    lines = [await running.connect(person) for person in (ana, ben, cleo)]
    for index in (1, 2, 3, 2):
        await lines[1].ask("read", room=room, index=index)
    await lines[2].ask("read", room=room, delivered=2)
    await running.pass_time(1)
    for line in lines:
        assert positions(line) == [{ben.id: (3, 3), cleo.id: (0, 2)}]


async def test_positions_only_grow_and_end_at_the_last_message(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for _ in range(5):
        await running.post(ana, room)
    line = await running.connect(ben)
    for index, delivered in ((3, None), (1, None), (None, 10**18), (0, 0), (None, 2)):
        fields = {name: value for name, value in (("index", index), ("delivered", delivered)) if value is not None}
        assert "error" not in await line.ask("read", room=room, **fields)
        await running.pass_time(0.5)
    assert positions(line)[-1] == {ben.id: (3, 5)}
    await line.ask("read", room=room, index=2**63 - 1)
    await running.pass_time(0.5)
    assert positions(line)[-1] == {ben.id: (5, 5)}


async def test_promise_6_unread_is_a_subtraction_the_same_on_every_device(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben)
    for _ in range(4):
        await running.post(ana, room)
    await running.services.members.join(cleo.caller, room)

    async def unread(person: object) -> int:
        view = await running.services.rooms.view(person.caller, room)  # type: ignore[attr-defined]
        assert view.member is not None
        return view.room.message_count - view.member.read_index

    assert [await unread(person) for person in (ana, ben, cleo)] == [
        0,
        4,
        0,
    ]  # posting reads; joining starts at the end
    await running.post(ben, room)
    assert [await unread(person) for person in (ana, ben, cleo)] == [1, 0, 1]
    await running.services.members.join(ben.caller, room)  # again is no error, and changes nothing
    await running.services.messages.delete(ben.caller, room, 5)
    assert [await unread(person) for person in (ana, ben, cleo)] == [1, 0, 1]
    line = await running.connect(ana)
    await line.ask("subscribe", room=room)
    ready, reload = await line.event("ready"), await line.event("reload")
    assert ready["rooms"][0]["me"]["unread"] == reload["snapshot"]["room"]["me"]["unread"] == 1


async def test_promise_6_what_one_device_reads_is_read_on_the_others(running: Node) -> None:
    """Those that are there are told, and those that come later have it in `ready`; the same with a mark."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for _ in range(4):
        await running.post(ana, room)
    phone, laptop = await running.connect(ben), await running.connect(ben)

    async def of_newcomer() -> int:
        [shown] = (await (await running.connect(ben)).event("ready"))["rooms"]
        return int(shown["me"]["unread"])

    assert await of_newcomer() == 4
    await phone.ask("read", room=room, index=3)
    await running.pass_time(0.5)
    assert positions(phone) == positions(laptop) == [{ben.id: (3, 3)}]  # 4 messages less 3
    assert await of_newcomer() == 1
    marked = await phone.ask("me", room=room, unread_from=2)
    told = await laptop.event("me")
    assert marked["me"] == told["me"]
    assert told["message_count"] == 4
    assert told["me"]["unread"] == await of_newcomer() == 3
    await laptop.ask("read", room=room, index=2)  # behind the mark: it moves
    await running.pass_time(0.5)
    assert [(await line.count(2, "me"))[-1]["me"]["unread"] for line in (phone, laptop)] == [2, 2]
    assert await of_newcomer() == 2


async def test_in_large_rooms_everybody_gets_their_own_only_on_all_devices(running: Node) -> None:
    people = await running.people(*"abcd")
    room = await running.room(*people)
    await running.post(people[0], room)
    lines = [await running.connect(person) for person in people]
    second = await running.connect(people[1])
    for line in lines[1:]:
        await line.ask("read", room=room, index=1)
    await running.pass_time(1)
    assert positions(lines[0]) == []
    assert positions(lines[1]) == positions(second) == [{people[1].id: (1, 1)}]
    assert positions(lines[2]) == [{people[2].id: (1, 1)}]


async def test_who_looks_on_gets_none(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    await running.post(ana, room)
    a, b = await running.connect(ana), await running.connect(ben)
    await b.ask("subscribe", room=room)
    await b.event("reload")
    await running.settle()
    await a.ask("read", room=room, index=1)
    await running.pass_time(1)
    assert len(positions(a)) == 1
    assert positions(b) == []
    assert (await b.ask("read", room=room, index=1))["error"]["code"] == "not_member"


async def test_over_rest_it_is_written_before_it_is_answered(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.post(ana, room)
    line = await running.connect(ana)
    position = await running.services.receipts.advance_now(ben.caller, room, 1, None)
    assert (position.user_id, position.read_index, position.delivered_index) == (ben.id, 1, 1)
    assert positions(line) == [{ben.id: (1, 1)}]
    assert (await running.services.rooms.view(ben.caller, room)).member.read_index == 1  # type: ignore[union-attr]


async def test_what_a_socket_said_before_is_not_taken_back_by_rest(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for _ in range(3):
        await running.post(ana, room)
    line = await running.connect(ben)
    await line.ask("read", room=room, index=3)
    position = await running.services.receipts.advance_now(ben.caller, room, 1, None)
    assert position.read_index == 3


async def test_who_left_meanwhile_has_no_receipt(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.post(ana, room)
    a, b = await running.connect(ana), await running.connect(ben)
    await b.ask("read", room=room, index=1)
    await running.services.members.leave(ben.caller, room)
    await running.pass_time(1)
    assert positions(a) == []


async def test_too_many_at_once_are_refused(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GATHERED", 1)
    receipts = running.services.receipts
    receipts.advance(1, 1, 5, None)
    receipts.advance(1, 1, 6, None)
    with pytest.raises(Rejection) as refused:
        receipts.advance(1, 2, 5, None)
    assert refused.value.code == "busy"


async def test_a_flush_goes_in_slices_and_survives_a_failure(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLUSHED_AT_ONCE", 2)
    people = await running.people(*"abc")
    rooms = [await running.room(*people) for _ in range(2)]
    for room in rooms:
        await running.post(people[0], room)
    lines = [await running.connect(person) for person in people]
    real = running.app.db.write
    failed = False

    async def fail_once(job: object, *args: object) -> object:
        nonlocal failed
        if not failed:
            failed = True
            raise Rejection("busy", "Too much to write.")
        return await real(job, *args)  # type: ignore[arg-type]

    for line in reversed(lines):
        for room in rooms:
            await line.ask("read", room=room, index=1)
    monkeypatch.setattr(running.app.db, "write", fail_once)
    await running.services.receipts.flush()
    assert positions(lines[0]) == []
    await running.services.receipts.flush()
    assert sum(len(event) for event in positions(lines[0])) == 6, "it was answered, so it is not lost"


async def test_a_flush_writes_what_was_gathered_when_it_began(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would never end while people read, and what another node writes would never have its next time."""
    ana, ben = await running.people("ana", "ben")
    rooms = [await running.room(ana, ben) for _ in range(3)]
    numbers = [await running.services.numbers.number(room) for room in rooms]
    for room in rooms:
        await running.post(ana, room)
    receipts, write, writes = running.services.receipts, running.app.db.write, 0

    async def read_on(job: object, *args: object) -> object:
        nonlocal writes
        writes += 1
        if writes < 10:
            receipts.advance(ben.number, numbers[writes % 3], 1, None)
        return await write(job, *args)  # type: ignore[arg-type]

    receipts.advance(ben.number, numbers[0], 1, None)
    monkeypatch.setattr(running.app.db, "write", read_on)
    await receipts.flush()
    assert writes == 1


@ON_POSTGRESQL
async def test_a_position_that_another_node_is_writing_waits_for_the_next_flush(running: Node) -> None:
    """Rule 29: nobody waits for anybody, so that nobody can wait in a circle."""
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben, cleo)
    number = await running.services.numbers.number(room)
    await running.post(ana, room)
    line = await running.connect(ana)
    engine = open_engine(running.app.settings.database_url, write=True)
    with engine.connect() as other, other.begin():
        assert rows.free(other, [(number, ben.number)]) == {(number, ben.number)}
        for person in (ben, cleo):
            running.services.receipts.advance(person.number, number, 1, None)
        await running.services.receipts.flush()
        assert positions(line) == [{cleo.id: (1, 1)}]
    engine.dispose()
    await running.services.receipts.flush()
    assert positions(line) == [{cleo.id: (1, 1)}, {ben.id: (1, 1)}]
