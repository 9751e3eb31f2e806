"""Several nodes on one database (rules 8, 9, 13, 23, 31; E8; promises 1 to 4 and 7): with a bus, and without."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from support.buses import LossyBroker, Weather
from support.clock import FakeClock
from support.databases import ON_POSTGRESQL
from support.fanout import Listener
from support.gates import Gate
from support.node import Line, Node, Person, node
from support.staff import staff_person
from support.streams import Stream
from support.waiting import until
from tertulia.broker.broker import Broker
from tertulia.broker.local import Bus
from tertulia.dialects.realtime.socket import Wire
from tertulia.domain.changes import Ban, Post, RemoveMember
from tertulia.domain.errors import Rejection
from tertulia.domain.words import Action
from tertulia.services import relay
from tertulia.services.lease import SECONDS
from tertulia.services.membership import Quiet
from tertulia.services.rooms import Settings

pytestmark = ON_POSTGRESQL


class Cluster:
    """Nodes on one database; the clock stands still until it is moved."""

    def __init__(self, nodes: list[Node], clock: FakeClock, weather: Weather) -> None:
        self.nodes = nodes
        self.here, self.there = nodes[:2]
        self.clock = clock
        self.weather = weather

    async def pass_time(self, seconds: float, step: float = 0.25) -> None:
        passed = 0.0
        while passed < seconds:
            self.clock.advance(min(step, seconds - passed))
            passed += step
            await self.settle()

    async def settle(self) -> None:
        for _ in range(2):
            for each in self.nodes:
                await each.settle()

    def repairs(self) -> float:
        return sum(float(each.app.metrics.repairs._value.get()) for each in self.nodes)


async def cluster(folder: Path, stack: AsyncExitStack, number: int = 2, **weather: float) -> Cluster:
    bus, clock, over = Bus(), FakeClock(), Weather(**weather)
    nodes = []
    for place in range(number):
        broker: Broker = LossyBroker(bus, clock, over, seed=place)
        nodes.append(await stack.enter_async_context(node(folder, clock, broker=broker)))
    made = Cluster(nodes, clock, over)
    await made.pass_time(1)  # they have heard of each other
    return made


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Cluster]:
    """The bus is as good as can be, until the test makes it worse."""
    async with AsyncExitStack() as stack:
        yield await cluster(tmp_path, stack)


@pytest.fixture
async def deaf(tmp_path: Path) -> AsyncIterator[Cluster]:
    """The bus loses everything: all that is left is the sweep."""
    async with AsyncExitStack() as stack:
        yield await cluster(tmp_path, stack, lost=1.0)


async def stream(line: Line, room: str, user: Person, head: int) -> Stream:
    await until(lambda: Stream(room, user.id).feed(line.frames).cursor == head)
    return Stream(room, user.id).feed(line.frames)


# With a bus: at once, while the clock stands still.


async def test_what_is_committed_on_one_node_is_delivered_on_the_other(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.there.connect(ben)
    await two.here.post(ana, room, "one")
    await two.here.services.messages.edit(ana.caller, room, 1, "one, edited")
    await two.here.services.messages.react(ana.caller, room, 1, "👍", on=True)
    await two.here.services.messages.pin(ana.caller, room, 1, on=True)
    await two.there.post(ben, room, "two")
    await two.here.services.messages.delete(ana.caller, room, 2)
    await two.here.services.rooms.change(ana.caller, room, Settings(title="Square"))
    seen = await stream(line, room, ben, 9)
    assert seen.bodies == ["one, edited", None]
    assert line.seqs(room) == list(range(3, 10))
    assert two.repairs() == 0


async def test_a_room_that_was_too_much_for_a_letter_is_read(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.there.connect(ben)
    monkeypatch.setattr("tertulia.broker.letters.MAX_BATCH", 2)
    await asyncio.gather(*(two.here.post(ana, room, f"post {number}") for number in range(10)))
    await two.pass_time(0.1, 0.05)
    assert len((await stream(line, room, ben, 12)).bodies) == 10


async def test_a_letter_of_another_version_is_a_reason_to_look(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.there.connect(ben)
    monkeypatch.setattr(relay, "write", lambda *_args: b"2 who knows\n\x00")
    await two.here.post(ana, room, "hello")
    await two.pass_time(0.1, 0.05)
    assert (await stream(line, room, ben, 3)).bodies == ["hello"]


@pytest.mark.parametrize("kind", ["public", "private"])
async def test_promise_7_who_is_removed_gets_nothing_that_comes_after_it_on_any_node(two: Cluster, kind: str) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben, kind=kind)
    owner, line = await two.there.connect(ana), await two.there.connect(ben)
    number, commit = await two.here.services.numbers.number(room), two.here.app.committer.commit
    end = Ban(number, ana.number, ben.number) if kind == "public" else RemoveMember(number, ana.number, ben.number)
    posts = [Post(number, ana.number, body) for body in ("for ben", "secret")]
    await asyncio.gather(commit(posts[0]), commit(end), commit(posts[1]))
    assert (await stream(owner, room, ana, 5)).bodies == ["for ben", "secret"]
    await two.settle()
    assert "for ben" in str(line.frames)
    assert "secret" not in str(line.frames)
    assert line.connection.rooms == {}


async def test_promise_7_who_only_looks_on_and_is_banned_on_another_node_sees_nothing_more(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana)
    line = await two.there.connect(ben)
    await line.ask("subscribe", room=room)
    await line.event("reload", room=room)
    number, commit = await two.here.services.numbers.number(room), two.here.app.committer.commit
    await asyncio.gather(commit(Ban(number, ana.number, ben.number)), commit(Post(number, ana.number, "secret")))
    assert await line.event("gone") == {"ev": "gone", "room": room}
    assert "secret" not in str(line.frames)


async def test_who_is_added_on_another_node_follows_at_once(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    line = await two.there.connect(ben)
    room = await two.here.room(ana, ben, kind="private")
    direct, _ = await two.here.services.rooms.open_direct(ana.caller, ben.id)
    for each in (room, direct.room.id):
        await line.event("reload", room=each)
    await two.here.post(ana, room, "hi")
    assert (await stream(line, room, ben, 3)).bodies == ["hi"]
    await two.here.services.rooms.delete(ana.caller, room)
    await line.event("gone", room=room)


async def test_rule_13_a_session_that_ends_on_one_node_ends_its_sockets_on_the_other(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    line, other = await two.there.connect(ana), await two.there.connect(ben)
    await two.here.services.sessions.end_all(ana.number)
    assert await line.closed() == 4501
    assert not other.is_down
    with pytest.raises(Rejection, match="token"):
        two.there.services.sessions.authenticate(ana.token)


async def test_rule_13_who_is_deactivated_on_one_node_is_out_on_the_other(two: Cluster) -> None:
    [ana] = await two.here.people("ana")
    staff = await staff_person(two.here)
    line = await two.there.connect(ana)
    change = two.here.services.staff.change_user
    await change(staff.caller, ana.id, is_active=False, is_staff=None)
    assert await line.closed() == 4501
    await two.settle()
    await change(staff.caller, ana.id, is_active=True, is_staff=None)
    await two.settle()
    assert ana.number not in two.there.services.sessions._inactive


async def test_names_words_and_blocks_of_one_node_are_those_of_the_other(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    staff = await staff_person(two.here)
    line = await two.there.connect(ben)
    await two.there.services.people.user(ana.number)
    await two.here.services.accounts.change_profile(ana.caller, "Ana", None)
    await two.here.services.words.put(staff.number, "rude", Action.REFUSE)
    await two.here.services.blocks.add(ben.caller, ana.id)
    assert (await line.event("blocked", users=[ana.id]))["users"] == [ana.id]
    await two.settle()
    assert (await two.there.services.people.user(ana.number)).name == "Ana"
    with pytest.raises(Rejection, match="wanted"):
        two.there.services.words.check("rude")


async def test_receipts_typing_and_ones_own_standing_go_to_the_other_node(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    await two.here.post(ana, room)
    mine, theirs = await two.here.connect(ben), await two.there.connect(ana)
    other = await two.there.connect(ben)
    await mine.ask("read", room=room, index=1)
    await mine.ask("typing", room=room, on=True)
    await two.pass_time(0.5)
    for line in (theirs, other):
        assert (await line.event("receipt", room=room))["receipts"][0]["read_index"] == 1
        assert [user["id"] for user in (await line.event("typing", room=room))["users"]] == [ben.id]
    await mine.ask("me", room=room, unread_from=1)
    assert (await other.event("me", room=room))["me"]["unread_from"] == 1
    await mine.ask("typing", room=room, on=False)
    await two.pass_time(0.5)
    assert theirs.events("typing", room=room)[-1]["count"] == 0


async def test_who_has_a_socket_in_a_room_is_known_on_all_nodes_and_heals(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    users = [await two.here.services.people.user(each.number) for each in (ana, ben)]
    here, there = two.here.services.attendance, two.there.services.attendance
    here.enter(7, users[0])
    there.enter(7, users[1])
    await two.settle()
    for each in (here, there):
        assert sorted(number for number, _ in each.of(7, users[0])) == [ana.number, ben.number]
    two.weather.lost = 1.0  # nothing is heard of the other any more: it may be gone
    await two.pass_time(SECONDS + 2)
    assert here.of(7, users[0]) == [(ana.number, ana.name)]
    there.leave(7, ben.number)
    two.weather.lost = 0.0
    await two.pass_time(3)
    assert there.of(7, users[1]) == [(ana.number, ana.name), (ben.number, ben.name)]
    assert here.of(7, users[0]) == [(ana.number, ana.name)]
    two.weather.lost = 1.0  # one letter is lost, which the next one shows
    there.enter(7, users[1])
    two.weather.lost = 0.0
    await two.pass_time(3)
    assert len(here.of(7, users[0])) == 2
    await two.there.app.neighbours.leave()
    await two.settle()
    assert len(here.of(7, users[0])) == 1


async def test_who_says_that_they_have_read_a_message_is_heard_on_the_other_node(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    message = await two.here.post(ana, room)
    number = await two.here.services.numbers.number(room)
    listener = Listener(ana.number)
    listener.wire = Wire("room")  # type: ignore[assignment]
    two.there.app.hub.enter(number, room, listener)
    two.there.app.hub.activate(number, listener, message.seq, 2)
    await two.settle()
    two.here.services.receipts.see(await two.here.services.people.user(ben.number), message, 2)
    await two.settle()
    [(_, frame)] = listener.latest
    assert (frame["type"], frame["username"], frame["message_id"]) == ("read_status", ben.name, message.id)


async def test_what_comes_back_from_the_bus_is_ones_own(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    await two.here.post(ana, room)
    line, mine = await two.here.connect(ana), await two.here.connect(ben)
    two.weather.again = 1.0
    await mine.ask("read", room=room, index=1)
    await two.pass_time(1)
    assert len(line.events("receipt", room=room)) == 1


# Both at once.


async def test_promise_3_the_same_client_id_to_both_nodes_at_once_makes_one_message(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.there.connect(ben)
    for key in range(5):
        posts = [each.post(ana, room, "hello", client_id=f"key {key}") for each in two.nodes * 5]
        assert len({message.id for message in await asyncio.gather(*posts)}) == 1
    await two.pass_time(0.1, 0.05)
    assert (await stream(line, room, ben, 7)).bodies == ["hello"] * 5
    page = (await two.here.call(ben, "GET", f"rooms/{room}/messages")).json()["items"]
    assert [message["index"] for message in page if message["index"]] == [1, 2, 3, 4, 5]


async def test_rule_1_no_post_comes_after_a_ban_on_another_node_whatever_this_one_has_cached(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line = await two.here.connect(ana)
    await two.here.post(ben, room, "cached")

    async def post(number: int) -> None:
        with suppress(Rejection):
            await two.here.post(ben, room, f"post {number}")

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(post(number))
            if number == 5:
                group.create_task(two.there.services.members.ban(ana.caller, room, ben.id, ""))
    with pytest.raises(Rejection):
        await two.here.post(ben, room, "too late")
    await two.pass_time(0.1, 0.05)
    items = (await two.here.call(ana, "GET", f"rooms/{room}/messages?limit=100")).json()["items"]
    [banned] = [row for row in items if (row.get("notice") or {}).get("type") in ("banned", "removed")]
    assert all(row["seq"] < banned["seq"] for row in items if (row["body"] or "").startswith("post"))
    await stream(line, room, ana, max(row["seq"] for row in items))


async def test_e8_three_nodes_that_post_to_one_room_fill_all_gaps_by_the_bus(tmp_path: Path) -> None:
    """Each sees holes where what the others did is late; none of them is read from the database."""
    async with AsyncExitStack() as stack:
        three = await cluster(tmp_path, stack, 3, late=1.0, longest=0.03)
        people = await three.here.people("ana", "ben", "cleo")
        room = await three.here.room(people[0], *people[1:])
        lines = [await each.connect(person) for each, person in zip(three.nodes, people, strict=True)]
        held = 0
        for number in range(15):
            posts = [each.post(person, room, f"{number}") for each, person in zip(three.nodes, people, strict=True)]
            await asyncio.gather(*posts)
            held += sum(channel.lacks for each in three.nodes for channel in each.app.hub._channels.values())
            for _ in range(3):
                three.clock.advance(0.004)
                await until(lambda: True)
        await three.pass_time(0.05, 0.01)
        for line, person in zip(lines, people, strict=True):
            assert len((await stream(line, room, person, 48)).bodies) == 45
            assert line.seqs(room) == list(range(4, 49))
        assert held > 10, "there were no gaps to fill"
        assert three.repairs() == 0


# Without the bus: within the sweep.


async def test_rule_9_a_deaf_node_learns_everything_by_the_sweep(deaf: Cluster) -> None:
    ana, ben, cleo = await deaf.here.people("ana", "ben", "cleo")
    room, other = await deaf.here.room(ana, ben, cleo), await deaf.here.room(ana, ben)
    line, kicked = await deaf.there.connect(ben), await deaf.there.connect(cleo)
    await deaf.here.post(ana, room, "lost on its way")
    await deaf.here.services.members.remove(ana.caller, room, cleo.id)
    await deaf.here.post(ana, room, "secret")
    await deaf.here.services.rooms.delete(ana.caller, other)
    added = await deaf.here.room(ana, ben, kind="private")
    await deaf.here.services.membership.change(ben.caller, room, Quiet(hidden=True))
    await deaf.settle()
    assert line.of_room(room) == []
    await deaf.pass_time(3.5)
    assert (await stream(line, room, ben, 6)).bodies == ["lost on its way", "secret"]
    await line.event("reload", room=added)
    await line.event("gone", room=other)
    assert (await line.event("me", room=room))["me"]["hidden"]
    await until(lambda: Stream(room, cleo.id).feed(kicked.frames).cursor is None)
    assert "secret" not in str(kicked.frames)


async def test_rule_13_without_a_bus_a_session_that_ended_is_closed_within_three_seconds(deaf: Cluster) -> None:
    ana, ben = await deaf.here.people("ana", "ben")
    line, other = await deaf.there.connect(ana), await deaf.there.connect(ben)
    await deaf.here.services.sessions.end_all(ana.number)
    await deaf.settle()
    assert not line.is_down
    await deaf.pass_time(3)
    assert await line.closed() == 4501
    assert not other.is_down


async def test_one_lost_letter_to_all_nodes_is_noticed_by_the_next(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    await two.here.post(ana, room)
    mine, other = await two.here.connect(ben), await two.there.connect(ben)
    await two.pass_time(1)
    two.weather.lost = 1.0
    await mine.ask("read", room=room, index=1)
    await two.pass_time(0.5)
    two.weather.lost = 0.0
    assert other.events("me", room=room) == other.events("receipt", room=room) == []
    await two.pass_time(1.5)
    assert (await other.event("me", room=room))["me"]["read_index"] == 1


async def test_who_comes_back_to_another_node_misses_nothing(deaf: Cluster) -> None:
    ana, ben = await deaf.here.people("ana", "ben")
    room = await deaf.here.room(ana, ben)
    there = await deaf.there.connect(ana)
    line = await deaf.here.connect(ben)
    await deaf.here.post(ana, room, "one")
    cursor = (await stream(line, room, ben, 3)).cursor
    line.cut()
    await deaf.here.post(ana, room, "two")
    line = await deaf.there.connect(ben, resume={room: cursor})  # whose hub has heard of neither
    assert (await line.event("changes", room=room))["to"] == 4
    await deaf.there.post(ana, room, "three")
    await deaf.pass_time(0.1, 0.05)
    assert Stream(room, ben.id).resumed(cursor or 0).feed(line.frames).cursor == 5
    assert (await stream(there, room, ana, 5)).bodies == ["one", "two", "three"]


# A node that was stopped (rule 31).


async def test_rule_31_a_node_that_was_stopped_takes_and_delivers_nothing_before_it_has_looked(deaf: Cluster) -> None:
    ana, ben, cleo = await deaf.here.people("ana", "ben", "cleo")
    room = await deaf.there.room(ana, ben)
    ended, looking, line = [await deaf.there.connect(each) for each in (ben, cleo, ana)]
    await looking.ask("subscribe", room=room)
    await looking.event("reload", room=room)
    gate = Gate(deaf.there.app.neighbours.sweep, "sweep", before=True)
    await deaf.here.services.sessions.end_all(ben.number)
    await deaf.here.services.members.ban(ana.caller, room, cleo.id, "")
    deaf.clock.advance(SECONDS + 1)
    ended.say("post", room=room, body="by a session that is over")
    asked = line.say("post", room=room, body="secret")
    await gate.reached()
    assert (await deaf.there.call(ana, "GET", "me")).json()["code"] == "unavailable"
    assert ended.events("bye") == []
    assert not any(frame.get("re") == asked for frame in line.frames)
    gate.open()
    assert "error" not in await line.reply(asked)
    assert await ended.closed() == 4501
    await looking.event("gone", room=room)
    assert (await stream(line, room, ana, 3)).bodies == ["secret"]
    assert "secret" not in str(looking.frames)
    assert (await deaf.there.call(ana, "GET", "me")).is_success


async def test_rule_31_what_was_committed_before_the_stop_is_delivered_after_the_look(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    room = await two.here.room(ana, ben)
    line, other = await two.here.connect(ben), await two.there.connect(ben)
    gates = [Gate(each.app.neighbours.sweep, "sweep", before=True) for each in two.nodes]
    post = asyncio.get_running_loop().create_task(two.here.post(ana, room, "hello"))
    two.clock.advance(SECONDS + 1)
    await post
    for gate in gates:
        await gate.reached()
    assert line.seqs(room) == other.seqs(room) == []
    for gate in gates:
        gate.open()
    for each in (line, other):
        assert (await stream(each, room, ben, 3)).bodies == ["hello"]


async def test_a_node_that_is_alone_writes_no_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    monkeypatch.setattr(relay, "write", lambda *said: written.append(said))
    async with node(tmp_path, FakeClock()) as alone:
        ana, ben = await alone.people("ana", "ben")
        room = await alone.room(ana, ben)
        line = await alone.connect(ben)
        await line.ask("read", room=room, index=1)
        await line.ask("typing", room=room, on=True)
        await alone.post(ana, room)
        await alone.services.sessions.end_all(ana.number)
        await alone.pass_time(2)
    assert written == []


async def test_alone_on_a_database_that_nobody_shares_nothing_is_held(tmp_path: Path, dbms: str) -> None:
    clock = FakeClock()
    async with node(tmp_path, clock) as alone:
        [ana] = await alone.people("ana")
        line = await alone.connect(ana)
        alone.app.db.writer.shared = False
        clock.advance(SECONDS + 1)
        line.say("ping")
        assert line.frames[-1]["re"]


# Presence: the best of all nodes, while they say that they live.


def statuses(line: Line, person: Person) -> list[str]:
    """How somebody was, as the line heard it, each change once."""
    told = [*line.events("ready")[0]["presence"], *(one for each in line.events("presence") for one in each["users"])]
    states = [one["status"] for one in told if one["user"] == person.id]
    return [state for place, state in enumerate(states) if place == 0 or states[place - 1] != state]


async def test_presence_is_that_of_all_nodes_together(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    await two.here.room(ana, ben)
    watching = await two.here.connect(ana)
    phone, laptop = await two.here.connect(ben), await two.there.connect(ben)
    await two.pass_time(3)
    phone.cut()
    await two.pass_time(6)
    assert statuses(watching, ben) == ["online"]
    late = await two.here.connect(ana)
    assert statuses(late, ben) == ["online"]
    await laptop.ask("presence", status="away")
    await two.pass_time(3)
    assert statuses(watching, ben) == ["online", "away"]
    laptop.cut()
    await two.pass_time(8)
    assert statuses(watching, ben) == ["online", "away", "offline"]
    assert statuses(await two.here.connect(ana), ben) == []
    assert not two.here.services.presence.is_there(ben.number)


async def test_who_was_on_a_node_that_fell_silent_is_offline(two: Cluster) -> None:
    ana, ben = await two.here.people("ana", "ben")
    await two.here.room(ana, ben)
    watching = await two.here.connect(ana)
    await two.there.connect(ben)
    await two.pass_time(3)
    assert statuses(watching, ben) == ["online"]
    two.weather.lost = 1.0
    await two.pass_time(SECONDS + 3, 0.5)
    assert statuses(watching, ben) == ["online", "offline"]
    two.weather.lost = 0.0
    await two.pass_time(4, 0.5)
    assert statuses(watching, ben) == ["online", "offline", "online"]


async def test_who_leaves_a_node_that_stops_is_offline_at_once(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        two = await cluster(tmp_path, stack)
        ana, ben = await two.here.people("ana", "ben")
        await two.here.room(ana, ben)
        watching = await two.here.connect(ana)
        await two.there.connect(ben)
        await two.pass_time(3)
        await two.there.app.neighbours.leave()
        await two.here.pass_time(2)
        assert statuses(watching, ben) == ["online", "offline"]
