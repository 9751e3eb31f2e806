"""The word list on every path a text comes in."""

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest

from support.clock import FakeClock
from support.node import Node, node
from support.server import settings_for
from support.staff import staff_person
from support.waiting import until
from tertulia.app import Application
from tertulia.domain.errors import Rejection
from tertulia.domain.models import RoomKind
from tertulia.domain.words import Action, Word
from tertulia.services.accounts import Device, Registration
from tertulia.services.rooms import Settings

LAPTOP = Device("laptop", "192.0.2.1")
PASSWORD = "correct horse battery"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    """`awful` is refused, `dubious` reported."""
    async with node(tmp_path) as running:
        await running.services.words.put(None, "awful", Action.REFUSE, "command line")
        await running.services.words.put(None, "dubious", Action.REPORT, "command line")
        yield running


async def refused(asked: Awaitable[Any]) -> None:
    with pytest.raises(Rejection) as refusal:
        await asked
    assert refusal.value.code == "words_refused"
    assert "awful" not in refusal.value.message.lower()
    assert not refusal.value.fields


async def reported(here: Node) -> list[tuple[str | None, int | None, int | None, str | None]]:
    """Text, whom it is about, index, room; newest first; the reporter is the list."""
    found, _, _ = await here.services.reports.page(is_open=True, before=None, limit=50)
    assert all(report.reporter is None for report in found)
    return [(report.body, report.user, report.index, report.room_id) for report in found]


async def test_messages_posted_and_edited(here: Node) -> None:
    [ann] = await here.people("ann")
    room = await here.room(ann)
    await refused(here.services.messages.post(ann.caller, room, "How AWFUL!"))
    await here.post(ann, room, "A dubious thing")
    await here.post(ann, room, "fine")
    await refused(here.services.messages.edit(ann.caller, room, 2, "awful"))
    await here.services.messages.edit(ann.caller, room, 2, "dubious, too")
    assert await reported(here) == [("dubious, too", ann.number, 2, room), ("A dubious thing", ann.number, 1, room)]
    view = await here.services.rooms.view(ann.caller, room)
    assert view.room.message_count == 2


async def test_messages_over_the_socket(here: Node) -> None:
    [ann] = await here.people("ann")
    room = await here.room(ann)
    line = await here.connect(ann)
    for more in ({}, {"client_id": "x" * 16}):
        reply = await line.ask("post", room=room, body="awful", **more)
        assert reply["error"]["code"] == "words_refused"
    assert "message" in await line.ask("post", room=room, body="dubious")
    reply = await line.ask("edit", room=room, index=1, body="awful")
    assert reply["error"]["code"] == "words_refused"
    assert await reported(here) == [("dubious", ann.number, 1, room)]


async def test_what_was_stored_before_the_word_was_listed_is_answered_again(here: Node) -> None:
    [ann] = await here.people("ann")
    room = await here.room(ann)
    first = await here.services.messages.post(ann.caller, room, "fresh", "k" * 16)
    await here.services.words.put(None, "fresh", Action.REFUSE)
    again = await here.services.messages.post(ann.caller, room, "fresh", "k" * 16)
    assert first.message is not None
    assert again.message is not None
    assert (again.repeated, again.message.id) == (True, first.message.id)
    await refused(here.services.messages.post(ann.caller, room, "fresh", "n" * 16))


async def test_a_repeated_post_is_reported_once(here: Node) -> None:
    [ann] = await here.people("ann")
    room = await here.room(ann)
    for _ in range(3):
        await here.services.messages.post(ann.caller, room, "dubious", "k" * 16)
    assert len(await reported(here)) == 1


def wanted(field: str, text: str) -> Settings:
    given: dict[str, Any] = {field: text}
    return Settings(**given)


@pytest.mark.parametrize("field", ["name", "title", "description"])
async def test_rooms(here: Node, field: str) -> None:
    [ann] = await here.people("ann")
    rooms = here.services.rooms
    texts: dict[str, Any] = {"name": "n", "title": "t", "description": "d"}

    async def made(text: str) -> str:
        view = await rooms.create(ann.caller, RoomKind.PUBLIC, **{**texts, field: text})
        return view.room.id

    await refused(made("awful"))
    room = await made("dubious")
    await refused(rooms.change(ann.caller, room, wanted(field, "awful")))
    await rooms.change(ann.caller, room, wanted(field, "more-dubious"))
    changed, given = await reported(here)
    assert changed == ("more-dubious", ann.number, None, room)
    assert given[1:] == (ann.number, None, room)
    assert "dubious" in (given[0] or "")


