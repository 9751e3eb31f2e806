"""The parts put together: started, drained, stopped."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from support.clock import FakeClock
from support.mail import mail_server
from support.node import node
from support.server import settings_for
from support.shapes import run_sql
from support.waiting import until
from tertulia.app import FIRST_ROOM, Application
from tertulia.domain.errors import Rejection
from tertulia.storage import schema


async def test_a_new_installation_has_a_room_and_nobody_is_a_member(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        [(room, joined)], more = await running.services.rooms.directory(ana.caller, "", None, 10)
        assert (room.name, room.member_count, joined, more) == (FIRST_ROOM, 0, False, False)


async def test_running_is_started_and_stopped(tmp_path: Path) -> None:
    application = Application(settings_for(tmp_path))
    before = asyncio.all_tasks()
    async with application.running() as running:
        assert running is application
        assert len(asyncio.all_tasks()) > len(before) + 5
    assert asyncio.all_tasks() == before
    with pytest.raises((Rejection, RuntimeError, OperationalError)):
        await application.db.read(lambda connection: None)


async def test_on_the_database_of_a_newer_version_it_runs_and_says_so(tmp_path: Path) -> None:
    application = Application(settings_for(tmp_path))
    run_sql(
        application.db.url,
        "ALTER TABLE alembic_version ADD COLUMN oldest VARCHAR(32)",
        f"UPDATE alembic_version SET version_num = '9999', oldest = '{schema.HEAD}'",
    )
    with capture_logs() as logged:
        async with application.running():
            pass
    assert [(line["event"], line["log_level"]) for line in logged][:1] == [("database.newer", "warning")]


async def test_rule_20_draining_refuses_answers_and_says_goodbye(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        lines = [await running.connect(person) for person in (ana, ben)]
        numbers = [lines[0].say("post", room=room, body=str(n)) for n in range(20)]
        lines[1].say("read", room=room, index=0, delivered=1)
        await running.app.drain()
        assert (await running.http.get("/readyz")).status_code == 503
        assert (await running.http.get("/healthz")).status_code == 200
        for number in numbers:
            assert "message" in await lines[0].reply(number)
        for line in lines:
            assert await line.closed() == 1012
            bye = line.frames[-1]
            assert (bye["ev"], bye["code"]) == ("bye", 1012)
            assert 1 <= bye["reconnect_in"] <= 11
        assert len(lines[1].events("message")) == 20
        with pytest.raises(Rejection) as refused:
            await running.post(ana, room)
        assert refused.value.code == "unavailable"


async def test_promise_1_and_4_everything_is_there_after_the_next_start(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        line = await running.connect(ben)
        for number in range(10):
            await running.post(ana, room, str(number))
        await line.count(10, "message")
        seen, names = 2 + 4, (ana.name, ben.name)  # it has taken four of them
    async with node(tmp_path) as running:
        people = [await running.sign_in(name) for name in names]
        line = await running.connect(people[1], resume={room: seen})
        changes = await line.event("changes")
        assert [item["message"]["body"] for item in changes["items"]] == [str(number) for number in range(4, 10)]
        assert (await running.post(people[0], room)).index == 11


async def test_the_settings_reach_what_they_are_for(tmp_path: Path) -> None:
    async with node(
        tmp_path,
        FakeClock(),
        large_room=1,
        ring_room_kb=16,
        ring_node_mb=1,
        unsent_limit_kb=256,
        connections_per_user=1,
        command_rate=1,
        max_connections=7,
        access_token_minutes=1,
    ) as running:
        app = running.app
        assert (app.hub._ring_bytes, app.hub._rings_left) == (16 * 1024, 1024 * 1024)
        assert (app.gateway.unsent_limit, app.gateway.limits.per_user) == (256 * 1024, 1)
        assert (app.gateway.limits.command_rate, app.gateway.limits.large) == (1, 1)
        assert app.tokens.access_seconds == 60


async def test_queues_are_watched(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        await running.pass_time(2, 1)
        metrics = (await running.http.get("/metrics")).text
        for queue in ("committer", "reads", "writes"):
            assert f'queue="{queue}"' in metrics
        await until(lambda: True)


async def test_a_mail_that_was_just_asked_for_is_sent_before_the_server_stops(tmp_path: Path) -> None:
    async with mail_server() as box:
        smtp_url = f"smtp://127.0.0.1:{box.port}"
        async with node(tmp_path, smtp_url=smtp_url, public_url="https://chat.test/x") as running:
            body = {"username": "ana", "password": "correct horse battery", "email": "ana@example.org"}
            assert (await running.http.post("/api/v1/auth/register", json=body)).status_code == 201
            assert running.app.mail is not None
            await until(lambda: running.services.recovery._waiting == 0)
        [mail] = box.mails
        assert mail["From"] == "tertulia@chat.test"
        assert "https://chat.test/x/auth/confirm#token=" in mail.get_content()
