"""Sockets of the dialect conversations. What all dialects' sockets do alike: test_lines.py."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.clock import FakeClock
from support.conversations import NAME, Person, chat, people
from support.dialects import Place, place
from tertulia.dialects.conversations.socket import Wire
from tertulia.domain.ids import new_id
from tertulia.domain.models import User

NO_MESSAGE = "Error: message is not a text, or there is nothing in it."
NOT_JSON = "Error: The frame is not a JSON object."
NOT_AN_ID = "Error: recipient_id is not a UUID."
NOT_THE_OTHER = "Error: The recipient is not the other member of this conversation."


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path, NAME) as one:
        yield one


async def texts(here: Place, caller: Person, partner: Person) -> list[str]:
    """What stands in their conversation, oldest first."""
    opened = await here.http.get(f"/api/users/{partner.id}/chat/", headers=caller.headers)
    return [message["text"] for message in opened.json()["data"]["messages"]][::-1]


async def test_who_gets_no_socket(here: Place) -> None:
    """Not reproduced: refresh tokens and those of inactive users are taken; one goes on after it was refused."""
    ann, bob, cleo = await people(here, "ann", "bob", "cleo")
    conversation, theirs = await chat(here, ann, bob), await chat(here, bob, cleo)
    for token in (None, "", "x.y.z", ann.refresh, ann.access + "x", cleo.access):
        assert await here.refused(conversation, token) == 403
    rooms = {
        kind: (
            await here.server.http.post("/api/v1/rooms", headers=ann.headers, json={"kind": kind, "name": kind})
        ).json()
        for kind in ("public", "private")
    }
    for room in (
        theirs,
        new_id(),
        "x",
        "7",
        "",
        rooms["public"]["id"],
        rooms["private"]["id"],
        "public",
        conversation[:-1],
    ):
        assert await here.refused(room, ann.access) in ({403} if room else {404}), room
    assert here.server.application.hub.rooms == []
    async with here.socket(conversation, bob.access) as line:
        async with here.socket(conversation, ann.access):
            pass
        services = here.server.application.services
        caller = await services.sessions.identify(ann.access)
        services.sessions.set_active(caller.user, active=False)
        assert await here.refused(conversation, ann.access) == 403
        services.sessions.set_active((await services.sessions.identify(bob.access)).user, active=False)
        assert await line.closed() == 4501


async def test_a_socket_outlives_its_token(tmp_path: Path) -> None:
    clock = FakeClock()
    async with place(tmp_path, NAME, clock=clock) as here:
        ann, bob = await people(here, "ann", "bob")
        conversation = await chat(here, ann, bob)
        async with here.socket(conversation, ann.access) as line:
            clock.advance(30 * 60)
            assert await here.refused(conversation, ann.access) == 403
            await line.send({"message": "still here"})
            assert (await line.receive())["message"] == "still here"


@pytest.mark.parametrize("hosts", [(), ("127.0.0.1", "Shop.example.org", "*.example.net")])
async def test_pages_are_known_by_their_host(tmp_path: Path, hosts: tuple[str, ...]) -> None:
    pages = ("https://pages.example.com",)
    async with place(tmp_path, NAME, "host", allowed_hosts=hosts, allowed_origins=pages) as here:
        ann, bob = await people(here, "ann", "bob")
        conversation = await chat(here, ann, bob)
        good = ["http://127.0.0.1:8000", "http://localhost:5173", "https://conversations.localhost", *pages]
        named = ["https://shop.example.org:444", "http://a.example.net"]
        for origin in (None, *good, *(named if hosts else ())):
            async with here.socket(conversation, ann.access, origin=origin):
                pass
        for origin in ("null", "https://evil.example", "https://127.0.0.1.evil.example", *(() if hosts else named)):
            assert await here.refused(conversation, ann.access, origin=origin) == 403, origin


async def test_what_a_frame_may_not_be(here: Place) -> None:
    """Not reproduced: texts of exceptions; 1011; blanks that are stored; what is stored elsewhere than it is shown."""
    ann, bob, cleo = await people(here, "ann", "bob", "cleo")
    conversation = await chat(here, ann, bob)
    await chat(here, ann, cleo)
    good = {"recipient_id": bob.id}
    wrong: list[tuple[Any, str]] = [
        ("", NOT_JSON),
        ("{", NOT_JSON),
        ("[]", NOT_JSON),
        ('"x"', NOT_JSON),
        ("null", NOT_JSON),
        ("[" * 90_000, NOT_JSON),
        (b"\x00\xff", NOT_JSON),
        (json.dumps({"message": "x", "recipient_id": bob.id}).encode(), NOT_JSON),
        ({"message": "x", "recipient_id": cleo.id}, NOT_THE_OTHER),
        ({"message": "x", "recipient_id": new_id()}, NOT_THE_OTHER),
        ({"message": "x", "recipient_id": "bob"}, NOT_AN_ID),
        ({"message": "x", "recipient_id": bob.id.replace("-", "")}, NOT_AN_ID),
        ({"message": "x", "recipient_id": 7}, NOT_AN_ID),
        ({"message": "x", "recipient_id": None}, NOT_AN_ID),
        ({"message": "x", "recipient_id": [bob.id]}, NOT_AN_ID),
        ({}, NO_MESSAGE),
        (good, NO_MESSAGE),
        ({**good, "message": ""}, NO_MESSAGE),
        ({**good, "message": " \n\u2003"}, NO_MESSAGE),
        ({**good, "message": 7}, NO_MESSAGE),
        ({**good, "message": None}, NO_MESSAGE),
        ({**good, "message": {"text": "x"}}, NO_MESSAGE),
        ('{"message": "a\\u0000b"}', "Error: "),
        ('{"message": "\\ud800"}', "Error: "),
        ({**good, "message": "x" * 16_385}, "Error: A message holds at most 16,384 characters"),
    ]
    async with here.socket(conversation, ann.access) as one, here.socket(conversation, bob.access) as other:
        for frame, said in wrong:
            await one.send(frame)
            told = await one.receive()
            assert told == said or (isinstance(told, str) and told.startswith(said)), (frame, told)
        await one.send({"message": "good", "recipient_id": bob.id.upper(), "more": 1})
        for line in (one, other):
            assert await line.receive() == {"message": "good", "recipient_id": bob.id}
    assert [await texts(here, ann, whom) for whom in (bob, cleo)] == [["good"], []]


async def test_oneself_is_no_recipient(here: Place) -> None:
    ann, bob = await people(here, "ann", "bob")
    conversation = await chat(here, ann, bob)
    for own, frame in ((ann.id, {"message": "x"}), (ann.id.upper(), {})):
        async with here.socket(conversation, bob.access) as other, here.socket(conversation, ann.access) as line:
            await line.line.send(json.dumps({**frame, "recipient_id": own}))
            assert await line.line.recv() == "Invalid recipient."
            assert await line.closed() == 1000
            await other.send({"message": "only this"})
            assert (await other.receive())["message"] == "only this"
    assert await texts(here, ann, bob) == ["only this"] * 2


async def test_every_connection_hears_each_message_once_in_one_order(here: Place) -> None:
    ann, bob = await people(here, "ann", "bob")
    conversation = await chat(here, ann, bob)
    async with (
        here.socket(conversation, ann.access) as one,
        here.socket(conversation, ann.access) as two,
        here.socket(conversation, bob.access) as three,
    ):
        said = ["x" * 16_384, "é😀" * 8_192, "  a\tb\r\n", "\u202e\U0001f3f3\ufe0f\u200d\U0001f308 <b>&amp;"]
        said += [str(number) for number in range(16)]
        await asyncio.gather(*(line.send({"message": text}) for line in (one, three) for text in said))
        heard = [[await line.receive() for _ in range(2 * len(said))] for line in (one, two, three)]
        assert heard[0] == heard[1] == heard[2]
        for recipient in (ann.id, bob.id):
            assert [frame["message"] for frame in heard[0] if frame["recipient_id"] == recipient] == said
    assert await texts(here, bob, ann) == [frame["message"] for frame in heard[0]]


async def test_what_others_apis_do_in_the_conversation(here: Place) -> None:
    """New messages are frames here; edits, deletions, typing and the rest have none."""
    ann, bob = await people(here, "ann", "bob")
    conversation = await chat(here, ann, bob)
    messages = f"/api/v1/rooms/{conversation}/messages"
    async with here.socket(conversation, ann.access) as line:
        for number, text in enumerate(("one", "two"), 1):
            assert (await here.server.http.post(messages, headers=bob.headers, json={"body": text})).is_success
            own = f"{messages}/{number}"
            assert (await here.server.http.patch(own, headers=bob.headers, json={"body": "changed"})).is_success
            assert (await here.server.http.delete(own, headers=bob.headers)).is_success
            assert await line.receive() == {"message": text, "recipient_id": ann.id}


async def test_who_is_blocked_is_told_so(here: Place) -> None:
    ann, bob = await people(here, "ann", "bob")
    conversation = await chat(here, ann, bob)
    async with here.socket(conversation, ann.access) as line:
        blocked = f"/api/v1/me/blocks/{ann.id}"
        assert (await here.server.http.put(blocked, headers=bob.headers)).is_success
        await line.send({"message": "unwanted"})
        assert await line.receive() == "Error: You cannot write to them."
        assert (await here.server.http.delete(blocked, headers=bob.headers)).is_success
        await line.send({"message": "wanted"})
        assert await line.receive() == {"message": "wanted", "recipient_id": bob.id}
    assert await texts(here, bob, ann) == ["wanted"]


async def test_signing_out_ends_the_sockets_of_the_session(here: Place) -> None:
    ann, bob = await people(here, "ann", "bob")
    conversation = await chat(here, ann, bob)
    async with here.socket(conversation, ann.access) as line, here.socket(conversation, bob.access) as other:
        assert (await here.http.post("/api/logout/", json={"refresh": ann.refresh})).status_code == 200
        assert await line.closed() == 4501
        await other.send({"message": "alone"})
        assert (await other.receive())["message"] == "alone"


def test_both_members_share_the_bytes() -> None:
    """They are encoded once for each name of a wire format."""
    ann, bob = User(1, "a", "ann"), User(2, "b", "bob")
    ones, others = Wire(7, ann, bob), Wire(7, bob, ann)
    assert ones.name == others.name != Wire(8, ann, bob).name
