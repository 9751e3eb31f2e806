"""Rooms, beside what their routes show (tests/http/test_rooms.py)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from support.clock import FakeClock
from support.node import Node, node
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.services.timeline import Place
from tertulia.storage import changes, rooms


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock(), large_room=2) as running:
        yield running


async def count(running: Node, table: str, room: int) -> int:
    def ask(connection: Connection) -> int:
        column = "number" if table == "rooms" else "room"
        found = connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {column} = :room"), {"room": room})
        return int(found or 0)

    return await running.app.db.read(ask)


async def test_two_who_ask_for_their_direct_room_at_once_get_the_same(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    direct = running.services.rooms.open_direct
    found = await asyncio.gather(*(direct(ana.caller, ben.id) for _ in range(3)), direct(ben.caller, ana.id))
    assert len({view.room.id for view, _ in found}) == 1
    assert sorted(made for _, made in found) == [False, False, False, True]
    assert [view.partner.number for view, _ in found if view.partner] == [ben.number] * 3 + [ana.number]


async def test_the_rows_of_a_deleted_room_go_in_slices(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 14: no transaction may hold up posts."""
    monkeypatch.setattr(rooms, "PURGE_ROWS", 3)
    ana, ben = await running.people("ana", "ben")
    kept, doomed = await running.room(ana, ben), await running.room(ana, ben)
    number = running.services.numbers.known(doomed)
    assert number is not None
    for room in (kept, doomed):
        for _ in range(8):
            await running.post(ana, room, f"@{ben.name}")
        await running.services.messages.react(ben.caller, room, 1, "👍", on=True)
    await running.services.rooms.delete(ana.caller, doomed)
    await running.settle()
    left = 1
    while left:
        left = sum([await count(running, table, number) for table in ("messages", "members", "mentions", "rooms")])
        await running.settle()
    assert await count(running, "reactions", number) == 0
    assert len((await running.services.messages.page(ana.caller, kept, Place())).messages) == 9


async def test_a_purge_that_fails_goes_on_later(running: Node) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    number = running.services.numbers.known(room)
    assert number is not None
    real, failed = running.services.rooms.purge, asyncio.Event()

    async def fail_once() -> None:
        if not failed.is_set():
            failed.set()
            raise Rejection("busy", "Too much to write.")
        await real()

    running.services.rooms.purge = fail_once  # type: ignore[method-assign]
    await running.services.rooms.delete(ana.caller, room)
    await failed.wait()
    assert await count(running, "rooms", number) == 1
    await running.pass_time(11, 1)
    await until(lambda: True)
    assert await count(running, "rooms", number) == 0


async def test_a_snapshot_of_a_large_room_names_no_members(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben)
    number = running.services.numbers.known(room)
    assert number is not None
    snapshot = await running.services.rooms.snapshot(number, ana.number)
    assert snapshot.members is not None
    assert [member.user for member, _ in snapshot.members] == [ana.number, ben.number]
    await running.services.members.join(cleo.caller, room)
    assert (await running.services.rooms.snapshot(number, ana.number)).members is None


async def test_promise_7_a_snapshot_for_who_looks_on_has_no_positions(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    number = running.services.numbers.known(await running.room(ana))
    assert number is not None
    shown = [(await running.services.rooms.snapshot(number, person.number)).positions for person in (ana, ben)]
    assert shown == [True, False]


async def test_a_snapshot_shows_the_newest_fifty_messages_and_their_notices(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    number = running.services.numbers.known(room)
    assert number is not None
    for index in range(60):
        await running.post(ana, room, str(index))
    await running.services.members.join(ben.caller, room)
    snapshot = await running.services.rooms.snapshot(number, ana.number)
    assert [message.index for message in snapshot.messages] == [*range(11, 61), None]


async def test_what_is_missed_is_told_until_it_is_too_much(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the hub: None means gone, no items mean that each catches up for itself."""
    [ana] = await running.people("ana")
    room = await running.room(ana)
    number = running.services.numbers.known(room)
    assert number is not None
    for _ in range(3):
        await running.post(ana, room)
    found = await running.services.rooms.missed(number, 2)
    assert found is not None
    assert (found[0], [item.seq for item in found[1] or ()]) == (4, [3, 4])
    monkeypatch.setattr(changes, "MAX_ROWS", 1)
    assert await running.services.rooms.missed(number, 2) == (4, None)
    monkeypatch.undo()
    for _ in range(20):
        await running.post(ana, room, "x" * 16_000)
    assert await running.services.rooms.missed(number, 2) == (24, None)
    await running.services.rooms.delete(ana.caller, room)
    assert await running.services.rooms.missed(number, 2) is None


async def test_a_busy_database_is_not_a_room_that_is_gone(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one rush would send everybody out of every room."""

    async def busy(*_: object) -> None:
        raise Rejection("busy", "Too much to read.")

    monkeypatch.setattr(running.app.db, "read", busy)
    with pytest.raises(Rejection):
        await running.services.rooms.missed(1, 0)
