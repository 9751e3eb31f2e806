"""Every value of every setting, at the services; tests/http/test_policy.py tries the edges."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.node import Node, Person, node
from support.refusals import refusal
from support.staff import staff_person
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.models import RoomKind
from tertulia.services.accounts import Device, Registration

LAPTOP = Device("laptop", "192.0.2.1")


@asynccontextmanager
async def town(folder: Path, **settings: Any) -> AsyncIterator[tuple[Node, dict[str, Person]]]:
    """ann and bob share a room; eve shares none; one of the staff does not either."""
    async with node(folder, **settings) as here:
        people = dict(zip(("ann", "bob", "eve"), await here.people("ann", "bob", "eve"), strict=True))
        people["staff"] = await staff_person(here)
        await here.room(people["ann"], people["bob"], kind="private")
        yield here, people


# Signing up


async def sign_up(here: Node, name: str, invite: str | None = None) -> str:
    """The code of the refusal, or ok."""
    registration = Registration(name, "correct horse battery", invite=invite)
    try:
        await here.services.accounts.register(registration, LAPTOP)
    except Rejection as rejection:
        return rejection.code
    return "ok"


@pytest.mark.parametrize(
    ("registration", "without", "bad", "good"),
    [
        ("open", "ok", "invite_invalid", "ok"),
        ("invite", "invite_required", "invite_invalid", "ok"),
        ("closed", "registration_closed", "registration_closed", "registration_closed"),
    ],
)
async def test_who_may_sign_up(tmp_path: Path, registration: str, without: str, bad: str, good: str) -> None:
    async with town(tmp_path, registration=registration) as (here, people):
        made = await here.services.invites.server.make(None, 60, 1)
        assert await sign_up(here, "uno") == without
        assert await sign_up(here, "dos", "no such code") == bad
        assert await sign_up(here, "tres", made.code) == good
        # Who is not let in does not hear which names are taken.
        assert await sign_up(here, people["ann"].name) == ("username_taken" if without == "ok" else without)
        assert await sign_up(here, people["ann"].name, "no such code") == bad


@pytest.mark.parametrize("registration", ["open", "invite", "closed"])
async def test_superusers_can_always_be_made(tmp_path: Path, registration: str) -> None:
    async with node(tmp_path, registration=registration) as here:
        boss = await here.services.accounts.create_superuser("boss", None, "correct horse battery")
        assert boss.is_staff


# Public rooms


@pytest.mark.parametrize(("setting", "allowed"), [("everyone", True), ("staff", False)])
async def test_who_may_make_public_rooms(tmp_path: Path, setting: str, allowed: bool) -> None:
    async with town(tmp_path, public_rooms=setting) as (here, people):
        create = here.services.rooms.create
        if allowed:
            assert (await create(people["ann"].caller, RoomKind.PUBLIC, "a", None, "")).room.name == "a"
        else:
            assert (await refusal(create(people["ann"].caller, RoomKind.PUBLIC, "a", None, ""))).code == "forbidden"
        assert (await create(people["ann"].caller, RoomKind.PRIVATE, "b", None, "")).room.name == "b"
        assert (await create(people["staff"].caller, RoomKind.PUBLIC, "c", None, "")).room.name == "c"


# Direct rooms


@pytest.mark.parametrize(
    ("setting", "with_bob", "with_eve", "with_nobody"),
    [
        ("everyone", "ok", "ok", "not_found"),
        ("shared", "ok", "forbidden", "forbidden"),
        ("nobody", "forbidden", "forbidden", "forbidden"),
    ],
)
async def test_who_may_open_direct_rooms(
    tmp_path: Path, setting: str, with_bob: str, with_eve: str, with_nobody: str
) -> None:
    async with town(tmp_path, direct_rooms=setting) as (here, people):

        async def opened(who: str, user_id: str) -> str:
            try:
                await here.services.rooms.open_direct(people[who].caller, user_id)
            except Rejection as rejection:
                return rejection.code
            return "ok"

        assert await opened("ann", people["bob"].id) == with_bob
        assert await opened("ann", people["eve"].id) == with_eve
        for missing in (new_id(), "x", ""):
            assert await opened("ann", missing) == with_nobody
        assert await opened("ann", people["ann"].id) == "invalid"
        assert await opened("staff", people["eve"].id) == "ok"
        assert await opened("staff", new_id()) == "not_found"
        assert await opened("eve", people["staff"].id) == "ok"  # it is there now, for both


@pytest.mark.parametrize("setting", ["shared", "nobody"])
async def test_a_refused_direct_room_does_not_tell_who_is_there(tmp_path: Path, setting: str) -> None:
    async with town(tmp_path, direct_rooms=setting, find_people="shared") as (here, people):
        open_direct = here.services.rooms.open_direct
        stranger = await refusal(open_direct(people["ann"].caller, people["eve"].id))
        missing = await refusal(open_direct(people["ann"].caller, new_id()))
        assert (stranger.code, stranger.message) == (missing.code, missing.message)


# Finding people


@pytest.mark.parametrize(
    ("setting", "found", "seen"),
    [
        ("everyone", ["ann", "bob", "eve", "staff"], {"ann", "bob", "eve", "staff"}),
        ("shared", ["ann", "bob"], {"ann", "bob"}),
        ("nobody", "forbidden", {"ann", "bob"}),
    ],
)
async def test_who_may_find_people(tmp_path: Path, setting: str, found: list[str] | str, seen: set[str]) -> None:
    async with town(tmp_path, find_people=setting) as (here, people):
        assert await names(here, people["ann"]) == found
        assert await names(here, people["staff"]) == ["ann", "bob", "eve", "staff"]
        for name, person in people.items():
            assert await sees(here.services.people.by_id, people["ann"], person.id) == (name in seen)
            assert await sees(here.services.people.by_id, people["staff"], person.id)
            assert await sees(here.services.people.active, people["ann"], person.number) == (name in seen)
            assert await sees(here.services.people.active, people["staff"], person.number)
        assert not await sees(here.services.people.active, people["ann"], 99)
        assert not await sees(here.services.people.by_id, people["ann"], new_id())


async def names(here: Node, person: Person) -> list[str] | str:
    try:
        found, _ = await here.services.people.search(person.caller, "", None, 50)
    except Rejection as rejection:
        return rejection.code
    return [user.username.rstrip("0123456789") for user in found]


async def sees(by_ref: Callable[..., Awaitable[Any]], person: Person, ref: int | str) -> bool:
    refused = "", ""
    try:
        await by_ref(person.caller, ref)
    except Rejection as rejection:
        refused = rejection.code, rejection.message
    assert refused in {("", ""), ("not_found", "There is no such user.")}  # the same whoever it is
    return refused == ("", "")


@pytest.mark.parametrize(
    ("setting", "found"), [("everyone", ["bob", "eve", "staff"]), ("shared", ["bob"]), ("nobody", [])]
)
async def test_who_may_see_everybody(tmp_path: Path, setting: str, found: list[str]) -> None:
    async with town(tmp_path, find_people=setting) as (here, people):
        assert await everybody(here, people["ann"]) == found
        assert await everybody(here, people["ann"], 1) == found[:1]
        assert await everybody(here, people["staff"]) == ["ann", "bob", "eve"]


async def everybody(here: Node, person: Person, limit: int = 50) -> list[str]:
    return [user.username.rstrip("0123456789") for user in await here.services.people.everybody(person.caller, limit)]


@pytest.mark.parametrize(
    ("setting", "found"), [("everyone", ["ann", "bob", "eve"]), ("shared", ["ann", "bob"]), ("nobody", ["ann", "bob"])]
)
async def test_who_is_found_by_their_username(tmp_path: Path, setting: str, found: list[str]) -> None:
    async with town(tmp_path, find_people=setting) as (here, people):
        names = {name: (await here.services.people.me(people[name].caller)).username for name in ("ann", "bob", "eve")}
        asked = [*names.values(), names["bob"].upper(), "nobody", ""]
        seen = await here.services.people.named(people["ann"].caller, asked)
        assert {name: user.number for name, user in seen.items()} == {names[one]: people[one].number for one in found}


async def test_who_leaves_is_a_stranger_again(tmp_path: Path) -> None:
    async with town(tmp_path, find_people="shared") as (here, people):
        room = await here.room(people["ann"], people["eve"], kind="private")
        assert await names(here, people["ann"]) == ["ann", "bob", "eve"]
        await here.services.members.leave(people["eve"].caller, room)
        assert await names(here, people["ann"]) == ["ann", "bob"]
        assert not await sees(here.services.people.by_id, people["ann"], people["eve"].id)


@pytest.mark.parametrize(
    ("setting", "seen"), [("everyone", {"bob", "eve", "staff"}), ("shared", {"bob"}), ("nobody", {"bob"})]
)
async def test_who_cannot_be_found_is_neither_blocked_nor_brought_in(
    tmp_path: Path, setting: str, seen: set[str]
) -> None:
    """No other way tells who is there."""
    async with town(tmp_path, find_people=setting) as (here, people):
        ann, members = people["ann"], here.services.members
        room = await here.room(ann, kind="private")

        async def add(caller: Any, user_id: str) -> None:
            await members.add(caller, room, user_id)

        for name, person in people.items():
            if person is not ann:
                assert await sees(here.services.blocks.add, ann, person.id) == (name in seen)
                await here.services.blocks.remove(ann.caller, person.id)
                assert await sees(add, ann, person.id) == (name in seen)
                assert await sees(add, ann, person.id) == (name in seen), "again"
        assert not await sees(here.services.blocks.add, ann, new_id())
        assert not await sees(add, ann, new_id())


async def test_deactivated_staff_are_no_staff(tmp_path: Path) -> None:
    async with town(tmp_path, public_rooms="staff") as (here, people):
        second = await staff_person(here, "second")
        await here.services.staff.change_user(second.caller, people["staff"].id, is_active=None, is_staff=False)
        refused = await refusal(here.services.rooms.create(people["staff"].caller, RoomKind.PUBLIC, "c", None, ""))
        assert refused.code == "forbidden"


@pytest.mark.parametrize(
    ("setting", "maker", "other", "code"),
    [
        ("everyone", "ann", "eve", None),
        ("shared", "ann", "bob", None),
        ("shared", "ann", "eve", "not_found"),
        ("nobody", "ann", "eve", "not_found"),
        ("nobody", "staff", "eve", None),
    ],
)
async def test_with_whom_a_room_may_begin(
    tmp_path: Path, setting: str, maker: str, other: str, code: str | None
) -> None:
    """With those who could be added to it, too."""
    async with town(tmp_path, find_people=setting) as (here, people):
        numbers = [people[other].number]
        made = here.services.rooms.create(people[maker].caller, RoomKind.PRIVATE, "x", None, "", members=numbers)
        if code is None:
            assert (await made).room.member_count == 2
        else:
            assert (await refusal(made)).code == code
