"""Blocks: the list, what it does at once, and direct rooms in which nothing is told of the other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from support.clock import FakeClock
from support.node import Line, Node, Person, node
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.services.blocks import MAX_BLOCKS
from tertulia.storage import blocks, users
from tertulia.storage.tables import users as users_table


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


async def block(running: Node, person: Person, other: Person, *, on: bool = True) -> None:
    change = running.services.blocks.add if on else running.services.blocks.remove
    await change(person.caller, other.id)


async def refused(work: Any) -> str:
    with pytest.raises(Rejection) as rejection:
        await work
    return rejection.value.code


async def direct(running: Node, one: Person, other: Person) -> str:
    view, _ = await running.services.rooms.open_direct(one.caller, other.id)
    return view.room.id


def state(line: Line, person: Person) -> str:
    """How somebody is, as far as the line has heard."""
    told = list(line.events("ready")[0]["presence"])
    for event in line.events("presence"):
        told += event["users"]
    states = [one["status"] for one in told if one["user"] == person.id]
    return states[-1] if states else "unknown"


# The list.


async def test_all_my_devices_hear_who_is_blocked(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    lines = [await running.connect(ana) for _ in range(2)]
    other = await running.connect(ben)
    await block(running, ana, ben)
    await block(running, ana, cleo)
    await block(running, ana, cleo)  # again is no error, and no news
    await block(running, ana, ben, on=False)
    await block(running, ana, ben, on=False)
    for line in lines:
        assert line.events("ready")[0]["blocked"] == []
        assert [event["users"] for event in line.events("blocked")] == [[ben.id], [ben.id, cleo.id], [cleo.id]]
    assert other.events("blocked") == []
    later = await running.connect(ana)
    assert later.events("ready")[0]["blocked"] == [cleo.id]


async def test_in_pages(running: Node) -> None:
    [ana, *others] = await running.people("ana", *"bcdef")
    for other in others:
        await block(running, ana, other)
    found: list[str] = []
    after, more = 0, True
    while more:
        page, more = await running.services.blocks.page(ana.caller, after, 2)
        found += [user.id for user in page]
        after = page[-1].number
    assert found == [other.id for other in others]


async def test_neither_oneself_nor_who_is_not_there(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    assert await refused(running.services.blocks.add(ana.caller, ana.id)) == "invalid"
    assert await refused(running.services.blocks.add(ana.caller, new_id())) == "not_found"
    assert await refused(running.services.blocks.add(ana.caller, "nonsense")) == "not_found"
    user = await running.services.people.user(ben.number)
    await running.services.erasure.delete(user, blank=False)
    assert await refused(running.services.blocks.add(ana.caller, ben.id)) == "not_found"


async def test_the_1001st_is_refused_also_when_many_come_at_once(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")

    def many(connection: Any) -> None:
        names = [f"someone-{number}" for number in range(MAX_BLOCKS - 1)]
        connection.execute(insert(users_table), [{"id": new_id(), "username": name, "created_at": 1} for name in names])
        for user in users.by_usernames(connection, names):
            blocks.add(connection, ana.number, user, 1)

    await running.app.db.write(many)
    results = await asyncio.gather(
        *(running.services.blocks.add(ana.caller, one.id) for one in (ben, cleo)), return_exceptions=True
    )
    assert sorted(str(getattr(result, "code", "done")) for result in results) == ["done", "too_many"]
    first, second = (ben, cleo) if results[0] is None else (cleo, ben)
    await block(running, ana, first)  # who is blocked already is no news
    await block(running, ana, first, on=False)
    await block(running, ana, second)
    assert len((await running.connect(ana)).events("ready")[0]["blocked"]) == MAX_BLOCKS


async def test_they_have_a_pace(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=3) as running:
        ana, ben = await running.people("ana", "ben")
        for on in (True, False, True):
            await block(running, ana, ben, on=on)
        assert await refused(running.services.blocks.add(ana.caller, ben.id)) == "rate_limited"


# What the blocked one may not do.


async def test_who_is_blocked_opens_no_direct_room_and_posts_in_none(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await direct(running, ben, ana)
    await block(running, ana, ben)
    await block(running, ana, cleo)
    assert await refused(running.services.rooms.open_direct(cleo.caller, ana.id)) == "blocked"
    assert await refused(running.services.messages.post(ben.caller, room, "hello")) == "blocked"
    assert await direct(running, ben, ana) == room  # what was said stays readable
    line = await running.connect(ben)
    assert (await line.ask("typing", room=room))["error"]["code"] == "blocked"
    await running.post(ana, room)
    await block(running, ana, ben, on=False)
    await running.post(ben, room)
    assert "error" not in await line.ask("typing", room=room)


async def test_blocks_and_posts_in_one_breath_each_have_their_place(running: Node) -> None:
    """A post is stored before the block, or refused: never acknowledged and gone."""
    ana, ben = await running.people("ana", "ben")
    room = await direct(running, ben, ana)
    line = await running.connect(ana)
    answers: list[Any] = []

    async def post() -> None:
        for number in range(30):
            work = running.services.messages.post(ben.caller, room, str(number))
            answers.extend(await asyncio.gather(work, return_exceptions=True))

    async def quarrel() -> None:
        for turn in range(10):
            await block(running, ana, ben, on=turn % 2 == 0)

    await asyncio.gather(post(), quarrel())
    await running.settle()
    stored = [answer.message.body for answer in answers if not isinstance(answer, BaseException)]
    assert {answer.code for answer in answers if isinstance(answer, Rejection)} <= {"blocked"}
    assert [event["message"]["body"] for event in line.events("message")] == stored
    assert [event["users"] for event in line.events("blocked")] == [[ben.id], []] * 5


async def test_what_the_blocked_one_says_to_the_room_counts_for_all_others(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben, cleo)
    await block(running, ben, ana)
    await running.post(ana, room, f"@room and @{ben.name} and @{cleo.name}")
    await running.post(cleo, room, "@room")

    async def mentions(person: Person) -> int:
        return (await running.services.rooms.view(person.caller, room)).mentions

    assert [await mentions(person) for person in (ana, ben, cleo)] == [1, 1, 0]  # who posts has read it
    await running.post(ana, room, "@room")
    assert [await mentions(person) for person in (ana, ben, cleo)] == [0, 1, 1]


# Silence in direct rooms.


async def test_neither_presence_nor_typing_nor_receipts_pass(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await direct(running, ana, ben)
    await running.post(ben, room)
    a, b = await running.connect(ana), await running.connect(ben)
    await running.pass_time(2)
    assert (state(a, ben), state(b, ana)) == ("online", "online")
    await block(running, ana, ben)
    await running.pass_time(2)
    assert (state(a, ben), state(b, ana)) == ("offline", "offline")
    before = len(b.frames)
    await a.ask("read", room=room, index=1)
    await a.ask("typing", room=room)
    await a.ask("presence", status="away")
    await running.pass_time(2)
    await running.services.receipts.advance_now(ana.caller, room, 1, None)
    assert b.frames[before:] == []
    assert a.events("receipt")[-1]["receipts"][0]["read_index"] == 1  # my own devices stay in step
    await block(running, ana, ben, on=False)
    await running.pass_time(2)
    assert (state(a, ben), state(b, ana)) == ("online", "away")
    await a.ask("typing", room=room)
    await running.pass_time(1)
    assert b.events("typing")[-1]["count"] == 1


async def test_positions_of_the_other_are_not_shown_afresh_either(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await direct(running, ana, ben)
    await running.post(ben, room)
    await block(running, ana, ben)
    await running.services.receipts.advance_now(ana.caller, room, 1, None)
    for person, other in ((ana, ben), (ben, ana)):
        line = await running.connect(person)
        await line.ask("subscribe", room=room)
        rows = {one["user"]["id"]: one for one in (await line.event("reload"))["snapshot"]["members"]}
        assert "read_index" not in rows[other.id]
        assert rows[person.id]["read_index"] == 1
        listed = (await running.call(person, "GET", f"rooms/{room}/members")).json()["items"]
        assert all("read_index" not in one for one in listed)


async def test_who_comes_later_hears_nothing_of_the_other_either(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await direct(running, ana, ben)
    await block(running, ana, ben)
    for first, second in ((ana, ben), (ben, ana)):
        one = await running.connect(first)
        await running.pass_time(2)
        two = await running.connect(second)
        await running.pass_time(2)
        assert "online" not in (state(one, second), state(two, first))
        await two.ask("subscribe", room=room)
        await running.pass_time(2)
        assert state(two, first) != "online"
        one.cut()
        two.cut()
        await running.pass_time(10)
    assert not running.services.blocks.silent  # nothing is kept of those who are not there


async def test_a_receipt_of_who_is_not_connected_is_not_told(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await direct(running, ana, ben)
    await running.post(ben, room)
    await block(running, ana, ben)
    line = await running.connect(ben)
    await running.services.receipts.advance_now(ana.caller, room, 1, None)
    assert line.events("receipt") == []


async def test_in_a_small_room_that_both_are_in_nothing_changes(running: Node) -> None:
    """Rule 38."""
    ana, ben = await running.people("ana", "ben")
    await direct(running, ana, ben)
    await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    await running.pass_time(2)
    await block(running, ana, ben)
    await running.pass_time(2)
    assert (state(a, ben), state(b, ana)) == ("online", "online")


async def test_a_direct_room_that_the_blocker_opens_is_silent_from_its_beginning(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    await block(running, ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    room = await direct(running, ana, ben)
    await b.event("reload", room=room)
    await a.event("reload", room=room)
    await running.pass_time(3)
    assert "online" not in (state(a, ben), state(b, ana))


async def test_both_block_and_one_takes_it_back(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await direct(running, ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    await block(running, ana, ben)
    await block(running, ben, ana)
    await block(running, ana, ben, on=False)
    await running.pass_time(3)
    assert (state(a, ben), state(b, ana)) == ("offline", "offline")
    assert await refused(running.services.messages.post(ana.caller, room, "hello")) == "blocked"
    await block(running, ben, ana, on=False)
    await running.pass_time(3)
    assert (state(a, ben), state(b, ana)) == ("online", "online")


async def test_what_another_process_wrote_is_told_after_the_next_sweep(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    await direct(running, ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    await running.pass_time(2)

    def elsewhere(connection: Any) -> None:
        blocks.add(connection, ana.number, ben.number, 1)
        users.bump(connection, [ana.number])

    await running.app.db.write(elsewhere)
    await running.app.neighbours.sweep.sweep()
    await running.pass_time(2)
    assert a.events("blocked")[-1]["users"] == [ben.id]
    assert (state(a, ben), state(b, ana)) == ("offline", "offline")


async def test_a_block_while_somebody_says_hello_is_in_ready_or_behind_it(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    for turn in range(6):
        line = running.open(ana)
        line.say("hello")
        await block(running, ana, ben, on=turn % 2 == 0)
        ready = await line.event("ready")
        await running.settle()
        told = [event["users"] for event in line.events("blocked")] or [ready["blocked"]]
        assert told[-1] == ([ben.id] if turn % 2 == 0 else [])
        line.cut()
