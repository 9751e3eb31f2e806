"""Users who come with a token of the product's backend: seen first, seen again, changed, ended, deleted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.accounts import PASSWORD, PUBLIC_URL, Node, node
from support.backend import SECRET, shared
from support.clock import FakeClock
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller, User
from tertulia.domain.words import Action
from tertulia.services.foreign import Foreign
from tertulia.services.foreign_tokens import ForeignTokens, Secret
from tertulia.services.words import Words
from tertulia.storage import erasure
from tertulia.tasks import Tasks


class Here(NamedTuple):
    node: Node
    foreign: Foreign
    words: Words

    async def come(self, sub: str = "u1", **claims: Any) -> Caller:
        return await self.node.sessions.identify(shared(self.node.clock, sub, **claims))

    async def user(self, caller: Caller) -> User:
        return await self.node.people.me(caller)


@asynccontextmanager
async def here_at(folder: Path, clock: FakeClock | None = None) -> AsyncIterator[Here]:
    tasks = Tasks()
    async with node(folder, clock) as one:
        words = Words(one.database, one.clock)
        tokens = ForeignTokens(Secret(SECRET.encode()), one.clock)
        foreign = Foreign(one.database, tokens, one.people, words, one.clock, tasks, PUBLIC_URL)
        one.sessions.accept(foreign.identify)
        yield Here(one, foreign, words)
        await tasks.close()


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with here_at(tmp_path) as here:
        yield here


async def refused(here: Here, token: str) -> None:
    with pytest.raises(Rejection) as caught:
        await here.node.sessions.identify(token)
    assert caught.value.code == "unauthorized"


async def count(here: Here) -> object:
    return await here.node.scalar("SELECT count(*) FROM users")


async def test_an_account_is_made_at_first_sight(here: Here) -> None:
    claims = {
        "name": "Ana García",
        "email": "ana@example.org",
        "email_verified": True,
        "picture": "https://a.example/p",
    }
    caller = await here.come("u1", preferred_username="ana", **claims)
    user = await here.user(caller)
    assert (user.external_id, user.username, user.name, user.avatar) == (
        "u1",
        "ana",
        "Ana García",
        "https://a.example/p",
    )
    assert (user.email, user.email_confirmed_at) == ("ana@example.org", here.node.clock.now())
    assert (caller.session, caller.issued_at) == (f"foreign:{user.id}", here.node.clock.now())
    assert (await here.come("u1")).user == caller.user
    assert (await here.come("u2")).user != caller.user


async def test_fifty_at_once_are_one_account(here: Here) -> None:
    callers = await asyncio.gather(*(here.come("u1", jti=f"{number}", name="Ana") for number in range(50)))
    assert len({caller.user for caller in callers}) == 1
    assert await count(here) == 1


async def test_fifty_at_two_processes_are_one_account(tmp_path: Path) -> None:
    clock = FakeClock()
    async with here_at(tmp_path, clock) as here, here_at(tmp_path, clock) as there:
        callers = await asyncio.gather(*(one.come("u1", jti=f"{n}") for n in range(25) for one in (here, there)))
        assert len({caller.user for caller in callers}) == 1


async def test_usernames_are_those_that_are_free(here: Here) -> None:
    await here.node.register("ana")
    wishes = {"a": "ana", "b": "Ana", "c": "ANA"}
    names = [(await here.user(await here.come(sub, preferred_username=wish))).username for sub, wish in wishes.items()]
    assert all(name.casefold().startswith("ana-") for name in names)
    assert len(set(names)) == 3
    assert (await here.user(await here.come("d"))).username.startswith("user-")
    assert (await here.user(await here.come("e", name="Ben Roe"))).username == "ben.roe"
    assert (await here.user(await here.come("f", preferred_username="deleted-7"))).username.startswith("user-")


async def test_an_address_of_claims_takes_nothing_over(here: Here) -> None:
    """Neither the account that signs in with it, nor the address for who wants to sign up with it later."""
    own = await here.node.register("ana", email="ana@example.org")
    caller = await here.come("u1", email="ana@example.org", email_verified=True, preferred_username="ana")
    assert caller.user != own.user.number
    assert (await here.node.login("ana@example.org")).user == own.user
    await here.come("u2", email="ben@example.org", email_verified=True)
    await here.node.register("ben", email="ben@example.org")


async def test_there_is_no_password(here: Here) -> None:
    user = await here.user(await here.come("u1", preferred_username="ana", email="ana@example.org"))
    for name in (user.username, "ana@example.org"):
        for password in ("", PASSWORD):
            with pytest.raises(Rejection) as caught:
                await here.node.login(name, password)
            assert caught.value.code == "wrong_credentials"
        here.node.clock.advance(60)


async def test_claims_that_changed_are_written_once(here: Here) -> None:
    caller = await here.come("u1", name="Ana")
    changes: list[Any] = []
    here.node.people.on_changed(changes.append)
    here.node.clock.advance(1)
    token = shared(here.node.clock, "u1", name="Anna", email="a@example.org", picture="https://a.example/2")
    await asyncio.gather(*(here.node.sessions.identify(token) for _ in range(50)))
    user = await here.user(caller)
    assert (user.name, user.email, user.avatar) == ("Anna", "a@example.org", "https://a.example/2")
    assert changes == [[caller.user]]
    for number in range(5):
        here.node.clock.advance(1)
        await here.come("u1", name="Anna", email="a@example.org", jti=f"{number}")
    assert changes == [[caller.user]]
    assert (await here.user(caller)).version == user.version


async def test_what_claims_do_not_say_stays(here: Here) -> None:
    caller = await here.come("u1", name="Ana", email="a@example.org", picture="https://a.example/1")
    before = await here.user(caller)
    here.node.clock.advance(1)
    await here.come("u1")
    await here.come("u1", name=7, email="not one", picture="javascript:alert(1)", preferred_username="other")
    assert await here.user(caller) == before


async def test_two_devices_do_not_undo_each_others_names(here: Here) -> None:
    old = shared(here.node.clock, "u1", name="Old")
    caller = await here.node.sessions.identify(old)
    here.node.clock.advance(1)
    new = shared(here.node.clock, "u1", name="New")
    await here.node.sessions.identify(new)
    version = (await here.user(caller)).version
    for number in range(10):
        await here.node.sessions.identify(old)
        await here.come("u1", name="Old", iat=here.node.clock.now() // 1_000_000 - 1, jti=f"{number}")
        await here.node.sessions.identify(new)
    assert ((await here.user(caller)).name, (await here.user(caller)).version) == ("New", version)


async def test_the_address_of_a_login_is_not_for_claims(here: Here) -> None:
    own = await here.node.register("ana", email="ana@example.org")
    await here.node.execute("UPDATE users SET external_id = 'u1'")
    caller = await here.come("u1", email="evil@example.org", email_verified=True, given_name="Ana")
    here.node.people.clear()
    user = await here.user(caller)
    assert (user.number, user.email, user.first_name) == (own.user.number, "ana@example.org", "Ana")
    assert user.email_confirmed_at is None


async def test_an_address_is_confirmed_and_not_any_more(here: Here) -> None:
    confirmed = []
    for email, said in [
        ("a@example.org", False),
        ("a@example.org", True),
        ("a@example.org", True),
        ("b@example.org", False),
    ]:
        caller = await here.come("u1", email=email, email_verified=said)
        confirmed.append((await here.user(caller)).email_confirmed_at)
        here.node.clock.advance(1)
    assert confirmed[0] is None
    assert confirmed[1] is not None
    assert confirmed[1:] == [confirmed[1], confirmed[1], None]


async def test_names_that_the_word_list_refuses_are_left_out(here: Here) -> None:
    await here.words.put(None, "rude", Action.REFUSE)
    caller = await here.come("u1", name="Rude One", preferred_username="rude")
    user = await here.user(caller)
    assert user.name == ""
    assert "rude" not in user.username
    here.node.clock.advance(1)
    await here.come("u1", name="rude")
    assert (await here.user(caller)).name == ""


async def test_names_to_report_are_reported(here: Here) -> None:
    await here.words.put(None, "odd", Action.REPORT)
    caller = await here.come("u1", name="Odd One")
    here.node.clock.advance(1)
    await here.come("u1", name="Another odd one")
    await here.come("u1", name="Another odd one", jti="again")
    assert await here.node.scalar("SELECT count(*) FROM reports WHERE reports.user = :user", user=caller.user) == 2


async def test_the_deactivated_are_refused(here: Here) -> None:
    caller = await here.come("u1")
    await here.node.execute("UPDATE users SET is_active = false")
    await here.node.sessions.catch_up()
    here.node.people.clear()
    await refused(here, shared(here.node.clock, "u1"))
    await refused(here, shared(here.node.clock, "u1", jti="another"))
    assert not here.node.sessions.is_open(caller)


async def delete(here: Here, user: User) -> None:
    def work(connection: Any) -> None:
        erasure.delete_account(connection, user, here.node.clock.now(), blank=False)

    await here.node.database.write(work)
    await here.node.sessions.catch_up()
    here.node.people.changed([user.number])


async def test_the_deleted_do_not_come_back_with_an_old_token(here: Here) -> None:
    old, timeless = shared(here.node.clock, "u1"), shared(here.node.clock, "u1", iat=None)
    caller = await here.node.sessions.identify(old)
    await delete(here, await here.user(caller))
    unseen = shared(here.node.clock, "u1", jti="never seen before")
    for token in (old, unseen, timeless):
        await refused(here, token)
    assert await count(here) == 1
    here.node.clock.advance(1)
    again = await here.come("u1")
    assert again.user != caller.user
    for token in (old, unseen, timeless):
        await refused(here, token)


async def test_only_a_hash_of_the_deleted_stays(here: Here) -> None:
    await delete(here, await here.user(await here.come("ana@example.org")))
    [stored, _] = await here.node.row("SELECT * FROM departed")
    assert len(str(stored)) == 64


# Ending


async def test_ending_all_refuses_tokens_up_to_that_second(here: Here) -> None:
    heard: list[Any] = []
    here.node.sessions.on_ended(lambda ended, _: heard.append(ended))
    token, timeless = shared(here.node.clock, "u1"), shared(here.node.clock, "u1", iat=None)
    caller = await here.node.sessions.identify(token)
    await here.node.sessions.identify(timeless)
    here.node.clock.advance(0.9)
    await here.node.sessions.end_all(caller.user)
    assert heard == [{caller.session}]
    assert not here.node.sessions.is_open(caller)
    for _ in range(2):
        await refused(here, token)
        await refused(here, timeless)
        await refused(here, shared(here.node.clock, "u1", jti="of the same second"))
    here.node.clock.advance(0.1)
    newer = await here.come("u1")
    assert here.node.sessions.is_open(newer)
    assert not here.node.sessions.is_open(caller)


async def test_a_clock_that_goes_ahead_saves_no_token_that_was_seen(here: Here) -> None:
    token = shared(here.node.clock, "u1", iat=here.node.clock.now() // 1_000_000 + 20)
    caller = await here.node.sessions.identify(token)
    here.node.clock.advance(1)
    await here.node.sessions.end_all(caller.user)
    assert not here.node.sessions.is_open(caller)
    await refused(here, token)


async def test_what_was_ended_stays_so_when_memory_forgets(here: Here) -> None:
    token = shared(here.node.clock, "u1", exp=here.node.clock.now() // 1_000_000 + 10**7)
    caller = await here.node.sessions.identify(token)
    await here.node.sessions.end_all(caller.user)
    here.node.clock.advance(100_000)
    await here.node.sessions.tidy()
    await refused(here, token)


async def test_a_plain_logout_is_the_products_business(here: Here) -> None:
    caller = await here.come("u1")
    await here.node.sessions.leave(caller)
    assert (await here.come("u1")).user == caller.user
    assert await here.node.sessions.of(caller.user) == []


async def test_other_processes_learn_of_an_end(tmp_path: Path) -> None:
    clock = FakeClock()
    async with here_at(tmp_path, clock) as here, here_at(tmp_path, clock) as there:
        token = shared(clock, "u1")
        caller = await here.node.sessions.identify(token)
        await there.node.sessions.identify(token)
        heard: list[Any] = []
        there.node.sessions.on_ended(lambda ended, _: heard.append(ended))
        await here.node.sessions.end_all(caller.user)
        clock.advance(1)
        newer = await here.come("u1")
        for _ in range(2):
            there.node.people.clear()
            await there.node.sessions.catch_up()
        assert heard == [{caller.session}]
        await refused(there, token)
        assert there.node.sessions.is_open(newer)
    async with here_at(tmp_path, clock) as later:
        await refused(later, token)
        await later.node.sessions.identify(shared(clock, "u1"))


# Beside our own


async def test_our_own_tokens_are_asked_first_and_never_there(here: Here) -> None:
    asked: list[str] = []

    async def others(token: str) -> Caller:
        asked.append(token)
        raise Rejection("unauthorized", "no")

    here.node.sessions.accept(others)
    ana = await here.node.register("ana")
    assert (await here.node.sessions.identify(ana.tokens["access"])).user == ana.user.number
    await refused(here, ana.tokens["refresh"])
    await here.node.sessions.end_all(ana.user.number)
    await refused(here, ana.tokens["access"])
    here.node.clock.advance(1_000)
    await refused(here, ana.tokens["access"])
    assert asked == []
    await refused(here, "x.y.z")
    assert asked == ["x.y.z"]


async def test_without_settings_no_token_of_others_counts(tmp_path: Path) -> None:
    async with node(tmp_path) as alone:
        with pytest.raises(Rejection) as caught:
            await alone.sessions.identify(shared(alone.clock))
        assert caught.value.code == "unauthorized"
