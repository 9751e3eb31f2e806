"""Promise 4: nothing is missed, whatever happens while a client catches up (rules 7 and 8)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.gates import After, Gate, Hook
from support.node import Line, Node, Person, node
from support.streams import Stream
from support.waiting import until
from tertulia.domain.changes import Join, Leave
from tertulia.domain.errors import Rejection
from tertulia.gateway.catchup import MAX_CHANGES_BYTES, ROUNDS, in_pages
from tertulia.gateway.gateway import READING
from tertulia.services.membership import Quiet
from tertulia.services.rooms import Settings
from tertulia.storage import changes

NOTHING = "0197a1b0-0000-7000-8000-000000000001"
LONG = "\U0001f600" * 16_000


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


async def two(running: Node, kind: str = "public") -> tuple[Person, Person, str]:
    ana, ben = await running.people("ana", "ben")
    return ana, ben, await running.room(ana, ben, kind=kind)


async def caught_up(line: Line, room: str, user: Person, head: int, cursor: int | None = None) -> Stream:
    """The stream of a room once it has come to `head`, without a hole."""

    def stream() -> Stream:
        begun = Stream(room, user.id)
        if cursor is not None:
            begun.resumed(cursor)
        return begun.feed(line.frames)

    await until(lambda: stream().cursor == head)
    return stream()


# Where it comes from.


async def test_a_short_absence_is_made_up_from_the_ring(running: Node) -> None:
    """Rule 26."""
    ana, ben, room = await two(running)
    await running.connect(ana)
    for body in ("one", "two"):
        await running.post(ana, room, body)
    reads = Gate(running.services.rooms, "changes", shut=False)
    line = await running.connect(ben, resume={room: 2})
    [event] = await line.count(1, "changes")
    assert (event["from"], event["to"], event["more"]) == (2, 4, False)
    assert (await caught_up(line, room, ben, 4, 2)).bodies == ["one", "two"]
    assert reads.calls == 0


async def test_of_many_who_come_back_from_the_same_place_one_reads(running: Node) -> None:
    """Rule 26: all lines were cut, so nothing of the room is left in memory."""
    ana, ben, room = await two(running)
    for body in ("one", "two"):
        await running.post(ana, room, body)
    reads = Gate(running.services.rooms, "changes", shut=False)
    for person in (ana, ben, ben):
        line = await running.connect(person, resume={room: 2})
        assert (await caught_up(line, room, person, 4, 2)).bodies == ["one", "two"]
    assert reads.calls == 1


async def test_who_missed_the_last_message_or_nothing_is_told_from_what_ready_read(running: Node) -> None:
    """Rule 26: also where nothing of the room is left in memory."""
    ana, ben, room = await two(running)
    await running.post(ana, room, "missed")
    reads = Gate(running.services.rooms, "changes", shut=False)
    for person, cursor, bodies in ((ana, 2, ["missed"]), (ben, 3, [])):
        line = await running.connect(person, resume={room: cursor})
        await line.event("changes", room=room)
        assert (await caught_up(line, room, person, 3, cursor)).bodies == bodies
        line.cut()
    assert reads.calls == 0


async def test_rule_40_nor_from_what_ready_read_is_a_text_told_that_was_deleted(running: Node) -> None:
    ana, ben, room = await two(running)
    await running.post(ana, room, "secret")
    gate = Gate(running.services.rooms, "heads", before=True)
    line = running.open(ben)
    line.say("hello", resume={room: 2})
    await gate.reached()
    await running.services.messages.delete(ana.caller, room, 1)
    gate.open()
    stream = await caught_up(line, room, ben, 4, 2)
    assert stream.bodies == [None]
    assert "secret" not in str(line.events("changes"))


@pytest.mark.parametrize(("act", "body"), [("edit", "edited"), ("react", "last"), ("topic", None)])
async def test_the_last_change_is_told_whatever_it_was(running: Node, act: str, body: str | None) -> None:
    """Of the last message, of another one, or of the room."""
    ana, ben, room = await two(running)
    await running.post(ana, room, "first")
    await running.post(ana, room, "last")
    if act == "edit":
        await running.services.messages.edit(ana.caller, room, 1, "edited")
    elif act == "react":
        await running.services.messages.react(ana.caller, room, 2, "\U0001f600", on=True)
    else:
        await running.services.rooms.change(ana.caller, room, Settings(description="new"))
    line = await running.connect(ben, resume={room: 4})
    await caught_up(line, room, ben, 5, 4)
    [item] = (await line.event("changes"))["items"]
    assert item["seq"] == 5
    assert item.get("message", {}).get("body") == body


async def test_so_many_read_at_once_and_no_more(running: Node) -> None:
    """Rule 26: when everybody comes back at once, the database is asked by a few, and posts still get their turn."""
    people = await running.people(*("guest",) * (READING + 8))
    rooms = [await running.room(person) for person in people]
    for person, room in zip(people, rooms, strict=True):
        for _ in range(2):
            await running.post(person, room)
    reads = Gate(running.services.rooms, "changes", before=True)
    lines = [running.open(person) for person in people]
    for line, room in zip(lines, rooms, strict=True):
        line.say("hello", resume={room: 1})
    await reads.reached(READING)
    await running.settle()
    assert reads.waiting == READING
    reads.open()
    for line in lines:
        await line.event("changes")


async def test_hellos_that_come_together_are_read_together(running: Node) -> None:
    """Rule 26: and no more than one read of a kind is under way."""
    people = await running.people(*("guest",) * 40)
    rooms = [await running.room(person) for person in people]
    reads = Gate(running.app.db, "read", shut=False)
    lines = [running.open(person) for person in people]
    for line in lines:
        line.say("hello")
    for line, room in zip(lines, rooms, strict=True):
        assert [each["id"] for each in (await line.event("ready"))["rooms"]] == [room]
    assert reads.calls < len(people) / 2


async def test_what_is_known_at_once_is_written_before_the_database_is_asked(running: Node) -> None:
    """Else what is posted there meanwhile would overtake it."""
    ana, ben, room = await two(running)
    other = await running.room(ana, ben)
    await running.connect(ana)
    await running.post(ana, room, "missed")
    reads = Gate(running.services.rooms, "changes")
    line = running.open(ben)
    line.say("hello", resume={room: 2, other: 1})  # so far back that the ring of the other does not reach
    await reads.reached()
    await running.post(ana, room, "meanwhile")
    assert (await caught_up(line, room, ben, 4, 2)).bodies == ["missed", "meanwhile"]
    reads.open()
    assert (await caught_up(line, other, ben, 2, 1)).cursor == 2


async def test_nothing_new_is_said_too(running: Node) -> None:
    _, ben, room = await two(running)
    line = await running.connect(ben, resume={room: 2})
    event = await line.event("changes")
    assert (event["from"], event["to"], event["items"], event["more"]) == (2, 2, [], False)


async def test_a_longer_absence_is_made_up_from_the_database_as_it_is_now(running: Node) -> None:
    ana, ben, room = await two(running)
    for body in ("one", "two", "three"):
        await running.post(ana, room, body)
    messages = running.services.messages
    await messages.edit(ana.caller, room, 1, "edited")
    await messages.delete(ana.caller, room, 2)
    await messages.react(ben.caller, room, 3, "👍", on=True)
    await running.services.rooms.change(ana.caller, room, Settings(title="Square"))
    line = await running.connect(ben, resume={room: 2})
    stream = await caught_up(line, room, ben, 9, 2)
    assert stream.bodies == ["edited", None, "three"]
    items = [item for event in line.events("changes") for item in event["items"]]
    assert [item["seq"] for item in items if item["ev"] == "message"] == [6, 7, 8, 9]
    assert next(item for item in items if item["ev"] == "room")["settings"]["title"] == "Square"
    assert "secret" not in str(items)


async def test_members_who_came_and_went_are_told(running: Node) -> None:
    _, ben, room = await two(running)
    [cleo] = await running.people("cleo")
    await running.services.members.join(cleo.caller, room)
    await running.services.members.leave(cleo.caller, room)
    line = await running.connect(ben, resume={room: 2})
    await caught_up(line, room, ben, 4, 2)
    members = [item for event in line.events("changes") for item in event["items"] if item["ev"] == "member"]
    assert [member["members"][0]["user"]["id"] for member in members] == [cleo.id]
    assert "left_at" in members[0]["members"][0]
    assert members[0]["member_count"] == 2


async def test_much_comes_in_pages_that_fit_a_write(running: Node) -> None:
    ana, ben, room = await two(running)
    for number in range(14):
        await running.post(ana, room, f"{number}{LONG}")
    line = await running.connect(ben, resume={room: 2})
    stream = await caught_up(line, room, ben, 16, 2)
    assert len(stream.bodies) == 14
    pages = line.events("changes")
    assert len(pages) > 3
    assert [page["more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert max(line.sizes) <= 256 * 1024


async def test_pages_are_cut_between_seqs_only() -> None:
    from support.fanout import came, posted

    items = [posted(1, "x" * 100_000), came(2, 1), posted(2, "x" * 100_000), posted(3, "x" * 100_000)]
    pages = in_pages(items)
    assert pages is not None
    assert [[item.seq for item in page] for page in pages] == [[1], [2, 2], [3]] or [
        [item.seq for item in page] for page in pages
    ] == [[1, 2, 2], [3]]
    assert in_pages([posted(seq, "x" * 16_000) for seq in range(1, 2 + MAX_CHANGES_BYTES // 16_000)]) is None


async def test_too_many_rows_are_sent_afresh(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_ROWS", 20)
    ana, ben, room = await two(running)
    for number in range(21):
        await running.post(ana, room, str(number))
    line = await running.connect(ben, resume={room: 3})
    await caught_up(line, room, ben, 23, 3)
    assert [frame["ev"] for frame in line.of_room(room)] == ["changes"]
    line = await running.connect(ben, resume={room: 2})
    await caught_up(line, room, ben, 23, 2)
    assert [frame["ev"] for frame in line.of_room(room)] == ["reload"]


async def test_too_many_bytes_are_sent_afresh_and_that_fits_a_write_too(running: Node) -> None:
    """Rule 10: what is sent to who comes back must not be what sends it away again."""
    ana, ben, room = await two(running)
    for number in range(16):
        await running.post(ana, room, f"{number}{LONG}")
    line = await running.connect(ben, resume={room: 2})
    await caught_up(line, room, ben, 18, 2)
    [reload] = line.of_room(room)
    assert reload["ev"] == "reload"
    shown = [message["index"] for message in reload["snapshot"]["messages"]]
    assert shown == list(range(17 - len(shown), 17))
    assert 1 <= len(shown) < 16
    assert max(line.sizes) <= 256 * 1024


async def test_a_cursor_from_the_future_is_of_another_history(running: Node) -> None:
    ana, ben, room = await two(running)
    line = await running.connect(ben, resume={room: 99})
    assert (await line.event("reload"))["seq"] == 2
    await running.connect(ana)
    line = await running.connect(ben, resume={room: 2**63 - 1})
    assert (await line.event("reload"))["seq"] == 2


async def test_a_reload_holds_the_room_me_and_the_members(running: Node) -> None:
    ana, ben, room = await two(running)
    await running.post(ana, room, "one")
    line = await running.connect(ben)
    await line.ask("subscribe", room=room)
    reload = await line.event("reload")
    snapshot = reload["snapshot"]
    assert snapshot["room"]["me"]["unread"] == 1
    assert [message["kind"] for message in snapshot["messages"]] == ["notice", "message"]
    assert {(member["user"]["id"], member["read_index"]) for member in snapshot["members"]} == {
        (ana.id, 1),
        (ben.id, 0),
    }


# Not there.


async def test_promise_7_gone_is_the_same_for_private_deleted_and_never_there(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    private = await running.room(ana, kind="private")
    deleted = await running.room(ana, ben)
    left = await running.room(ana, ben, kind="private")
    await running.services.rooms.delete(ana.caller, deleted)
    await running.services.members.leave(ben.caller, left)
    rooms = [private, deleted, left, NOTHING, "x", ""]
    line = await running.connect(ben, resume=dict.fromkeys(rooms, 1))
    for room in rooms:
        assert await line.event("gone", room=room) == {"ev": "gone", "room": room}
        await line.ask("subscribe", room=room, seq=1)
        await line.count(2, "gone", room=room)
    assert len(line.events("gone")) == 2 * len(rooms)
    assert running.app.hub.rooms == []


async def test_a_public_room_that_was_left_ends_with_the_leaving(running: Node) -> None:
    ana, ben, room = await two(running)
    await running.post(ana, room, "before")
    await running.services.members.leave(ben.caller, room)
    await running.post(ana, room, "unheard")
    line = await running.connect(ben, resume={room: 2})
    changes_ = await line.event("changes")
    assert (changes_["to"], "unheard" in str(changes_)) == (4, False)
    await running.post(ana, room, "later")
    await line.ask("ping")
    assert [frame["ev"] for frame in line.of_room(room)] == ["changes"]
    assert running.app.hub.rooms == []
    await line.ask("subscribe", room=room)  # one may look on again
    await line.event("reload")
    await running.post(ana, room, "now")
    await line.event("message")


async def test_who_looks_on_resumes_too(running: Node) -> None:
    ana, _, room = await two(running)
    [cleo] = await running.people("cleo")
    await running.post(ana, room, "one")
    line = await running.connect(cleo, resume={room: 2})
    await caught_up(line, room, cleo, 3, 2)
    await running.post(ana, room, "two")
    assert (await caught_up(line, room, cleo, 4, 2)).bodies == ["one", "two"]
    assert not line.connection.is_member(room)


async def test_who_is_added_while_they_ask_whether_a_room_is_there_stays_in_it(running: Node) -> None:
    """What the database said before that is old."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, kind="private")
    line = await running.connect(ben)
    gate = Gate(running.services.rooms, "visible")
    asked = line.say("subscribe", room=room)
    await gate.reached()
    await running.services.members.add(ana.caller, room, ben.id)
    await line.event("reload", room=room)
    gate.open()
    await line.reply(asked)
    await running.post(ana, room, "one")
    assert (await caught_up(line, room, ben, 3)).bodies == ["one"]
    assert not line.events("gone")


