"""`kill -9` at any time: every message that was acknowledged is told, and those of a room in their order."""

import asyncio
import itertools
from pathlib import Path

import pytest

from support.commands import tertulia
from support.process import server_process
from support.receiver import receiver
from support.web import plain_client

KILLS = 2
MESSAGES = 40
PASSWORD = "correct horse battery"


@pytest.mark.slow
async def test_a_killed_server_tells_everything_in_order(tmp_path: Path) -> None:
    allowed = {"TERTULIA_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
    async with receiver() as there, server_process(tmp_path, **allowed) as server:
        words = ("webhook", "add", there.url, "--events", "message", "--webhook-allowed-networks", "127.0.0.0/8")
        added = await asyncio.to_thread(tertulia, tmp_path, *words)
        assert added.returncode == 0, added.stderr
        async with plain_client(f"{server.url}/api/v1", timeout=10) as http:
            account = (await http.post("/auth/register", json={"username": "ann", "password": PASSWORD})).json()
            http.headers["Authorization"] = f"Bearer {account['tokens']['access']}"
            rooms = [(await http.post("/rooms", json={"name": f"room{number}"})).json()["id"] for number in range(2)]
            posted: dict[str, list[str]] = {room: [] for room in rooms}
            for _ in range(KILLS):
                for number in range(MESSAGES):
                    room = rooms[number % 2]
                    answered = await http.post(f"/rooms/{room}/messages", json={"body": f"{number}"})
                    posted[room].append(answered.json()["id"])
                await server.kill()
                await server.start()
        wanted = {message for told in posted.values() for message in told}
        async with asyncio.timeout(45):
            while wanted - {one.json["message"]["id"] for one in there.received}:
                await there.count(len(there.received) + 1)
    for room, messages in posted.items():
        told = [one.json["message"]["id"] for one in there.received if one.json["room"]["id"] == room]
        assert list(dict.fromkeys(told)) == messages  # repeats apart, in order
        again = [first for first, second in itertools.pairwise(told) if first == second]
        assert len(told) == len(messages) + len(again)  # only what was under way is repeated, and at once
