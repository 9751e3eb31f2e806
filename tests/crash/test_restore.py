"""A backup is restored under clients that know more than it has: they are told to load anew, and do."""

import asyncio
from pathlib import Path

import pytest

from crash.test_kill import Eager
from support.backend import shared
from support.commands import tertulia
from support.process import server_process
from support.server import PASSWORD
from tertulia.client import Client, Stopped
from tertulia.clock import SystemClock


@pytest.mark.slow
async def test_clients_of_the_lost_history_load_the_restored_one(tmp_path: Path) -> None:
    """Promise 4, rule 15, over real processes: connect, back up, post on, restore, come back."""

    async def token() -> str:
        return shared(SystemClock(), "u1")

    async with server_process(tmp_path, TERTULIA_JWT_SECRET="a secret of the product's backend") as server:
        ana = Client.with_token(server.url, token, random=Eager())
        ben = Client.register(server.url, "ben", PASSWORD, random=Eager())
        async with ana, ben:
            room = (await ana.create("talk")).id
            await ben.join(room)
            for number in range(5):
                await ana.post(room, f"before {number}")
            copied = await asyncio.to_thread(tertulia, tmp_path, "backup", "copy.db")
            assert copied.returncode == 0, copied.stderr
            await ana.edit(room, 2, "edited in the history that is lost")
            for number in range(10):
                await ana.post(room, f"lost {number}")
            ana.read(room, 15)
            events = ana.events()
            epoch = ana.model.epoch
            await server.kill()
            restored = await asyncio.to_thread(tertulia, tmp_path, "restore", "copy.db")
            assert restored.returncode == 0, restored.stderr
            await server.start()
            async for event in events:
                if event["ev"] == "reload" and event["room"] == room:
                    break
            assert ana.model.epoch != epoch
            with pytest.raises(Stopped):  # who has a session of this server signs in again
                await ben.until(lambda: False)
            async with Client.login(server.url, "ben", PASSWORD, random=Eager()) as ben_again:
                await ben_again.post(room, "after")
                view, fresh = ana.rooms[room], ben_again.rooms[room]
                await ana.until(lambda: view.message_count == 6)
                await ben_again.until(lambda: fresh.message_count == 6)
                said = [*(f"before {number}" for number in range(5)), "after"]
                for known in (view, fresh):
                    assert [row["body"] for row in known.messages if row["index"] is not None] == said
                assert view.unread == 1