# Activity meanwhile.


@pytest.mark.parametrize("read", ["changes", "snapshot"])
@pytest.mark.parametrize("early", [True, False])
async def test_what_happens_while_it_is_read_is_neither_lost_nor_repeated(
    running: Node, read: str, early: bool
) -> None:
    ana, ben, room = await two(running)
    await running.connect(ana)
    line = await running.connect(ben)
    await running.post(ana, room, "one")
    await line.event("message")
    gate = Gate(running.services.rooms, read, before=early)
    running.app.hub._channels[_number(running, room)].ring.clear()
    line.say("subscribe", room=room, **({"seq": 2} if read == "changes" else {}))
    await gate.reached()
    await running.post(ana, room, "two")
    await running.services.messages.edit(ana.caller, room, 1, "edited")
    await running.post(ana, room, "three")
    gate.open()
    stream = await caught_up(line, room, ben, 6)
    assert stream.bodies == ["edited", "two", "three"]
    await running.post(ana, room, "four")
    assert (await caught_up(line, room, ben, 7)).bodies == ["edited", "two", "three", "four"]


def _number(running: Node, room: str) -> int:
    number = running.services.numbers.known(room)
    assert number is not None
    return number


async def test_a_room_that_outruns_the_ring_is_read_again(tmp_path: Path) -> None:
    async with node(tmp_path, ring_room_kb=16) as running:
        ana, ben, room = await two(running)
        await running.connect(ana)
        line = await running.connect(ben)
        gate = Gate(running.services.rooms, "snapshot")
        line.say("subscribe", room=room)
        await gate.reached()
        for number in range(60):
            await running.post(ana, room, f"{number} {'x' * 500}")
        gate.open()
        stream = await caught_up(line, room, ben, 62)
        assert [frame["ev"] for frame in line.of_room(room)] == ["reload", "changes"]
        assert len(stream.bodies) == 60


