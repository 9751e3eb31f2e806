"""Sockets of the dialect channels."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from support.channels import NAME, deactivate, nobody, somebody
from support.dialects import Line, Place, place
from tertulia.gateway.patience import REFUSALS

AS_SOMEBODY_ELSE = "You may only send messages as yourself."


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


async def error_of(line: Line) -> str:
    frame = await line.receive()
    assert frame == {"error": frame["error"]}
    return str(frame["error"])


async def test_what_is_said_and_what_is_no_message(here: Place) -> None:
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    room = await ann.make_room("a b/c".replace("/", "-"))
    async with ann.line("a b-c") as line, ben.line(room) as other:
        for bad in ("{", "[1]", '"x"', "null", "[" * 10_000, "", b"\x00\xff", b'{"message": "x"}'):
            await line.send(bad)
            assert "JSON" in await error_of(line), bad
        nothing: tuple[Any, ...] = (None, "", " \n\t", 7, True, ["x"], {}, "x" * 16_385, "a\x00b", "\ud800")
        for message in nothing:
            await line.send({"message": message, "username": "ann"})
            assert await error_of(line), message
        texts = ["x" * 16_384, " Größe 🦉 \u202e עברית\n", "<b>&amp;", "42"]
        for me, text in zip(("ann", ann.number, str(ann.number), None), texts, strict=True):
            await line.send({"message": text, "username": me, "room": "general", "user": "eve"})
            frame = await other.receive()
            assert frame == await line.receive()
            assert frame.keys() == {"message", "username", "user", "message_uuid", "created_at"}
            assert (frame["message"], frame["username"], frame["user"]) == (text, "ann", "ann")
            # Stored before it was told.
            assert (await nobody(here, f"/api/messages/{frame['message_uuid']}/"))["content"] == text
    assert [one["content"] for one in await nobody(here, f"/api/messages/?room_uuid={room}")] == texts[::-1]


async def test_nobody_speaks_for_others(here: Place) -> None:
    """What must not be reproduced: posting in the name of any user."""
    ann, ben = await somebody(here, "ann"), await somebody(here, "ben")
    async with ann.line("general") as line, ben.line("general") as other:
        others: tuple[Any, ...] = ("ben", ben.number, str(ben.number), "nobody", "", 0, True, ["ann"], {}, 1.5)
        for name in others:
            await line.send({"message": "I am ben", "username": name})
            assert await error_of(line) == AS_SOMEBODY_ELSE, name
        await line.send({"message": "I am ann"})
        assert (await other.receive())["message"] == "I am ann"
    assert len(await nobody(here, "/api/messages/")) == 1


async def test_who_is_not_let_in(here: Place) -> None:
    """What must not be reproduced: sockets of any room for anybody; unknown names that end with 1011."""
    ann, ben, eve = [await somebody(here, name) for name in ("ann", "ben", "eve")]
    room = await ann.make_room("secret", "ben")
    for segment in (room, "secret", "nothing", str(uuid4()), "2", "%2F", "ä" * 300, "a\x00"):
        assert await here.refused(segment, headers=eve.basic) == 403, segment
        assert await here.refused(segment) == 403
    assert await here.refused("general") == await here.refused("general", "nonsense") == 403
    async with ben.line("secret", slash=False), ben.line(room.upper()):
        pass
    assert "eve" not in (await nobody(here, "/api/rooms/1/"))["users"]
    async with eve.line("general"):
        assert "eve" in (await nobody(here, "/api/rooms/1/"))["users"], "to connect is to join"


async def test_a_name_is_never_taken_for_an_id(here: Place) -> None:
    ann = await somebody(here, "ann")
    room = await ann.make_room("a")
    for method, path in (("POST", "/api/rooms/"), ("PUT", "/api/rooms/2/"), ("PATCH", "/api/rooms/2/")):
        refused = await ann.call(method, path, {"room_name": room}, status=400)
        assert refused.keys() == {"room_name"}
    await ann.make_room("1")
    async with ann.line("1") as line:
        await line.send({"message": "x"})
        assert (await line.receive())["message"] == "x"
    assert (await nobody(here, "/api/messages/"))[0]["room"] == "1"


async def test_who_may_not_stay(here: Place) -> None:
    ann, ben, eve = [await somebody(here, name) for name in ("ann", "ben", "eve")]
    room, other = await ann.make_room("a", "ben"), await ann.make_room("b", "ben")
    services = here.server.application.services
    owner, gone = (services.sessions.authenticate(one.token) for one in (ann, ben))
    async with ben.line(room) as put_out, ben.line(other) as left_open:
        await services.members.remove(owner, room, gone.user_id)
        assert await put_out.closed() == 4004
        assert await here.refused(room, headers=ben.basic) == 403
        await ann.call("DELETE", f"/api/rooms/{other}/", status=204)
        assert await left_open.closed() == 4004
    ways = (eve.basic, eve.bearer, eve.cookie)
    async with (
        here.socket("general", headers=ways[0]) as one,
        here.socket("general", headers=ways[1]) as two,
        here.socket("general", headers=ways[2]) as three,
    ):
        await deactivate(eve, by=ann)
        assert [await line.closed() for line in (one, two, three)] == [4001] * 3
    for headers in ways:
        assert await here.refused("general", headers=headers) == 403
    assert (await here.http.get("/api/rooms/", headers=eve.basic)).status_code == 403


async def test_twenty_at_once_arrive_in_order(tmp_path: Path) -> None:
    """Also where the server takes fewer: it reads more slowly."""
    async with place(tmp_path, NAME, post_rate=100, post_burst=5) as here:
        ann = await somebody(here, "ann")
        async with ann.line("general") as line:
            for number in range(20):
                await line.send({"message": str(number)})
            assert [(await line.receive())["message"] for _ in range(20)] == [str(number) for number in range(20)]


async def test_a_flood_of_frames_that_say_nothing_ends(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, command_rate=1) as here:
        ann = await somebody(here, "ann")
        async with ann.line("general") as line:
            for _ in range(2 * REFUSALS):
                await line.send(b"\x00")
            assert await line.closed() == 1008
