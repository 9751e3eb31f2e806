"""Finding rooms and messages by name and number, and what nobody may find (promise 7)."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update

from support.clock import FakeClock
from support.node import Node, Person, node
from tertulia.domain.changes import Trim
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.models import Caller, Room, RoomKind, RoomView
from tertulia.services import lookup as module
from tertulia.services.lookup import Filed, Lookup
from tertulia.services.rooms import Settings
from tertulia.storage.tables import users

NOTHING = "0197a1b0-0000-7000-8000-000000000001"
ROOM = ("not_found", "There is no such room.")
MESSAGE = ("not_found", "There is no such message.")


@dataclass
class World:
    """ana and ben share `private`, `own` (exclusive), `public` and a direct room; eve is in none of them."""

    node: Node
    ana: Person
    ben: Person
    eve: Person
    rooms: dict[str, Room] = field(default_factory=dict)

    @property
    def lookup(self) -> Lookup:
        return self.node.services.lookup

    async def make(self, owner: Person, kind: str, name: str | None, *others: Person, **more: Any) -> Room:
        numbers = [person.number for person in others]
        create = self.node.services.rooms.create
        return (await create(owner.caller, RoomKind(kind), name, None, "", members=numbers, **more)).room

    async def say(self, person: Person, room: Room, *bodies: str) -> None:
        """Each a moment after the one before."""
        assert isinstance(self.node.app.clock, FakeClock)
        for body in bodies:
            self.node.app.clock.advance(0.001)
            await self.node.post(person, room.id, body)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with node(tmp_path, FakeClock(), post_burst=1_000) as running:
        ana, ben, eve = await running.people("ana", "ben", "eve")
        made = World(running, ana, ben, eve)
        for name, kind in (("public", "public"), ("private", "private")):
            made.rooms[name] = await made.make(ana, kind, name, ben)
        made.rooms["own"] = await made.make(ana, "private", "own", ben, exclusive=True)
        made.rooms["direct"] = (await running.services.rooms.open_direct(ana.caller, ben.id))[0].room
        yield made


async def refusal(asked: Awaitable[Any]) -> tuple[str, str]:
    with pytest.raises(Rejection) as refused:
        await asked
    return refused.value.code, refused.value.message


def callers(*people: Person | None) -> list[Caller | None]:
    return [None if person is None else person.caller for person in people]


def names(views: list[RoomView]) -> list[str | None]:
    return [view.room.name for view in views]


def bodies(found: list[Filed]) -> list[str | None]:
    return [one.message.body for one in found]


@contextmanager
def counting(running: Node) -> Iterator[list[str]]:
    """The statements that are read with within."""
    statements: list[str] = []

    def executed(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    engine = running.app.db._read_engine
    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", executed)


# One room


async def test_direct_rooms_are_found_by_the_name_of_their_numbers(world: World) -> None:
    """In either order, and by nobody else: for them it is a name like any other that is not there."""
    one, other = world.ana.number, world.ben.number
    for name in (f"dm_{one}_{other}", f"dm_{other}_{one}"):
        for person in (world.ana, world.ben):
            found, member = await world.lookup.room_named(person.caller, name)
            assert found.id == world.rooms["direct"].id
            assert member is not None
        for caller in callers(world.eve, None):
            assert await refusal(world.lookup.room_named(caller, name)) == ("not_found", "There is no such room.")
    for nothing in (f"dm_{one}_{world.eve.number}", f"dm_{one}_{one}", "dm_1", "dm_0_1", f"dm_{one}_{2**70}"):
        assert (await refusal(world.lookup.room_named(world.ana.caller, nothing)))[0] == "not_found"


async def test_a_room_without_a_name_goes_by_its_title_for_its_members(world: World) -> None:
    create = world.node.services.rooms.create
    plans = (await create(world.ana.caller, RoomKind.PRIVATE, None, "Plans", "")).room
    found, _ = await world.lookup.room_named(world.ana.caller, "Plans")
    assert found.id == plans.id
    assert (await refusal(world.lookup.room_named(world.ben.caller, "Plans")))[0] == "not_found"


async def test_nothing_is_the_name_of_no_room(world: World) -> None:
    """Found by test_bad_input.py of the dialects: it was that of the oldest room without name and title."""
    assert (world.rooms["direct"].name, world.rooms["direct"].title) == (None, "")
    for nothing in ("", " "):
        assert (await refusal(world.lookup.room_named(world.ana.caller, nothing)))[0] == "not_found"


async def test_rooms_are_found_by_name_number_and_id(world: World) -> None:
    for name in ("public", "own", "private"):
        room = world.rooms[name]
        for ref in (room.number, room.id, room.id.upper()):
            found, member = await world.lookup.room(world.ben.caller, ref)
            assert (found.number, member and member.user) == (room.number, world.ben.number)
        found, member = await world.lookup.room_named(world.ben.caller, name)
        assert (found.number, member and member.user) == (room.number, world.ben.number)
    for caller in callers(world.eve, None):
        assert await world.lookup.room_named(caller, "public") == (world.rooms["public"], None)
        assert await world.lookup.room(caller, world.rooms["public"].number) == (world.rooms["public"], None)


async def test_a_room_that_was_found_is_known_by_its_id(world: World) -> None:
    room = await world.make(world.eve, "public", "lobby")
    numbers = world.node.services.numbers
    numbers._known.clear()
    await world.lookup.room_named(None, "lobby")
    assert numbers.known(room.id) == room.number


async def test_promise_7_what_is_not_ones_own_is_not_there(world: World) -> None:
    await world.node.services.members.ban(world.ana.caller, world.rooms["public"].id, world.eve.id)
    answers = set()
    for name in ("private", "own", "public", "nothing", "", "\x00", "\ud800", "x" * 10_000, "dm_1_2"):
        answers.add(await refusal(world.lookup.room_named(world.eve.caller, name)))
    for room in world.rooms.values():
        for ref in (room.number, room.id):
            answers.add(await refusal(world.lookup.room(world.eve.caller, ref)))
        answers.add(await refusal(world.lookup.entry(world.eve.caller, room.number, 5)))
        answers.add(await refusal(world.lookup.newest(world.eve.caller, room.number, 5)))
    for ref in (NOTHING, "", "x", "\x00", "1", 0, -1, 10**6, MAX_INTEGER, MAX_INTEGER + 1):
        answers.add(await refusal(world.lookup.room(world.ana.caller, ref)))
    for name in ("private", "own", "direct"):
        answers.add(await refusal(world.lookup.room(None, world.rooms[name].id)))
        answers.add(await refusal(world.lookup.entry(None, world.rooms[name].number, 5)))
    for name in ("private", "own"):
        answers.add(await refusal(world.lookup.room_named(None, name)))
    assert answers == {ROOM}


async def test_promise_7_a_room_that_one_may_not_see_is_not_in_the_way_of_ones_own(world: World) -> None:
    """By name: first the room whose own name it is, then the oldest of the caller's rooms, never one of others."""
    mine = [await world.make(world.eve, "private", "own") for _ in range(2)]
    found, member = await world.lookup.room_named(world.eve.caller, "own")
    assert (found.number, member and member.user) == (mine[0].number, world.eve.number)
    assert (await world.lookup.room_named(world.ben.caller, "own"))[0].number == world.rooms["own"].number
    await world.make(world.eve, "private", "public")
    assert (await world.lookup.room_named(world.eve.caller, "public"))[0].number == world.rooms["public"].number
    await world.node.services.members.leave(world.eve.caller, mine[0].id)
    assert (await world.lookup.room_named(world.eve.caller, "own"))[0].number == mine[1].number


