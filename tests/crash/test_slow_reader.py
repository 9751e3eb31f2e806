"""Promise 5 on a real process: clients that stop reading cost little, hurt nobody, and miss nothing in the end."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from crash.test_kill import Eager
from support.process import ServerProcess, server_process
from support.server import PASSWORD
from support.web import plain_client
from tertulia.client import Client

STALLED = 10
WARM, POSTS = 30, 280
BODY = "x" * 16_000
MB = 1024 * 1024
ALLOWED = 24 * MB
"""For ten who read nothing: 1 MiB unsent each, what the ring keeps, and what Python does not give back at once."""


def memory(process: int) -> int:
    """Resident, in bytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def stall(client: Client) -> asyncio.Transport:
    """Take nothing more from the line, as a phone in a tunnel or a page that was put to sleep."""
    socket = client._link._socket
    assert socket is not None
    transport = socket._line.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    return transport


async def slow_closes(server: ServerProcess) -> int:
    """How many the server sent away because they read too slowly."""
    async with plain_client(server.url) as http:
        text = (await http.get("/metrics")).text
    return int(float(text.split("\ntertulia_slow_closes_total ")[1].split()[0]))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux how much memory the server has")
async def test_who_stops_reading_is_sent_away_hurts_nobody_and_misses_nothing(tmp_path: Path) -> None:
    """Rules 8 and 10, E11, E12: 4 MB for each of them would be 40 MB if somebody kept them."""
    async with server_process(tmp_path) as server, AsyncExitStack() as stack:
        poster, quick = [
            await stack.enter_async_context(Client.register(server.url, name, PASSWORD, random=Eager()))
            for name in ("poster", "quick")
        ]
        room = (await poster.create("talk")).id
        await quick.join(room)
        tokens = quick.rest.tokens
        assert tokens is not None
        slow = [
            await stack.enter_async_context(Client.with_token(server.url, tokens.access, random=Eager()))
            for _ in range(STALLED)
        ]
        assert server.process is not None
        for _ in range(WARM):
            await poster.post(room, BODY)  # warms up: rings and buffers have their size now
        for client in slow:
            await client.until(lambda client=client: client.rooms[room].message_count == WARM)  # type: ignore[misc]
        before = memory(server.process)
        lines = [stall(client) for client in slow]
        cut = [client._link._socket for client in slow]
        assert await slow_closes(server) == 0
        most = before
        for number in range(WARM, POSTS):
            await poster.post(room, BODY)
            # Each before the next is said: who waited for the slow ones would wait here, too, until they are cut.
            await quick.until(lambda number=number: quick.rooms[room].message_count == number + 1)  # type: ignore[misc]
            most = max(most, memory(server.process))
        assert most - before < ALLOWED, f"grew by {(most - before) // MB} MB"
        assert await slow_closes(server) == STALLED
        end = quick.rooms[room].cursor
        states = [client.events() for client in slow]
        for line in lines:
            line.resume_reading()
        for client, events in zip(slow, states, strict=True):
            async for event in events:
                if event["ev"] == "state" and event["state"] == "online":
                    break  # it had been sent away, and is back
            await client.until(lambda client=client: client.rooms[room].cursor == end)  # type: ignore[misc]
            shown = [row["index"] for row in client.rooms[room].messages if row["index"] is not None]
            assert shown == list(range(shown[0], POSTS + 1))
        assert {socket.code for socket in cut if socket is not None} <= {4000, 1006}  # 1006: read too late to be told
        assert await slow_closes(server) == STALLED
