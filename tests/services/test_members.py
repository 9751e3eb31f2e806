"""Members, beside what their routes show (tests/http/test_rooms.py)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from support.node import Node, Person, node
from support.staff import make_staff
from tertulia.domain.errors import Rejection
from tertulia.domain.models import RoomKind
from tertulia.services.rooms import Settings
from tertulia.storage.tables import users

NOTHING = "0197a1b0-0000-7000-8000-000000000001"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as running:
        yield running


async def deactivate(running: Node, person: Person) -> None:
    def work(connection: Connection) -> None:
        connection.execute(update(users).where(users.c.number == person.number).values(is_active=False))

    await running.app.db.write(work)


async def test_joining_and_being_added_again_change_nothing(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    line = await running.connect(ana)
    await running.services.members.join(ben.caller, room)
    member, _, came = await running.services.members.add(ana.caller, room, ben.id)
    assert (member.changed_seq, came) == (2, False)
    await line.ask("ping")
    assert line.of_room(room) == []


async def test_the_owner_hands_over_to_the_longest_member(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben, cleo)
    line = await running.connect(cleo)
    await running.services.members.leave(ana.caller, room)
    event = await line.event("member")
    roles = {member["user"]["id"]: member["role"] for member in event["members"] if "left_at" not in member}
    assert roles == {ben.id: "owner"}
    await running.services.rooms.change(ben.caller, room, Settings(title="mine now"))
    await running.services.members.join(ana.caller, room)
    with pytest.raises(Rejection) as refused:
        await running.services.rooms.change(ana.caller, room, Settings(title="mine again"))
    assert refused.value.code == "forbidden"


async def test_the_last_one_leaves_a_room_that_others_may_join(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana)
    await running.services.members.leave(ana.caller, room)
    await running.services.members.join(ben.caller, room)
    view = await running.services.rooms.view(ben.caller, room)
    assert (view.room.member_count, view.room.owner) == (1, None)


async def test_who_comes_back_starts_at_the_end(running: Node) -> None:
    """Promise 6."""
    ana, ben = await running.people("ana", "ben")
    room = await running.room(ana, ben)
    await running.services.members.leave(ben.caller, room)
    for _ in range(3):
        await running.post(ana, room)
    await running.services.members.join(ben.caller, room)
    view = await running.services.rooms.view(ben.caller, room)
    assert view.member is not None
    assert (view.member.read_index, view.room.message_count) == (3, 3)


async def test_somebody_deactivated_cannot_be_added_but_removed(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben)
    for person in (ben, cleo):
        await deactivate(running, person)
    with pytest.raises(Rejection) as refused:
        await running.services.members.add(ana.caller, room, cleo.id)
    assert refused.value.code == "not_found"
    await running.services.members.remove(ana.caller, room, ben.id)


async def test_who_has_its_id_joins_a_room_that_allows_it(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    create, join = running.services.rooms.create, running.services.members.join_by_id
    made = (await create(ana.caller, RoomKind.PRIVATE, "club", None, "", exclusive=True, join_by_id=True)).room
    line = await running.connect(ben)
    room, is_new = await join(ben.caller, made.id.upper())
    assert (room.id, room.name, room.member_count, is_new) == (made.id, "club", 2, True)
    assert (await line.event("reload", room=made.id))["snapshot"]["room"]["name"] == "club"
    assert [is_new for _, is_new in (await join(ben.caller, made.id), await join(ana.caller, made.id))] == [False] * 2
    public = await running.room(ana)
    assert (await join(ben.caller, public))[1]
    with pytest.raises(Rejection) as refused:
        await running.services.members.join(cleo.caller, made.id)
    assert refused.value.code == "not_found"
    await running.services.rooms.change(ana.caller, made.id, Settings(archived=True))
    with pytest.raises(Rejection) as refused:
        await join(cleo.caller, made.id)
    assert refused.value.code == "archived"


async def test_promise_7_an_id_opens_no_other_room(running: Node) -> None:
    """Unknown, no id, private, direct, banned: one answer, to members and staff as well."""
    ana, ben = await running.people("ana", "ben")
    staff = await make_staff(running, await running.person("staff"))
    private = await running.room(ana, ben, kind="private")
    direct, _ = await running.services.rooms.open_direct(ana.caller, ben.id)
    club = await running.services.rooms.create(ana.caller, RoomKind.PRIVATE, "club", None, "", join_by_id=True)
    for person in (ben, staff):
        await running.services.members.ban(ana.caller, club.room.id, person.id)
    answers = set()
    for person in (ben, staff):
        for room in (private, direct.room.id, club.room.id, NOTHING, "", "x", "\x00", private.replace("-", "")):
            with pytest.raises(Rejection) as refused:
                await running.services.members.join_by_id(person.caller, room)
            answers.add((refused.value.code, refused.value.message))
    assert answers == {("not_found", "There is no such room.")}


async def test_promise_7_users_that_are_not_there_tell_nothing_about_rooms(running: Node) -> None:
    """Of a private room an outsider hears the same, whomever they want to add."""
    ana, eve = await running.people("ana", "eve")
    private = await running.room(ana, kind="private")
    answers = set()
    for room in (private, NOTHING):
        for user in (ana.id, eve.id, NOTHING, "x"):
            for change in (running.services.members.add, running.services.members.remove):
                with pytest.raises(Rejection) as refused:
                    await change(eve.caller, room, user)
                answers.add((refused.value.code, refused.value.message))
    assert answers == {("not_found", "There is no such room.")}


async def test_who_is_a_member_in_pages(running: Node) -> None:
    ana, ben, cleo = await running.people("ana", "ben", "cleo")
    room = await running.room(ana, ben, cleo)
    first = await running.services.members.page(ana.caller, room, None, 2)
    assert ([user.number for _, user in first.items], first.more) == ([ana.number, ben.number], True)
    last, _ = first.items[-1]
    second = await running.services.members.page(ana.caller, room, (last.joined_at, last.user), 2)
    assert ([user.number for _, user in second.items], second.more) == ([cleo.number], False)


async def test_promise_7_who_looks_on_sees_no_positions(running: Node) -> None:
    ana, ben, eve = await running.people("ana", "ben", "eve")
    room = await running.room(ana, ben)
    assert (await running.services.members.page(ben.caller, room, None, 50)).positions
    for outsider in (eve, await make_staff(running, eve)):
        page = await running.services.members.page(outsider.caller, room, None, 50)
        assert (len(page.items), page.positions) == (2, False)
