from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.accounts import Node, node
from support.refusals import refusal
from tertulia.domain.ids import MAX_INTEGER, new_id


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as one:
        yield one


async def test_users_by_number(here: Node) -> None:
    ann, bob = await here.register("ann"), await here.register("bob")
    numbers = [ann.user.number, bob.user.number]
    assert await here.people.users(numbers) == {ann.user.number: ann.user, bob.user.number: bob.user}
    assert await here.people.users([*numbers, 99, 0, -1, MAX_INTEGER + 1]) == await here.people.users(numbers)
    assert (await refusal(here.people.user(99))).code == "not_found"
    many = await here.people.users(range(1, 40_000))
    assert set(many) == set(numbers)


async def test_the_cache_is_bounded_and_can_be_told(tmp_path: Path) -> None:
    async with node(tmp_path, cache_size=2) as here:
        numbers = [(await here.register(name)).user.number for name in ("ann", "bob", "carol")]
        assert len(await here.people.users(numbers)) == 3
        assert len(here.people._cache) == 2
        await here.execute("UPDATE users SET first_name = 'New'")
        stale = numbers[2]
        assert (await here.people.user(stale)).first_name == ""
        here.people.forget([stale])
        assert (await here.people.user(stale)).first_name == "New"
        await here.execute("UPDATE users SET first_name = 'Newer'")
        here.people.clear()
        assert (await here.people.user(stale)).first_name == "Newer"


async def test_users_by_id(here: Node) -> None:
    ann, gone = await here.register("ann"), await here.register("gone")
    caller = here.caller(await here.register("bob"))
    assert await here.people.by_id(caller, ann.user.id) == ann.user
    assert await here.people.by_id(caller, ann.user.id.upper()) == ann.user
    await here.execute("UPDATE users SET is_active = false WHERE username = 'gone'")
    for id_ in (gone.user.id, new_id(), "", "x", "x" * 36, "7"):
        refused = await refusal(here.people.by_id(caller, id_))
        assert (refused.code, refused.message) == ("not_found", "There is no such user.")


async def test_active_users_by_number_or_id(here: Node) -> None:
    ann, gone = await here.register("ann"), await here.register("gone")
    caller = here.caller(await here.register("bob"))
    refs: tuple[int | str, ...] = (ann.user.number, ann.user.id, ann.user.id.upper())
    for ref in refs:
        assert await here.people.active(caller, ref) == ann.user
    await here.execute("UPDATE users SET is_active = false WHERE username = 'gone'")
    nobody: tuple[int | str, ...] = (gone.user.number, 99, 0, -1, MAX_INTEGER + 1, str(ann.user.number), new_id())
    for ref in nobody:
        refused = await refusal(here.people.active(caller, ref))
        assert (refused.code, refused.message) == ("not_found", "There is no such user.")


async def test_searching(here: Node) -> None:
    for name in ("ann", "anna", "bob"):
        caller = here.caller(await here.register(name))
    found, place = await here.people.search(caller, " An ", None, 1)
    assert [user.username for user in found] == ["ann"]
    found, place = await here.people.search(caller, "An", place, 1)
    assert [user.username for user in found] == ["anna"]
    assert place is None
