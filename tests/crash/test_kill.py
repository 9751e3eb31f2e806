"""Promises 1 to 4 through `kill -9`: a real process under load, clients that come back with the client library."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from support.process import ServerProcess, server_process
from support.proving import PROVING, count, often
from tertulia.client import Client
from tertulia.protocol.resources import MessageResource

KILLS = often(20, 1_000)
SENDERS = 3
PASSWORD = "correct horse battery"


class Eager(Random):
    """Jitter without the waiting: comes back after a twentieth of a second."""

    def uniform(self, a: float, b: float) -> float:
        return min(b, max(a, 0.05))


class Sender:
    """Posts one message after the other for as long as it is let."""

    def __init__(self, client: Client, room: str, name: str) -> None:
        self.client = client
        self.room = room
        self.name = name
        self.acknowledged: list[MessageResource] = []
        self.stopping = False
        self.progress = asyncio.Event()

    async def run(self) -> None:
        number = 0
        while not self.stopping:
            number += 1
            self.acknowledged.append(await self.client.post(self.room, f"{self.name} {number}"))
            self.progress.set()

    async def make_progress(self, count: int) -> None:
        """Return when `count` more are acknowledged."""
        wanted = len(self.acknowledged) + count
        while len(self.acknowledged) < wanted:
            self.progress.clear()
            await self.progress.wait()


async def _history(client: Client, room: str) -> list[dict[str, Any]]:
    """The whole timeline, fetched afresh."""
    rows: list[Any] = []
    after = 0
    while True:
        page = await client.history(room, after=after, limit=100)
        rows += [row for row in page.messages if row["index"] is not None]
        if not page.more:
            return rows
        after = rows[-1]["index"]


async def _people(server: ServerProcess) -> list[Client]:
    clients = [Client.register(server.url, f"user{number}", PASSWORD, random=Eager()) for number in range(SENDERS)]
    for client in clients:
        await client.start()
    return clients


@pytest.mark.slow
@pytest.mark.timeout(60 + KILLS * 20)
async def test_what_was_acknowledged_is_there_once_and_in_order_after_every_kill(tmp_path: Path) -> None:
    random = Random() if PROVING else Random(7)
    async with server_process(tmp_path) as server:
        clients = await _people(server)
        room = (await clients[0].create("crash")).id
        for client in clients[1:]:
            await client.join(room)
        senders = [Sender(client, room, f"sender{number}") for number, client in enumerate(clients)]
        async with asyncio.TaskGroup() as group:
            for sender in senders:
                group.create_task(sender.run())
            for _ in range(KILLS):
                await senders[0].make_progress(random.randint(5, 60))
                await server.kill()
                await server.start()
                count("kills")
            await asyncio.gather(*(sender.make_progress(5) for sender in senders))
            for sender in senders:
                sender.stopping = True
        await _everything_is_there(clients, senders, room)
        count("acknowledged posts", sum(len(sender.acknowledged) for sender in senders))
        for client in clients:
            await client.close()


async def _everything_is_there(clients: list[Client], senders: list[Sender], room: str) -> None:
    history = await _history(clients[0], room)
    assert [row["index"] for row in history] == list(range(1, len(history) + 1))
    for sender in senders:
        mine = [row for row in history if row["sender"]["username"] == sender.client.user["username"]]
        # Every acknowledged post is there once, in the order of posting, and nothing that was not posted.
        assert [row["body"] for row in mine] == [f"{sender.name} {number}" for number in range(1, len(mine) + 1)]
        assert [row["id"] for row in mine] == [row["id"] for row in sender.acknowledged]
    for client in clients:
        last = history[-1]["index"]
        view = client.rooms[room]
        async with asyncio.timeout(20):
            await client.until(lambda view=view, last=last: view.message_count >= last)  # type: ignore[misc]
        known = [row for row in view.messages if row["index"] is not None]
        assert known == history[-len(known) :]
        assert len(known) > SENDERS
