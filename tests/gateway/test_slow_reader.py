"""Promise 5 over real lines: who reads nothing keeps nobody waiting, hears why it is sent away, and misses nothing."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.server import Person, RunningServer, running_server
from support.sockets import CLOSE, TEXT, Kind, RawSocket, connected, frame, handshake
from support.streams import Stream
from tertulia.gateway import asgi, sockets

BODY = "x" * 16_000
MANY = 1_000
"""16 MB of posts: far more than the bound and all that a kernel holds for a line."""
MORE = 5
"""Posts after the slow one was given up."""


async def test_who_reads_nothing_keeps_nobody_waiting_and_hears_why_it_goes(
    tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quick one has each post before the next is said: if anybody waited for the slow one, it would have none."""
    for module in (sockets, asgi):
        monkeypatch.setattr(module, "LINGER_SECONDS", 60.0)  # not over before the slow one reads again
    async with running_server(tmp_path, sockets=kind, unsent_limit_kb=256) as server:
        ana, ben = await server.guests("ana", "ben")
        room = await server.room(ana, ben)
        closes = server.application.metrics.slow_closes._value
        async with ana.socket() as quick, _stalled(server, ben) as slow:
            frames = await _until(slow, "ready")
            posts, left = 0, MORE
            while left and posts < MANY:
                await quick.send(cmd="post", room=room, body=BODY)
                await quick.event("message", room=room)  # or its patience ends
                posts += 1
                left -= closes.get() > 0
            assert closes.get() == 1
            more, code = await _rest(slow)
        assert code == 4000
        heard = Stream(room, ben.id).feed([*frames, *more])
        assert sorted(heard.seen) == list(range(1, len(heard.seen) + 1))  # nothing was dropped before the end
        assert len(heard.seen) <= posts - MORE
        async with ben.socket(resume={room: heard.cursor}) as back:
            caught_up = Stream(room, ben.id).resumed(heard.cursor or 0)
            while caught_up.cursor != 2 + posts:  # two joined
                caught_up.feed([await back.receive()])
        assert sorted([*heard.seen, *caught_up.seen]) == list(range(1, posts + 1))


@asynccontextmanager
async def _stalled(server: RunningServer, person: Person) -> AsyncIterator[RawSocket]:
    """Says hello. The kernel takes a few kilobytes for it; the rest stays with the server."""
    client = await connected(server.port, receive_buffer=65_536)
    try:
        await client.send(handshake(headers=person.headers.items()) + frame(TEXT, b'{"cmd":"hello","id":1}'))
        assert (await client.response()).status == 101
        yield client
    finally:
        client.cut()


async def _until(client: RawSocket, ev: str) -> list[dict[str, Any]]:
    """What it hears, to the first event of this kind."""
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1].get("ev") != ev:
        frames.append(json.loads((await client.frame()).payload))
    return frames


async def _rest(client: RawSocket) -> tuple[list[dict[str, Any]], int]:
    """What it hears to the end, and the code of that."""
    frames: list[dict[str, Any]] = []
    while (got := await client.frame()).opcode != CLOSE:
        if got.opcode == TEXT:
            frames.append(json.loads(got.payload))
    return frames, got.code
