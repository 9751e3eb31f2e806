"""Every command, what it does and how it is refused, on both transports. Frames are checked as they come."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from support.server import Person, Socket, running_server
from support.server import RunningServer as Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTHING = "0197a1b0-0000-7000-8000-000000000001"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["picows", "asgi"])
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp(request.param)
    async with running_server(directory, sockets=request.param) as server:
        yield server


def code(reply: dict[str, Any]) -> str:
    """Of a refusal; empty when it was none."""
    return str(reply.get("error", {}).get("code", ""))


async def two(server: Server, kind: str = "public") -> tuple[Person, Person, str]:
    ana, ben = await server.guests("ana", "ben")
    return ana, ben, await server.room(ana, ben, kind=kind)


async def refused(socket: Socket, *codes: str, **command: Any) -> None:
    """The command is refused with the first code; then the line still lives."""
    assert code(await socket.ask(**command)) in codes, command
    assert set(await socket.ask("ping")) == {"re"}


# post


async def test_promises_1_and_2_a_post_is_answered_and_delivered_to_all_with_its_place(server: Server) -> None:
    ana, ben, room = await two(server)
    async with ana.socket() as a, ben.socket() as b:
        for index in (1, 2, 3):
            reply = await a.ask("post", room=room, body=f"message {index}")
            assert reply["message"]["index"] == index
            for socket in (a, b):
                event = await socket.event("message")
                assert event["message"] == reply["message"]
                assert event["seq"] == reply["message"]["seq"] == index + 2  # after the room's making and a join


async def test_a_post_keeps_its_text_as_it_is(server: Server) -> None:
    ana, ben, room = await two(server)
    body = " ñandú 👩‍👩‍👧 \u202e \ufeff\r\n\t\x01\x7f\u2028 " + "é".encode().decode() + "e\u0301"
    async with ana.socket() as a, ben.socket() as b:
        await a.ask("post", room=room, body=body)
        assert (await b.event("message"))["message"]["body"] == body
        longest = "\U0001f600" * 16_384
        await a.ask("post", room=room, body=longest)
        assert (await b.event("message"))["message"]["body"] == longest


async def test_a_post_may_answer_another_one_and_name_people(server: Server) -> None:
    ana, ben, room = await two(server)
    async with ana.socket() as a:
        await a.ask("post", room=room, body="first")
        reply = await a.ask("post", room=room, body=f"@{ben.name} hi, not `@{ana.name}`", reply_to=1)
        assert reply["message"]["reply_to"] == 1
        assert reply["message"]["mentions"] == [ben.id]
        await refused(a, "not_found", cmd="post", room=room, body="x", reply_to=3)


async def test_promise_3_posting_twice_posts_once(server: Server) -> None:
    ana, ben, room = await two(server)
    async with ana.socket() as a, ana.socket() as other:
        first = await a.ask("post", room=room, body="once", client_id="k1")
        assert "duplicate" not in first
        for socket in (a, other):
            again = await socket.ask("post", room=room, body="once", client_id="k1")
            assert again["duplicate"] is True
            assert again["message"] == first["message"]
        await refused(a, "client_id_reused", cmd="post", room=room, body="twice", client_id="k1")
        await refused(a, "client_id_reused", cmd="post", room=room, body="once", client_id="k1", reply_to=1)
        edited = await a.ask("edit", room=room, index=1, body="thrice")
        again = await a.ask("post", room=room, body="once", client_id="k1")
        assert again["message"] == edited["message"]
    async with ben.socket() as b:
        assert (await b.ask("post", room=room, body="mine", client_id="k1"))["message"]["index"] == 2


async def test_posts_of_one_connection_keep_their_order(server: Server) -> None:
    """Rule 22."""
    ana, ben, room = await two(server)
    async with ana.socket() as a, ben.socket() as b:
        for number in range(60):
            await a.send(cmd="post", id=number, room=room, body=str(number))
        heard = [(await b.event("message"))["message"] for _ in range(60)]
    assert [message["body"] for message in heard] == [str(number) for number in range(60)]
    assert [message["index"] for message in heard] == list(range(1, 61))


async def test_a_post_without_an_id_is_answered_only_when_it_is_refused(server: Server) -> None:
    ana, _, room = await two(server)
    async with ana.socket() as a:
        await a.send(cmd="post", room=room, body="quiet")
        await a.event("message")
        await a.send(cmd="post", room=NOTHING, body="loud")
        assert code(await a.until(lambda frame: "re" in frame)) == "not_found"


async def test_post_refusals(server: Server) -> None:
    ana, _, room = await two(server, "private")
    [cleo] = await server.guests("cleo")
    public = await server.room(ana)
    async with cleo.socket() as c:
        for where in (room, NOTHING, "", "x", room[:-1], room.replace("-", ""), "🙂" * 36):
            reply = await c.ask("post", room=where, body="hi")
            assert reply["error"] == {"code": "not_found", "message": "There is no such room."}, where
        await refused(c, "not_member", cmd="post", room=public, body="hi")
        await refused(c, "not_member", cmd="post", room=public, body="hi", client_id="k")
        wanted = {"": "invalid", " \n\u3000": "invalid", "a\x00b": "invalid_text", "x" * 16_385: "too_long"}
        for body, code_ in wanted.items():
            await refused(c, code_, cmd="post", room=public, body=body)


async def test_ids_of_rooms_may_come_in_capitals(server: Server) -> None:
    ana, _, room = await two(server)
    async with ana.socket() as a:
        asked: dict[str, dict[str, Any]] = {"post": {"body": "hi"}, "typing": {}, "read": {"index": 1}, "subscribe": {}}
        for cmd, fields in asked.items():
            assert code(await a.ask(cmd, room=room.upper(), **fields)) == ""
        assert (await a.event("reload"))["room"] == room


# edit, delete, react


async def test_edit_changes_a_message_for_everybody(server: Server) -> None:
    ana, ben, room = await two(server)
    async with ana.socket() as a, ben.socket() as b:
        posted = (await a.ask("post", room=room, body="tpyo"))["message"]
        reply = await a.ask("edit", room=room, index=1, body=f"typo @{ben.name}")
        message = reply["message"]
        assert (message["index"], message["seq"], message["id"]) == (1, posted["seq"], posted["id"])
        assert message["changed_seq"] == posted["seq"] + 1
        assert message["mentions"] == [ben.id]
        assert message["edited_at"] >= posted["created_at"]
        await b.event("message")
        assert (await b.event("message"))["message"] == message
        same = await a.ask("edit", room=room, index=1, body=f"typo @{ben.name}")
        assert same["message"] == message  # nothing changed, so it took no seq
        await refused(b, "forbidden", cmd="edit", room=room, index=1, body="mine now")
        await refused(a, "not_found", cmd="edit", room=room, index=2, body="x")
        await refused(a, "not_found", cmd="edit", room=NOTHING, index=1, body="x")
        await a.ask("delete", room=room, index=1)
        await refused(a, "deleted", cmd="edit", room=room, index=1, body="x")


async def test_delete_leaves_a_tombstone(server: Server) -> None:
    ana, ben, room = await two(server)
    async with ana.socket() as a, ben.socket() as b:
        for body in ("secret", "other"):
            await b.ask("post", room=room, body=body)
        await a.ask("react", room=room, index=1, emoji="👍")
        message = (await b.ask("delete", room=room, index=1))["message"]
        assert message["body"] is None
        assert message["index"] == 1
        assert not {"reactions", "mentions", "edited_at"} & set(message)
        deleted = await a.until(lambda frame: frame.get("message", {}).get("deleted_at") is not None)
        assert deleted["message"] == message
        again = await b.ask("delete", room=room, index=1)
        assert again["message"] == message
        assert (await a.ask("delete", room=room, index=2))["message"]["body"] is None  # the owner
        await refused(a, "not_found", cmd="delete", room=room, index=3)
        await a.ask("post", room=room, body="mine")
        await refused(b, "forbidden", cmd="delete", room=room, index=3)


async def test_react_adds_and_takes_back(server: Server) -> None:
    ana, ben, room = await two(server)
    async with ana.socket() as a, ben.socket() as b:
        await a.ask("post", room=room, body="hi")
        await a.ask("react", room=room, index=1, emoji="👍")
        reply = await b.ask("react", room=room, index=1, emoji="👍")
        assert reply["message"]["reactions"] == [{"emoji": "👍", "count": 2, "users": [ana.id, ben.id]}]
        same = await b.ask("react", room=room, index=1, emoji="👍", on=True)
        assert same["message"] == reply["message"]
        reply = await a.ask("react", room=room, index=1, emoji="👍", on=False)
        assert reply["message"]["reactions"] == [{"emoji": "👍", "count": 1, "users": [ben.id]}]
        reply = await b.ask("react", room=room, index=1, emoji="👍", on=False)
        assert "reactions" not in reply["message"]
        again = await b.ask("react", room=room, index=1, emoji="👍", on=False)
        assert again["message"] == reply["message"]
        for emoji in ("a", "👍👍", "☺", "\U0001f3fd", "👍 ", "1"):
            await refused(a, "invalid", cmd="react", room=room, index=1, emoji=emoji)
        await refused(a, "not_found", cmd="react", room=room, index=9, emoji="👍")
        await a.ask("delete", room=room, index=1)
        await refused(b, "deleted", cmd="react", room=room, index=1, emoji="👍")


async def test_a_message_takes_twenty_kinds_of_reactions(server: Server) -> None:
    ana, ben, room = await two(server)
    kinds = [chr(point) for point in range(0x1F600, 0x1F600 + 21)]
    async with ana.socket() as a, ben.socket() as b:
        await a.ask("post", room=room, body="hi")
        for emoji in kinds[:20]:
            assert code(await a.ask("react", room=room, index=1, emoji=emoji)) == ""
        await refused(b, "too_many_reactions", cmd="react", room=room, index=1, emoji=kinds[20])
        assert code(await b.ask("react", room=room, index=1, emoji=kinds[3])) == ""
        await a.ask("react", room=room, index=1, emoji=kinds[0], on=False)
        assert code(await b.ask("react", room=room, index=1, emoji=kinds[20])) == ""


# history


async def test_history_before_after_around_and_newest(server: Server) -> None:
    ana, _, room = await two(server)
    async with ana.socket() as a:
        for number in range(1, 11):
            await a.ask("post", room=room, body=str(number))

        async def page(**place: Any) -> tuple[list[int], bool]:
            reply = await a.ask("history", room=room, **place)
            return [each["index"] for each in reply["messages"] if each["index"]], reply["more"]

        assert await page() == (list(range(1, 11)), False)
        assert await page(limit=3) == ([8, 9, 10], True)
        assert await page(before=8, limit=3) == ([5, 6, 7], True)
        assert await page(before=3, limit=2) == ([1, 2], False)
        assert await page(before=1) == ([], False)
        assert await page(before=10**18, limit=1) == ([10], True)
        assert await page(after=0, limit=2) == ([1, 2], True)
        assert await page(after=8, limit=5) == ([9, 10], False)
        assert await page(after=10**18) == ([], False)
        assert await page(around=5, limit=3) == ([4, 5, 6], True)
        assert await page(around=10**18, limit=4) == ([8, 9, 10], True)
        assert await page(around=1, limit=100) == (list(range(1, 11)), False)
        notices = (await a.ask("history", room=room, before=2))["messages"]
        assert [each["kind"] for each in notices] == ["notice", "message"]
        assert notices[0]["notice"]["type"] == "joined"


async def test_history_refusals(server: Server) -> None:
    ana, _, room = await two(server, "private")
    [cleo] = await server.guests("cleo")
    async with ana.socket() as a, cleo.socket() as c:
        for where in (room, NOTHING):
            assert code(await c.ask("history", room=where)) == "not_found"
        for fields in (
            {"before": 1, "after": 2},
            {"around": 1, "before": 1},
            {"limit": 0},
            {"limit": 101},
            {"before": 0},
        ):
            await refused(a, "invalid", cmd="history", room=room, **fields)


# read, typing, presence


async def test_read_moves_my_position_and_tells_the_others(server: Server) -> None:
    ana, ben, room = await two(server)
    async with ana.socket() as a, ben.socket() as b:
        for _ in range(3):
            await a.ask("post", room=room, body="hi")
        assert set(await b.ask("read", room=room, delivered=3)) == {"re"}
        receipt = (await a.event("receipt", room=room))["receipts"]
        assert receipt == [{"user": ben.id, "read_index": 0, "delivered_index": 3}]
        await b.ask("read", room=room, index=99)
        receipt = (await a.event("receipt", room=room))["receipts"]
        assert receipt == [{"user": ben.id, "read_index": 3, "delivered_index": 3}]
        mine = await ben.call("GET", f"rooms/{room}")
        assert (mine["me"]["read_index"], mine["me"]["unread"]) == (3, 0)
        await refused(b, "invalid", cmd="read", room=room)
        await refused(b, "invalid", cmd="read", room=room, index=-1)
        await refused(b, "not_found", cmd="read", room=NOTHING, index=1)


async def test_typing_is_told_and_ends_with_a_post(server: Server) -> None:
    ana, ben, room = await two(server)
    async with ana.socket() as a, ben.socket() as b:
        assert set(await a.ask("typing", room=room)) == {"re"}
        event = await b.event("typing")
        assert (event["count"], [user["id"] for user in event["users"]]) == (1, [ana.id])
        await a.ask("post", room=room, body="hi")
        event = await b.event("typing")
        assert (event["count"], event["users"]) == (0, [])
        await refused(a, "not_found", cmd="typing", room=NOTHING)


async def told(socket: Socket, person: Person, status: str) -> None:
    """Wait until the socket hears how the person is."""
    news = {"user": person.id, "status": status}
    await socket.until(lambda frame: frame.get("ev") == "presence" and news in frame["users"])


async def test_presence_is_told_to_those_who_share_a_room(server: Server) -> None:
    ana, ben, _ = await two(server)
    async with ana.socket() as a, ben.socket() as b:
        assert {"user": ana.id, "status": "online"} in b.ready["presence"]
        assert set(await b.ask("presence", status="away")) == {"re"}
        await told(a, ben, "away")
        await refused(b, "invalid", cmd="presence", status="offline")


# subscribe, unsubscribe


async def test_subscribe_to_a_public_room_without_joining(server: Server) -> None:
    """Rule 21."""
    ana, _, room = await two(server)
    [cleo] = await server.guests("cleo")
    async with ana.socket() as a, cleo.socket() as c:
        await a.ask("post", room=room, body="before")
        assert set(await c.ask("subscribe", room=room)) == {"re"}
        reload = await c.event("reload", room=room)
        assert "me" not in reload["snapshot"]["room"]
        await a.ask("post", room=room, body="after")
        event = await c.event("message", room=room)
        assert event["seq"] == reload["seq"] + 1
        await c.ask("subscribe", room=room, seq=reload["seq"])
        changes = await c.event("changes", room=room)
        assert (changes["from"], changes["to"], changes["more"]) == (reload["seq"], event["seq"], False)
        await c.ask("unsubscribe", room=room)
        await a.ask("post", room=room, body="unheard")
        assert set(await c.ask("ping")) == {"re"}
        assert not [frame for frame in c._put_back if frame.get("ev") == "message"]


async def test_subscribe_to_what_may_not_be_seen_is_gone(server: Server) -> None:
    _, _, room = await two(server, "private")
    [cleo] = await server.guests("cleo")
    async with cleo.socket() as c:
        for where in (room, NOTHING, "x"):
            assert set(await c.ask("subscribe", room=where)) == {"re"}
            assert set(await c.event("gone")) == {"ev", "room"}
            assert set(await c.ask("unsubscribe", room=where)) == {"re"}


async def test_the_reply_to_subscribe_comes_first(server: Server) -> None:
    ana, _, room = await two(server)
    async with ana.socket() as a:
        await a.send(cmd="subscribe", id=1, room=room, seq=1)
        assert (await a.receive())["re"] == 1
        assert (await a.until(lambda frame: "ev" in frame and frame["ev"] != "presence"))["ev"] == "changes"


# refresh, ping, hello


async def test_refresh_takes_a_new_token_of_the_same_session_only(server: Server) -> None:
    [ana, ben] = await server.guests("ana", "ben")
    response = await server.http.post("/api/v1/auth/refresh", json={"refresh": ana.tokens["refresh"]})
    fresh = response.json()["access"]
    async with ana.socket() as a:
        reply = await a.ask("refresh", token=fresh)
        assert 0 < reply["expires_in"] <= 900
        for token in (ben.tokens["access"], ana.tokens["refresh"], "", "x", "\x00", "a.b.c"):
            await refused(a, "unauthorized", cmd="refresh", token=token)
        await refused(a, "invalid", cmd="refresh", token="x" * 8_193)
        await refused(a, "invalid", cmd="refresh")


async def test_hello_comes_first_and_once(server: Server) -> None:
    [ana] = await server.guests("ana")
    async with server.socket(ana.headers) as socket:
        await socket.send(cmd="ping", id=5)
        await socket.send(cmd="post", id=6, room=NOTHING, body="x")
        await socket.send(cmd="presence", status="away")
        for number in (5, 6, None):
            reply = await socket.receive()
            assert (reply["re"], code(reply)) == (number, "hello_expected")
        await socket.hello()
        await refused(socket, "hello_repeated", cmd="hello")
        await refused(socket, "hello_repeated", cmd="hello", token=ana.tokens["access"])


async def test_events_of_rooms_for_members_and_settings(server: Server) -> None:
    ana, _, room = await two(server)
    [cleo] = await server.guests("cleo")
    async with ana.socket() as a:
        await cleo.call("POST", f"rooms/{room}/join")
        event = await a.event("member", room=room)
        assert event["members"][0]["user"]["id"] == cleo.id
        assert (event["member_count"], event["message"]["notice"]["type"]) == (3, "joined")
        await ana.call("DELETE", f"rooms/{room}/members/{cleo.id}")
        event = await a.event("member", room=room)
        assert "left_at" in event["members"][0]
        assert (event["member_count"], event["message"]["notice"]["type"]) == (2, "removed")
        await ana.call("PATCH", f"rooms/{room}", {"title": "The square"})
        event = await a.event("room", room=room)
        assert event["settings"]["title"] == event["message"]["notice"]["title"] == "The square"
        await ana.call("PATCH", f"rooms/{room}", {"description": "quiet"})
        event = await a.event("room", room=room)
        assert "message" not in event
        await ana.call("DELETE", f"rooms/{room}")
        assert (await a.event("gone"))["room"] == room
