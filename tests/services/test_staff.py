import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest

from support import accounts as few
from support.node import Node, node
from support.staff import staff_person
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.services.staff import AuditFilter, Staff
from tertulia.tasks import Tasks


async def code(asked: Awaitable[Any]) -> str:
    """Of the refusal, or ok."""
    try:
        await asked
    except Rejection as rejection:
        return rejection.code
    return "ok"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


async def test_deactivated_at_once_everywhere(here: Node) -> None:
    staff, bob = await staff_person(here), await here.person("bob")
    line = await here.connect(bob)
    second = await here.sign_in(bob.name)
    change = here.services.staff.change_user
    changed = await change(staff.caller, bob.id, is_active=False, is_staff=None)
    assert not changed.is_active
    assert await line.closed() == 4501
    for person in (bob, second):
        assert (await here.call(person, "GET", "me")).status_code == 401
    assert await code(here.services.sessions.refresh(bob.refresh, "192.0.2.1")) == "unauthorized"
    assert await code(here.services.people.by_id(staff.caller, bob.id)) == "not_found"
    activated = await change(staff.caller, bob.id, is_active=True, is_staff=None)
    assert activated.is_active
    assert (await here.call(bob, "GET", "me")).status_code == 401  # the old sessions stay ended
    assert (await here.call(await here.sign_in(bob.name), "GET", "me")).status_code == 200


async def test_who_is_deactivated_cannot_sign_in(tmp_path: Path) -> None:
    async with few.node(tmp_path) as one:
        boss = await one.register("boss")
        await one.execute("UPDATE users SET is_staff = true")
        bob, tasks = await one.register("bob"), Tasks()
        staff = Staff(one.database, one.people, one.sessions, one.clock, tasks)
        await staff.change_user(one.caller(boss), bob.user.id, is_active=False, is_staff=None)
        assert await code(one.login("bob")) == "wrong_credentials"
        await staff.change_user(one.caller(boss), bob.user.id, is_active=True, is_staff=None)
        assert await code(one.login("bob")) == "ok"
        await tasks.close()


async def test_made_staff_and_not(here: Node) -> None:
    staff, bob = await staff_person(here), await here.person("bob")
    change = here.services.staff.change_user
    assert (await here.call(bob, "GET", "staff/audit")).status_code == 403
    assert (await change(staff.caller, bob.id, is_active=None, is_staff=True)).is_staff
    assert (await here.call(bob, "GET", "staff/audit")).status_code == 200
    assert (await here.call(bob, "GET", "me")).json()["is_staff"]
    await change(staff.caller, bob.id, is_active=None, is_staff=False)
    assert (await here.call(bob, "GET", "staff/audit")).status_code == 403


async def test_the_last_of_the_staff_stays(here: Node) -> None:
    staff, bob = await staff_person(here), await here.person("bob")
    change = here.services.staff.change_user
    for more in ({"is_active": False, "is_staff": None}, {"is_active": None, "is_staff": False}):
        assert await code(change(staff.caller, staff.id, **more)) == "forbidden"
    await change(staff.caller, bob.id, is_active=None, is_staff=True)
    await change(staff.caller, bob.id, is_active=False, is_staff=None)
    assert await code(change(staff.caller, staff.id, is_active=None, is_staff=False)) == "forbidden"
    await change(staff.caller, bob.id, is_active=True, is_staff=None)
    # Two who put out each other at once: one of them stays.
    both = (change(a.caller, b.id, is_active=None, is_staff=False) for a, b in ((staff, bob), (bob, staff)))
    assert sorted(await asyncio.gather(*map(code, both))) == ["forbidden", "ok"]


async def test_invitations_of_who_is_deactivated_or_no_staff_any_more_end(here: Node) -> None:
    staff, bob, cleo = await staff_person(here), await staff_person(here, "bob"), await here.person("cleo")
    own, private = await here.room(bob), await here.room(cleo, kind="private")
    public = await here.room(cleo)
    make, change = here.services.invites.make, here.services.staff.change_user
    codes = [(await make(bob.caller, room, 3_600, None)).code for room in (own, public)]
    codes += [(await make(cleo.caller, private, 3_600, None)).code]
    codes += [(await here.services.invites.server.make(bob.number, 3_600, None)).code]

    async def good() -> list[bool]:
        return [await code(here.services.invites.look(staff.caller, one)) == "ok" for one in codes]

    assert await good() == [True, True, True, True]
    await change(staff.caller, bob.id, is_active=None, is_staff=False)
    assert await good() == [True, False, True, False]
    await change(staff.caller, bob.id, is_active=None, is_staff=True)
    await change(staff.caller, bob.id, is_active=False, is_staff=None)
    assert await good() == [False, False, True, False]
    await change(staff.caller, bob.id, is_active=True, is_staff=None)
    assert await good() == [False, False, True, False]


async def test_what_changes_nothing_is_not_in_the_audit_log(here: Node) -> None:
    staff, bob = await staff_person(here), await here.person("bob")
    change = here.services.staff.change_user
    await change(staff.caller, bob.id, is_active=True, is_staff=False)
    await change(staff.caller, bob.id, is_active=None, is_staff=None)
    assert (await here.services.staff.audit(AuditFilter(), None, 50))[0] == []
    await change(staff.caller, bob.id, is_active=False, is_staff=False)
    [entry], more, people = await here.services.staff.audit(AuditFilter(), None, 50)
    assert (entry.act, entry.actor, entry.user) == ("change_user", staff.number, bob.number)
    assert (entry.details, more) == ({"is_active": False}, False)
    assert set(people) == {staff.number, bob.number}
    for missing in (new_id(), "x"):
        assert await code(change(staff.caller, missing, is_active=False, is_staff=None)) == "not_found"


async def test_the_audit_log_by_room_user_and_actor(here: Node) -> None:
    staff, ann, bob = await staff_person(here), *await here.people("ann", "bob")
    room = await here.room(ann, bob)
    await here.services.members.ban(ann.caller, room, bob.id, "spam")
    await here.services.staff.change_user(staff.caller, bob.id, is_active=False, is_staff=None)
    audit = here.services.staff.audit

    async def acts(**wanted: str) -> list[str]:
        return [entry.act for entry in (await audit(AuditFilter(**wanted), None, 50))[0]]

    assert await acts() == ["change_user", "ban"]
    assert await acts(room=room) == ["ban"]
    assert await acts(user=bob.id) == ["change_user", "ban"]
    assert await acts(actor=ann.id) == ["ban"]
    assert await acts(actor=staff.id, user=bob.id) == ["change_user"]
    for missing in (new_id(), "x", ""):
        assert await acts(user=missing) == await acts(actor=missing) == await acts(room=missing) == []
    first, more, _ = await audit(AuditFilter(), None, 1)
    assert more
    rest, more, _ = await audit(AuditFilter(), first[-1].number, 1)
    assert ([entry.act for entry in rest], more) == (["ban"], False)


async def test_another_process_learns_of_it(tmp_path: Path) -> None:
    async with node(tmp_path) as here, node(tmp_path) as other:
        staff, bob = await staff_person(here), await here.person("bob")
        await other.services.sessions.catch_up()
        caller = other.services.sessions.authenticate(bob.token)
        await here.services.staff.change_user(staff.caller, bob.id, is_active=False, is_staff=None)
        await other.app.neighbours.sweep.look()
        await until(lambda: not other.services.sessions.is_open(caller))
