"""Profile pictures: one of each person, theirs alone to change, gone when they go."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Connection, func, select

from support.backend import SECRET, shared
from support.clock import FakeClock
from support.node import Node, Person, node
from support.pictures import BLUE, GREEN, RED, frames, is_like, plain, shown
from support.refusals import refusal
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller, User
from tertulia.services.avatars import PLACES
from tertulia.storage.tables import avatars


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path, FakeClock(), jwt_secret=SECRET) as running:
        yield running


def token_of(user: User) -> str:
    """What stands for their picture in its address."""
    assert user.avatar is not None
    _, where, token, name = urlsplit(user.avatar).path.split("/")
    assert (where, name) == ("avatars", "256.webp")
    return token


async def is_shown(running: Node, token: str, color: tuple[int, int, int]) -> bool:
    pictures = [await running.services.avatars.get(token, size) for size in (256, 64)]
    assert {picture.content_type for picture in pictures} == {"image/webp"}
    return all(is_like(shown(picture.content), color) for picture in pictures)


async def is_gone(running: Node, token: str) -> bool:
    codes = {(await refusal(running.services.avatars.get(token, size))).code for size in (256, 64)}
    return codes == {"not_found"}


async def kept(running: Node) -> int:
    def count(connection: Connection) -> int:
        return connection.scalar(select(func.count()).select_from(avatars)) or 0

    return await running.app.db.read(count)


async def test_it_is_shown_at_an_address_that_the_user_has(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    user = await running.services.avatars.put(ana.caller, plain(color=RED))
    assert user.avatar == f"{running.app.settings.address}/avatars/{token_of(user)}/256.webp"
    assert await is_shown(running, token_of(user), RED)
    assert (await running.services.people.by_id(ben.caller, ana.id)).avatar == user.avatar
    assert (await running.services.people.me(ben.caller)).avatar is None


async def test_another_one_has_another_address_and_the_first_is_gone(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    services = running.services.avatars
    first, other = await services.put(ana.caller, plain(color=RED)), await services.put(ben.caller, plain(color=BLUE))
    second = await services.put(ana.caller, plain("JPEG", color=GREEN))
    assert await is_gone(running, token_of(first))
    assert await is_shown(running, token_of(second), GREEN)
    assert await is_shown(running, token_of(other), BLUE)
    assert second.version > first.version
    again = await services.put(ana.caller, plain("JPEG", color=GREEN))
    assert again.avatar != second.avatar
    assert await kept(running) == 2


async def test_removing_it(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    services = running.services.avatars
    hers, his = await services.put(ana.caller, plain()), await services.put(ben.caller, plain(color=BLUE))
    without = await services.remove(ana.caller)
    assert without.avatar is None
    assert await is_gone(running, token_of(hers))
    assert await is_shown(running, token_of(his), BLUE)
    assert (await services.remove(ana.caller)).version == without.version  # nothing changed
    assert await kept(running) == 1


async def test_others_hear_of_it_once_for_each_change(running: Node) -> None:
    [ana] = await running.people("ana")
    changes: list[object] = []
    running.services.people.on_changed(changes.append)
    await running.services.avatars.put(ana.caller, plain())
    await running.services.avatars.remove(ana.caller)
    await running.services.avatars.remove(ana.caller)
    assert changes == [[ana.number]] * 2
    room = await running.room(ana)
    user = await running.services.avatars.put(ana.caller, plain())
    message = await running.post(ana, room)
    assert message.sender.avatar == user.avatar


async def test_what_is_refused_changes_nothing(running: Node) -> None:
    [ana] = await running.people("ana")
    services = running.services.avatars
    before = await services.put(ana.caller, plain(color=RED))
    assert (await refusal(services.put(ana.caller, b"<svg/>"))).code == "invalid"
    assert (await refusal(services.put(ana.caller, bytes(services.max_bytes + 1)))).code == "too_large"
    assert await running.services.people.me(ana.caller) == before
    assert await is_shown(running, token_of(before), RED)


async def test_addresses_at_which_there_is_nothing(running: Node) -> None:
    [ana] = await running.people("ana")
    good = token_of(await running.services.avatars.put(ana.caller, plain()))
    for size in (0, 63, 65, 128, 255, 1_000, -256):
        assert (await refusal(running.services.avatars.get(good, size))).code == "not_found"
    for token in ("", "x", "a" * 32, "a" * 33, "\x00" * 32, "%" * 32, "é" * 32, good.swapcase()):
        assert await is_gone(running, token)


async def test_with_the_account_it_goes(running: Node) -> None:
    [ana] = await running.people("ana")
    token = token_of(await running.services.avatars.put(ana.caller, plain()))
    await running.services.erasure.delete_own(ana.caller, None, blank=False)
    assert await is_gone(running, token)
    assert await kept(running) == 0
    assert (await refusal(running.services.avatars.put(ana.caller, plain()))).code == "unauthorized"
    assert await kept(running) == 0


async def test_an_account_that_ended_while_its_picture_was_made_has_none(running: Node) -> None:
    [ana] = await running.people("ana")
    services = running.services.avatars
    async with asyncio.TaskGroup() as group, services._turns.turn():
        sending = group.create_task(refusal(services.put(ana.caller, plain())))
        while not services._turns.waiting:
            await asyncio.to_thread(lambda: None)
        await running.services.erasure.delete_own(ana.caller, None, blank=False)
    assert sending.result().code == "unauthorized"
    assert await kept(running) == 0


async def test_one_at_a_time_for_each_and_a_few_for_all(running: Node) -> None:
    [ana] = await running.people("ana")
    services = running.services.avatars
    with services.place(ana.caller):
        with pytest.raises(Rejection) as second, services.place(ana.caller):
            pass
        assert second.value.code == "rate_limited"
        others = [replace(ana.caller, user=1_000 + number) for number in range(PLACES)]
        held = [services.place(other) for other in others]
        for place in held[:-1]:
            place.__enter__()
        with pytest.raises(Rejection) as full:
            held[-1].__enter__()
        assert full.value.code == "busy"
        for place in held[:-1]:
            place.__exit__(None, None, None)
    with services.place(ana.caller):  # it was given back
        pass


async def test_pictures_count_as_changes(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock(), post_burst=2, post_rate=1) as running:
        ana, ben = await running.people("ana", "ben")
        await running.services.avatars.put(ana.caller, plain())
        await running.services.avatars.remove(ana.caller)
        assert (await refusal(running.services.avatars.put(ana.caller, plain()))).code == "rate_limited"
        assert (await refusal(running.services.avatars.remove(ana.caller))).code == "rate_limited"
        await running.services.avatars.put(ben.caller, plain())


# Users of the product's own backend


async def come(running: Node, **claims: Any) -> Caller:
    running.app.clock.advance(1)  # type: ignore[attr-defined]
    return await running.services.sessions.identify(shared(running.app.clock, "u1", **claims))


async def test_what_they_upload_is_theirs_until_they_remove_it(running: Node) -> None:
    """Else the next token, ten minutes later, would bring the old picture back."""
    given, people = "https://a.example/1.png", running.services.people
    caller = await come(running, name="Ana", picture=given)
    assert (await people.me(caller)).avatar == given
    own = await running.services.avatars.put(caller, frames("GIF", 3))
    changes: list[object] = []
    people.on_changed(changes.append)
    await come(running, name="Ana", picture=given)
    assert (await people.me(caller)).avatar == own.avatar
    assert changes == []
    await come(running, name="Anna", picture="https://a.example/2.png")
    assert await people.me(caller) == replace(own, first_name="Anna", version=own.version + 1)
    await running.services.avatars.remove(caller)
    await come(running, name="Anna", picture=given)
    assert (await people.me(caller)).avatar == given
    await running.services.avatars.remove(caller)
    assert (await people.me(caller)).avatar is None


async def test_what_the_backend_says_takes_its_place(running: Node) -> None:
    caller = await come(running, name="Ana")
    users, people = running.services.server_users, running.services.people
    key, _ = await running.services.keys.create("shop", ["users"])
    for said, now in (("https://a.example/1.png", "https://a.example/1.png"), ("", None)):
        own = await running.services.avatars.put(caller, plain())
        await users.put(key, "u1", {"avatar": own.avatar})  # what it heard of us, said back
        assert await is_shown(running, token_of(own), GREEN)
        await users.put(key, "u1", {"avatar": said})
        assert (await people.me(caller)).avatar == now
        assert await is_gone(running, token_of(own))
    assert await kept(running) == 0


# Where it is kept


async def test_they_are_shown_at_the_address_that_the_server_has_now(tmp_path: Path) -> None:
    clock = FakeClock()
    async with node(tmp_path, clock, public_url="https://old.example") as running:
        ana, ben = await running.people("ana", "ben")
        before = await running.services.avatars.put(ana.caller, plain(color=BLUE))
        unchanged = await running.services.people.me(ben.caller)
        assert before.avatar == f"https://old.example/avatars/{token_of(before)}/256.webp"
    async with node(tmp_path, clock, public_url="https://new.example/chat") as running:
        moved = await running.services.people.me(ana.caller)
        assert moved.avatar == f"https://new.example/chat/avatars/{token_of(before)}/256.webp"
        assert moved.version > before.version
        assert await is_shown(running, token_of(before), BLUE)
        assert await running.services.people.me(ben.caller) == unchanged
    async with node(tmp_path, clock, public_url="https://new.example/chat") as running:
        assert await running.services.people.me(ana.caller) == moved


async def test_export_my_data_has_it(running: Node) -> None:
    ana, ben = await running.people("ana", "ben")
    user = await running.services.avatars.put(ana.caller, plain(color=RED))

    async def exported(person: Person) -> dict[str, object]:
        found: dict[str, object] = (await running.call(person, "GET", "me/export")).json()
        return found

    hers, his = await exported(ana), await exported(ben)
    assert isinstance(hers["account"], dict)
    assert isinstance(hers["picture"], dict)
    assert hers["account"]["avatar"] == user.avatar
    assert hers["picture"].keys() == {"uploaded_at", "content_type", "base64"}
    assert hers["picture"]["content_type"] == "image/webp"
    assert is_like(shown(b64decode(hers["picture"]["base64"])), RED)
    assert his["picture"] is None