async def test_a_deleted_room_is_not_found_and_its_name_is_free(world: World) -> None:
    await world.node.services.rooms.delete(world.ana.caller, world.rooms["own"].id)
    for asked in (
        world.lookup.room_named(world.ana.caller, "own"),
        world.lookup.room(world.ana.caller, world.rooms["own"].number),
        world.lookup.entry(world.ana.caller, world.rooms["own"].number, 1),
    ):
        assert await refusal(asked) == ROOM
    await world.make(world.eve, "public", "own")
    assert (await world.lookup.room_named(None, "own"))[0].kind is RoomKind.PUBLIC


async def test_the_direct_room_of_two(world: World) -> None:
    for one, other in ((world.ana, world.ben), (world.ben, world.ana)):
        found = await world.lookup.direct_room(one.caller, other.number)
        assert found is not None
        assert found.number == world.rooms["direct"].number
    for caller, partner in (
        (world.ana.caller, world.eve.number),
        (world.eve.caller, world.ben.number),
        (world.ana.caller, world.ana.number),
        (world.ana.caller, 10**30),
        (None, world.ana.number),
    ):
        assert await world.lookup.direct_room(caller, partner) is None


# Lists


async def test_a_list_has_ones_own_rooms_and_the_public_ones_each_once(world: World) -> None:
    other = await world.make(world.eve, "public", "A lobby")
    await world.make(world.eve, "private", "secret")
    found = await world.lookup.rooms(world.ben.caller, 50)
    assert [view.room.number for view in found] == sorted(view.room.number for view in found)
    assert names(found) == ["general", "public", "private", "own", None, "A lobby"]
    mine = [view for view in found if view.member is not None]
    assert names(mine) == ["public", "private", "own", None]
    assert [view.partner and view.partner.number for view in mine] == [None, None, None, world.ana.number]
    by_name = await world.lookup.rooms(world.ben.caller, 50, order="name")
    assert names(by_name) == ["A lobby", "general", "own", "private", "public", None]
    assert names(await world.lookup.own_rooms(world.ben.caller, 50)) == ["public", "private", "own", None]
    for caller in callers(world.eve, None):
        assert names(await world.lookup.rooms(caller, 50, kinds=[RoomKind.PUBLIC])) == ["general", "public", "A lobby"]
    assert await world.lookup.own_rooms(None, 50) == []
    await world.node.services.members.ban(world.eve.caller, other.id, world.ben.id)
    assert "A lobby" not in names(await world.lookup.rooms(world.ben.caller, 50))


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([RoomKind.PUBLIC], ["general", "public"]),
        ([RoomKind.PRIVATE], ["private", "own"]),
        ({RoomKind.DIRECT}, [None]),
        ([RoomKind.PRIVATE, RoomKind.DIRECT], ["private", "own", None]),
        ([], []),
    ],
)
async def test_a_list_of_some_kinds(world: World, kinds: Any, expected: list[str | None]) -> None:
    assert names(await world.lookup.rooms(world.ana.caller, 50, kinds=kinds)) == expected
    public = [name for name in expected if name in ("general", "public")]
    assert names(await world.lookup.rooms(None, 50, kinds=kinds)) == public


