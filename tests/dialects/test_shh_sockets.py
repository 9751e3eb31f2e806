"""Sockets of the dialect shh."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from support.dialects import Line, Place, place
from support.shh import NAME, Somebody, deactivate, somebody
from tertulia.gateway.patience import REFUSALS


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


async def error_of(line: Line) -> str:
    frame = await line.receive()
    assert frame == {"type": "error", "message": frame["message"]}
    return str(frame["message"])


async def test_the_history_comes_first_and_only_to_who_connects(here: Place) -> None:
    """What must not be reproduced: it was sent to the whole room whenever somebody came."""
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    room = await ann.make_room("a")
    await ben.join(room)
    async with here.socket(room, ann.token) as first:
        assert await first.receive() == {"type": "message_history", "messages": []}
        await first.send({"message": "One"})
        said = await first.receive()
        async with here.socket(room, ben.token) as second:
            history = {
                "type": "message_history",
                "messages": [
                    {"user": "ann@example.org", "username": "ann", "message": "One", "timestamp": said["timestamp"]}
                ],
            }
            assert await second.receive() == history
            await second.send({"message": "Two"})
            assert (await first.receive())["message"] == (await second.receive())["message"] == "Two"


async def test_what_is_said_and_what_is_no_message(here: Place) -> None:
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    room = await ann.make_room("a")
    await ben.join(room)
    async with ann.line(room) as line, ben.line("a") as other:
        for bad, said in (
            ("{", "Invalid JSON format."),
            ("[1]", "Invalid JSON format."),
            ('"x"', "Invalid JSON format."),
            ("[" * 10_000, "Invalid JSON format."),
            ("", "Received empty message."),
            (b"\x00\xff", "Received empty message."),
            ({}, "Message is empty."),
            ({"message": ""}, "Message is empty."),
            ({"message": " \n\t"}, "Message is empty."),
            ({"message": ["x"]}, "Message is empty."),
            ({"type": "typing", "message": ""}, "Message is empty."),
        ):
            await line.send(bad)
            assert await error_of(line) == said, bad
        for refused in ("x" * 16_385, "a\x00b", "\ud800"):
            await line.send({"message": refused})
            assert await error_of(line)
        typing = {"type": "typing", "user": "ann@example.org", "username": "ann"}
        for notice in ({"message": "typing"}, {"type": "typing"}, {"type": "typing", "message": None}):
            await line.send(notice)
            assert await line.receive() == await other.receive() == typing
        texts = ["x" * 16_384, " Größe 🦉 \u202e עברית\n", "Typing", "typing ", "<b>&amp;"]
        for text in texts:
            await line.send({"type": "typing", "message": text, "user": "eve", "timestamp": "1970"})
            frame = await other.receive()
            assert frame == await line.receive()
            assert (frame["type"], frame["message"], frame["username"]) == ("message", text, "ann")
    history = await ann.call("GET", "/messages/a/")
    assert [each["message"] for each in history["messages"]] == texts


async def test_twenty_at_once_arrive_in_order(tmp_path: Path) -> None:
    """Also where the server takes fewer: it reads more slowly."""
    async with place(tmp_path, NAME, post_rate=100, post_burst=5) as here:
        ann = await somebody(here, "ann")
        room = await ann.make_room("a")
        async with ann.line(room) as line:
            for number in range(20):
                await line.send({"message": str(number)})
            assert [(await line.receive())["message"] for _ in range(20)] == [str(number) for number in range(20)]


async def test_a_flood_is_not_taken_for_a_missing_token(tmp_path: Path) -> None:
    """The core's own close codes mean other things here."""
    async with place(tmp_path, NAME, command_rate=1) as here:
        ann = await somebody(here, "ann")
        room = await ann.make_room("a")
        async with ann.line(room) as line:
            for _ in range(2 * REFUSALS):
                await line.send({})
            assert await line.closed() == 1008


async def test_no_room_for_who_is_not_in_it(here: Place) -> None:
    """What must not be reproduced: sockets of any room, existing or not."""
    ann, eve = await somebody(here, "ann"), await somebody(here, "eve")
    room = await ann.make_room("a")
    for segment in (room, "a", "b", str(uuid4()), "1", "%2F", "ä" * 300):
        assert await here.close_code(segment, eve.token) == 4004, segment
    assert await here.close_code(room) == await here.close_code("a", "") == 4000
    async with ann.line(room.upper(), slash=False):
        pass


async def test_who_may_not_stay(here: Place) -> None:
    ann, ben, eve = [await somebody(here, name) for name in ("ann", "ben", "eve")]
    room, other = await ann.make_room("a"), await ann.make_room("b")
    for one in (ben, eve):
        for each in (room, other):
            await one.join(each)
    async with ben.line(room) as put_out, ben.line(other) as left_open, eve.line(room) as gone:
        await remove(ann, room, ben)
        assert await put_out.closed() == 4004
        assert await here.close_code(room, ben.token) == 4004
        await deactivate(eve, by=ann)
        assert await gone.closed() == 4002
        await ann.call("DELETE", f"/room/delete/{other}/")
        assert await left_open.closed() == 4004
    async with ann.line(room) as line:
        await ann.call("POST", "/logout/")
        assert await line.closed() == 4002
    assert await here.close_code(room, ann.token) == 4002


async def remove(owner: Somebody, room: str, who: Somebody) -> None:
    services = owner.here.server.application.services
    caller, gone = (services.sessions.authenticate(one.token) for one in (owner, who))
    await services.members.remove(caller, room, gone.user_id)
