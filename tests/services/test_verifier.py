import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest

from support.accounts import LAPTOP, NEW_PASSWORD, PASSWORD, Node, node
from support.gated import GatedHasher
from support.refusals import refusal
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.services.passwords import Passwords


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as one:
        yield one


async def test_what_is_wrong_is_not_told(here: Node) -> None:
    await here.register("ann")
    await here.register("gone")
    await here.register("foreign")
    await here.execute("UPDATE users SET is_active = false WHERE username = 'gone'")
    await here.execute("UPDATE users SET password_hash = NULL WHERE username = 'foreign'")
    refusals = [
        await refusal(here.login("ann", NEW_PASSWORD)),
        await refusal(here.login("nobody")),
        await refusal(here.login("gone")),
        await refusal(here.login("foreign")),
        await refusal(here.login("foreign", "")),
        await refusal(here.login("", "")),
    ]
    assert {(refused.code, refused.message) for refused in refusals} == {
        ("wrong_credentials", "The username or the password is wrong.")
    }


async def test_an_unknown_name_costs_a_verification_too(tmp_path: Path) -> None:
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher)) as here:
        await here.register("ann")
        await here.login_code("ann", NEW_PASSWORD)
        assert hasher.verified == 1
        await here.login_code("nobody", NEW_PASSWORD)
        assert hasher.verified == 2


# Guessing


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_five_wrong_passwords_then_a_pause(here: Node, name: str) -> None:
    """It is the same whether there is such an account or not."""
    await here.register("ann")
    await here.register("bob")
    codes = [await here.login_code(name, NEW_PASSWORD) for _ in range(6)]
    assert codes == ["wrong_credentials"] * 5 + ["rate_limited"]
    here.clock.advance(30)
    refused = await refusal(here.login(name.upper(), PASSWORD))
    assert (refused.code, refused.retry_after) == ("rate_limited", 30.0)
    assert await here.login_code("bob") == ""
    here.clock.advance(30)
    assert await here.login_code(name) == ("" if name == "ann" else "wrong_credentials")


async def test_right_passwords_do_not_count(here: Node) -> None:
    await here.register("ann")
    for _ in range(4):
        assert await here.login_code("ann", NEW_PASSWORD) == "wrong_credentials"
    for _ in range(10):
        assert await here.login_code("ann") == ""
    assert await here.login_code("ann", NEW_PASSWORD) == "wrong_credentials"
    assert await here.login_code("ann") == "rate_limited"


async def test_a_hundred_guesses_at_once_are_five(tmp_path: Path) -> None:
    """Story: all of them look at the counter before the first is found wrong."""
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher, waiting=200)) as here:
        await here.register("ann")
        codes = await asyncio.gather(*(here.login_code("ann", NEW_PASSWORD) for _ in range(100)))
        assert sorted(codes) == ["rate_limited"] * 95 + ["wrong_credentials"] * 5
        assert hasher.verified == 5


async def test_many_devices_of_one_account_at_once_all_get_in(here: Node) -> None:
    await here.register("ann")
    assert await asyncio.gather(*(here.login_code("ann") for _ in range(30))) == [""] * 30


async def test_a_flood_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with node(tmp_path, passwords=Passwords(GatedHasher(), threads=1, waiting=2)) as here:
        await here.register("ann")
        codes = await asyncio.gather(*(here.login_code(f"ann{number}") for number in range(10)))
        assert sorted(codes) == ["busy"] * 7 + ["wrong_credentials"] * 3


async def test_guesses_are_counted_however_one_signs_in(here: Node) -> None:
    await here.register("ann", email="ann@example.org")
    ways: tuple[Literal["either", "username", "email"], ...] = ("either", "username", "email", "either", "email")
    for by in ways:
        wrong = await refusal(here.accounts.login("ann@example.org", NEW_PASSWORD, LAPTOP, by=by))
        assert wrong.code == "wrong_credentials"
    for by in ways:
        assert (await refusal(here.accounts.login("ann@example.org", PASSWORD, LAPTOP, by=by))).code == "rate_limited"


async def test_a_guessed_name_takes_little_memory(here: Node) -> None:
    """Some characters fold to eighteen: of a hundred thousand such names a gigabyte would be kept."""
    assert await here.login_code("\ufdfa" * 254) == "wrong_credentials"
    assert max(map(len, here.verifier._guesses._times)) <= 254  # type: ignore[arg-type]