async def test_a_room_that_outruns_every_reading_sends_the_client_away(tmp_path: Path) -> None:
    async with node(tmp_path, ring_room_kb=16) as running:
        ana, ben, room = await two(running)
        await running.connect(ana)
        line = await running.connect(ben)
        reads = 0

        async def outrun() -> None:
            nonlocal reads
            reads += 1
            for _ in range(3):
                await running.post(ana, room, "x" * 8_000)

        for read in ("changes", "snapshot"):
            After(running.services.rooms, read, outrun)
        line.say("subscribe", room=room)
        assert await line.closed() == 4000
        assert reads == ROUNDS
        Stream(room, ben.id).feed(line.frames)


async def test_asking_twice_at_once_ends_up_right(running: Node) -> None:
    ana, ben, room = await two(running)
    await running.connect(ana)
    line = await running.connect(ben)
    gate = Gate(running.services.rooms, "snapshot")
    for _ in range(3):
        line.say("subscribe", room=room)
    await gate.reached()
    await running.post(ana, room, "one")
    line.say("subscribe", room=room, seq=2)
    gate.open()
    await running.post(ana, room, "two")
    await running.settle()
    assert (await caught_up(line, room, ben, 4)).bodies == ["one", "two"]
    await running.post(ana, room, "three")
    assert (await caught_up(line, room, ben, 5)).bodies == ["one", "two", "three"]


