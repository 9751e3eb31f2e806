"""My own affair in a room: told to my devices only, in the order in which it was written (promise 6: arithmetic)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from support.clock import FakeClock
from support.node import Line, Node, Person, node
from tertulia.domain.changes import Trim
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Notify
from tertulia.gateway.transport import HIGH_WATER
from tertulia.services.membership import Quiet
from tertulia.storage import users
from tertulia.storage.tables import members

Frame = dict[str, Any]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


async def talk(running: Node, messages: int, *, kind: str = "public") -> tuple[Person, Person, str]:
    """Ana posted, ben has read everything."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben, kind=kind)
    for _ in range(messages):
        await running.post(ana, room)
    await running.services.receipts.advance_now(ben.caller, room, messages, None)
    return ana, ben, room


async def me(running: Node, person: Person, room: str) -> Frame:
    response = await running.call(person, "GET", f"rooms/{room}")
    found: Frame = response.json()["me"]
    return found


def last_me(line: Line, room: str) -> Frame:
    found: Frame = line.events("me", room=room)[-1]["me"]
    return found


async def refused(work: Any) -> str:
    with pytest.raises(Rejection) as rejection:
        await work
    return rejection.value.code


async def test_all_my_devices_hear_it_at_once_and_nobody_else(running: Node) -> None:
    ana, ben, room = await talk(running, 3)
    lines = [await running.connect(ben) for _ in range(2)]
    other = await running.connect(ana)
    reply = await lines[0].ask("me", room=room, notify="mentions", hidden=True, unread_from=2)
    await running.settle()
    for line in lines:
        [event] = line.events("me")
        assert event["message_count"] == 3
        assert event["me"] == reply["me"]
    assert reply["me"]["notify"] == "mentions"
    assert (reply["me"]["hidden"], reply["me"]["unread_from"], reply["me"]["unread"]) == (True, 2, 2)
    assert other.events("me") == []
    assert "unread_from" not in await me(running, ana, room)


async def test_a_third_device_that_comes_back_has_it_from_ready_and_reload(running: Node) -> None:
    _, ben, room = await talk(running, 5)
    before = await running.connect(ben)
    cursor = before.frames[1]["rooms"][0]["head_seq"]
    before.cut()
    await running.services.membership.change(ben.caller, room, Quiet(Notify.NONE, hidden=True, unread_from=3))
    back = await running.connect(ben, resume={room: cursor}, read={room: 5})
    [listed] = (await back.event("ready"))["rooms"]
    await back.ask("subscribe", room=room)
    snapshot = (await back.event("reload"))["snapshot"]["room"]
    for found in (listed["me"], snapshot["me"]):
        assert (found["notify"], found["hidden"], found["unread_from"], found["unread"]) == ("none", True, 3, 3)
    await running.pass_time(1)  # what hello said it had read is no reading
    assert (await me(running, ben, room))["unread"] == 3
    for told in back.events("me"):  # by a look at the database, where others may write: the same again
        assert (told["me"]["hidden"], told["me"]["unread"]) == (True, 3)


async def test_what_is_absent_stays_and_what_changes_nothing_is_not_told(running: Node) -> None:
    _, ben, room = await talk(running, 2)
    line = await running.connect(ben)
    change = running.services.membership.change
    await change(ben.caller, room, Quiet(Notify.MENTIONS))
    await change(ben.caller, room, Quiet(hidden=True))
    await change(ben.caller, room, Quiet(unread_from=1))
    for _ in range(2):
        view = await change(ben.caller, room, Quiet(Notify.MENTIONS, hidden=True, unread_from=1))
        await change(ben.caller, room, Quiet())
    assert view.member is not None
    assert (view.member.notify, view.member.hidden_index, view.member.unread_from) == (Notify.MENTIONS, 2, 1)
    assert len(line.events("me")) == 3
    await change(ben.caller, room, Quiet(unread_from=0))
    assert "unread_from" not in last_me(line, room)


