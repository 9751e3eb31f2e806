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
from tertulia.domain.models import RoomKind
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


async def test_asking_for_a_direct_room_that_is_there_is_no_change(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), post_rate=0.1, post_burst=1) as running:
        ana, ben, cleo = await running.people("ana", "ben", "cleo")
        direct = running.services.rooms.open_direct
        made, _ = await direct(ana.caller, ben.id)
        for _ in range(3):
            view, is_new = await direct(ana.caller, ben.id)
            assert (view.room.id, view.partner, is_new) == (made.room.id, made.partner, False)
        with pytest.raises(Rejection) as refused:
            await direct(ana.caller, cleo.id)
        assert refused.value.code == "rate_limited"


async def test_a_room_with_members_from_the_start_is_there_for_all_of_them(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    lines = [await running.connect(person) for person in (ana, ben)]
    made = await running.services.rooms.create(
        ana.caller, RoomKind.PRIVATE, "trip", None, "", exclusive=True, members=[ben.number, ana.number]
    )
    for line in lines:
        reload = await line.event("reload", room=made.room.id)
        assert [member["user"]["id"] for member in reload["snapshot"]["members"]] == [ana.id, ben.id]
    await running.post(ben, made.room.id, "hi")
    for line in lines:
        await line.event("message", room=made.room.id)
    with pytest.raises(Rejection) as refused:
        await running.services.rooms.view(cleo.caller, made.room.id)
    assert refused.value.code == "not_found"


@pytest.mark.parametrize("kind", ["public", "private"])
async def test_a_name_that_is_a_private_rooms_own_is_taken_for_api_v1_too(running: Node, kind: str) -> None:
    """Private rooms of API v1 have none of their own, so nobody is in their way."""
    ana, ben = await running.people("ana", "ben")
    own = await running.services.rooms.create(ana.caller, RoomKind.PRIVATE, "trip", None, "", exclusive=True)
    made = await running.call(ben, "POST", "rooms", {"kind": kind, "name": "trip"})
    assert made.status_code == (409 if kind == "public" else 201)
    other = (await running.call(ben, "POST", "rooms", {"kind": kind, "name": "else"})).json()["id"]
    renamed = await running.call(ben, "PATCH", f"rooms/{other}", {"name": "trip"})
    assert renamed.status_code == (409 if kind == "public" else 200)
    shown = (await running.call(ana, "GET", f"rooms/{own.room.id}")).json()
    assert not {"exclusive", "join_by_id"} & set(shown)


async def test_a_room_begins_with_so_many_and_no_more(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.services.rooms.FIRST_MEMBERS", 2)
    people = [person.number for person in await running.people("ana", "ben", "cleo")]
    [maker] = await running.people("dan")
    create = running.services.rooms.create
    with pytest.raises(Rejection) as refused:
        await create(maker.caller, RoomKind.PRIVATE, None, None, "", members=people)
    assert refused.value.code == "too_many"
    made = await create(maker.caller, RoomKind.PRIVATE, None, None, "", members=people[:2])
    assert made.room.member_count == 3


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