@pytest.mark.parametrize("field", ["username", "first_name", "last_name"])
async def test_names_at_registration(here: Node, field: str) -> None:
    def signing_up(text: str) -> Registration:
        given: dict[str, Any] = {"username": "someone", "password": PASSWORD, field: text}
        return Registration(**given)

    await refused(here.services.accounts.register(signing_up("awful"), LAPTOP))
    await refused(here.services.accounts.register(signing_up("ＡＷＦＵＬ"), LAPTOP))
    signed_in = await here.services.accounts.register(signing_up("dubious"), LAPTOP)
    [(text, user, _, room)] = await reported(here)
    assert (user, room) == (signed_in.user.number, None)
    assert "dubious" in (text or "")


async def test_names_of_the_profile(here: Node) -> None:
    [ann] = await here.people("ann")
    change = here.services.accounts.change_profile
    await refused(change(ann.caller, "awful", None))
    await refused(change(ann.caller, None, "awful"))
    for _ in range(2):  # unchanged: not again
        await change(ann.caller, "Dubious", "Person")
    assert await reported(here) == [("Dubious\nPerson", ann.number, None, None)]


async def test_the_command_line_is_not_asked(here: Node) -> None:
    boss = await here.services.accounts.create_superuser("awful", None, PASSWORD)
    assert boss.username == "awful"


async def test_left_out_rather_than_refused(here: Node) -> None:
    words = here.services.words
    assert [words.allows(text) for text in ("awful", "dubious", "fine", "")] == [False, True, True, True]


# The list


async def test_put_changed_removed(here: Node) -> None:
    staff, words = await staff_person(here), here.services.words
    stored = await words.put(staff.number, " New* ", Action.REFUSE)
    assert (stored.word, stored.by) == ("new*", staff.number)
    assert not words.allows("newest")
    await words.put(staff.number, "NEW*", Action.REPORT)
    assert words.check("newest")
    assert await words.put(staff.number, "new*", Action.REPORT) == (await words.page("dubious", 1))[0][0]
    await words.remove(staff.number, "New*")
    assert not words.check("newest")
    for missing in ("new*", "", "*", "x" * 1000):
        with pytest.raises(Rejection) as refusal:
            await words.remove(staff.number, missing)
        assert refusal.value.code == "not_found"
    page, more = await words.page("", 1)
    assert ([word.word for word in page], more) == (["awful"], True)


async def test_every_change_is_in_the_audit_log_once(here: Node) -> None:
    staff, words = await staff_person(here), here.services.words
    for action in (Action.REFUSE, Action.REFUSE, Action.REPORT):
        await words.put(staff.number, "new", action)
    await words.remove(staff.number, "new")
    answer = await here.call(staff, "GET", f"staff/audit?actor={staff.id}")
    assert [(entry["act"], entry["details"]) for entry in answer.json()["items"]] == [
        ("remove_word", {"word": "new"}),
        ("word", {"word": "new", "action": "report"}),
        ("word", {"word": "new", "action": "refuse"}),
    ]


async def test_the_list_is_bounded(here: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.services.words.MAX_WORDS", 4)
    monkeypatch.setattr("tertulia.services.words.MAX_INSIDE", 1)
    words = here.services.words
    await words.put(None, "*any*", Action.REFUSE)
    with pytest.raises(Rejection, match="both ends") as refusal:
        await words.put(None, "*other*", Action.REFUSE)
    assert refusal.value.code == "too_many"
    await words.put(None, "last", Action.REFUSE)
    with pytest.raises(Rejection, match="at most 4"):
        await words.put(None, "more", Action.REFUSE)
    await words.put(None, "last", Action.REPORT)  # it is there


async def test_what_another_process_changes_is_noticed(tmp_path: Path) -> None:
    clock = FakeClock()
    async with node(tmp_path, clock) as here:
        other = Application(settings_for(tmp_path))
        await other.start()
        await other.words.put(None, "awful", Action.REFUSE)
        await here.pass_time(2)
        await until(lambda: not here.services.words.allows("awful"))
        await other.words.remove(None, "awful")
        await here.pass_time(2)
        await until(lambda: here.services.words.allows("awful"))
        await other.stop()


async def test_the_list_is_there_after_a_start(tmp_path: Path) -> None:
    async with node(tmp_path) as here:
        await here.services.words.put(None, "awful", Action.REFUSE)
    async with node(tmp_path) as here:
        assert not here.services.words.allows("awful")
        [word], _ = await here.services.words.page("", 5)
        assert isinstance(word, Word)
