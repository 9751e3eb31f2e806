"""Messages, beside what commands and routes show."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from support.clock import FakeClock
from support.node import Node, node
from tertulia.domain.changes import Outcome, Result
from tertulia.domain.errors import Rejection
from tertulia.protocol.resources import message_resource
from tertulia.services.timeline import Place

NOTHING = "0197a1b0-0000-7000-8000-000000000001"
LONG = "\U0001f600" * 16_000


@contextmanager
def statements(running: Node) -> Iterator[list[str]]:
    """All that is said to the database within, to read and to write."""
    said: list[str] = []

    def executed(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    engines = (running.app.db._read_engine, running.app.db._write_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", executed)
    try:
        yield said
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", executed)


async def test_posts_are_limited_for_the_user_not_the_connection(tmp_path: Path) -> None:
    """Rule 28."""
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=3) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        for _ in range(3):
            await running.post(ana, room)
        with pytest.raises(Rejection) as refused:
            await running.post(ana, room)
        assert refused.value.code == "rate_limited"
        assert refused.value.retry_after == pytest.approx(1)
        await running.post(ben, room)
        await running.pass_time(1, 1)
        await running.post(ana, room)


async def test_rule_28_a_post_over_the_limit_asks_the_database_nothing(tmp_path: Path) -> None:
    """Nor does one on a line, and to a room of which this node knows nothing."""
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=1) as running:
        ana, ben = await running.people("ana", "ben")
        room = await running.room(ana, ben)
        line = await running.connect(ben)
        await running.settle()
        with statements(running) as said:
            await running.post(ana, room)
            await line.ask("post", room=room, body="hi")
            await running.settle()
            assert said
            said.clear()
            for place in (room, NOTHING):
                with pytest.raises(Rejection) as refused:
                    await running.post(ana, place)
                reply = await line.ask("post", room=place, body="hi")
                assert refused.value.code == reply["error"]["code"] == "rate_limited"
            assert said == []


async def test_promise_7_the_limit_tells_nothing_about_rooms(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=1) as running:
        ana, eve = await running.people("ana", "eve")
        private = await running.room(ana, kind="private")
        with pytest.raises(Rejection):
            await running.post(eve, private)
        for client_id in (None, "k"):
            answers = set()
            for room in (private, NOTHING):
                with pytest.raises(Rejection) as refused:
                    await running.post(eve, room, client_id=client_id)
                answers.add((refused.value.code, refused.value.message))
            assert len(answers) == 1, client_id


async def test_promise_3_a_repeated_post_is_answered_whatever_the_limits_say(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), post_rate=1, post_burst=1) as running:
        [ana] = await running.people("ana")
        room = await running.room(ana)
        first = await running.post(ana, room, "once", client_id="k")
        again = await running.services.messages.post(ana.caller, room, "once", "k")
        assert again.message is not None
        assert (message_resource(again.message), again.repeated) == (message_resource(first), True)
        with pytest.raises(Rejection) as refused:
            await running.services.messages.post(ana.caller, room, "twice", "k")
        assert refused.value.code == "client_id_reused"
        with pytest.raises(Rejection) as refused:
            await running.services.messages.post(ana.caller, room, "other", "k2")
        assert refused.value.code == "rate_limited"


async def test_submit_answers_later_and_once(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        room = await running.room(ana)
        number = running.services.numbers.known(room)
        assert number is not None
        results: list[Result] = []
        running.services.messages.submit(ana.caller, number, "hi", None, None, results.append)
        assert results == []
        await running.settle()
        [outcome] = results
        assert isinstance(outcome, Outcome)


async def test_rule_10_a_page_of_long_messages_is_shorter_and_says_so(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        room = await running.room(ana)
        for number in range(8):
            await running.post(ana, room, f"{number}{LONG}")
        seen: list[int | None] = []
        place, more = Place(), True
        while more:
            page = await running.services.messages.page(ana.caller, room, place, 100)
            assert 1 <= len(page.messages) <= 4
            seen = [message.index for message in page.messages] + seen
            place, more = Place(before=seen[0]), page.more
        assert seen == list(range(1, 9))
        assert (await running.services.messages.page(ana.caller, room, Place(after=0), 100)).more
        assert (await running.services.messages.page(ana.caller, room, Place(around=4), 100)).more


async def test_one_message(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        [ana] = await running.people("ana")
        room = await running.room(ana)
        posted = await running.post(ana, room, "hi")
        found = await running.services.messages.one(ana.caller, room, 1)
        assert message_resource(found) == message_resource(posted)
        with pytest.raises(Rejection) as refused:
            await running.services.messages.one(ana.caller, room, 2)
        assert (refused.value.code, refused.value.message) == ("not_found", "There is no such message.")
