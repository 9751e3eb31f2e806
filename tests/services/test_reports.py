import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest

from support.clock import FakeClock
from support.node import Node, node
from support.staff import staff_person
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.services.reports import PER_DAY


async def code(asked: Awaitable[Any]) -> str:
    """Of the refusal, or ok."""
    try:
        await asked
    except Rejection as rejection:
        return rejection.code
    return "ok"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock()) as running:
        yield running


async def test_a_message_is_kept_as_it_was(here: Node) -> None:
    ann, bob = await here.people("ann", "bob")
    room = await here.room(ann, bob)
    message = await here.post(bob, room, "buy this")
    made, again = await here.services.reports.message(ann.caller, room, 1, "spam")
    assert not again
    await here.services.messages.edit(bob.caller, room, 1, "harmless")
    report, people = await here.services.reports.one(made.id)
    assert report == made
    assert (report.body, report.reason, report.index, report.message_id) == ("buy this", "spam", 1, message.id)
    assert (report.room_id, report.user, report.reporter) == (room, bob.number, ann.number)
    assert {people[bob.number].id, people[ann.number].id} == {ann.id, bob.id}


async def test_once_for_each_reporter_and_message(here: Node) -> None:
    ann, bob = await here.people("ann", "bob")
    room = await here.room(ann, bob)
    await here.post(bob, room, "one")
    await here.post(bob, room, "two")
    report = here.services.reports.message
    heard = await asyncio.gather(*(report(ann.caller, room, 1, f"reason {n}") for n in range(10)))
    assert len({made.id for made, _ in heard}) == 1
    assert [again for _, again in heard].count(False) == 1
    assert (await report(ann.caller, room, 2, "x"))[1] is False
    assert (await report(bob.caller, room, 1, "my own"))[1] is False
    await here.services.messages.delete(bob.caller, room, 1)
    assert (await report(ann.caller, room, 1, "again"))[1] is True


async def test_only_what_one_can_see(here: Node) -> None:
    ann, bob, eve = await here.people("ann", "bob", "eve")
    private, public = await here.room(ann, bob, kind="private"), await here.room(ann, bob)
    for room in (private, public):
        await here.post(bob, room, "x")
    report = here.services.reports.message
    assert await code(report(eve.caller, private, 1, "x")) == "not_found"
    assert await code(report(eve.caller, new_id(), 1, "x")) == "not_found"
    assert await code(report(eve.caller, public, 1, "x")) == "ok"
    for index in (2, 99, 2**63 - 1):
        assert await code(report(ann.caller, public, index, "x")) == "not_found"
    await here.services.members.ban(ann.caller, public, eve.id, "")
    assert await code(report(eve.caller, public, 1, "x")) == "not_found"
    await here.services.messages.delete(bob.caller, private, 1)
    assert await code(report(ann.caller, private, 1, "x")) == "deleted"


async def test_a_user(here: Node) -> None:
    ann, bob = await here.people("ann", "bob")
    report = here.services.reports.user
    made, again = await report(ann.caller, bob.id, "rude")
    assert (made.user, made.index, made.body, again) == (bob.number, None, None, False)
    assert await report(ann.caller, bob.id, "still rude") == (made, True)
    staff = await staff_person(here)
    await here.services.reports.resolve(staff.caller, made.id, "warned", delete_message=False)
    assert (await report(ann.caller, bob.id, "again"))[1] is False
    for missing in (new_id(), "x", ""):
        assert await code(report(ann.caller, missing, "x")) == "not_found"


async def test_a_stranger_who_may_not_be_found_is_not_there(tmp_path: Path) -> None:
    async with node(tmp_path, find_people="shared") as here:
        ann, bob = await here.people("ann", "bob")
        assert await code(here.services.reports.user(ann.caller, bob.id, "x")) == "not_found"
        await here.room(ann, bob)
        assert await code(here.services.reports.user(ann.caller, bob.id, "x")) == "ok"


