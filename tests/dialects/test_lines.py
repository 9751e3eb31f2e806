"""Sockets of dialects: live from their handshake on, bounded, ended when they must be. Here: chatrooms."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from support.dialects import PASSWORD, Line, Place, place
from support.gates import Hook
from tertulia.dialects import line as line_module
from tertulia.dialects.line import POLICY
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.gateway.admission import Decision
from tertulia.services.lookup import Entry

NAME = "chatrooms"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


async def token(here: Place, name: str = "ann") -> str:
    response = await here.http.post("/api/register/", json={"username": name, "password": PASSWORD})
    assert response.status_code == 201, response.text
    return str(response.json()["tokens"]["access"])


async def general(here: Place) -> tuple[str, str]:
    """What it takes to open a socket."""
    return "general", await token(here)


async def bodies(line: Line, count: int) -> list[str]:
    return [(await line.receive())["message"] for _ in range(count)]


async def caller(here: Place, access: str) -> Caller:
    return await here.server.application.services.sessions.identify(access)


async def test_what_is_said_right_after_the_handshake_reaches_everybody_once_and_in_order(here: Place) -> None:
    tokens = [await token(here, f"user{number}") for number in range(4)]
    async with here.socket("general", tokens[0]) as first:
        for number, each in enumerate(tokens[1:], 1):
            async with here.socket("general", each) as line:
                texts = [f"{number} {place}" for place in range(20)]
                for text in texts:
                    await line.send({"message": text})
                assert await bodies(line, 20) == texts
                assert await bodies(first, 20) == texts


async def test_promise_4_what_is_said_while_the_room_is_read_reaches_who_opens(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup, guest = here.server.application.services.lookup, await token(here, "bob")
    async with here.socket(*await general(here)) as line:
        read = lookup.entry

        async def meanwhile(*args: Any) -> Entry:
            found = await read(*args)
            await line.send({"message": "meanwhile"})
            assert await bodies(line, 1) == ["meanwhile"]
            return found

        monkeypatch.setattr(lookup, "entry", meanwhile)
        async with here.socket("general", guest) as other:
            monkeypatch.undo()
            await line.send({"message": "then"})
            assert await bodies(other, 2) == ["meanwhile", "then"]


async def test_promise_4_what_is_said_before_the_handshake_is_answered_reaches_who_opens(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, guest = here.server.application.lines, await token(here, "bob")
    async with here.socket(*await general(here)) as line:
        admit = lines.admit

        async def slowly(*args: Any) -> Decision:
            decision = await admit(*args)
            await line.send({"message": "meanwhile"})
            assert await bodies(line, 1) == ["meanwhile"]
            return decision

        monkeypatch.setattr(lines, "admit", slowly)
        async with here.socket("general", guest) as other:
            await line.send({"message": "then"})
            assert await bodies(other, 2) == ["meanwhile", "then"]


async def test_who_is_too_fast_is_read_more_slowly_and_nothing_is_lost(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, post_rate=50, post_burst=2) as here, here.socket(*await general(here)) as line:
        texts = [str(number) for number in range(30)]
        for text in texts:
            await line.send({"message": text})
        assert await bodies(line, 30) == texts


async def test_who_says_far_too_much_at_once_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one piece, so that more of it is here than may wait before reading stops."""
    monkeypatch.setattr(line_module, "MAX_WAITING", 4)
    async with place(tmp_path, NAME, post_rate=1, post_burst=1) as here, here.socket(*await general(here)) as line:
        for number in range(20):
            line.line.protocol.send_text(json.dumps({"message": str(number)}).encode())
        line.line.send_data()
        assert await line.closed() == 4003


async def test_a_burst_of_twenty_passes_with_the_usual_limits(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, post_rate=10, post_burst=40) as here, here.socket(*await general(here)) as line:
        for number in range(20):
            await line.send({"message": str(number)})
        assert await bodies(line, 20) == [str(number) for number in range(20)]


async def test_the_longest_message_and_a_longer_one(here: Place) -> None:
    access = await token(here)
    async with here.socket("general", access) as line:
        text = "é😀" * 8_192
        await line.send({"message": text})
        assert await bodies(line, 1) == [text]
        await line.send({"message": text + "x"})
        await line.send({"message": "next"})
        assert await bodies(line, 1) == ["next"]


async def test_bad_frames_are_ignored(here: Place) -> None:
    async with here.socket("general", await token(here)) as line:
        for bad in ("{", "[]", "7", "null", '{"message": 7}', '{"message": ""}', '{"message": " "}', "[" * 90_000):
            await line.send(bad)
        await line.send(b"\x00\x01")
        await line.send(b'{"message": "binary"}')
        await line.send({"message": "still here"})
        assert await bodies(line, 1) == ["still here"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 16_385])
async def test_no_text_that_cannot_be_stored_reaches_the_room(here: Place, text: str) -> None:
    async with here.socket("general", await token(here)) as line:
        await line.send({"message": text})
        await line.send({"message": "next"})
        assert await bodies(line, 1) == ["next"]


async def test_a_frame_that_is_too_large(here: Place) -> None:
    async with here.socket("general", await token(here)) as line:
        await line.send("x" * 300_000)
        assert await line.closed() == 1009


async def test_it_ends_with_the_account(here: Place) -> None:
    access = await token(here)
    services = here.server.application.services
    async with here.socket("general", access) as line:
        services.sessions.set_active((await caller(here, access)).user, active=False)
        assert await line.closed() == 4501
    assert await here.refused("general", access) == 403


