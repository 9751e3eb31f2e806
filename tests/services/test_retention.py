"""Retention: what is too old goes, as a change that everybody is told; counts stay arithmetic."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from support.clock import FakeClock
from support.node import Node, Person, node
from tertulia.services.rooms import Settings
from tertulia.storage import retention

A_DAY = 86_400.0


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


async def pass_days(running: Node, days: float) -> Person | None:
    clock = running.app.clock
    assert isinstance(clock, FakeClock)
    clock.advance(days * A_DAY)
    await running.pass_time(0.25)  # where others may write, it looks around first after a sleep this long
    return None


async def rows(running: Node, table: str) -> int:
    def count(connection: Connection) -> int:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    return await running.app.db.read(count)


async def room_of(running: Node, name: str, room: str) -> tuple[Person, dict[str, Any]]:
    person = await running.sign_in(name)
    resource: dict[str, Any] = (await running.call(person, "GET", f"rooms/{room}")).json()
    return person, resource


async def test_a_room_keeps_its_days_and_unread_stays_right(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.services.rooms.change(ana.caller, room, Settings(retention_days=7))
    for body in ("old", "older than a week"):
        await running.post(ana, room, f"{body} @{ben.name}")
    await running.services.messages.react(ben.caller, room, 1, "👍", on=True)
    await pass_days(running, 5)
    ana = await running.sign_in(ana.name)
    await running.post(ana, room, "new")
    await pass_days(running, 5)
    await running.app.retention.round()
    ben, resource = await room_of(running, ben.name, room)
    assert (resource["first_index"], resource["message_count"], resource["me"]["unread"]) == (3, 3, 1)
    assert resource["me"]["mentions"] == 0
    page = (await running.call(ben, "GET", f"rooms/{room}/messages")).json()
    assert [row["body"] for row in page["items"] if row["index"]] == ["new"]
    assert (await running.call(ben, "GET", f"rooms/{room}/messages/1")).status_code == 404
    assert (await rows(running, "messages"), await rows(running, "reactions"), await rows(running, "mentions")) == (
        1, 0, 0,
    )  # fmt: skip


async def test_it_is_told_live_and_in_resume(running: Node) -> None:
    """Rule 15."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    for number in range(3):
        await running.post(ana, room, str(number))
    await pass_days(running, 2)
    ana, ben = await running.sign_in(ana.name), await running.sign_in(ben.name)
    line = await running.connect(ana)
    await running.services.rooms.change(ana.caller, room, Settings(retention_days=1))
    cursor = (await running.call(ben, "GET", f"rooms/{room}")).json()["head_seq"]
    await running.app.retention.round()
    event = await line.until(lambda frame: frame.get("ev") == "room" and frame["settings"]["first_index"] == 4)
    assert event["seq"] == cursor + 1
    away = await running.connect(ben, resume={room: cursor})
    changes = await away.event("changes", room=room)
    assert [item["settings"]["first_index"] for item in changes["items"]] == [4]
    assert (await running.call(ben, "GET", f"rooms/{room}")).json()["me"]["unread"] == 0


async def test_the_server_sets_a_limit_for_all_and_the_shorter_counts(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), retention_days=30) as running:
        [ana] = await running.people("ana")
        rooms = {days: await running.room(ana) for days in (0, 7, 90)}
        for days, room in rooms.items():
            await running.services.rooms.change(ana.caller, room, Settings(retention_days=days))
            await running.post(ana, room)
        expected = {0: [1, 2], 7: [2, 2], 90: [1, 2]}
        for round_, days in enumerate((10, 25)):
            await pass_days(running, days)
            await running.app.retention.round()
            for own, room in rooms.items():
                _, resource = await room_of(running, ana.name, room)
                assert resource["first_index"] == expected[own][round_]


async def test_off_by_default_and_a_round_without_work_writes_nothing(running: Node) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    await running.post(ana, room)
    await pass_days(running, 4_000)
    await running.app.retention.round()
    _, resource = await room_of(running, ana.name, room)
    assert (resource["first_index"], resource["message_count"]) == (1, 1)
    head = resource["head_seq"]
    await running.app.retention.round()
    assert (await room_of(running, ana.name, room))[1]["head_seq"] == head


async def test_rows_go_in_slices(running: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PURGE_ROWS", 2)
    [ana] = await running.people("ana")
    room = await running.room(ana)
    await running.services.rooms.change(ana.caller, room, Settings(retention_days=1))
    for number in range(7):
        await running.post(ana, room, str(number))
    await pass_days(running, 2)
    await running.app.retention.round()
    assert await rows(running, "messages") == 0
    ana = await running.sign_in(ana.name)
    message = await running.post(ana, room, "and on")
    assert message.index == 8


async def test_what_is_too_old_can_be_neither_changed_nor_answered_while_its_rows_are_still_there(
    running: Node,
) -> None:
    [ana] = await running.people("ana")
    room = await running.room(ana)
    await running.services.rooms.change(ana.caller, room, Settings(retention_days=1))
    await running.post(ana, room, "old", client_id="the key of the old one")
    await pass_days(running, 2)
    number = running.services.numbers.known(room)
    assert number is not None
    await running.app.retention._trim(number, 1)
    ana = await running.sign_in(ana.name)
    for method, path, body in (
        ("PATCH", "messages/1", {"body": "new"}),
        ("DELETE", "messages/1", None),
        ("PUT", "messages/1/reactions/👍", None),
        ("POST", "messages", {"body": "an answer", "reply_to": 1}),
    ):
        assert (await running.call(ana, method, f"rooms/{room}/{path}", body)).status_code == 404, path
