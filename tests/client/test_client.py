"""The client against scripted servers; against the real one: tests/client/test_with_server.py."""

import asyncio
from random import Random

import pytest

from support.clock import FakeClock
from support.reference import ME, Frame, ReferenceRoom
from support.script import Line, Refusal, Script, client_of, flow, flowing, staged
from tertulia.client import ApiError, Client, ConnectionLost, Stopped


def talk() -> ReferenceRoom:
    room = ReferenceRoom("room-1")
    room.join(2)
    room.post(2, "welcome")
    return room


async def follow(line: Line, room: ReferenceRoom) -> None:
    """Answer the client that wants the room afresh."""
    await line.reply(await line.hear("subscribe"))
    await line.say(room.reload())


async def accept(line: Line, room: ReferenceRoom, command: Frame, *, say_event: bool = True) -> None:
    event = room.post(1, command["body"], command["client_id"])
    if say_event:
        await line.say(event)
    await line.reply(command, message=event["message"])


async def test_it_starts_with_every_room_up_to_date() -> None:
    room = talk()

    async def script(line: Line) -> None:
        assert (await line.greet(room))["resume"] == {}
        await follow(line, room)
        await line.stay()

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        events = client.events()
        await client.start()
        assert client.state == "online"
        assert client.user["id"] == ME
        assert client.rooms["room-1"].messages[-1]["body"] == "welcome"
        assert [(await anext(events))["ev"] for _ in range(4)] == ["state", "ready", "state", "reload"]


