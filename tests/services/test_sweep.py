"""Rule 9: what another process changed reaches this one's sockets within the sweep."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, update

from support.clock import FakeClock
from support.databases import ON_POSTGRESQL, ON_SQLITE
from support.gates import Gate, Hook
from support.heart import interrupt
from support.node import Line, Node, node
from support.streams import Stream
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.domain.events import RoomBatch
from tertulia.hub import repairs
from tertulia.services import sweep
from tertulia.services.rooms import Settings
from tertulia.storage import rooms
from tertulia.storage.tables import users


class Two(NamedTuple):
    """Two processes on one database; people are known to both."""

    here: Node
    there: Node


@pytest.fixture
async def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    monkeypatch.setattr(repairs, "GAP_WAIT", 0.0)
    clock = FakeClock()
    async with node(tmp_path, clock) as here, node(tmp_path, clock) as there:
        yield Two(here, there)


async def swept(two: Two, seconds: float = 4) -> None:
    """Time for one sweep, and for what it started."""
    await two.here.pass_time(seconds, 1)
    await two.here.settle()


async def stream(line: Line, room: str, user: str, head: int) -> Stream:
    await until(lambda: Stream(room, user).feed(line.frames).cursor == head)
    return Stream(room, user).feed(line.frames)


async def test_posts_edits_and_settings_of_another_process(two: Two) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    await two.here.post(ana, room, "here")
    line = await two.here.connect(ben)
    await two.there.post(ana, room, "there")
    await two.there.services.messages.edit(ana.caller, room, 1, "edited")
    await two.there.services.rooms.change(ana.caller, room, Settings(title="Square"))
    assert line.of_room(room) == []
    await swept(two)
    seen = await stream(line, room, ben.id, 6)
    assert seen.bodies == ["edited", "there"]
    await two.here.post(ana, room, "here again")
    assert (await stream(line, room, ben.id, 7)).bodies == ["edited", "there", "here again"]


async def test_both_post_at_once(two: Two) -> None:
    """Each finds the other's posts as a hole in the order, and fills it."""
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line, other = await two.here.connect(ben), await two.there.connect(ben)
    for number in range(10):
        await asyncio.gather(two.here.post(ana, room, f"here {number}"), two.there.post(ben, room, f"there {number}"))
    await swept(two)
    await two.there.settle()
    for each in (line, other):
        assert len((await stream(each, room, ben.id, 22)).bodies) == 20


async def test_a_room_one_was_added_to_elsewhere(two: Two) -> None:
    ana, ben = await two.here.people("ana", "ben")
    line = await two.here.connect(ben)
    public = await two.there.room(ana)
    private = await two.there.room(ana, ben, kind="private")
    direct, _ = await two.there.services.rooms.open_direct(ana.caller, ben.id)
    await swept(two)
    for room in (private, direct.room.id):
        await line.event("reload", room=room)
    assert line.of_room(public) == []
    await two.there.post(ana, private, "hi")
    await swept(two)
    assert (await stream(line, private, ben.id, 3)).bodies == ["hi"]


@pytest.mark.parametrize("kind", ["public", "private"])
async def test_promise_7_a_removal_elsewhere_ends_it_here(two: Two, kind: str) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben, kind=kind)
    owner, line = await two.here.connect(ana), await two.here.connect(ben)
    await two.there.post(ana, room, "for ben")
    await two.there.services.members.remove(ana.caller, room, ben.id)
    await two.there.post(ana, room, "secret")
    await swept(two)
    await until(lambda: Stream(room, ben.id).feed(line.frames).cursor is None)
    assert "secret" not in str(line.frames)
    assert line.connection.rooms == {}
    assert (await stream(owner, room, ana.id, 5)).bodies == ["for ben", "secret"]


async def test_a_room_deleted_elsewhere_is_gone(two: Two) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.here.connect(ben)
    await two.there.services.rooms.delete(ana.caller, room)
    await swept(two)
    assert await line.event("gone") == {"ev": "gone", "room": room}
    assert (await line.ask("post", room=room, body="hi"))["error"]["code"] == "not_found"


async def test_a_session_revoked_elsewhere_loses_its_sockets(two: Two) -> None:
    ana, ben = await two.here.people("ana", "ben")
    line, other = await two.here.connect(ana), await two.here.connect(ben)
    await two.there.services.sessions.end_all(ana.number)
    await swept(two)
    assert await line.closed() == 4501
    assert not other.is_down