async def test_it_ends_with_the_session(here: Place) -> None:
    access = await token(here)
    async with here.socket("general", access) as line:
        await here.server.application.services.sessions.leave(await caller(here, access))
        assert await line.closed() == 4501


async def test_it_ends_with_the_room_and_with_a_ban(here: Place) -> None:
    owner, guest = await token(here), await token(here, "bob")
    made = await here.http.post("/api/chatrooms/", json={"name": "attic"}, headers={"authorization": f"Bearer {owner}"})
    services = here.server.application.services
    room, _ = await services.lookup.room_named(await caller(here, owner), "attic")
    async with here.socket("attic", owner) as stays, here.socket("attic", guest) as banned:
        await services.members.ban(await caller(here, owner), room.id, (await caller(here, guest)).user_id, "")
        assert await banned.closed() == POLICY
        assert await here.refused("attic", guest) == 403
        path = f"/api/chatrooms/delete/{made.json()['id']}/"
        assert (await here.http.delete(path, headers={"authorization": f"Bearer {owner}"})).status_code == 204
        assert await stays.closed() == POLICY


async def test_who_is_let_go_of_while_the_database_is_away_is_closed_too(here: Place) -> None:
    """Why, who comes back is told."""
    access = await token(here)
    app = here.server.application

    async def away() -> None:
        raise Rejection("unavailable", "The database cannot work right now.")

    async with here.socket("general", access) as line:
        room, _ = await app.services.lookup.room_named(await caller(here, access), "general")
        Hook(app.services.rooms, "heads", away)
        app.hub.drop(room.number, (await caller(here, access)).user)
        assert await line.closed() == 1013


async def test_so_many_of_one_user(tmp_path: Path) -> None:
    async with place(tmp_path, NAME, connections_per_user=2) as here:
        access = await token(here)
        async with here.socket("general", access), here.socket("general", access):
            assert await here.refused("general", access) == 503
        async with here.socket("general", access):
            pass


async def test_a_handshake_that_is_not_finished_leaves_nothing_behind(here: Place) -> None:
    access = await token(here)
    app = here.server.application
    room, _ = await app.services.lookup.room_named(await caller(here, access), "general")
    reader, writer = await asyncio.open_connection("127.0.0.1", here.server.port)
    head = f"GET {here.root}/ws/chat/general/?token={access} HTTP/1.1\r\nHost: {here.host}\r\nUpgrade: websocket\r\n"
    key = "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    writer.write((head + key).encode())
    writer.close()
    await reader.read()
    async with here.socket("general", access) as line:
        await line.send({"message": "x"})
        assert await bodies(line, 1) == ["x"]
    assert await _until(lambda: room.number not in app.hub.rooms)


async def _until(holds: Any) -> bool:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    return True


async def test_somebody_of_api_v1_in_the_same_room(here: Place) -> None:
    access = await token(here)
    ann = await here.server.register("bob")
    room, _ = await here.server.application.services.lookup.room_named(await caller(here, access), "general")
    await ann.call("POST", f"rooms/{room.id}/join")
    async with here.socket("general", access) as line, ann.socket() as socket:
        await line.send({"message": "from the dialect"})
        event = await socket.event("message")
        assert event["message"]["body"] == "from the dialect"
        assert (await line.receive())["message"] == "from the dialect"
        await socket.ask("post", room=room.id, body="from v1")
        assert await bodies(line, 1) == ["from v1"]
        presence = [each for each in socket.ready["presence"] if each["status"] == "online"]
        assert len(presence) >= 1


async def test_a_restart_says_so(tmp_path: Path) -> None:
    async with place(tmp_path, NAME) as here, here.socket("general", await token(here)) as line:
        await here.server.application.lines.close()
        assert await line.closed() == 1012


async def test_a_slow_reader_hurts_only_itself(tmp_path: Path) -> None:
    """It is closed when too much waits for it; the others notice nothing."""
    async with place(tmp_path, NAME, unsent_limit_kb=256) as here:
        slow_token, fast_token = await token(here), await token(here, "bob")
        async with here.socket("general", fast_token) as fast, here.socket("general", slow_token) as slow:
            slow.line.transport.pause_reading()
            text = "x" * 16_000
            for _ in range(150):
                await fast.send(json.dumps({"message": text}))
                assert await bodies(fast, 1) == [text]
            assert await _until(lambda: here.server.application.metrics.slow_closes._value.get() == 1)
            slow.line.transport.resume_reading()


async def test_rule_17_a_hundred_who_connect_at_once_join_quietly(here: Place) -> None:
    people = await here.server.guests(*["guest"] * 100)
    app = here.server.application
    async with AsyncExitStack() as stack:
        opening = [stack.enter_async_context(here.socket("general", str(each.tokens["access"]))) for each in people]
        await asyncio.gather(*opening)
        room, member = await app.services.lookup.room_named(
            await caller(here, str(people[0].tokens["access"])), "general"
        )
        assert (room.member_count, member is not None) == (100, True)
    page = await people[0].call("GET", f"rooms/{room.id}/messages")
    assert page["items"] == []


async def test_rule_18_who_missed_too_much_is_closed_and_reads_the_history(here: Place) -> None:
    """1013: come back."""
    access = await token(here)
    async with here.socket("general", access) as line:
        app = here.server.application
        room, _ = await app.services.lookup.room_named(await caller(here, access), "general")
        [subscriber] = app.hub.of_user((await caller(here, access)).user)
        subscriber.behind(room.number, room.id)
        assert await line.closed() == 1013
