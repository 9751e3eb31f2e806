"""What is done to a room by command: answered as REST answers it, and told to everybody in order."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest

from support.clock import FakeClock
from support.node import Line, Node, Person, node
from support.streams import Stream
from tertulia.domain.changes import Ban, Change, Post
from tertulia.domain.models import Role
from tertulia.gateway.acts import ACTS
from tertulia.hub import repairs
from tertulia.protocol.commands import RoomCommand


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


def code(reply: dict[str, Any]) -> str:
    return str(reply.get("error", {}).get("code", ""))


async def rest(running: Node, person: Person, path: str) -> Any:
    return (await running.call(person, "GET", path)).json()


async def members(running: Node, person: Person, room: str) -> dict[str, Any]:
    found = (await rest(running, person, f"rooms/{room}/members"))["items"]
    for member in found:
        del member["read_index"], member["delivered_index"]
    return {member["user"]["id"]: member for member in found}


def test_every_command_about_a_room_has_its_act() -> None:
    assert ACTS.keys() == set(get_args(RoomCommand))


async def test_join_and_leave(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    a, b = await running.connect(ana), await running.connect(ben)
    for _ in range(2):
        reply = await b.ask("join", room=room)
        assert reply["room"] == await rest(running, ben, f"rooms/{room}")
    await b.event("reload", room=room)
    assert set(await b.ask("leave", room=room)) == {"re"}
    assert code(await b.ask("leave", room=room)) == "not_member"
    assert [event["seq"] for event in await a.count(2, "member")] == [2, 3]


async def test_add_role_and_remove(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, kind="private")
    a, b = await running.connect(ana), await running.connect(ben)
    for command in (("add", {}), ("role", {"role": "moderator"}), ("role", {"role": "moderator"})):
        reply = await a.ask(command[0], room=room, user=ben.id.upper(), **command[1])
        assert reply["member"] == (await members(running, ana, room))[ben.id]
    await b.event("reload", room=room)
    assert set(await a.ask("remove", room=room, user=ben.id)) == {"re"}
    gone = await b.event("member", room=room, seq=4)
    assert "left_at" in gone["members"][0]
    assert code(await a.ask("remove", room=room, user=ben.id)) == "not_found"


async def test_a_member_who_is_added_again_keeps_their_role(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, kind="private")
    a = await running.connect(ana)
    first = await a.ask("add", room=room, user=ben.id, role="moderator")
    assert first["member"]["role"] == "moderator"
    for again in ({}, {"role": "moderator"}):
        assert (await a.ask("add", room=room, user=ben.id, **again))["member"] == first["member"]
    refused = await a.ask("add", room=room, user=ben.id, role="member")
    assert code(refused) == "invalid"
    assert "`role`" in refused["error"]["fields"]["role"]


async def test_transfer_and_mute(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    muted = await a.ask("mute", room=room, user=ben.id, seconds=60)
    assert muted["member"] == (await members(running, ana, room))[ben.id]
    assert code(await b.ask("post", room=room, body="x")) == "muted"
    assert code(await a.ask("mute", room=room, user=ben.id, seconds=60, until="2100-01-01T00:00:00Z")) == "invalid"
    assert code(await a.ask("mute", room=room, user=ben.id, until="2001-01-01T00:00:00Z")) == "invalid"
    for _ in range(2):
        assert "muted_until" not in (await a.ask("mute", room=room, user=ben.id))["member"]
    assert code(await b.ask("post", room=room, body="x")) == ""
    assert (await a.ask("transfer", room=room, user=ben.id))["member"]["role"] == "owner"
    assert code(await a.ask("transfer", room=room, user=ana.id)) == "forbidden"
    event = (await b.count(3, "member"))[-1]
    assert {member["user"]["id"]: member["role"] for member in event["members"]} == {ben.id: "owner", ana.id: "admin"}


async def test_pin_and_change(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    message = await running.post(ben, room)
    for on in (True, True, False, False):
        reply = await a.ask("pin", room=room, index=message.index, on=on)
        assert ("pinned_at" in reply["message"]) is on
    assert len(await b.count(3, "message")) == 3  # the post, pinned, no more pinned
    fields = {"title": "New", "metadata": {"a": [1]}, "slow_mode": 5, "retention_days": 7}
    reply = await a.ask("change", room=room, **fields)
    assert reply["room"] == await rest(running, ana, f"rooms/{room}")
    assert {name: reply["room"][name] for name in fields} == fields
    settings = (await b.event("room", room=room))["settings"]
    assert {name: settings[name] for name in fields} == fields
    assert (await a.ask("change", room=room))["room"] == reply["room"]


async def test_delete_room(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    a, b = await running.connect(ana), await running.connect(ben)
    assert code(await b.ask("delete_room", room=room)) == "forbidden"
    assert set(await a.ask("delete_room", room=room)) == {"re"}
    await b.event("gone", room=room)
    assert code(await a.ask("delete_room", room=room)) == "not_found"


async def test_a_flood_of_acts_is_slowed_down(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=5) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        line = await running.connect(ana)
        replies = [await line.ask("role", room=room, user=ben.id, role=role) for role in ("admin", "member") * 5]
        assert [code(reply) for reply in replies[-4:]] == ["rate_limited"] * 4
        assert all(reply["error"]["retry_after"] > 0 for reply in replies[-4:])


# Bans reach who only looks on.


async def looks_on(running: Node, person: Person, room: str) -> Line:
    line = await running.connect(person)
    await line.ask("subscribe", room=room)
    await line.event("reload", room=room)
    return line


async def test_who_looks_on_is_let_go_of_on_every_socket_when_banned(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana)
    first, second = await looks_on(running, ben, room), await looks_on(running, ben, room)
    other, owner = await looks_on(running, cleo, room), await running.connect(ana)
    assert set(await owner.ask("ban", room=room, user=ben.id, reason="x")) == {"re"}
    for line in (first, second):
        await line.event("gone", room=room)
    await running.post(ana, room, "secret")
    await other.event("message")
    for line in (first, second):
        await line.ask("ping")
        assert line.events("message") == []
        await line.ask("subscribe", room=room, seq=1)
        assert len(await line.count(2, "gone", room=room)) == 2
    late = await running.connect(ben, resume={room: 1})
    await late.event("gone", room=room)
    assert set(await owner.ask("unban", room=room, user=ben.id)) == {"re"}
    await first.ask("subscribe", room=room)
    assert len(await first.count(2, "reload", room=room)) == 2


async def test_what_is_said_behind_the_ban_in_the_same_transaction_is_not_for_them(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, cleo)
    number = await running.services.numbers.number(room)
    looker, member = await looks_on(running, ben, room), await running.connect(cleo)
    commit = running.app.committer.commit
    items: list[Change] = [
        Ban(number, ana.number, ben.number),
        Ban(number, ana.number, cleo.number),
        Post(number, ana.number, "secret"),
    ]
    await asyncio.gather(*map(commit, items))
    await looker.event("gone", room=room)
    await member.event("member", room=room, seq=3)
    for line in (looker, member):
        await line.ask("ping")
        assert "secret" not in str(line.frames)


async def test_a_member_who_is_banned_hears_of_it_and_nothing_after(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    lines = [await running.connect(ben) for _ in range(2)]
    await running.services.members.ban(ana.caller, room, ben.id, "")
    await running.post(ana, room, "secret")
    for line in lines:
        event = await line.event("member", room=room)
        assert event["message"]["notice"]["type"] == "banned"
        await line.ask("ping")
        assert line.of_room(room)[-1] == event


async def test_who_is_banned_while_catching_up_sees_nothing(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    line = await running.connect(ben)
    for number in range(5):
        line.say("subscribe", room=room)
        await running.services.members.ban(ana.caller, room, ben.id, "")
        await running.post(ana, room, f"secret {number}")
        await running.settle()
        await line.ask("ping")
        assert f"secret {number}" not in str(line.frames)
        assert room not in line.connection.rooms
        await running.services.members.unban(ana.caller, room, ben.id)


async def test_a_ban_by_another_process_reaches_who_looks_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairs, "GAP_WAIT", 0.0)
    clock = FakeClock()
    async with node(tmp_path, clock) as here, node(tmp_path, clock) as there:
        ana, ben, cleo = await here.people("ana", "ben", "cleo")
        room, other = await here.room(ana), await here.room(ana)
        lines = [await looks_on(here, ben, room) for _ in range(2)]
        await lines[0].ask("subscribe", room=other)
        await lines[0].event("reload", room=other)
        stays = await looks_on(here, cleo, room)
        await here.pass_time(2, 1)  # what was written so far is seen
        await there.services.members.ban(ana.caller, room, ben.id, "")
        await here.pass_time(2, 1)
        await here.settle()
        for line in lines:
            await line.event("gone", room=room)
            assert room not in line.connection.rooms
        assert other in lines[0].connection.rooms
        assert room in stays.connection.rooms
        await there.post(ana, room, "secret")
        await here.pass_time(2, 1)
        await here.settle()
        await stays.until(lambda frame: "secret" in str(frame))
        assert "secret" not in str([line.frames for line in lines])


async def test_archived_rooms_are_followed_and_not_shown(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room, other = await running.room(ana, ben), await running.room(ana, ben)
    early, owner = await running.connect(ben), await running.connect(ana)
    assert (await owner.ask("change", room=room, archived=True))["room"]["archived"] is True
    await early.event("room", room=room)
    line = await running.connect(ben)
    ready = await line.event("ready")
    assert ([shown["id"] for shown in ready["rooms"]], ready["more"]) == ([other], False)
    assert code(await line.ask("post", room=room, body="x")) == "archived"
    assert code(await line.ask("read", room=room, index=0)) == ""
    await owner.ask("change", room=room, archived=False)
    for each in (early, line):
        event = (await each.count(2 if each is early else 1, "room", room=room))[-1]
        assert event["settings"]["archived"] is False
        assert event["message"]["notice"]["type"] == "unarchived"
    assert code(await line.ask("post", room=room, body="x")) == ""
    await line.event("message", room=room)
    assert Stream(room, ben.id).feed(line.frames).bodies == ["x"]


async def test_staff_come_into_a_private_room_and_all_are_told(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, kind="private")
    owner, line = await running.connect(ana), await running.connect(ben)
    assert code(await line.ask("join", room=room)) == "not_found"

    def promote(connection: Any) -> None:
        connection.exec_driver_sql("UPDATE users SET is_staff = 1 WHERE number = ?", (ben.number,))

    await running.app.db.write(promote)
    running.app.committer.forget_users([ben.number])
    await running.services.members.ban(ana.caller, room, ben.id, "")
    assert code(await line.ask("join", room=room)) == ""
    event = await owner.event("member", room=room)
    assert event["message"]["notice"]["type"] == "joined"
    assert await rest(running, ana, f"rooms/{room}/bans") == {"items": [], "next": None}
    assert code(await owner.ask("ban", room=room, user=ben.id)) == "forbidden"
    assert code(await line.ask("mute", room=room, user=ana.id, seconds=60)) == ""


async def test_promise_7_acts_upon_known_and_unknown_people_answer_alike(running: Node) -> None:
    ana, ben, eve = await running.people("ana", "ben", "eve")
    room = await running.room(ana, ben, eve)
    await running.services.members.set_role(ana.caller, room, ben.id, Role.MODERATOR)
    line = await running.connect(eve)
    for cmd, fields in (
        ("add", {}), ("remove", {}), ("role", {"role": "admin"}), ("transfer", {}), ("mute", {"seconds": 1}),
        ("ban", {}), ("unban", {}),
    ):  # fmt: skip
        users = (ben.id, "0197a1b0-0000-7000-8000-0000000000ff", "x")
        errors = [(await line.ask(cmd, room=room, user=user, **fields))["error"] for user in users]
        assert errors[0] == errors[1] == errors[2], cmd
        assert errors[0]["code"] == "forbidden"
