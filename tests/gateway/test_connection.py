"""One connection: what it takes, what it writes, and how it ends (promise 5, rule 10)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.clock import FakeClock
from support.gates import Gate
from support.node import Line, Node, Person, node
from support.streams import Stream
from support.waiting import until
from tertulia.domain.errors import CloseCode
from tertulia.gateway import flow as flow_module
from tertulia.gateway.flow import IN_FLIGHT, STUCK_SECONDS
from tertulia.gateway.transport import HIGH_WATER
from tertulia.protocol.frames import Frames

KB = 1024


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def running(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Node]:
    async with node(tmp_path, clock) as running:
        yield running


@pytest.fixture
async def scene(running: Node) -> tuple[Person, Person, str]:
    ana, ben = await running.people("ana", "ben")
    return ana, ben, await running.room(ana, ben)


Scene = tuple[Person, Person, str]


# The start.


async def test_no_hello_in_ten_seconds_ends_it(running: Node) -> None:
    """Rule 43."""
    silent, [ana] = running.open(), await running.people("ana")
    spoken = await running.connect(ana)
    await running.pass_time(9.5, 0.5)
    assert not silent.is_down
    await running.pass_time(2, 0.5)
    assert silent.code == 4002
    assert silent.frames[-1]["code"] == 4002
    assert not spoken.is_down


async def test_other_commands_do_not_count_as_hello(running: Node) -> None:
    line = running.open()
    for _ in range(3):
        await line.ask("ping")
        await running.pass_time(3, 0.5)
    await running.pass_time(3, 0.5)
    assert line.code == 4002


# Tokens (rule 13).


async def test_a_connection_ends_with_its_token(running: Node, scene: Scene) -> None:
    """Rule 13."""
    line = await running.connect(scene[0])
    await running.pass_time(899, 5)
    assert not line.is_down
    await running.pass_time(2)
    assert line.code == 4001
    assert line.frames[-1] == {"ev": "bye", "code": 4001, "reason": line.frames[-1]["reason"]}


async def test_refresh_puts_a_new_token_on_the_live_connection(running: Node, scene: Scene) -> None:
    ana, _, _ = scene
    line = await running.connect(ana)
    await running.pass_time(600, 5)
    refreshed = await running.http.post("/api/v1/auth/refresh", json={"refresh": ana.refresh})
    reply = await line.ask("refresh", token=refreshed.json()["access"])
    assert reply["expires_in"] == 900
    await running.pass_time(880, 5)
    assert not line.is_down
    await running.pass_time(22, 1)
    assert line.code == 4001


async def test_a_refused_refresh_changes_nothing(running: Node, scene: Scene) -> None:
    ana, ben, _ = scene
    line = await running.connect(ana)
    other_session = await running.sign_in(ana.name)
    for token in (ben.token, other_session.token, "x"):
        assert (await line.ask("refresh", token=token))["error"]["code"] == "unauthorized"
    await running.pass_time(902, 5)
    assert line.code == 4001


# In flight.


async def test_rule_4_sixty_four_commands_in_flight_pause_the_reading(running: Node, scene: Scene) -> None:
    ana, _, room = scene
    line = await running.connect(ana)
    await running.post(ana, room)
    gate = Gate(running.services.messages, "edit", before=True)
    numbers = [line.say("edit", room=room, index=1, body="x") for _ in range(IN_FLIGHT - 1)]
    assert line.reading
    numbers += [line.say("edit", room=room, index=1, body="x") for _ in range(20)]
    assert not line.reading
    await gate.reached(IN_FLIGHT)
    assert gate.calls == IN_FLIGHT
    gate.open()
    for number in numbers:
        assert "error" not in await line.reply(number)
    assert line.reading


async def test_posts_count_as_in_flight_too(running: Node, scene: Scene) -> None:
    ana, _, room = scene
    line = await running.connect(ana)
    numbers = [line.say("post", room=room, body="x") for _ in range(2 * IN_FLIGHT)]
    assert not line.reading
    for number in numbers:
        assert "message" in await line.reply(number)
    assert line.reading


async def test_a_bug_ends_the_connection_and_only_that(running: Node, scene: Scene) -> None:
    ana, ben, room = scene
    line, other = await running.connect(ana), await running.connect(ben)

    async def broken(*_args: Any, **_more: Any) -> None:
        raise ZeroDivisionError("secret")

    running.services.messages.page = broken  # type: ignore[assignment,method-assign]
    reply = await line.ask("history", room=room)
    assert reply["error"]["code"] == "internal"
    assert "secret" not in str(reply)
    assert await line.closed() == 1011
    assert "re" in await other.ask("ping")


# A slow reader (promise 5).


async def stalled(running: Node, person: Person, unsent: int = 65 * KB) -> Line:
    """A connection that takes nothing any more."""
    line = await running.connect(person)
    await running.pass_time(2)  # what follows hello is told
    line.stalled = True
    line._fill(unsent)
    return line


async def test_a_congested_line_is_read_no_further(running: Node, scene: Scene) -> None:
    line = await stalled(running, scene[0])
    assert not line.reading
    line.drain()
    assert line.reading
    assert "re" in await line.ask("ping")


async def test_while_congested_short_lived_news_wait_as_the_latest_state(running: Node, scene: Scene) -> None:
    ana, ben, room = scene
    slow, quick = await stalled(running, ana), await running.connect(ben)
    seen = len(slow.frames)
    for on in (True, False, True):
        await quick.ask("typing", room=room, on=on)
        await running.pass_time(0.5)
    for index in (1, 2):
        await quick.ask("post", room=room, body="hi")
        await quick.ask("read", room=room, index=index)
        await running.pass_time(0.5)
    assert {frame["ev"] for frame in slow.frames[seen:]} == {"message"}
    seen = len(slow.frames)
    slow.drain()
    news = slow.frames[seen:]
    assert sorted(frame["ev"] for frame in news) == ["presence", "receipt", "typing"]
    assert next(frame["count"] for frame in news if frame["ev"] == "typing") == 0
    receipts = next(frame["receipts"] for frame in news if frame["ev"] == "receipt")
    assert receipts[0]["read_index"] == 2


async def test_news_that_come_together_are_one_write_unless_they_are_much(running: Node, scene: Scene) -> None:
    line = await running.connect(scene[0])
    written: list[Frames] = []
    line.connection.offer = written.append
    short, long = Frames((b'{"ev":"presence"}',)), Frames((b"x" * HIGH_WATER,))
    line.connection.offer_all_latest([(("presence", "one"), short), (("presence", "other"), short)])
    line.connection.offer_all_latest([(("presence", "one"), short), (("presence", "other"), long)])
    assert [frames.texts for frames in written] == [short.texts * 2, short.texts, long.texts]


async def test_a_batch_is_answered_and_delivered_in_one_write(running: Node, scene: Scene) -> None:
    ana, _, room = scene
    line = await running.connect(ana)
    await running.pass_time(2)  # what follows hello is told
    writes: list[list[int | str]] = []

    def send(frames: Frames) -> None:
        writes.append([frame.get("re") or frame["ev"] for frame in map(json.loads, frames.texts)])
        Line.send(line, frames)

    line.send = line.connection.offer = send  # type: ignore[method-assign]
    numbers = [line.say("post", room=room, body=body) for body in ("a", "b", "c")]
    await line.count(3, "message", room=room)
    assert writes == [[*numbers, "message", "message", "message"]]


async def test_presence_that_was_missed_is_told_in_order_also_who_went(running: Node, scene: Scene) -> None:
    ana, ben, room = scene
    [cleo] = await running.people("cleo")
    await running.services.members.join(cleo.caller, room)
    slow, quick, third = await stalled(running, ana), await running.connect(ben), await running.connect(cleo)
    await running.pass_time(2)
    quick.say("presence", status="away")
    await running.pass_time(2)
    third.cut()
    await running.pass_time(6)
    slow.drain()
    model: dict[str, str] = {}
    for event in slow.events("presence"):
        model |= {one["user"]: one["status"] for one in event["users"]}
    assert model == {ana.id: "online", ben.id: "away", cleo.id: "offline"}


async def test_news_for_a_congested_line_are_bounded(
    running: Node, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_module, "MAX_LATEST", 3)
    ana, ben, _ = scene
    rooms = [await running.room(ana, ben) for _ in range(4)]
    slow, quick = await stalled(running, ana), await running.connect(ben)
    await running.pass_time(2)
    for room in rooms:
        await quick.ask("typing", room=room)
    await running.pass_time(1)
    assert slow.code == 4000


async def test_promise_5_durable_bytes_are_bounded_and_the_others_unaffected(running: Node, scene: Scene) -> None:
    ana, ben, room = scene
    slow, quick = await stalled(running, ana), await running.connect(ben)
    while not slow.is_down:
        assert slow.unsent <= 1024 * KB
        posted = await running.post(ben, room, "x" * 16_000)
        assert quick.events("message")[-1]["message"]["index"] == posted.index  # when it is answered, without a wait
    assert slow.code == 4000
    assert running.app.metrics.slow_closes._value.get() == 1
    assert slow.frames[-1]["ev"] == "message"  # no bye: it would not get through
    stream = Stream(room, ben.id).feed(quick.frames)
    assert len(stream.bodies) == (await running.post(ben, room)).index - 1
    heard = len(slow.events("message"))
    back = await running.connect(ana, resume={room: 2 + heard})
    await back.event("changes")
    assert len(Stream(room, ana.id).resumed(2 + heard).feed(back.frames).bodies) == len(stream.bodies) + 1 - heard


async def test_replies_do_not_pass_the_bound_either(running: Node, scene: Scene) -> None:
    """Rule 10: one method writes to a socket."""
    ana, _, room = scene
    line = await running.connect(ana)
    line.stalled = True
    numbers = [line.say("post", room=room, body="x" * 16_000) for _ in range(60)]
    assert numbers
    await until(lambda: line.is_down)
    assert line.code == 4000
    assert line.unsent <= 1024 * KB + 64 * KB


async def test_a_line_stuck_for_thirty_seconds_is_ended(running: Node, scene: Scene) -> None:
    line = await stalled(running, scene[0])
    await running.pass_time(STUCK_SECONDS - 1, 1)
    assert not line.is_down
    await running.pass_time(3, 1)
    assert line.code == 4000


async def test_a_line_that_takes_a_little_is_not_stuck_though_more_is_written(running: Node, scene: Scene) -> None:
    ana, ben, room = scene
    line = await stalled(running, ana, 200 * KB)
    for _ in range(4):
        await running.post(ben, room, "x" * 16_000)
        await running.post(ben, room, "x" * 16_000)
        line.drain(size=20 * KB)
        await running.pass_time(STUCK_SECONDS / 2, 1)
    assert not line.is_down
    assert line.unsent > 200 * KB


async def test_history_waits_for_a_slow_reader(running: Node, scene: Scene) -> None:
    ana, _, room = scene
    for _ in range(5):
        await running.post(ana, room, "x" * 16_000)
    line = await running.connect(ana)
    line.stalled = True
    numbers = [line.say("history", room=room) for _ in range(6)]
    await running.settle()
    assert line.unsent < 256 * KB
    line.drain()
    for number in numbers:
        assert len((await line.reply(number))["messages"]) == 6


# The end.


async def test_a_line_that_breaks_leaves_nothing_behind(running: Node, scene: Scene) -> None:
    ana, ben, room = scene
    elsewhere = await running.room(ana, ben)
    line, other = await running.connect(ana), await running.connect(ben)
    await line.ask("typing", room=elsewhere)
    await running.pass_time(1)
    await other.event("typing", room=elsewhere, count=1)
    line.say("post", room=room, body="last words")
    line.cut()
    await other.event("message")  # committed all the same
    await running.pass_time(1)
    assert other.events("typing", room=elsewhere)[-1]["count"] == 0
    assert [each.user for each in running.app.hub.of_user(ana.number)] == []
    assert running.gateway.connections == 1


async def test_nothing_is_said_after_the_end(running: Node, scene: Scene) -> None:
    ana, ben, room = scene
    line = await running.connect(ana)
    line.connection.received_binary()
    said = len(line.frames)
    line.connection.received(b'{"cmd":"ping","id":1}')
    await running.post(ben, room)
    await until(lambda: line.is_down)
    assert line.code == 1003
    assert len(line.frames) == said
    line.connection.end(CloseCode.NORMAL, "again")
    line.connection.congested()
    line.connection.drained()


async def test_who_does_not_answer_pings_is_ended(running: Node, scene: Scene) -> None:
    """The heartbeat pings, and ends what does not answer (`gateway.heartbeat`)."""
    line = await running.connect(scene[0])
    await running.pass_time(60, 1)
    assert line.pings >= 2
    line.mute = True
    assert not line.is_down
    await running.pass_time(60, 1)
    assert line.code == 4004