async def test_a_mark_never_takes_a_receipt_back(running: Node) -> None:
    ana, ben, room = await talk(running, 4)
    line = await running.connect(ana)
    await running.services.membership.change(ben.caller, room, Quiet(unread_from=1))
    await running.pass_time(1)
    assert line.events("receipt") == []
    members = (await running.call(ana, "GET", f"rooms/{room}/members")).json()["items"]
    assert {one["user"]["id"]: one["read_index"] for one in members}[ben.id] == 4


async def test_marks_are_of_messages_that_are_there(running: Node) -> None:
    _, ben, room = await talk(running, 4)
    change = running.services.membership.change
    assert await refused(change(ben.caller, room, Quiet(unread_from=5))) == "invalid"
    empty = await running.room(ben)
    assert await refused(change(ben.caller, empty, Quiet(Notify.NONE, unread_from=1))) == "invalid"
    assert (await me(running, ben, empty))["notify"] == "all"  # all of it, or nothing
    number = await running.services.numbers.number(room)
    await running.app.committer.commit(Trim(number, first_index=3))
    view = await change(ben.caller, room, Quiet(unread_from=1))
    assert view.member is not None
    assert view.member.unread_from == 3
    assert (await me(running, ben, room))["unread"] == 2
    await running.app.committer.commit(Trim(number, first_index=4))
    assert (await me(running, ben, room))["unread"] == 1  # what is gone is not unread