async def test_a_post_comes_back_as_it_is_stored() -> None:
    room = talk()

    async def script(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        command = await line.hear("post")
        assert len(command["client_id"]) >= 16
        assert command["reply_to"] == 1
        await accept(line, room, command)
        await line.stay()

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        message = await client.post("room-1", "Hello", reply_to=1)
        assert (message["index"], message["body"]) == (2, "Hello")
        assert client.rooms["room-1"].unread == 0
        assert not len(client.outbox)


async def test_a_post_whose_answer_got_lost_is_sent_again_with_the_same_key() -> None:
    """The server stored it, and died. The client resumes, and learns it from the changes as from the answer."""
    room = talk()
    keys: list[str] = []

    async def first(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        command = await line.hear("post")
        keys.append(command["client_id"])
        room.post(1, command["body"], command["client_id"])
        line.cut()

    async def second(line: Line) -> None:
        hello = await line.greet(room)
        assert hello["resume"] == {"room-1": room.head - 1}
        assert hello["boot"] == "boot-1"
        command = await line.hear("post")
        keys.append(command["client_id"])
        for frame in room.changes(room.head - 1):
            await line.say(frame)
        await line.reply(command, message=room.rows[room.head], duplicate=True)
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock, random=Random(1)) as client:
        await client.start()
        message = await flowing(clock, client.post("room-1", "Hello"))
        assert message["seq"] == room.head
        assert keys[0] == keys[1]
        await client.until(lambda: client.rooms["room-1"].cursor == room.head)
        assert [row["body"] for row in client.rooms["room-1"].messages].count("Hello") == 1


async def test_my_own_message_in_the_changes_is_as_good_as_the_answer() -> None:
    room = talk()

    async def first(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        command = await line.hear("post")
        room.post(1, command["body"], command["client_id"])
        line.cut()

    async def second(line: Line) -> None:
        await line.greet(room)
        await line.hear("post")  # never answered
        for frame in room.changes(room.head - 1):
            await line.say(frame)
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()
        assert (await flowing(clock, client.post("room-1", "Hello")))["seq"] == room.head


@pytest.mark.parametrize("code", ["outcome_unknown", "unavailable", "busy", "rate_limited"])
async def test_try_again_later_is_done_in_order(code: str) -> None:
    room = talk()
    heard: list[str] = []

    async def script(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        for number in range(4):
            command = await line.hear("post")
            heard.append(command["body"])
            if number < 2:
                await line.refuse(command, code, retry_after=2.0)
            else:
                await accept(line, room, command)
        await line.stay()

    clock = FakeClock()
    async with staged(script) as stage, client_of(stage, clock) as client:
        await client.start()
        start = clock.monotonic()
        posts = [client.send("room-1", body) for body in ("one", "two")]
        await flow(clock, lambda: not len(client.outbox))
        assert heard == ["one", "one", "one", "two"]
        assert clock.monotonic() - start >= 4.0
        assert [(await post.answer())["body"] for post in posts] == ["one", "two"]


async def test_a_post_that_is_refused_says_why_and_the_next_goes_on() -> None:
    room = talk()

    async def script(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        await line.refuse(await line.hear("post"), "too_long")
        await accept(line, room, await line.hear("post"))
        await line.stay()

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        events = client.events()
        bad = client.send("room-1", "bad")
        good = await client.post("room-1", "good")
        assert good["body"] == "good"
        with pytest.raises(ApiError, match="too_long"):
            await bad.answer()
        refused = await anext(events)
        assert (refused["ev"], refused["client_id"], refused["error"].code) == ("refused", bad.client_id, "too_long")


@pytest.mark.parametrize(("body", "code"), [("x" * 300_000, "too_large"), ("\ud800", "invalid_text")])
async def test_what_would_end_every_connection_is_never_sent(body: str, code: str) -> None:
    room = talk()

    async def script(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        await accept(line, room, await line.hear("post"))
        await line.stay()

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        for say in (client.post("room-1", body), client.edit("room-1", 1, body)):
            with pytest.raises(ApiError, match=code):
                await say
        assert (await client.post("room-1", "good"))["body"] == "good"
        assert stage.connections == 1


async def test_nothing_is_missed_or_doubled_over_a_cut() -> None:
    room = talk()

    async def first(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        await line.say(room.post(2, "before"))
        line.cut()

    async def second(line: Line) -> None:
        cursor = (await line.greet(room))["resume"]["room-1"]
        for frame in room.changes(cursor):
            await line.say(frame)
        await line.say(room.post(2, "after"))
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        events = client.events()
        await client.start()
        await client.until(lambda: client.state == "offline")
        room.post(2, "meanwhile")
        await flow(clock, lambda: client.rooms["room-1"].cursor == room.head)
        bodies = [row["body"] for row in client.rooms["room-1"].messages if row["index"]]
        assert bodies == ["welcome", "before", "meanwhile", "after"]
        await client.close()
        assert [event["message"]["body"] async for event in events if event["ev"] == "message"] == bodies[1:]


async def test_a_gap_is_closed_by_asking_for_the_room() -> None:
    room = talk()

    async def script(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        room.post(2, "lost")
        await line.say(room.post(2, "later"))
        command = await line.hear("subscribe")
        await line.reply(command)
        for frame in room.changes(command["seq"]):
            await line.say(frame)
        await line.stay()

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        await client.until(lambda: client.rooms["room-1"].cursor == room.head)
        assert [row["body"] for row in client.rooms["room-1"].messages][-2:] == ["lost", "later"]


async def test_a_room_that_comes_back_before_the_server_hears_unsubscribe_is_followed_on() -> None:
    room = talk()

    async def first(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        line.cut()

    async def second(line: Line) -> None:
        cursor = room.head
        room.leave(1)
        await line.greet(room)
        for frame in room.changes(cursor):
            await line.say(frame)
        room.join(1)
        await line.say(room.reload())
        room.post(2, "not heard")
        await line.reply(await line.hear("unsubscribe"))
        command = await line.hear("subscribe")
        await line.reply(command)
        for frame in room.changes(command["seq"]):
            await line.say(frame)
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()

        def is_heard() -> bool:
            view = client.rooms.get("room-1")
            return view is not None and view.messages[-1:] == [room.rows[room.head]] and room.head > 5

        await flow(clock, is_heard)
        assert client.rooms["room-1"].messages[-1]["body"] == "not heard"


async def test_a_catch_up_that_has_to_wait_is_asked_for_again() -> None:
    room = talk()

    async def script(line: Line) -> None:
        await line.greet(room)
        await line.refuse(await line.hear("subscribe"), "rate_limited", retry_after=1.0)
        await follow(line, room)
        await line.stay()

    clock = FakeClock()
    async with staged(script) as stage, client_of(stage, clock) as client:
        await flowing(clock, client.start())
        assert client.rooms["room-1"].cursor == room.head


# The end of a connection.


@pytest.mark.parametrize("code", [1000, 1002, 1011, 1013, 4000, 4002, 4004, 4499])
async def test_most_ends_mean_come_back(code: int) -> None:
    async def first(line: Line) -> None:
        await line.greet()
        await line.close(code)

    async def second(line: Line) -> None:
        await line.greet()
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()
        await flow(clock, lambda: stage.connections == 2 and client.state == "online")


async def test_a_restarting_server_says_when_to_come_back() -> None:
    async def first(line: Line) -> None:
        await line.greet()
        await line.say(ev="bye", code=1012, reason="The server restarts.", reconnect_in=20.0)
        await line.close(1012)

    async def second(line: Line) -> None:
        await line.greet()
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()
        await flow(clock, lambda: stage.connections == 2)
        assert 20.0 <= clock.monotonic() <= 22.0


async def test_a_flood_means_a_pause() -> None:
    async def first(line: Line) -> None:
        await line.greet()
        await line.close(4003)

    async def second(line: Line) -> None:
        await line.greet()
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()
        await flow(clock, lambda: stage.connections == 2)
        assert clock.monotonic() >= 5.0


async def test_an_expired_token_is_renewed_first_and_at_once() -> None:
    async def first(line: Line) -> None:
        await line.greet()
        await line.close(4001, "expired")

    async def second(line: Line) -> None:
        await line.greet()
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()
        await client.until(lambda: stage.connections == 2 and client.state == "online")
        assert stage.tokens == ["Bearer token-1", "Bearer token-2"]
        assert clock.monotonic() == 0.0


@pytest.mark.parametrize("refusal", [(401, {}), 4500, 4001])
async def test_a_server_that_takes_no_token_is_given_up(refusal: int | tuple[int, dict[str, str]]) -> None:
    async def no(line: Line) -> None:
        assert isinstance(refusal, int)
        await line.close(refusal, "not good")

    clock = FakeClock()
    scripts: list[Script | Refusal] = [no if isinstance(refusal, int) else refusal]
    async with staged(*scripts) as stage, client_of(stage, clock) as client:
        with pytest.raises(Stopped) as raised:
            await flowing(clock, client.start())
        assert raised.value.code == 4500
        assert stage.connections <= 3


@pytest.mark.parametrize("code", [4501, 4502, 4999])
async def test_codes_from_4500_on_are_the_end(code: int) -> None:
    go = asyncio.Event()

    async def script(line: Line) -> None:
        await line.greet()
        await go.wait()
        await line.close(code, "over")

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        events = client.events()
        post = client.send("room-1", "never answered")
        go.set()
        with pytest.raises(Stopped, match="over"):
            await client.until(lambda: False)
        assert (client.state, client.error.code if client.error else None) == ("offline", code)
        with pytest.raises(Stopped):
            await post.answer()
        with pytest.raises(Stopped):
            client.send("room-1", "too late")
        with pytest.raises(Stopped):
            [event async for event in events]
        assert stage.connections == 1


async def test_a_full_server_is_tried_again_when_it_says() -> None:
    async def second(line: Line) -> None:
        await line.greet()
        await line.stay()

    clock = FakeClock()
    async with staged((503, {"Retry-After": "7"}), second) as stage, client_of(stage, clock) as client:
        await flowing(clock, client.start())
        assert clock.monotonic() >= 7.0


async def test_an_address_that_is_no_server_is_said_at_once() -> None:
    async with staged((404, {})) as stage, client_of(stage, FakeClock()) as client:
        with pytest.raises(Stopped, match="404"):
            await client.start()


async def test_a_server_that_says_nothing_is_left_and_tried_again() -> None:
    async def silent(line: Line) -> None:
        await line.reply(await line.hear("hello"))
        await line.stay()

    async def second(line: Line) -> None:
        await line.greet()
        await line.stay()

    clock = FakeClock()
    async with staged(silent, second) as stage, client_of(stage, clock) as client:
        await flowing(clock, client.start())
        assert clock.monotonic() >= 10.0


async def test_the_token_on_a_live_connection_is_renewed_before_it_expires() -> None:
    refreshed: list[Frame] = []

    async def script(line: Line) -> None:
        await line.greet(expires_in=100)
        for _ in range(2):
            command = await line.hear("refresh")
            refreshed.append(command)
            await line.reply(command, expires_in=100)
        await line.stay()

    clock = FakeClock()
    async with staged(script) as stage, client_of(stage, clock) as client:
        await client.start()
        await flow(clock, lambda: len(refreshed) == 2)
        assert [command["token"] for command in refreshed] == ["token-2", "token-3"]
        assert 160.0 <= clock.monotonic() <= 165.0
        assert stage.connections == 1


async def test_a_post_while_away_goes_out_when_back() -> None:
    room = talk()

    async def first(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        line.cut()

    async def second(line: Line) -> None:
        cursor = (await line.greet(room))["resume"]["room-1"]
        for frame in room.changes(cursor):
            await line.say(frame)
        for _ in range(3):
            await accept(line, room, await line.hear("post"))
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()
        await client.until(lambda: client.state == "offline")
        for body in ("1", "2", "3"):
            client.send("room-1", body)
        await flowing(clock, client.flush())
        assert [row["body"] for row in client.rooms["room-1"].messages][-3:] == ["1", "2", "3"]


# What one says.


async def test_edits_survive_a_cut() -> None:
    room = talk()

    async def first(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        await line.hear("edit")
        line.cut()

    async def second(line: Line) -> None:
        await line.greet(room)
        command = await line.hear("edit")
        await line.reply(command, message=room.change(1, body=command["body"])["message"])
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()
        message = await flowing(clock, client.edit("room-1", 1, "new"))
        assert message["body"] == "new"
        assert client.rooms["room-1"].messages[-1]["body"] == "new"


async def test_older_pages_join_the_view() -> None:
    room = talk()
    for number in range(20):
        room.post(2, f"{number}")

    async def script(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        while True:
            command = await line.hear("history")
            rows, more = room.history(command["before"], command["limit"])
            await line.reply(command, messages=rows, more=more)

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        view = client.rooms["room-1"]
        assert len(await client.older("room-1", 5)) == 5
        while await client.older("room-1", 5):
            pass
        assert [row["seq"] for row in view.messages] == sorted(room.rows)
        assert await client.older("no such room") == []


async def test_typing_is_said_now_and_then() -> None:
    heard: list[Frame] = []

    async def script(line: Line) -> None:
        await line.greet()
        while True:
            heard.append(await line.hear())

    clock = FakeClock()
    async with staged(script) as stage, client_of(stage, clock) as client:
        await client.start()
        for _ in range(10):
            await client.typing("room-1")
        clock.advance(3.1)
        await client.typing("room-1")
        await client.typing("room-1", on=False)
        await client.typing("room-1", on=False)
        await client.presence("away")
        await flow(clock, lambda: len(heard) == 4, step=0.0)
        assert [(command["cmd"], command.get("on")) for command in heard] == [
            ("typing", True),
            ("typing", True),
            ("typing", False),
            ("presence", None),
        ]


async def test_being_away_is_said_again_on_the_next_connection() -> None:
    statuses: list[str] = []

    async def script(line: Line) -> None:
        await line.greet()
        statuses.append((await line.hear("presence"))["status"])
        if len(statuses) == 1:
            line.cut()
        await line.stay()

    clock = FakeClock()
    async with staged(script) as stage, client_of(stage, clock) as client:
        await client.start()
        await client.presence("away")
        await flow(clock, lambda: statuses == ["away", "away"])


async def test_positions_are_gathered_and_told_again_in_hello() -> None:
    room = talk()
    room.read[ME] = 0
    said: list[Frame] = []

    async def first(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        for number in range(5):
            await line.say(room.post(2, f"{number}"))
        said.append(await line.hear("read"))
        line.cut()

    async def second(line: Line) -> None:
        hello = await line.greet(room)
        assert hello["read"] == {"room-1": 6}
        await line.stay()

    clock = FakeClock()
    async with staged(first, second) as stage, client_of(stage, clock) as client:
        await client.start()
        await client.until(lambda: client.rooms["room-1"].message_count == 6)
        for index in range(1, 7):
            client.read("room-1", index)
        client.read("room-1", 3)
        assert client.rooms["room-1"].unread == 0
        await flow(clock, lambda: stage.connections == 2 and client.state == "online")
        assert [(command["index"], command["delivered"]) for command in said] == [(6, 6)]


async def test_a_room_that_is_not_there() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        command = await line.hear("subscribe")
        await line.reply(command)
        await line.say(ev="gone", room=command["room"])
        await line.stay()

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        with pytest.raises(ApiError, match="not_found"):
            await client.open("room-9")
        assert client.rooms == {}


# The client itself.


async def test_closing_is_the_end_of_everything_that_waits() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.stay()

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        events = client.events()
        post = client.send("room-1", "waits")
        history = asyncio.gather(client.history("room-1"), return_exceptions=True)
        await asyncio.wait([history], timeout=0.01)
        await client.close()
        with pytest.raises(Stopped, match="closed"):
            await post.answer()
        assert isinstance((await history)[0], Stopped)
        assert [event["ev"] async for event in events] == ["state"]


async def test_cancelling_a_call_leaves_the_client_alive() -> None:
    room = talk()

    async def script(line: Line) -> None:
        await line.greet(room)
        await follow(line, room)
        await line.hear("history")
        await accept(line, room, await line.hear("post"))
        await line.stay()

    async with staged(script) as stage, client_of(stage, FakeClock()) as client:
        await client.start()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await client.history("room-1")
        assert (await client.post("room-1", "still here"))["body"] == "still here"


async def test_signing_in_where_no_server_is() -> None:
    async with staged((500, {})) as stage:
        url = stage.url
    with pytest.raises(ConnectionLost):
        async with Client.login(url, "ana", "secret"):
            pass


def test_the_user_is_known_after_the_start() -> None:
    with pytest.raises(RuntimeError, match="start"):
        _ = Client.login("http://127.0.0.1:1", "ana", "secret").user


def test_an_address_is_checked_at_once() -> None:
    with pytest.raises(ValueError, match="address"):
        Client.login("chat.example", "ana", "secret")