async def test_when_there_are_too_many_ones_own_are_kept(world: World) -> None:
    """The most recently active ones; then the newest public ones."""
    for n in range(3):
        await world.make(world.eve, "public", f"lobby {n}")
    await world.say(world.ana, world.rooms["private"], "hi")
    found = await world.lookup.rooms(world.ana.caller, 6)
    assert names(found) == ["public", "private", "own", None, "lobby 1", "lobby 2"]
    assert names(await world.lookup.rooms(world.ana.caller, 1)) == ["private"]
    assert names(await world.lookup.own_rooms(world.ana.caller, 1)) == ["private"]
    assert names(await world.lookup.rooms(None, 2)) == ["lobby 1", "lobby 2"]


async def test_archived_rooms_are_not_listed_and_found_all_the_same(world: World) -> None:
    for name in ("public", "own"):
        await world.node.services.rooms.change(world.ana.caller, world.rooms[name].id, Settings(archived=True))
    assert names(await world.lookup.rooms(world.ana.caller, 50)) == ["general", "private", None]
    assert names(await world.lookup.own_rooms(world.ana.caller, 50)) == ["private", None]
    assert names(await world.lookup.rooms(None, 50)) == ["general"]
    assert (await world.lookup.room_named(world.ana.caller, "own"))[0].archived


async def test_a_list_takes_as_many_statements_however_long_it_is(world: World) -> None:
    counts = []
    for _ in range(2):
        with counting(world.node) as statements:
            found = await world.lookup.rooms(world.ana.caller, 500)
            await world.lookup.owners(view.room for view in found)
            await world.lookup.member_users([view.room.number for view in found], 10)
        counts.append(len(statements))
        for _n in range(20):
            await world.make(world.ana, "private", None, world.ben)
    assert counts[0] == counts[1] < 10