async def test_outsiders_learn_nothing(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    public, private = await running.room(ana), await running.room(ana, kind="private")
    line = await running.connect(ben)
    await line.ask("subscribe", room=public)
    for room, code in ((public, "not_member"), (private, "not_found"), ("nonsense", "not_found")):
        assert (await line.ask("me", room=room, hidden=True))["error"]["code"] == code
        assert await refused(running.services.membership.change(ben.caller, room, Quiet(hidden=True))) == code


async def test_who_left_has_no_affair_there_and_begins_anew(running: Node) -> None:
    _, ben, room = await talk(running, 3)
    await running.services.membership.change(ben.caller, room, Quiet(Notify.NONE, hidden=True, unread_from=1))
    await running.services.members.leave(ben.caller, room)
    assert await refused(running.services.membership.change(ben.caller, room, Quiet(hidden=True))) == "not_member"
    await running.services.members.join(ben.caller, room)
    found = await me(running, ben, room)
    assert (found["notify"], found["hidden"], found["unread"]) == ("none", False, 0)
    assert "unread_from" not in found


# Reading and marking.


async def test_reading_again_moves_the_mark_and_ends_it(running: Node) -> None:
    _, ben, room = await talk(running, 6)
    lines = [await running.connect(ben) for _ in range(2)]
    await lines[0].ask("me", room=room, unread_from=3)
    for index, mark, unread in ((2, 3, 4), (3, 4, 3), (5, 6, 1), (6, None, 0)):
        await lines[0].ask("read", room=room, index=index)
        await running.pass_time(0.5)
        for line in lines:
            assert (last_me(line, room).get("unread_from"), last_me(line, room)["unread"]) == (mark, unread)
    assert (await me(running, ben, room))["unread"] == 0


async def test_over_rest_reading_ends_the_mark_before_it_is_answered(running: Node) -> None:
    _, ben, room = await talk(running, 3)
    line = await running.connect(ben)
    await running.call(ben, "PATCH", f"rooms/{room}/me", {"unread_from": 1})
    await running.call(ben, "PUT", f"rooms/{room}/read", {"delivered": 3})
    assert last_me(line, room)["unread"] == 3
    await running.call(ben, "PUT", f"rooms/{room}/read", {"index": 3})
    assert last_me(line, room)["unread"] == 0
    assert "unread_from" not in last_me(line, room)


async def test_posting_ends_the_mark(running: Node) -> None:
    _, ben, room = await talk(running, 3)
    await running.services.membership.change(ben.caller, room, Quiet(unread_from=1))
    await running.post(ben, room)
    found = await me(running, ben, room)
    assert (found["unread"], "unread_from" in found) == (0, False)


async def test_a_mark_above_what_was_read_counts_once_it_is_passed(running: Node) -> None:
    """A crash lost what was read; then hello says it again."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for _ in range(8):
        await running.post(ana, room)
    await running.services.receipts.advance_now(ben.caller, room, 5, None)
    await running.services.membership.change(ben.caller, room, Quiet(unread_from=7))
    assert (await me(running, ben, room))["unread"] == 3
    await running.connect(ben, read={room: 8})
    await running.pass_time(1)
    assert (await me(running, ben, room))["unread"] == 2


@pytest.mark.parametrize("orders", ["read first", "mark first"])
async def test_read_and_mark_in_one_breath_are_done_in_their_order(running: Node, orders: str) -> None:
    _, ben, room = await talk(running, 6)
    line = await running.connect(ben)
    said = [("read", {"index": 6}), ("me", {"unread_from": 2})]
    if orders == "mark first":
        said.reverse()
    numbers = [line.say(cmd, room=room, **fields) for cmd, fields in said]
    for number in numbers:
        assert "error" not in await line.reply(number)
    await running.pass_time(1)
    expected = (2, 5) if orders == "read first" else (None, 0)
    found = await me(running, ben, room)
    assert (found.get("unread_from"), found["unread"]) == expected
    assert (last_me(line, room).get("unread_from"), last_me(line, room)["unread"]) == expected


async def test_a_flush_between_mark_and_read_keeps_their_order(running: Node) -> None:
    """The flush comes while the mark waits for the writer: what was said after it must not be written before it."""
    _, ben, room = await talk(running, 6)
    line = await running.connect(ben)
    for _ in range(20):
        async with asyncio.TaskGroup() as group:
            group.create_task(running.services.receipts.flush())  # its turn is before that of the mark
            mark = line.say("me", room=room, unread_from=2)
            line.say("read", room=room, index=6)
            await line.reply(mark)
        await running.services.receipts.flush()
        assert "unread_from" not in await me(running, ben, room)
        assert last_me(line, room)["unread"] == 0


async def test_a_read_before_the_mark_counts_in_it(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for _ in range(4):
        await running.post(ana, room)
    a, b = await running.connect(ana), await running.connect(ben)
    b.say("read", room=room, index=4)
    reply = await b.ask("me", room=room, unread_from=4)
    assert (reply["me"]["read_index"], reply["me"]["unread"]) == (4, 1)
    [event] = a.events("receipt")  # told at once, and once
    assert event["receipts"] == [{"user": ben.id, "read_index": 4, "delivered_index": 4}]
    await running.pass_time(1)
    assert len(a.events("receipt")) == 1


async def test_a_read_is_not_lost_when_the_mark_is_refused(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.post(ana, room)
    line = await running.connect(ben)
    line.say("read", room=room, index=1)
    assert (await line.ask("me", room=room, unread_from=9))["error"]["code"] == "invalid"
    await running.pass_time(1)
    assert (await me(running, ben, room))["read_index"] == 1


async def test_marks_and_reads_of_many_devices_end_the_same_everywhere(running: Node) -> None:
    _, ben, room = await talk(running, 9)
    lines = [await running.connect(ben) for _ in range(4)]
    for turn in range(15):
        numbers = [
            lines[place].say("read", room=room, index=(turn * 5 + place) % 10)
            if (turn + place) % 2
            else lines[place].say("me", room=room, unread_from=(turn * 3 + place) % 9 + 1)
            for place in range(4)
        ]
        for line, number in zip(lines, numbers, strict=True):
            await line.reply(number)
    await running.pass_time(1)
    found = await me(running, ben, room)
    for line in lines:
        assert last_me(line, room) == found


async def test_mentions_are_counted_from_the_mark_on(running: Node) -> None:
    ana, ben, room = await talk(running, 1)
    for body in (f"@{ben.name}", "nothing", f"@{ben.name}", f"again @{ben.name}"):
        await running.post(ana, room, body)
    line = await running.connect(ben)
    await running.services.receipts.advance_now(ben.caller, room, 5, None)
    for start, mentions in ((5, 1), (4, 2), (3, 2), (1, 3)):
        reply = await line.ask("me", room=room, unread_from=start)
        assert (reply["me"]["unread"], reply["me"]["mentions"]) == (6 - start, mentions)
    await line.ask("read", room=room, index=3)
    await running.pass_time(0.5)
    assert last_me(line, room)["mentions"] == 2


# Hidden.


async def test_hidden_until_a_message_comes(running: Node) -> None:
    ana, ben, room = await talk(running, 2)
    other = await running.room(ben)
    line = await running.connect(ben)

    async def listed(query: str = "") -> list[str]:
        return [one["id"] for one in (await running.call(ben, "GET", f"rooms{query}")).json()["items"]]

    assert (await line.ask("me", room=room, hidden=True))["me"]["hidden"]
    await running.services.members.join((await running.person("cleo")).caller, room)
    await running.services.messages.edit(ana.caller, room, 1, "edited")
    assert (await me(running, ben, room))["hidden"]  # a notice and an edit are no message
    assert await listed() == [other]
    assert set(await listed("?hidden=true")) == {room, other}
    ready = (await (await running.connect(ben)).event("ready"))["rooms"]
    assert {one["id"]: one["me"]["hidden"] for one in ready} == {room: True, other: False}
    await running.post(ana, room)
    assert set(await listed()) == {room, other}
    assert not (await me(running, ben, room))["hidden"]
    await line.ask("me", room=room, hidden=True)
    assert await listed() == [other]
    await line.ask("me", room=room, hidden=False)
    assert set(await listed()) == {room, other}


async def test_an_empty_room_can_be_hidden(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.services.membership.change(ben.caller, room, Quiet(hidden=True))
    assert (await me(running, ben, room))["hidden"]
    await running.post(ana, room)
    assert not (await me(running, ben, room))["hidden"]


async def test_my_own_post_shows_the_room_again(running: Node) -> None:
    _, ben, room = await talk(running, 1)
    await running.services.membership.change(ben.caller, room, Quiet(hidden=True))
    await running.post(ben, room)
    assert not (await me(running, ben, room))["hidden"]


# What else may happen.


async def test_news_from_before_ready_are_told_behind_it(running: Node) -> None:
    _, ben, room = await talk(running, 3)
    for _ in range(5):
        line = running.open(ben)
        line.say("hello")
        await running.services.membership.change(ben.caller, room, Quiet(unread_from=1))
        await running.services.membership.change(ben.caller, room, Quiet(unread_from=2))
        ready = await line.event("ready")
        await running.settle()
        told = [event["me"] for event in line.events("me")] or [ready["rooms"][0]["me"]]
        assert told[-1]["unread_from"] == 2
        line.cut()


async def test_a_slow_line_gets_the_latest_state_only(running: Node) -> None:
    _, ben, room = await talk(running, 5)
    line = await running.connect(ben)
    line.unsent = 2 * HIGH_WATER
    line.connection.congested()
    for start in (1, 2, 3, 4):
        await running.services.membership.change(ben.caller, room, Quiet(unread_from=start))
    assert line.events("me") == []
    line.drain()
    assert [event["me"]["unread_from"] for event in line.events("me")] == [4]


async def test_what_another_process_wrote_is_told_after_the_next_sweep(running: Node) -> None:
    _, ben, room = await talk(running, 5)
    await running.services.membership.change(ben.caller, room, Quiet(unread_from=2))
    line = await running.connect(ben)
    number = await running.services.numbers.number(room)

    def elsewhere(connection: Any) -> None:
        mine = (members.c.room == number, members.c.user == ben.number)
        connection.execute(update(members).where(*mine).values(unread_from=None, notify="none"))
        users.bump(connection, [ben.number])

    await running.app.db.write(elsewhere)
    await running.app.neighbours.sweep.sweep()
    found = last_me(line, room)
    assert (found["notify"], found["unread"], "unread_from" in found) == ("none", 0, False)


async def test_changes_have_a_pace(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=4) as running:
        [ben] = await running.people("ben")
        room = await running.room(ben)
        line = await running.connect(ben)
        codes = [
            (await line.ask("me", room=room, hidden=bool(turn % 2))).get("error", {}).get("code") for turn in range(6)
        ]
        assert codes[-1] == "rate_limited"
        assert codes[0] is None