async def test_somebody_deactivated_elsewhere_loses_their_sockets(two: Two) -> None:
    ana, ben = await two.here.people("ana", "ben")
    line, other = await two.here.connect(ana), await two.here.connect(ben)

    def deactivate(connection: Connection) -> None:
        connection.execute(update(users).where(users.c.number == ana.number).values(is_active=False))

    await two.there.app.db.write(deactivate)
    await swept(two)
    assert await line.closed() == 4501
    assert not other.is_down


async def test_a_removal_that_comes_late_takes_nobody_out_for_good(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were added again since, in a batch that is lost, and the sweep saw both before the removal came."""
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.here.connect(ben)
    await swept(two)
    sent: list[RoomBatch] = []
    monkeypatch.setattr(two.there.app.neighbours, "deliver", sent.extend)

    async def out_and_in_again() -> None:
        if not sent:
            await two.there.services.members.remove(ana.caller, room, ben.id)
            await two.there.services.members.add(ana.caller, room, ben.id)

    here = two.here.app.neighbours
    Hook(here.sweep, "_sweep_users", out_and_in_again)  # behind the comparison of heads
    await here.sweep.sweep()
    here._take(sent[0])
    await two.here.settle()
    await swept(two)
    await two.here.post(ana, room, "welcome back")
    assert (await stream(line, room, ben.id, 5)).bodies == ["welcome back"]


async def test_a_name_changed_elsewhere_is_the_new_one_here(two: Two) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    await two.here.post(ana, room)

    def rename(connection: Connection) -> None:
        connection.execute(update(users).where(users.c.number == ana.number).values(first_name="Ana", last_name="Gil"))

    await two.there.app.db.write(rename)
    await swept(two)
    await two.here.post(ana, room, "again")
    page = await two.here.services.messages.one(ben.caller, room, 2)
    assert page.sender is not None
    assert page.sender.name == "Ana Gil"
    assert (await two.here.services.people.user(ana.number)).name == "Ana Gil"


@ON_SQLITE
async def test_while_nobody_else_writes_nothing_is_compared(two: Two) -> None:
    """Rule 44."""
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    await two.here.connect(ana)
    await swept(two, 3)
    compared = Gate(two.here.app.neighbours.sweep, "sweep", shut=False)
    await two.here.post(ana, room)
    await swept(two, 5)
    assert compared.calls == 0
    await two.there.post(ana, room)
    await swept(two, 5)
    assert compared.calls == 1


@ON_POSTGRESQL
async def test_what_a_sweep_costs_depends_on_the_rooms_that_are_followed_here(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 44: one statement for many rooms, whoever is in them, and none for rooms that nobody follows."""
    ana, ben = await two.here.people("ana", "ben")
    followed = [await two.here.room(ana, ben) for _ in range(7)]
    for _ in range(3):
        await two.here.room(ben)
    await two.here.connect(ana)
    asked: list[int] = []
    ask = rooms.heads

    def heads(connection: Connection, numbers: Collection[int]) -> dict[int, int]:
        asked.append(len(numbers))
        return ask(connection, numbers)

    monkeypatch.setattr(sweep, "CHUNK", 3)
    monkeypatch.setattr(rooms, "heads", heads)
    await two.here.app.neighbours.sweep.sweep()
    assert asked == [3, 3, 1]
    assert len(two.here.app.hub.rooms) == len(followed)


async def test_a_sweep_that_failed_is_done_again(two: Two) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.here.connect(ben)
    failures = 2

    async def fail() -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise Rejection("busy", "Too much to read.")

    Hook(two.here.services.rooms, "visible", fail)
    await two.there.room(ana, ben, kind="private")
    await two.there.post(ana, room, "there")
    await swept(two, 6)
    assert failures < 0
    assert (await stream(line, room, ben.id, 3)).bodies == ["there"]


@ON_SQLITE
async def test_a_look_that_failed_is_not_the_last_one(two: Two) -> None:
    """Rule 42: the database was away while it was asked whether others wrote."""
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.here.connect(ben)
    await swept(two, 2)
    interrupt(two.here.app.db.writer)
    await swept(two, 2)
    await two.there.post(ana, room, "there")
    await swept(two)
    assert (await stream(line, room, ben.id, 3)).bodies == ["there"]