async def test_two_readings_for_a_stranger_at_once(running: Node) -> None:
    ana, _, room = await two(running)
    [cleo] = await running.people("cleo")
    line = await running.connect(cleo)
    gate = Gate(running.services.rooms, "visible")
    for _ in range(2):
        line.say("subscribe", room=room)
    await gate.reached(2)
    gate.open()
    await line.event("reload")
    await running.settle()
    await running.post(ana, room, "one")
    assert (await caught_up(line, room, cleo, 3)).bodies == ["one"]


async def test_unsubscribing_while_it_is_read(running: Node) -> None:
    ana, ben, room = await two(running)
    line = await running.connect(ben)
    gate = Gate(running.services.rooms, "snapshot")
    line.say("subscribe", room=room)
    await gate.reached()
    await line.ask("unsubscribe", room=room)
    gate.open()
    await running.settle()
    await running.post(ana, room, "unheard")
    assert line.of_room(room) == []
    assert running.app.hub.rooms == []


async def test_leaving_the_line_while_it_is_read(running: Node) -> None:
    _, ben, room = await two(running)
    line = await running.connect(ben)
    gate = Gate(running.services.rooms, "snapshot")
    line.say("subscribe", room=room)
    await gate.reached()
    line.cut()
    gate.open()
    await running.settle()
    await until(lambda: running.app.hub.rooms == [] and running.app.hub.users == [])


