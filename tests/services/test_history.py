"""Which history this is (rule 15)."""

import asyncio
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from support.clock import FakeClock
from support.databases import ON_POSTGRESQL
from support.node import node
from support.server import Socket, settings_for
from support.shapes import run_sql
from support.web import plain_client
from tertulia.app import _serve
from tertulia.domain.ids import new_id
from tertulia.refusal import Refusal
from tertulia.services import history
from tertulia.storage.engines.postgresql import Postgresql


async def test_a_start_is_known_for_ever_and_others_are_not(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        first = running.services.history
        assert await first.knows(first.boot)
    async with node(tmp_path, FakeClock()) as running:
        second = running.services.history
        assert second.boot != first.boot
        assert second.epoch == first.epoch
        assert await second.knows(first.boot)
        assert await second.knows(first.boot.upper())
        for other in (new_id(), "", "x", "\x00", first.boot[:-1], first.boot * 10):
            assert not await second.knows(other)


async def test_another_database_is_another_history(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with node(tmp_path / "a") as one, node(tmp_path / "b") as other:
        assert not await other.services.history.knows(one.services.history.boot)


async def test_what_is_done_once_stays_done(tmp_path: Path) -> None:
    for _ in range(2):
        async with node(tmp_path) as running:
            [ana] = await running.people(new_id())
            found, _ = await running.services.rooms.directory(ana.caller, "general", None, 10)
            assert [room.name for room, _ in found] == ["general"]
            assert await running.services.history.is_done("room general")
            assert not await running.services.history.is_done("anything else")


async def test_the_first_room_is_not_made_again_after_it_was_deleted_or_renamed(tmp_path: Path) -> None:
    from sqlalchemy import text

    async with node(tmp_path) as running:
        await running.app.db.write(lambda c: c.execute(text("UPDATE rooms SET name = 'other' WHERE name = 'general'")))
    async with node(tmp_path) as running:
        [ana] = await running.people(new_id())
        found, _ = await running.services.rooms.directory(ana.caller, "general", None, 10)
        assert [room.name for room, _ in found] == ["other"]  # found by its title


@ON_POSTGRESQL
async def test_promise_4_when_a_standby_took_over_the_server_ends_though_nobody_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In good order and at once, however long a load balancer is waited for; and whoever starts it sees a failure."""
    monkeypatch.setattr(history, "EVERY", 0.01)
    settings = settings_for(tmp_path, drain_seconds=300)
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    with capture_logs() as logged:
        serving = asyncio.get_running_loop().create_task(_serve(settings, [listener]))
        async with asyncio.timeout(20), plain_client(f"http://{address}") as http:
            body = {"username": "ana", "password": "correct horse battery"}
            made = (await http.post("/api/v1/auth/register", json=body)).json()
            headers = {"Authorization": f"Bearer {made['tokens']['access']}"}
            async with connect(f"ws://{address}/ws", additional_headers=headers) as line:
                ana = Socket(line)
                await ana.hello()
                monkeypatch.setattr(Postgresql, "history", lambda _kind, _connection: "@7-2")
                run_sql(settings.database_url, _END_ALL_OTHERS)
                assert (await ana.event("bye"))["code"] == await ana.closed() == 1012
        with pytest.raises(Refusal, match="a standby took over"):
            await serving
    [told] = [each for each in logged if each["event"] == "database.other_history"]
    assert (told["log_level"], told["found"]) == ("error", "@7-2")


_END_ALL_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
