import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from support import accounts as few
from support.at_once import at_once
from support.clock import FakeClock
from support.databases import ON_POSTGRESQL
from support.node import Node, Person, node
from support.staff import staff_person
from tertulia.domain.changes import SetRole
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.models import Invite, Role
from tertulia.services.accounts import Accounts, Device, Registration
from tertulia.services.invites import GUESSES, ServerInvites
from tertulia.services.policy import Policy
from tertulia.services.policy import Registration as Who
from tertulia.storage import invites as rows
from tertulia.storage.members import one, save
from tertulia.storage.rooms import lock
from tertulia.tasks import Tasks

WEEK = 7 * 86_400
PASSWORD = "correct horse battery"
LAPTOP = Device("laptop", "192.0.2.1")


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


async def uses(here: Node, invite: Invite) -> int:
    found = await here.app.db.write(rows.load, [invite.number])
    return found[invite.number].uses


async def members(here: Node, person: Person, room: str) -> set[str]:
    page = await here.services.members.page(person.caller, room, None, 100)
    return {user.id for _, user in page.items}


async def test_by_an_invitation_into_a_private_room(here: Node) -> None:
    ann, bob = await here.people("ann", "bob")
    room = await here.room(ann, kind="private")
    made = await here.services.invites.make(ann.caller, room, WEEK, 2)
    leads = await here.services.invites.look(bob.caller, made.code)
    assert leads.room is not None
    assert (leads.room.id, leads.room.member_count, leads.joined) == (room, 1, False)
    assert await uses(here, made) == 0  # looking is not using
    joined = await here.services.invites.join(bob.caller, made.code)
    assert joined.id == room
    assert await members(here, ann, room) == {ann.id, bob.id}
    assert (await here.services.invites.look(bob.caller, made.code)).joined
    assert await uses(here, made) == 1


async def test_who_is_in_stays_in_and_uses_nothing(here: Node) -> None:
    ann, bob = await here.people("ann", "bob")
    room = await here.room(ann, kind="private")
    made = await here.services.invites.make(ann.caller, room, WEEK, 1)
    for _ in range(3):  # the last use was bob's own: whose answer was lost asks again
        assert (await here.services.invites.join(bob.caller, made.code)).id == room
        assert (await here.services.invites.join(ann.caller, made.code)).id == room
    assert await uses(here, made) == 1


async def test_all_that_is_not_good_is_refused_alike(here: Node) -> None:
    ann, bob, eve = await here.people("ann", "bob", "eve")
    room = await here.room(ann, kind="private")
    make = here.services.invites.make
    used, revoked, expired = [await make(ann.caller, room, 60, 1) for _ in range(3)]
    await here.services.invites.join(bob.caller, used.code)
    await here.services.invites.revoke(ann.caller, room, revoked.id)
    here.app.clock.advance(60)  # type: ignore[attr-defined]
    gone = await here.room(ann, kind="private")
    of_gone = await make(ann.caller, gone, WEEK, None)
    await here.services.rooms.delete(ann.caller, gone)
    heard = set()
    for bad in (used.code, revoked.code, expired.code, of_gone.code, "never there", "x" * 64):
        for ask in (here.services.invites.look, here.services.invites.join):
            with pytest.raises(Rejection) as refused:
                await ask(eve.caller, bad)
            heard.add((refused.value.code, refused.value.message))
    assert len(heard) == 1
    assert heard.pop()[0] == "invite_invalid"


async def test_who_is_banned_cannot_tell_it_from_a_bad_one(here: Node) -> None:
    ann, eve = await here.people("ann", "eve")
    room = await here.room(ann, kind="private")
    made = await here.services.invites.make(ann.caller, room, WEEK, 5)
    await here.services.members.ban(ann.caller, room, eve.id, "")
    assert await code(here.services.invites.look(eve.caller, made.code)) == "invite_invalid"
    assert await code(here.services.invites.join(eve.caller, made.code)) == "invite_invalid"
    assert await uses(here, made) == 0


async def test_bad_codes_can_be_tried_a_few_times_in_a_minute(here: Node) -> None:
    ann, eve = await here.people("ann", "eve")
    room = await here.room(ann, kind="private")
    made = await here.services.invites.make(ann.caller, room, WEEK, None)
    look = here.services.invites.look
    for _ in range(3 * GUESSES):
        await look(eve.caller, made.code)  # a good one is no guess
    heard = await asyncio.gather(*(code(look(eve.caller, f"no {n}")) for n in range(2 * GUESSES)))
    assert sorted(heard) == ["invite_invalid"] * GUESSES + ["rate_limited"] * GUESSES
    assert await code(look(eve.caller, made.code)) == "rate_limited"
    assert await code(look(ann.caller, made.code)) == "ok"
    here.app.clock.advance(61)  # type: ignore[attr-defined]
    assert await code(look(eve.caller, made.code)) == "ok"


