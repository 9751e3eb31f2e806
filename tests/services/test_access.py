"""The only door to a room (promise 7)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.node import Node, node
from tertulia.domain.errors import Rejection
from tertulia.services import access
from tertulia.services.access import RoomNumbers, find_user, joined, visible

NOTHING = "0197a1b0-0000-7000-8000-000000000001"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


def refusal(caught: pytest.ExceptionInfo[Rejection]) -> tuple[str, str]:
    return caught.value.code, caught.value.message


async def test_promise_7_a_private_room_is_nothing_to_outsiders(running: Node) -> None:
    ana, ben, eve = await running.people("ana", "ben", "eve")
    private = await running.room(ana, ben, kind="private")
    view, _ = await running.services.rooms.open_direct(ana.caller, ben.id)
    await running.services.members.leave(ben.caller, private)
    answers = set()
    for person in (eve, ben):
        for room in (private, NOTHING, "", "x", NOTHING.upper(), "\ud800", private.replace("-", "")):
            for door in (visible, joined):
                with pytest.raises(Rejection) as caught:
                    await running.app.db.read(door, room, person.number)
                answers.add(refusal(caught))
    with pytest.raises(Rejection) as caught:
        await running.app.db.read(visible, view.room.id, eve.number)
    assert answers == {refusal(caught)} == {("not_found", "There is no such room.")}


async def test_a_public_room_is_seen_by_all_and_joined_by_some(running: Node) -> None:
    ana, eve = await running.people("ana", "eve")
    room = await running.room(ana)
    _, member = await running.app.db.read(visible, room.upper(), eve.number)
    assert member is None
    with pytest.raises(Rejection) as caught:
        await running.app.db.read(joined, room, eve.number)
    assert caught.value.code == "not_member"
    _, mine = await running.app.db.read(joined, room, ana.number)
    assert mine.user == ana.number


async def test_a_deleted_room_is_nothing_even_to_its_owner(running: Node) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    await running.services.rooms.delete(ana.caller, room)
    with pytest.raises(Rejection) as caught:
        await running.app.db.read(visible, room, ana.number)
    assert caught.value.code == "not_found"


async def test_numbers_are_remembered_but_not_without_bound(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "KNOWN_ROOMS", 2)
    [ana] = await running.people("ana")
    rooms = [await running.room(ana) for _ in range(3)]
    numbers = RoomNumbers(running.app.db)
    assert numbers.known(rooms[0]) is None
    found = [await numbers.number(room) for room in rooms]
    assert len(set(found)) == 3
    assert [numbers.known(room) for room in rooms] == [None, found[1], found[2]]
    assert await numbers.number(rooms[0].upper()) == found[0]
    for room in (NOTHING, "", "x", "\x00"):
        with pytest.raises(Rejection) as caught:
            await numbers.number(room)
        assert caught.value.code == "not_found"


async def test_users_by_their_ids(running: Node) -> None:
    [ana] = await running.people("ana")
    assert (await find_user(running.app.db, ana.id)).number == ana.number
    for user in (NOTHING, "", "x", "\x00", ana.id[:-1]):
        with pytest.raises(Rejection) as caught:
            await find_user(running.app.db, user)
        assert refusal(caught) == ("not_found", "There is no such user.")