@pytest.mark.parametrize("kind", ["private", "public"])
@pytest.mark.parametrize("read", ["changes", "snapshot"])
@pytest.mark.parametrize("early", [True, False])
async def test_promise_7_being_removed_while_it_is_read(running: Node, kind: str, read: str, early: bool) -> None:
    ana, ben, room = await two(running, kind)
    await running.connect(ana)
    line = await running.connect(ben)
    running.app.hub._channels[_number(running, room)].ring.clear()
    await running.post(ana, room, "for ben")
    await line.event("message")
    running.app.hub._channels[_number(running, room)].ring.clear()
    gate = Gate(running.services.rooms, read, before=early)
    line.say("subscribe", room=room, **({"seq": 2} if read == "changes" else {}))
    await gate.reached()
    await running.services.members.remove(ana.caller, room, ben.id)
    await running.post(ana, room, "secret")
    gate.open()
    await line.event("gone", room=room)
    await running.settle()
    await running.post(ana, room, "secret too")
    await line.ask("ping")
    assert Stream(room, ben.id).feed(line.frames).cursor is None
    assert len(line.events("gone")) == 1
    assert "secret" not in str(line.frames)
    assert not running.app.hub.companions([_number(running, room)], 100, 100) - {ana.number}


async def test_being_removed_and_added_again_while_it_is_read(running: Node) -> None:
    ana, ben, room = await two(running, "private")
    await running.connect(ana)
    line = await running.connect(ben)
    gate = Gate(running.services.rooms, "snapshot")
    line.say("subscribe", room=room)
    await gate.reached()
    await running.services.members.remove(ana.caller, room, ben.id)
    await running.post(ana, room, "between")
    await running.services.members.add(ana.caller, room, ben.id)
    await running.post(ana, room, "after")
    gate.open()
    stream = await caught_up(line, room, ben, 6)
    assert stream.bodies == ["between", "after"]
    await running.post(ana, room, "live")
    assert (await caught_up(line, room, ben, 7)).bodies == ["between", "after", "live"]
    assert line.connection.is_member(room)


async def test_a_room_deleted_while_it_is_read_is_gone_once(running: Node) -> None:
    ana, ben, room = await two(running)
    line = await running.connect(ben)
    gate = Gate(running.services.rooms, "snapshot")
    line.say("subscribe", room=room)
    await gate.reached()
    await running.services.rooms.delete(ana.caller, room)
    gate.open()
    await line.event("gone")
    await running.settle()
    assert [frame["ev"] for frame in line.of_room(room)] == ["gone"]
    assert running.app.hub.rooms == []