# With each request


async def verified(at: Node, name: str, password: str = PASSWORD) -> str:
    """What comes of name and password: a code, or nothing."""
    try:
        caller = await at.verifier.verify(name, password)
    except Rejection as rejected:
        return rejected.code
    assert at.sessions.is_open(caller)
    return ""


async def test_who_sends_the_password_each_time_is_known_and_opens_no_session(tmp_path: Path) -> None:
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher)) as here:
        ann = await here.register("ann", email="ann@example.org")
        caller = await here.verifier.verify("ann", PASSWORD)
        assert (caller.user, caller.user_id) == (ann.user.number, ann.user.id)
        assert await here.people.me(caller) == ann.user
        for name in ("ann", "ANN", "ann"):
            assert await verified(here, name) == ""
        assert hasher.verified == 1
        here.clock.advance(60)
        assert await asyncio.gather(*(verified(here, "ann") for _ in range(30))) == [""] * 30
        assert hasher.verified == 2, "many at once are one"
        assert await verified(here, "ann@example.org") == "wrong_credentials"
        assert await here.scalar("SELECT count(*) FROM sessions") == 1


async def test_who_is_called_alike_and_has_the_same_password(here: Node) -> None:
    """Story: ann is known by now, and Ann is called so in another case."""
    people = [await here.register(name, exact_name=True) for name in ("ann", "Ann")]
    for _ in range(2):
        callers = await asyncio.gather(*(here.verifier.verify(name, PASSWORD) for name in ("ann", "Ann")))
        assert [caller.user for caller in callers] == [one.user.number for one in people]
    await here.execute("UPDATE users SET is_active = false WHERE username = 'Ann'")
    assert (await here.verifier.verify("Ann", PASSWORD)).user == people[0].user.number, "as one signs in"
    assert (await here.login("Ann")).user.number == people[0].user.number


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_what_is_compared_is_a_guess_too(here: Node, name: str) -> None:
    """Story: the password of somebody who sends it with each call is in memory, and could be tried there for free."""
    await here.register("ann")
    assert await verified(here, "ann") == ""
    codes = await asyncio.gather(*(verified(here, name, f"{NEW_PASSWORD} {number}") for number in range(50)))
    assert sorted(codes) == ["rate_limited"] * 45 + ["wrong_credentials"] * 5
    assert await verified(here, name) == await here.login_code(name) == "rate_limited"
    here.clock.advance(60)
    assert await verified(here, name) == ("" if name == "ann" else "wrong_credentials")


async def test_who_gives_up_waiting_takes_nobody_along(tmp_path: Path) -> None:
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher)) as here:
        await here.register("ann")
        hasher.gate.clear()
        first, second = (asyncio.get_running_loop().create_task(verified(here, "ann")) for _ in range(2))
        await until(lambda: hasher.running == 1)
        first.cancel()
        hasher.gate.set()
        assert await second == ""


async def test_the_password_of_before_is_forgotten(here: Node) -> None:
    ann = await here.register("ann")
    caller = await here.verifier.verify("ann", PASSWORD)
    await here.accounts.change_password(here.caller(ann), PASSWORD, NEW_PASSWORD)
    assert not here.sessions.is_open(caller)
    assert await verified(here, "ann") == "wrong_credentials"
    assert await verified(here, "ann", NEW_PASSWORD) == ""
    caller = await here.verifier.verify("ann", NEW_PASSWORD)
    _, link = await here.recovery.link_by_hand("ann")
    await here.recovery.reset(link.partition("token=")[2], PASSWORD)
    assert not here.sessions.is_open(caller)
    assert [await verified(here, "ann", NEW_PASSWORD), await verified(here, "ann")] == ["wrong_credentials", ""]


async def test_who_is_deactivated_is_not_known_any_more(here: Node) -> None:
    ann = await here.register("ann")
    caller = await here.verifier.verify("ann", PASSWORD)
    await here.execute("UPDATE users SET is_active = false")
    here.sessions.set_active(ann.user.number, active=False)
    assert not here.sessions.is_open(caller)
    assert await verified(here, "ann") == "wrong_credentials"