@pytest.mark.parametrize(
    ("who", "heard"), [("owner", "ok"), ("member", "forbidden"), ("stranger", "not_found"), ("staff", "not_found")]
)
async def test_who_may_manage_those_of_a_private_room(here: Node, who: str, heard: str) -> None:
    owner, member, stranger = await here.people("owner", "member", "stranger")
    people = {"owner": owner, "member": member, "stranger": stranger, "staff": await staff_person(here)}
    room = await here.room(owner, member, kind="private")
    made = await here.services.invites.make(owner.caller, room, WEEK, None)
    caller = people[who].caller
    assert await code(here.services.invites.make(caller, room, WEEK, None)) == heard
    assert await code(here.services.invites.of_room(caller, room, 0, 50)) == heard
    assert await code(here.services.invites.revoke(caller, room, made.id)) == heard


async def test_direct_and_archived_rooms_take_nobody(here: Node) -> None:
    ann, bob = await here.people("ann", "bob")
    view, _ = await here.services.rooms.open_direct(ann.caller, bob.id)
    assert await code(here.services.invites.make(ann.caller, view.room.id, WEEK, None)) == "direct_room"
    room = await here.room(ann, kind="private")
    made = await here.services.invites.make(ann.caller, room, WEEK, None)
    answer = await here.call(ann, "PATCH", f"rooms/{room}", {"archived": True})
    assert answer.status_code == 200, answer.text
    assert await code(here.services.invites.make(ann.caller, room, WEEK, None)) == "archived"
    assert await code(here.services.invites.join(bob.caller, made.code)) == "archived"
    assert await uses(here, made) == 0


async def test_fifty_at_once_through_a_door_for_seven(here: Node) -> None:
    ann, *crowd = await here.people("ann", *["guest"] * 50)
    room = await here.room(ann, kind="private")
    made = await here.services.invites.make(ann.caller, room, WEEK, 7)
    heard = await asyncio.gather(*(code(here.services.invites.join(guest.caller, made.code)) for guest in crowd))
    assert sorted(heard) == ["invite_invalid"] * 43 + ["ok"] * 7
    assert await uses(here, made) == 7
    assert len(await members(here, ann, room)) == 8