async def test_a_stranger_who_joins_while_it_is_read_is_a_member_then(running: Node) -> None:
    ana, _, room = await two(running)
    [cleo] = await running.people("cleo")
    line = await running.connect(cleo)
    gate = Gate(running.services.rooms, "snapshot")
    line.say("subscribe", room=room)
    await gate.reached()
    await running.services.members.join(cleo.caller, room)
    gate.open()
    await until(lambda: any("me" in event["snapshot"]["room"] for event in line.events("reload")))
    await running.post(ana, room, "one")
    assert (await caught_up(line, room, cleo, 4)).bodies == ["one"]
    assert line.connection.is_member(room)
    assert "error" not in await line.ask("typing", room=room)


async def test_my_own_affair_that_changes_while_the_room_is_read_is_told_behind_it(running: Node) -> None:
    _, ben, room = await two(running)
    line = await running.connect(ben)
    gate = Gate(running.services.rooms, "snapshot")
    line.say("subscribe", room=room)
    await gate.reached()
    await running.services.membership.change(ben.caller, room, Quiet(hidden=True))
    gate.open()
    await line.event("reload")
    await until(lambda: len(line.events("me")) == 2)
    told = [frame for frame in line.frames if frame.get("ev") in ("reload", "me")]
    assert [frame["ev"] for frame in told] == ["me", "reload", "me"]
    assert told[1]["snapshot"]["room"]["me"]["hidden"] is False
    assert told[2]["me"]["hidden"] is True


async def while_told(running: Node, line: Line, ben: Person, room: str) -> Gate:
    """The room was sent afresh, and how they stand there, which changed meanwhile, waits behind the gate."""
    reads = Gate(running.services.rooms, "snapshot")
    tells = Gate(running.services.membership, "tell")
    line.say("subscribe", room=room)
    await reads.reached()
    await running.services.membership.change(ben.caller, room, Quiet(hidden=True))
    reads.open()
    await tells.reached()
    return tells


async def test_what_is_asked_for_while_my_own_affair_is_told_is_caught_up_too(running: Node) -> None:
    ana, ben, room = await two(running)
    line = await running.connect(ben)
    tells = await while_told(running, line, ben, room)
    running.app.hub._doubt(_number(running, room), ben.number)  # another node says that they may have been banned
    await running.post(ana, room, "one")
    tells.open()
    await until(lambda: len(line.events("reload")) == 2)
    await running.post(ana, room, "two")
    assert (await caught_up(line, room, ben, 4)).bodies == ["one", "two"]
    assert tells.calls == 1


async def test_a_subscribe_while_my_own_affair_is_told_is_answered_with_changes(running: Node) -> None:
    _, ben, room = await two(running)
    line = await running.connect(ben)
    tells = await while_told(running, line, ben, room)
    await line.ask("subscribe", room=room, seq=2)
    assert not line.events("changes")
    tells.open()
    assert (await line.event("changes"))["from"] == 2


async def test_a_busy_database_sends_the_client_away_to_resume(running: Node) -> None:
    _, ben, room = await two(running)
    line = await running.connect(ben)

    async def busy() -> None:
        raise Rejection("busy", "Too much to read.", retry_after=1)

    Hook(running.services.rooms, "snapshot", busy)
    line.say("subscribe", room=room)
    assert await line.closed() == 1013
    assert running.app.hub.rooms == []


async def test_rule_10_pages_wait_for_a_slow_reader(running: Node) -> None:
    ana, ben, room = await two(running)
    for number in range(14):
        await running.post(ana, room, f"{number}{LONG}")
    line = running.open(ben)
    line.stalled = True
    await line.ask("hello", resume={room: 2})
    await line.event("changes")
    await running.settle()
    assert len(line.events("changes")) == 1
    assert line.unsent < 512 * 1024
    line.drain()
    await caught_up(line, room, ben, 16, 2)
    assert line.code is None


async def test_who_comes_again_while_their_last_leaving_is_read_stays_in_the_room(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    line = await running.connect(ben)
    number = await running.services.numbers.number(room)
    gate = Gate(running.services.rooms, "snapshot")
    commit = running.app.committer.commit
    await asyncio.gather(commit(Join(number, ben.number)), commit(Leave(number, ben.number)))
    await gate.reached()
    await commit(Join(number, ben.number))
    gate.open()
    await line.event("reload", room=room)
    assert line.connection.is_member(room)