async def test_so_many_in_a_day(here: Node) -> None:
    ann, bob = await here.people("ann", "bob")
    room = await here.room(ann, bob)
    for n in range(PER_DAY + 1):
        await here.post(bob, room, f"{n}")
    report = here.services.reports.message
    for index in range(1, PER_DAY + 1):
        await report(ann.caller, room, index, "x")
        here.app.clock.advance(60)  # type: ignore[attr-defined]
    with pytest.raises(Rejection) as refused:
        await report(ann.caller, room, PER_DAY + 1, "x")
    assert refused.value.code == "rate_limited"
    assert refused.value.retry_after == pytest.approx(86_400 - PER_DAY * 60)
    assert await code(here.services.reports.user(ann.caller, bob.id, "x")) == "rate_limited"
    assert await code(report(ann.caller, room, 1, "again")) == "ok"  # is no new one
    assert await code(report(bob.caller, room, PER_DAY + 1, "x")) == "ok"
    here.app.clock.advance(refused.value.retry_after)  # type: ignore[attr-defined]
    assert await code(report(ann.caller, room, PER_DAY + 1, "x")) == "ok"


@pytest.mark.parametrize("kind", ["public", "private", "direct"])
async def test_staff_delete_what_was_reported_wherever_it_stands(here: Node, kind: str) -> None:
    ann, bob, staff = *await here.people("ann", "bob"), await staff_person(here)
    if kind == "direct":
        room = (await here.services.rooms.open_direct(ann.caller, bob.id))[0].room.id
    else:
        room = await here.room(ann, bob, kind=kind)
    await here.post(bob, room, "buy this")
    made, _ = await here.services.reports.message(ann.caller, room, 1, "spam")
    done, people = await here.services.reports.resolve(staff.caller, made.id, "deleted it", delete_message=True)
    assert (done.resolution, done.resolved_by, done.body) == ("deleted it", staff.number, "buy this")
    assert people[staff.number].id == staff.id
    message = await here.services.messages.one(ann.caller, room, 1)
    assert (message.body, message.deleted_at is not None) == (None, True)
    again, _ = await here.services.reports.resolve(staff.caller, made.id, "other words", delete_message=True)
    assert again == done  # who was first stays
    answer = await here.call(staff, "GET", f"staff/audit?room={room}")
    assert [entry["act"] for entry in answer.json()["items"][:2]] == ["resolve_report", "delete_message"]


async def test_a_report_outlives_its_room(here: Node) -> None:
    ann, bob, staff = *await here.people("ann", "bob"), await staff_person(here)
    room = await here.room(ann, bob)
    await here.post(bob, room, "x")
    made, _ = await here.services.reports.message(ann.caller, room, 1, "spam")
    await here.services.rooms.delete(ann.caller, room)
    await here.services.rooms.purge()
    done, _ = await here.services.reports.resolve(staff.caller, made.id, "gone", delete_message=True)
    assert (done.body, done.resolution) == ("x", "gone")


async def test_newest_first_open_or_resolved(here: Node) -> None:
    ann, bob, staff = *await here.people("ann", "bob"), await staff_person(here)
    room = await here.room(ann, bob)
    made = []
    for n in range(4):
        await here.post(bob, room, f"{n}")
        made.append((await here.services.reports.message(ann.caller, room, n + 1, "x"))[0].id)
    await here.services.reports.resolve(staff.caller, made[1], "done", delete_message=False)
    page = here.services.reports.page
    first, more, _ = await page(is_open=True, before=None, limit=2)
    assert ([one.id for one in first], more) == ([made[3], made[2]], True)
    rest, more, _ = await page(is_open=True, before=first[-1].number, limit=2)
    assert ([one.id for one in rest], more) == ([made[0]], False)
    resolved, _, _ = await page(is_open=False, before=None, limit=9)
    assert [one.id for one in resolved] == [made[1]]
    for missing in (new_id(), "x"):
        assert await code(here.services.reports.one(missing)) == "not_found"
        resolve = here.services.reports.resolve(staff.caller, missing, "x", delete_message=True)
        assert await code(resolve) == "not_found"