async def test_a_room_has_so_many_open_ones(here: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.services.invites.MAX_ROOM_INVITES", 3)
    [ann] = await here.people("ann")
    room, other = await here.room(ann, kind="private"), await here.room(ann, kind="private")
    made = [await here.services.invites.make(ann.caller, room, 60, None) for _ in range(3)]
    assert await code(here.services.invites.make(ann.caller, room, 60, None)) == "too_many"
    assert await code(here.services.invites.make(ann.caller, other, 60, None)) == "ok"
    await here.services.invites.revoke(ann.caller, room, made[0].id)
    assert await code(here.services.invites.revoke(ann.caller, room, made[0].id)) == "not_found"
    assert await code(here.services.invites.make(ann.caller, room, 60, None)) == "ok"
    found, more = await here.services.invites.of_room(ann.caller, room, 0, 2)
    assert ([one.id for one in found], more) == ([made[1].id, made[2].id], True)
    here.app.clock.advance(61)  # type: ignore[attr-defined]
    assert await here.services.invites.of_room(ann.caller, room, 0, 50) == ([], False)


async def test_those_to_the_server(here: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.services.invites.MAX_SERVER_INVITES", 2)
    staff, bob = await staff_person(here), await here.person("bob")
    server = here.services.invites.server
    made = [await server.make(staff.number, 60, 1), await server.make(None, 60, None, "command line")]
    assert await code(server.make(staff.number, 60, 1)) == "too_many"
    assert await server.page(0, 1) == ([made[0]], True)
    assert await server.page(made[0].number, 5) == ([made[1]], False)
    assert (await here.services.invites.look(bob.caller, made[0].code)).room is None
    assert await code(here.services.invites.join(bob.caller, made[0].code)) == "invite_invalid"
    await server.revoke(staff.number, made[0].id)
    for missing in (made[0].id, new_id(), "x"):
        assert await code(server.revoke(staff.number, missing)) == "not_found"


async def test_in_the_audit_log(here: Node) -> None:
    [ann] = await here.people("ann")
    room = await here.room(ann, kind="private")
    made = await here.services.invites.make(ann.caller, room, 60, 4)
    await here.services.invites.revoke(ann.caller, room, made.id)
    await here.services.invites.server.make(None, 60, 1, "command line")
    answer = await here.call(await staff_person(here), "GET", "staff/audit")
    told = [(entry["act"], entry["via"], entry.get("room")) for entry in answer.json()["items"]]
    assert told == [("invite", "command line", None), ("revoke_invite", "user", room), ("invite", "user", room)]
    assert made.code not in answer.text


# Signing up by one


async def test_signing_up_leads_into_the_room(tmp_path: Path) -> None:
    async with node(tmp_path, registration="invite") as here:
        [ann] = await here.people("ann")
        room = await here.room(ann, kind="private")
        made = await here.services.invites.make(ann.caller, room, WEEK, 1)
        wanted = Registration("newcomer", PASSWORD, invite=made.code)
        signed_in = await here.services.accounts.register(wanted, LAPTOP)
        assert await members(here, ann, room) == {ann.id, signed_in.user.id}
        assert await uses(here, made) == 1
        second = Registration("second", PASSWORD, invite=made.code)
        assert await code(here.services.accounts.register(second, LAPTOP)) == "invite_invalid"


async def test_a_room_that_takes_nobody_any_more_does_not_undo_the_account(tmp_path: Path) -> None:
    async with node(tmp_path, registration="invite") as here:
        [ann] = await here.people("ann")
        room = await here.room(ann, kind="private")
        made = await here.services.invites.make(ann.caller, room, WEEK, 1)
        answer = await here.call(ann, "PATCH", f"rooms/{room}", {"archived": True})
        assert answer.status_code == 200, answer.text
        wanted = Registration("newcomer", PASSWORD, invite=made.code)
        assert await code(here.services.accounts.register(wanted, LAPTOP)) == "ok"
        assert await members(here, ann, room) == {ann.id}


async def test_fifty_sign_up_at_once_with_an_invitation_for_seven(tmp_path: Path) -> None:
    async with few.node(tmp_path) as one:
        made = await ServerInvites(one.database, one.clock).make(None, 60, 7)
        tasks = Tasks()
        policy = Policy(one.database, registration=Who.INVITE)
        accounts = Accounts(
            one.database, one.people, one.sessions, one.verifier, one.passwords, one.clock, tasks, policy=policy
        )
        wanted = [Registration(f"guest{n}", PASSWORD, invite=made.code) for n in range(50)]
        heard = []
        for start in range(0, 50, 10):  # more at once would be busy hashing
            some = wanted[start : start + 10]
            heard += await asyncio.gather(*(code(accounts.register(one_, LAPTOP)) for one_ in some))
        await tasks.close()
        assert sorted(heard) == ["invite_invalid"] * 43 + ["ok"] * 7
        assert await one.scalar("SELECT count(*) FROM users") == 7
        assert await one.scalar("SELECT uses FROM invites") == 7


async def test_a_taken_name_uses_nothing(tmp_path: Path) -> None:
    async with few.node(tmp_path) as one:
        await one.register("ann")
        made = await ServerInvites(one.database, one.clock).make(None, 60, 1)
        assert await code(one.register("ann", invite=made.code)) == "username_taken"
        assert await one.scalar("SELECT uses FROM invites") == 0
        assert await code(one.register("bob", invite=made.code)) == "ok"


@ON_POSTGRESQL
async def test_who_loses_the_right_at_this_moment_leaves_no_invitation(here: Node) -> None:
    """The right is looked at under the room's lock: an invitation made meanwhile would outlive it."""
    ann, bob = await here.people("ann", "bob")
    room = await here.room(ann, bob, kind="private")
    number = await here.services.numbers.number(room)
    await here.app.committer.commit(SetRole(number, ann.number, bob.number, Role.MODERATOR))

    def demote(connection: Connection) -> None:
        locked = lock(connection, [number])
        member = one(connection, number, bob.number)
        assert member is not None
        save(connection, [replace(member, role=Role.MEMBER)])
        rows.revoke_by(connection, [(number, bob.number)], locked[number].last_at)

    def invite(connection: Connection) -> Invite:
        return here.services.invites._make(connection, bob.caller, room, WEEK, None)

    assert await asyncio.to_thread(at_once, here.app.db.url, demote, invite) == [None, "forbidden"]
