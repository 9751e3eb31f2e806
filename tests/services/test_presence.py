"""Who is there, and who may know it (promise 7, rule 37)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from support.clock import START, FakeClock
from support.node import Line, Node, Person, node
from tertulia.services.presence import IDLE, LINGER


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock(), large_room=3) as running:
        yield running


def seen(line: Line, person: Person) -> list[str]:
    """How somebody was, as the line heard it, each change once."""
    states = [one["status"] for one in line.events("ready")[0]["presence"] if one["user"] == person.id]
    for event in line.events("presence"):
        states += [one["status"] for one in event["users"] if one["user"] == person.id]
    return [state for place, state in enumerate(states) if place == 0 or states[place - 1] != state]


async def test_coming_and_going(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    await running.room(ana, ben)
    a = await running.connect(ana)
    b = await running.connect(ben)
    await running.pass_time(2)
    b.cut()
    await running.pass_time(LINGER - 1)
    assert seen(a, ben) == ["online"]
    await running.pass_time(3)
    assert seen(a, ben) == ["online", "offline"]


async def test_a_page_that_is_loaded_again_is_no_news(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    await running.room(ana, ben)
    a = await running.connect(ana)
    for _ in range(5):
        b = await running.connect(ben)
        await running.pass_time(LINGER - 1)
        b.cut()
        await running.pass_time(LINGER - 1)
    assert seen(a, ben) == ["online"]


async def test_online_while_any_device_is_and_away_when_all_are(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    await running.room(ana, ben)
    a, phone, laptop = await running.connect(ana), await running.connect(ben), await running.connect(ben)
    await running.pass_time(2)
    await phone.ask("presence", status="away")
    await running.pass_time(2)
    assert seen(a, ben) == ["online"]
    await laptop.ask("presence", status="away")
    await running.pass_time(2)
    assert seen(a, ben) == ["online", "away"]
    await phone.ask("presence", status="online")
    await running.pass_time(2)
    assert seen(a, ben) == ["online", "away", "online"]
    phone.cut()
    await running.pass_time(2)
    late = await running.connect(ana)
    await running.pass_time(12)
    assert seen(a, ben)[-1] == "away"
    assert seen(late, ben)[-1] == "away"


async def test_away_after_five_minutes_without_a_command_and_back_with_the_next(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    for _ in range(int(IDLE // 25) - 1):
        await b.ask("ping")  # programs say it, not people
        await running.pass_time(25, 1)
    assert seen(a, ben) == ["online"]
    await running.pass_time(40, 1)
    assert seen(a, ben) == ["online", "away"]
    await b.ask("typing", room=room)
    await running.pass_time(2)
    assert seen(a, ben) == ["online", "away", "online"]


async def test_promise_7_only_who_shares_a_small_room_knows(running: Node) -> None:
    ana, friend, stranger, looker, partner = await running.people("ana", "friend", "stranger", "looker", "partner")
    room = await running.room(ana, friend)
    large = await running.room(stranger, ana, friend, partner)
    await running.services.rooms.open_direct(ana.caller, partner.id)
    lines = {person.name: await running.connect(person) for person in (friend, stranger, looker, partner)}
    await lines[looker.name].ask("subscribe", room=room)
    await lines[looker.name].ask("subscribe", room=large)
    await lines[looker.name].event("reload", room=large)
    await running.settle()
    a = await running.connect(ana)
    await running.pass_time(2)
    await a.ask("presence", status="away")
    await running.pass_time(2)
    a.cut()
    await running.pass_time(6)
    whole = ["online", "away", "offline"]
    assert seen(lines[friend.name], ana) == seen(lines[partner.name], ana) == whole
    assert seen(lines[stranger.name], ana) == seen(lines[looker.name], ana) == []
    assert {one["user"] for one in a.events("ready")[0]["presence"]} == {ana.id, friend.id, partner.id}


async def test_promise_7_who_left_knows_no_more(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    await running.pass_time(2)
    await running.services.members.leave(ben.caller, room)
    await b.ask("subscribe", room=room)  # public: looks on
    await b.event("reload")
    await running.pass_time(1)
    heard = len(b.events("presence"))
    await a.ask("presence", status="away")
    await b.ask("presence", status="away")
    await running.pass_time(12)
    assert len(b.events("presence")) == heard
    assert seen(a, ben) == ["online"]


async def test_who_joins_learns_who_is_there(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben)
    lines = [await running.connect(person) for person in (ana, ben, cleo)]
    await lines[1].ask("presence", status="away")
    await running.pass_time(2)
    await running.services.members.join(cleo.caller, room)
    await lines[2].event("reload")
    await running.pass_time(2)
    assert seen(lines[2], ana) == ["online"]
    assert seen(lines[2], ben) == ["away"]
    assert seen(lines[0], cleo) == ["online"]


async def test_a_room_that_grew_large_tells_no_more(running: Node) -> None:
    ana, *others = await running.people(*"abcd")
    room = await running.room(ana, *others[:2])
    lines = [await running.connect(person) for person in (ana, *others)]
    await running.pass_time(2)
    assert seen(lines[1], ana) == ["online"]
    await running.services.members.join(others[2].caller, room)
    await lines[0].ask("presence", status="away")
    await running.pass_time(12)
    assert seen(lines[1], ana) == ["online"]
    assert seen(lines[3], ana) == []


async def test_when_somebody_was_last_seen_is_stored(running: Node) -> None:
    [ana] = await running.people("ana")
    line = await running.connect(ana)
    await running.pass_time(5)
    line.cut()
    await running.pass_time(2)

    def last_seen(connection: Connection) -> object:
        return connection.scalar(text("SELECT last_seen_at FROM users WHERE number = :n"), {"n": ana.number})

    assert await running.app.db.read(last_seen) == START + 5_000_000


async def test_nobody_is_kept_for_ever(running: Node) -> None:
    people = await running.people(*"abcde")
    room = await running.room(*people[:3])
    assert room
    for line in [await running.connect(person) for person in people]:
        line.cut()
    await running.pass_time(LINGER + 2)
    assert running.services.presence._people == {}
    assert not running.services.presence._dirty


@pytest.mark.parametrize("how", ["removed", "banned", "left"])
async def test_promise_7_who_is_out_is_told_to_nobody_there_even_if_they_had_stopped_listening(
    running: Node, how: str
) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben, kind="private")
    a, b = await running.connect(ana), await running.connect(ben)
    await running.pass_time(3)
    await b.ask("unsubscribe", room=room)
    if how == "removed":
        await running.services.members.remove(ana.caller, room, ben.id)
    elif how == "banned":
        await running.services.members.ban(ana.caller, room, ben.id)
    else:
        await running.services.members.leave(ben.caller, room)
    await running.pass_time(3)
    assert seen(a, ben) == ["online"]
    await b.ask("presence", status="away")
    await running.pass_time(3)
    assert seen(a, ben) == ["online"]


async def test_who_comes_back_is_seen_again(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben, kind="private")
    a, b = await running.connect(ana), await running.connect(ben)
    await running.pass_time(3)
    await running.services.members.remove(ana.caller, room, ben.id)
    await running.services.members.add(ana.caller, room, ben.id)
    await running.pass_time(3)
    await b.ask("presence", status="away")
    await running.pass_time(3)
    assert seen(a, ben)[-1] == "away"