async def test_owners_and_members_of_rooms(world: World) -> None:
    rooms = list(world.rooms.values())
    found = await world.lookup.owners(rooms)
    assert {number: user.username for number, user in found.items()} == {world.ana.number: world.ana.name}
    await world.node.services.members.join(world.eve.caller, world.rooms["public"].id)
    numbers = [room.number for room in rooms]
    everybody = [world.ana.name, world.ben.name, world.eve.name]

    async def members(limit: int, wanted: list[int] = numbers) -> list[list[str]]:
        found = await world.lookup.member_users(wanted, limit)
        assert list(found) == wanted
        return [[user.username for user in of_room] for of_room in found.values()]

    assert await members(10) == [everybody, everybody[:2], everybody[:2], everybody[:2]]
    assert await members(2) == [everybody[:2]] * 4
    assert await members(1) == [everybody[:1]] * 4
    await world.node.services.members.leave(world.ana.caller, world.rooms["public"].id)
    assert await members(10, [world.rooms["public"].number, 10**6]) == [everybody[1:], []]
    await world.node.app.db.write(
        lambda c: c.execute(update(users).where(users.c.number == world.ben.number).values(is_active=False))
    )
    assert await members(10, [world.rooms["public"].number]) == [everybody[2:]]
    assert await world.lookup.member_users([], 5) == {}


# Messages


async def test_the_newest_messages_of_a_room_oldest_first(world: World) -> None:
    room = world.rooms["private"]
    await world.say(world.ana, room, *"abcdef")
    await world.node.services.members.add(world.ana.caller, room.id, world.eve.id)
    await world.node.services.messages.delete(world.ana.caller, room.id, 5)
    found = await world.lookup.newest(world.ben.caller, room.number, 3)
    assert bodies(found) == ["d", None, "f"]
    assert [one.message.deleted_at is not None for one in found] == [False, True, False]
    assert [one.number for one in found] == sorted(one.number for one in found)
    assert bodies(await world.lookup.newest(world.ben.caller, room.number, 50)) == ["a", "b", "c", "d", None, "f"]
    await world.node.app.committer.commit(Trim(room.number, 3))
    assert bodies(await world.lookup.newest(world.ben.caller, room.number, 50)) == ["c", "d", None, "f"]
    await world.say(world.ana, world.rooms["public"], "to all")
    assert bodies(await world.lookup.newest(None, world.rooms["public"].number, 50)) == ["to all"]


async def test_a_message_is_found_by_number_and_id(world: World) -> None:
    room = world.rooms["direct"]
    await world.say(world.ana, room, "one", "two")
    for wanted in await world.lookup.newest(world.ana.caller, room.number, 5):
        refs: list[int | str] = [wanted.number, wanted.message.id, wanted.message.id.upper()]
        for ref in refs:
            found, filed = await world.lookup.message(world.ben.caller, ref)
            assert (found.number, filed) == (room.number, wanted)
    await world.node.services.messages.delete(world.ana.caller, room.id, 2)
    assert (await world.lookup.message(world.ben.caller, wanted.number))[1].message.deleted_at is not None


async def test_promise_7_messages_of_rooms_that_one_may_not_see_are_not_there(world: World) -> None:
    await world.node.services.members.add(world.ana.caller, world.rooms["private"].id, world.eve.id)  # a notice
    await world.node.services.members.remove(world.ana.caller, world.rooms["private"].id, world.eve.id)
    await world.node.services.members.ban(world.ana.caller, world.rooms["public"].id, world.eve.id)
    refs: list[int | str] = [NOTHING, "", "x", "\x00", 0, -1, MAX_INTEGER, MAX_INTEGER + 1]
    for room in world.rooms.values():
        await world.say(world.ana, room, "hi", "there")
        for filed in await world.lookup.newest(world.ana.caller, room.number, 5):
            refs += [filed.number, filed.message.id]
    assert {await refusal(world.lookup.message(world.eve.caller, ref)) for ref in refs} == {MESSAGE}
    private = world.rooms["private"]
    notices = (await world.node.services.rooms.snapshot(private.number, world.ana.number)).messages
    refs = [message.id for message in notices if message.index is None]
    assert refs
    [first, _] = await world.lookup.newest(world.ana.caller, private.number, 5)
    await world.node.app.committer.commit(Trim(private.number, 2))
    answers = {await refusal(world.lookup.message(world.ana.caller, ref)) for ref in [*refs, first.number]}
    assert answers == {MESSAGE}, "neither a notice, nor what is too old"


