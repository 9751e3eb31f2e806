"""Rule 19: what sockets are sent first is read and encoded once for all that come, and bounded."""

from pathlib import Path
from typing import Any

import pytest

from support.dialects import PASSWORD, Place, place
from tertulia.dialects import texts
from tertulia.dialects.histories import Histories
from tertulia.protocol.frames import Frames

FRAMES = [Frames((b"x" * 100,))]


def test_only_of_this_head() -> None:
    kept = Histories()
    kept.keep(1, "realtime", 7, FRAMES)
    assert kept.get(1, "realtime", 7) is FRAMES
    for room, wire, head in ((1, "realtime", 8), (1, "shh", 7), (2, "realtime", 7), (1, "realtime", None)):
        assert kept.get(room, wire, head) is None
    kept.keep(1, "realtime", 8, [])
    assert (kept.get(1, "realtime", 7), kept.get(1, "realtime", 8)) == (None, [])


def test_as_many_bytes_as_it_may_the_oldest_go() -> None:
    kept = Histories(limit=2_000)
    for room in range(10):
        kept.keep(room, "realtime", 1, FRAMES)
    assert [room for room in range(10) if kept.get(room, "realtime", 1) is not None] == [6, 7, 8, 9]
    kept.clear()
    assert kept.get(9, "realtime", 1) is None
    for room in range(4):
        kept.keep(room, "realtime", 1, FRAMES)
    assert kept.get(0, "realtime", 1) is FRAMES


async def signed_in(here: Place, name: str) -> str:
    body = {"username": name, "password": PASSWORD, "email": f"{name}@a.example"}
    assert (await here.http.post("/register/", json=body)).status_code == 201
    login = await here.http.post("/login/", json={"username": name, "password": PASSWORD})
    return str(login.json()["token"])


async def room_of(here: Place, token: str, *others: str) -> str:
    headers = {"authorization": f"Bearer {token}"}
    made = await here.http.post("/rooms/create/", json={"chat_room_name": "attic"}, headers=headers)
    room = str(made.json()["room_id"])
    for other in others:
        joined = await here.http.post(
            "/room/join/", json={"room_id": room}, headers={"authorization": f"Bearer {other}"}
        )
        assert joined.status_code == 200
    return room


async def first(here: Place, room: str, token: str) -> list[Any]:
    async with here.socket(room, token) as line:
        return list((await line.receive())["messages"])


async def test_rule_19_the_same_history_is_made_once_until_something_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place(tmp_path, "shh") as here:
        ann, bob = await signed_in(here, "ann"), await signed_in(here, "bob")
        room = await room_of(here, ann, bob)
        made: list[int] = []
        keep = Histories.keep

        def counted(kept: Histories, room: int, wire: str, head: int, frames: list[Frames]) -> None:
            made.append(head)
            keep(kept, room, wire, head, frames)

        monkeypatch.setattr(Histories, "keep", counted)
        async with here.socket(room, ann) as line:  # so that this node knows how far the room is
            await line.receive()
            await line.send({"message": "one"})
            await line.receive()
            before = len(made)
            seen = [await first(here, room, bob) for _ in range(3)]
            assert [len(each) for each in seen] == [1, 1, 1]
            assert len(made) == before + 1
            await line.send({"message": "two"})
            await line.receive()
            assert [one["message"] for one in await first(here, room, bob)] == ["one", "two"]


async def test_rule_19_bounded_in_messages_and_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "GREETING_BYTES", 100)
    async with place(tmp_path, "shh", dialect_greeting=5) as here:
        ann = await signed_in(here, "ann")
        room = await room_of(here, ann)
        async with here.socket(room, ann) as line:
            assert (await line.receive())["messages"] == []
            for number in range(8):
                await line.send({"message": f"{number}"})
                await line.receive()
            assert [one["message"] for one in await first(here, room, ann)] == ["3", "4", "5", "6", "7"]
            for text in ("é" * 40, "é" * 30):
                await line.send({"message": text})
                await line.receive()
            assert [one["message"] for one in await first(here, room, ann)] == ["é" * 30]
