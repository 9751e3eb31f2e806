"""Sockets of the dialect realtime: who comes in, who is there, what is said."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from support.clock import FakeClock
from support.dialects import Line, Place, place
from support.realtime import NAME, Somebody, people, somebody
from tertulia.domain.models import Caller
from tertulia.services import Services

NO_TEXT = {"error": "Message content is missing"}
NO_JSON = {"error": "Invalid JSON format received"}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


def services(here: Place) -> Services:
    return here.server.application.services


def caller(here: Place, person: Somebody) -> Caller:
    return services(here).sessions.authenticate(person.token)


async def nothing_more(line: Line, says: Somebody) -> None:
    """What comes next is what is said now: there was nothing before it."""
    await line.send({"message": "mark"})
    frame = await line.receive()
    assert (frame.get("message"), frame.get("sender_id")) == ("mark", str(says.id)), frame


# Coming in.


async def test_who_has_no_good_token_is_let_in_and_sent_away_with_4001(tmp_path: Path) -> None:
    """Must not be reproduced: a refused handshake, of which a browser sees no code; refresh tokens taken for access."""
    clock = FakeClock()
    async with place(tmp_path, NAME, clock=clock) as here:
        ann = await somebody(here, "ann")
        for token in (None, "", "bad", "a.b.c", ann.refresh, ann.token + "x"):
            for room in ("general", "dm_1_2", str(uuid4()), "new one"):
                assert await here.close_code(room, token) == 4001
        for header in ("Basic eDp5", "Bearer", "Bearer x", ann.token):
            assert await here.close_code("general", headers={"authorization": header}) == 4001
        # The header wins; its first word is written in any case.
        assert await here.close_code("general", ann.token, headers={"authorization": "Bearer bad"}) == 4001
        for header in (f"Bearer {ann.token}", f"bEARER  {ann.token}"):
            async with here.socket("general", "bad", headers={"authorization": header}, slash=False) as line:
                assert (await line.receive())["type"] == "room_users_list"
        async with ann.line("general") as line:
            clock.advance(301)
            assert await here.close_code("general", ann.token) == 4001  # it has expired
            await nothing_more(line, ann)  # what is open outlives it
        assert [room["room_name"] for room in (await here.http.get("/chat/rooms/")).json()] == ["general"]


async def test_an_unknown_name_becomes_an_open_room_of_the_caller(here: Place) -> None:
    ann, ben = await people(here, "ann", "ben")
    name = "Büro 1 & 🎈?#%"
    async with ann.line(name) as line, ben.line(name, ann) as other:
        assert await line.receive() == ben.comes()
        made = next(room for room in await ben.call("GET", "/chat/rooms/") if room["room_name"] == name)
        assert made["description"] == f"public chat room : {name}"
        assert (made["creator_username"], made["is_private"]) == ("ann", False)
        async with ann.line(made["room_id"], ben, first=False) as third:
            await other.send({"message": "hi"})
            for each in (line, other, third):
                assert (await each.receive())["message"] == "hi"
    refused = await ben.call("POST", "/chat/rooms/create/", {"room_name": made["room_id"]}, status=400)
    assert "id" in refused["room_name"][0]  # nobody takes the place of a room by calling another one as its UUID
    async with ann.line(made["room_id"], history=1) as line, ben.line(name, ann, history=1):
        assert await line.receive() == ben.comes()
    answers = await asyncio.gather(*(_first_frame(here, person, "at once") for person in (ann, ben) * 4))
    assert answers == ["room_users_list"] * 8
    assert [room["room_name"] for room in await ann.call("GET", "/chat/rooms/")].count("at once") == 1


async def _first_frame(here: Place, person: Somebody, room: str) -> str:
    async with here.socket(room, person.token) as line:
        return str((await line.receive())["type"])


async def test_who_may_not_come_in_is_told_by_a_code(here: Place) -> None:
    ann, ben, cid = await people(here, "ann", "ben", "cid")
    secret = await ann.private("Secret", ben)
    async with ben.line("Secret"), ben.line(secret["room_id"], first=False):
        # A private room; by its UUID it is as one that is not there.
        for room in ("Secret", secret["room_id"], str(uuid4())):
            assert await cid.close_code(room) == 4003
        # Direct rooms of others, there or not; one's own without a room; names that are of none.
        await ann.call("GET", f"/chat/dm/{ben.id}")
        for room, code in (("dm_1_2", 4003), ("dm_1_9", 4003), ("dm_88_99", 4003), ("dm_2_2", 4003),
                           ("dm_1_3", 4000), ("dm_3_3", 4000), ("dm_", 4000), ("dm_x_3", 4000), ("dm_3", 4000),
                           ("dm_3_99999999999999999999", 4000)):  # fmt: skip
            assert (room, await cid.close_code(room)) == (room, code)
    for room in ("x" * 256, " x", "a\nb", "\x00"):
        assert (room, await cid.close_code(room)) == (room, 4000)
    assert [room["room_name"] for room in await cid.call("GET", "/chat/rooms/")] == ["general"]
    await services(here).members.ban(caller(here, ann), (await ann.make("Open"))["room_id"], await _user_id(here, cid))
    assert await cid.close_code("Open") == 4003


async def _user_id(here: Place, person: Somebody) -> str:
    return (await services(here).people.user(person.id)).id


async def test_who_may_not_make_public_rooms_makes_none_by_connecting(tmp_path: Path) -> None:
    """And cannot tell a name that is not there from one of a private room."""
    async with place(tmp_path, NAME, public_rooms="staff") as here:
        ann, ben = await people(here, "ann", "ben")
        await ann.private("Secret")
        for room in ("Secret", "New"):
            assert await ben.close_code(room) == 4000
        async with ben.line("general"):
            pass
        assert (await ann.call("POST", "/chat/rooms/create/", {"room_name": "New"}, status=403))["detail"]


# What is said.


async def test_both_forms_of_a_message_and_what_is_none(here: Place) -> None:
    """Must not be reproduced: a connection killed by one bad frame."""
    ann, ben = await people(here, "ann", "ben")
    async with ann.line("general") as line, ben.line("general", ann) as other:
        assert await line.receive() == ben.comes()
        frame: dict[str, Any]
        for frame, said in (
            ({"message": "one"}, "one"),
            ({"type": "message", "content": "two"}, "two"),
            ({"type": "message", "message": "three"}, "three"),
            ({"message": "x", "content": "four", "sender_id": "2", "user": "ben"}, "four"),
            ({"type": None, "message": " é\n🎈 "}, " é\n🎈 "),
            ({"message": "𝄞" * 16_384}, "𝄞" * 16_384),
        ):
            await line.send(frame)
            posted = await other.receive()
            assert (posted["message"], posted["sender_id"]) == (said, str(ann.id))
            assert await line.receive() == posted
        for text in ("", "hello", "[1]", "7", '"text"', "null", "{", "[" * 100_000, b"", b"\x00\xff"):
            await line.send(text)
            assert await line.receive() == NO_JSON
        for frame in (
            {}, {"message": ""}, {"message": " \n"}, {"message": None}, {"message": 7}, {"message": ["x"]},
            {"type": "message"}, {"type": "message", "content": "", "message": "x"},
        ):  # fmt: skip
            await line.send(frame)
            assert await line.receive() == NO_TEXT
        for bad in ("x" * 16_385, "\x00", "\ud800"):
            await line.send(json.dumps({"message": bad}))
            answer = await line.receive()
            assert list(answer) == ["error"]
            assert "Traceback" not in answer["error"]
        for frame in ({"type": "nonsense", "message": "x"}, {"type": 7}, {"type": []}, {"type": "user_join"}):
            await line.send(frame)
        await nothing_more(line, ann)
        assert (await other.receive())["message"] == "mark"


async def test_a_burst_comes_to_everybody_once_in_one_order(here: Place) -> None:
    ann, ben = await people(here, "ann", "ben")
    async with ann.line("general") as line, ben.line("general", ann) as other:
        assert await line.receive() == ben.comes()
        for number in range(20):
            await line.send({"message": f"a{number}"})
            await other.send({"message": f"b{number}"})
        frames = [await line.receive() for _ in range(40)]
        assert frames == [await other.receive() for _ in range(40)]
        said = [frame["message"] for frame in frames]
        assert [text for text in said if text[0] == "a"] == [f"a{number}" for number in range(20)]


async def test_the_history_is_the_newest_messages_as_they_are_now(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, dialect_greeting=50) as here:
        ann = await somebody(here, "ann")
        async with ann.line("general") as line:
            for number in range(60):
                await line.send({"message": f"{number}"})
            sent = [await line.receive() for _ in range(60)]
            await ann.call("PUT", f"/chat/messages/{sent[58]['message_id']}/edit/", {"content": "edited"})
            await ann.call("DELETE", f"/chat/messages/{sent[59]['message_id']}/delete/", status=204)
        async with here.socket("general", ann.token) as line:
            assert await line.receive() == {"type": "room_users_list", "users": [ann.shown]}
            assert await line.receive() == ann.comes()
            frames = [await line.receive() for _ in range(50)]
            assert frames[:48] == sent[10:58]
            assert (frames[48]["message"], frames[48]["edited_at"] is None) == ("edited", False)
            assert (frames[49]["message"], frames[49]["is_deleted"]) == ("This message has been deleted", True)
            assert {**frames[49], "message": "59", "is_deleted": False} == sent[59]
            await nothing_more(line, ann)


async def test_typing_is_told_to_all_but_the_typist_with_the_name_of_the_room(here: Place) -> None:
    ann, ben = await people(here, "ann", "ben")
    direct = await ann.call("GET", f"/chat/dm/{ben.id}")
    async with (
        ann.line(direct["room_id"]) as line,
        ann.line("dm_1_2", first=False) as tab,
        ben.line("dm_1_2", ann) as other,
    ):
        for each in (line, tab):
            assert await each.receive() == ben.comes()
        for on in (True, False):
            await line.send({"type": "typing", "is_typing": on, "user": "ben"})
            assert await other.receive() == {
                "type": "typing_indicator", "user": "ann", "user_id": str(ann.id), "room": "dm_1_2", "is_typing": on,
            }  # fmt: skip
        await other.send({"message": "hi"})
        for each in (line, tab, other):
            assert (await each.receive())["message"] == "hi"


async def test_read_status_moves_the_position_and_is_told_to_everybody(here: Place) -> None:
    ann, ben = await people(here, "ann", "ben")
    async with ann.line("Lobby") as line, ben.line("Lobby", ann) as other, ann.line("Attic") as elsewhere:
        assert await line.receive() == ben.comes()
        for place_ in (line, elsewhere):
            await place_.send({"message": "hi"})
        frame, foreign = await other.receive(), await elsewhere.receive()
        await other.send({"type": "read_status", "message_id": frame["message_id"], "username": "ann"})
        told = await other.receive()
        assert told == {
            "type": "read_status", "message_id": frame["message_id"], "username": "ben", "timestamp": told["timestamp"],
        }  # fmt: skip
        assert [await line.receive() for _ in range(2)] == [frame, told]
        await services(here).receipts.flush()
        rooms = await services(here).lookup.own_rooms(caller(here, ben), 10)
        assert [view.member.read_index for view in rooms if view.member and view.room.name == "Lobby"] == [1]
        wrong: tuple[Any, ...] = (foreign["message_id"], str(uuid4()), "x", None, 7, [])
        answers = []
        for ref in wrong:
            await other.send({"type": "read_status", "message_id": ref})
            answers.append(await other.receive())
        assert answers == [{"error": "There is no such message."}] * len(wrong)
        await nothing_more(other, ben)


# Who is there.


async def test_presence_is_counted_by_user_and_room_not_by_tab(here: Place) -> None:
    """Must not be reproduced: presence lost when one of two tabs closes."""
    ann, ben = await people(here, "ann", "ben")
    async with ann.line("Lobby") as line:
        async with ben.line("Lobby", ann) as tab:
            assert await line.receive() == ben.comes()
            async with ben.line("Lobby", ann, first=False), ben.line("Attic") as attic:
                await nothing_more(attic, ben)
            await nothing_more(line, ann)
            assert (await tab.receive())["message"] == "mark"
            async with ann.line("Lobby", ben, first=False, history=1):
                pass
            await nothing_more(tab, ben)
            assert (await line.receive())["message"] == "mark"
        assert await line.receive() == ben.goes()
        async with ben.line("Lobby", ann, history=2) as tab:
            assert await line.receive() == ben.comes()
            tab.line.transport.abort()
            assert await line.receive() == ben.goes()


async def test_who_is_blocked_in_a_direct_room_sees_nobody_there(here: Place) -> None:
    ann, ben = await people(here, "ann", "ben")
    await ann.call("GET", f"/chat/dm/{ben.id}")
    async with ann.line("dm_1_2") as line, ben.line("dm_1_2", ann) as other:
        assert await line.receive() == ben.comes()
        await services(here).blocks.add(caller(here, ann), await _user_id(here, ben))
        assert await other.receive() == ann.goes()
    async with ann.line("dm_1_2") as line, ben.line("dm_1_2") as other:
        await line.send({"type": "typing", "is_typing": True})
        await nothing_more(line, ann)
        assert (await other.receive())["message"] == "mark"
        await other.send({"message": "hi"})
        assert list(await other.receive()) == ["error"]


# How it ends.


async def test_sockets_end_with_the_code_of_why(here: Place) -> None:
    """Must not be reproduced: socket tokens of deactivated users."""
    ann, ben, cid = await people(here, "ann", "ben", "cid")
    secret, lobby = await ann.private("Secret", ben), await ann.make("Lobby")
    async with ann.line("Secret") as line:
        async with ben.line("Secret", ann) as other:
            assert await line.receive() == ben.comes()
            path = f"/chat/rooms/{secret['room_id']}/members/remove/{ben.id}/"
            await ann.call("DELETE", path)
            assert await other.closed() == 4003
        assert await line.receive() == ben.goes()
        assert await ben.close_code("Secret") == 4003
    async with ann.line("Lobby") as line, cid.line(lobby["room_id"], ann) as other:
        assert await line.receive() == cid.comes()
        await ann.call("DELETE", f"/chat/rooms/{lobby['room_id']}/", status=204)
        for each in (line, other):
            assert await each.closed() == 4000
    async with ann.line("general") as line, cid.line("general", ann) as other:
        assert await line.receive() == cid.comes()
        here.server.application.services.sessions.set_active(cid.id, active=False)
        assert await other.closed() == 4001
        assert await line.receive() == cid.goes()
        assert await cid.close_code("general") == 4001
        await here.server.application.services.sessions.end_all(ann.id)
        assert await line.closed() == 4001


async def test_who_floods_is_sent_away_with_a_code_of_no_room(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, command_rate=1) as here:
        ann = await somebody(here, "ann")
        async with here.socket("general", ann.token) as line:
            for _ in range(500):
                await line.send({"type": "nonsense"})
            assert await line.closed() == 1008


async def test_a_room_that_was_renamed_is_there_by_its_new_name(here: Place) -> None:
    ann, ben = await people(here, "ann", "ben")
    made = await ann.make("Old")
    async with ann.line("Old") as line:
        await ann.call("PATCH", f"/chat/rooms/{made['room_id']}/", {"room_name": "New"})
        async with ben.line("New", ann) as other:
            assert await line.receive() == ben.comes()
            await other.send({"message": "hi"})
            assert await line.receive() == await other.receive()
            await line.send({"type": "typing", "is_typing": True})
            assert (await other.receive())["room"] == "New"