async def test_who_opens_a_socket_gets_the_room_as_it_is_now(world: World) -> None:
    room = world.rooms["private"]
    await world.say(world.ana, room, *"abc")
    entry = await world.lookup.entry(world.ben.caller, room.number, 2)
    assert (entry.room.head_seq, entry.room.member_count) == (4, 2)
    assert (bodies(list(entry.messages)), entry.member and entry.member.user) == (["b", "c"], world.ben.number)
    assert (await world.lookup.entry(world.ben.caller, room.number, 0)).messages == ()
    looking = await world.lookup.entry(world.eve.caller, world.rooms["public"].number, 5)
    assert (looking.member, looking.messages) == (None, ())


# The newest of all


async def newest(world: World, person: Person | None, limit: int) -> list[str | None]:
    [caller] = callers(person)
    found = await world.lookup.newest_of_all(caller, limit)
    assert all(room.number == one.message.room for room, one in found)
    assert [one.number for _, one in found] == sorted((one.number for _, one in found), reverse=True)
    return [one.message.body for _, one in found]


async def test_the_newest_of_all_rooms_that_one_sees(world: World) -> None:
    said = [("private", "a"), ("public", "b"), ("own", "c"), ("public", "d"), ("direct", "e"), ("public", "f")]
    for name, body in said:
        await world.say(world.ana, world.rooms[name], body)
    assert await newest(world, world.ben, 50) == ["f", "e", "d", "c", "b", "a"]
    assert await newest(world, world.ben, 4) == ["f", "e", "d", "c"]
    assert await newest(world, world.ben, 0) == []
    assert await newest(world, world.eve, 50) == await newest(world, None, 50) == ["f", "d", "b"]
    await world.node.services.messages.delete(world.ana.caller, world.rooms["public"].id, 3)
    assert await newest(world, None, 1) == ["d"]
    await world.node.app.committer.commit(Trim(world.rooms["public"].number, 2))
    assert await newest(world, None, 50) == ["d"]
    await world.node.services.members.ban(world.ana.caller, world.rooms["public"].id, world.eve.id)
    assert await newest(world, world.eve, 50) == []
    await world.node.services.rooms.change(world.ana.caller, world.rooms["own"].id, Settings(archived=True))
    assert "c" not in await newest(world, world.ben, 50)


async def test_the_newest_of_all_are_exact_however_they_are_spread(world: World) -> None:
    """A busy room, quiet ones, one that was busy long ago."""
    quiet = [await world.make(world.eve, "public", f"lobby {n}") for n in range(5)]
    said: list[str] = []

    async def say(person: Person, room: Room, *texts: str) -> None:
        said.extend(texts)
        await world.say(person, room, *texts)

    await say(world.ana, world.rooms["private"], *(f"old {n}" for n in range(30)))
    for n in range(30):
        await say(world.ana, world.rooms["public"], f"busy {n}")
        if n % 6 == 0:
            await say(world.eve, quiet[n // 6], f"quiet {n}")
    for limit in (1, 5, 20, 40, 60, 100):
        assert await newest(world, world.ana, limit) == list(reversed(said))[:limit]


async def test_the_newest_of_all_look_at_so_much_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a heap of deleted messages it gives up, instead of reading all of it."""
    await world.say(world.ana, world.rooms["public"], "kept", *"abcdefgh")
    for index in range(2, 10):
        await world.node.services.messages.delete(world.ana.caller, world.rooms["public"].id, index)
    await world.say(world.ana, world.rooms["own"], "mine")
    assert await newest(world, world.ana, 2) == ["mine", "kept"]
    monkeypatch.setattr(module, "MESSAGES_LOOKED_AT", 3)
    assert await newest(world, world.ana, 2) == ["mine"]
    monkeypatch.setattr(module, "ROOMS_LOOKED_AT", 0)
    assert await newest(world, world.ben, 2) == []
