import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from support.accounts import LAPTOP, NEW_PASSWORD, PASSWORD, Node, node
from support.gated import GatedHasher
from support.refusals import refusal
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.models import Caller
from tertulia.domain.passwords import Strength
from tertulia.services.accounts import Registration
from tertulia.services.passwords import Passwords, recommended_hasher


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as one:
        yield one


# Signing up


async def test_registering_signs_in(here: Node) -> None:
    ann = await here.register("ann", email=" Ann@Example.org ", first_name=" Ann ", last_name="Lind")
    assert (ann.user.username, ann.user.email, ann.user.name) == ("ann", "Ann@Example.org", "Ann Lind")
    assert (ann.user.is_staff, ann.user.is_active, ann.user.created_at) == (False, True, here.clock.now())
    assert here.caller(ann).user == ann.user.number
    assert PASSWORD not in str(await here.scalar("SELECT password_hash FROM users"))


@pytest.mark.parametrize(
    ("registration", "code", "field"),
    [
        (Registration("ann", PASSWORD), "username_taken", "username"),
        (Registration("ａｎｎ", PASSWORD), "username_taken", "username"),
        (Registration("ANN", PASSWORD), "username_taken", "username"),
        (Registration("Ann@Example.org", PASSWORD), "username_taken", "username"),
        (Registration("bob", PASSWORD, "ANN@EXAMPLE.ORG"), "email_taken", "email"),
        (Registration("a b", PASSWORD), "invalid", "username"),
        (Registration("bob", PASSWORD, "nonsense"), "invalid", "email"),
        (Registration("bob", PASSWORD, ""), "invalid", "email"),
        (Registration("bob", "short"), "weak_password", "password"),
        (Registration("bob", "bob@lind.example", "bob@lind.example"), "weak_password", "password"),
        (Registration("bob", PASSWORD, first_name="B\nob"), "invalid", "first_name"),
    ],
)
async def test_who_cannot_register(here: Node, registration: Registration, code: str, field: str) -> None:
    await here.register("ann", email="ann@example.org")
    refused = await refusal(here.accounts.register(registration, LAPTOP))
    assert (refused.code, list(refused.fields)) == (code, [field])
    assert await here.scalar("SELECT count(*) FROM users") == 1
    assert await here.scalar("SELECT count(*) FROM sessions") == 1


async def test_a_username_is_shown_as_typed_and_is_one_in_any_case(here: Node) -> None:
    ann = await here.register("Ann")
    assert ann.user.username == "Ann"
    for name in ("ann", "Ann", "ANN"):
        assert (await here.login(name)).user == ann.user


async def test_one_of_many_at_once_gets_the_username(here: Node) -> None:
    async def register(number: int) -> str:
        try:
            await here.register("ann", email=f"ann{number}@example.org")
        except Rejection as refused:
            return refused.code
        return ""

    codes = await asyncio.gather(*(register(number) for number in range(10)))
    assert sorted(codes) == [""] + ["username_taken"] * 9


async def test_the_staff_is_made_on_the_command_line(here: Node) -> None:
    boss = await here.accounts.create_superuser("boss", "boss@example.org", PASSWORD)
    assert boss.is_staff
    assert (await here.login("boss@example.org")).user == boss
    assert not (await here.accounts.create_superuser("two", "", PASSWORD)).email
    assert (await refusal(here.accounts.create_superuser("boss", None, PASSWORD))).code == "username_taken"
    assert (await refusal(here.accounts.create_superuser("three", None, "short"))).code == "weak_password"
    assert (await refusal(here.accounts.create_superuser("three", None, "\udcff" * 9))).code == "invalid_text"


async def test_an_address_that_is_only_data(here: Node) -> None:
    ann = await here.register("ann", email="Ann@Example.org")
    bob = await here.register("bob", email="ann@example.org", claims_email=False)
    assert (ann.user.claims_email, ann.user.shown_email) == (True, "Ann@Example.org")
    assert (bob.user.email, bob.user.claims_email, bob.user.shown_email) == ("ann@example.org", False, "")
    assert (await here.people.me(here.caller(bob))) == bob.user
    assert (await here.login("ann@example.org")).user == ann.user
    eve = await here.register("eve", email="eve@example.org", claims_email=False)
    assert await here.login_code("eve@example.org") == "wrong_credentials"
    assert (await here.register("eva", email="Eve@example.org")).user.claims_email
    assert not (await here.people.me(here.caller(eve))).claims_email
    refused = await refusal(here.register("zed", email="nonsense", claims_email=False))
    assert (refused.code, list(refused.fields)) == ("invalid", ["email"])


async def test_where_any_password_will_do(here: Node) -> None:
    ann = await here.accounts.register(Registration("ann", "ann", strength=Strength.ANY), LAPTOP)
    assert (await here.login("ann", "ann")).user == ann.user
    assert (await refusal(here.accounts.register(Registration("bob", "bob"), LAPTOP))).code == "weak_password"
    for password in ("", "x" * 129):
        registration = Registration("bob", password, strength=Strength.ANY)
        assert (await refusal(here.accounts.register(registration, LAPTOP))).code == "weak_password"


async def test_who_has_no_username_gets_one(here: Node) -> None:
    made = [
        await here.accounts.register(Registration(None, PASSWORD, f"ann{number}@example.org", "Ann"), LAPTOP)
        for number in range(2)
    ]
    names = [one.user.username for one in made]
    assert len(set(names)) == 2
    for one, name in zip(made, names, strict=True):
        assert re.fullmatch(r"user-[0-9a-z]+", name)
        assert (await here.login(name)).user == one.user
    taken = await refusal(here.accounts.register(Registration(None, PASSWORD, "ANN0@example.org"), LAPTOP))
    assert taken.code == "email_taken"


async def test_usernames_that_differ_by_case_alone(here: Node) -> None:
    ann = await here.register("Ann")
    for name in ("ann", "ANN"):
        await here.accounts.register(Registration(name, NEW_PASSWORD, exact_name=True), LAPTOP)
        registration = Registration(name, PASSWORD, exact_name=True)
        assert (await refusal(here.accounts.register(registration, LAPTOP))).code == "username_taken"
    assert (await refusal(here.register("aNN"))).code == "username_taken"
    for name in ("ann", "ANN"):
        assert (await here.login(name, NEW_PASSWORD)).user.username == name
    assert (await here.login("Ann")).user == (await here.login("aNn")).user == ann.user


async def test_a_name_that_is_an_address_is_one_in_any_case(here: Node) -> None:
    """Nobody's username may be another's address: that is known of names as they are compared, and two are as one."""
    await here.register("ann", email="ann@example.org")
    await here.register("bob@example.org")
    for name in ("Ann@example.org", "Bob@example.org"):
        registration = Registration(name, PASSWORD, exact_name=True)
        assert (await refusal(here.accounts.register(registration, LAPTOP))).code == "username_taken"
    await here.accounts.register(Registration("Eve@example.org", PASSWORD, exact_name=True), LAPTOP)
    assert (await refusal(here.register("eve", email="eve@example.org"))).code == "email_taken"


# Signing in


@pytest.mark.parametrize(
    ("by", "name", "who"),
    [
        ("username", "ann", "ann"),
        ("username", "ANN", "ann"),
        ("username", "ann@example.org", None),
        ("email", "ann", None),
        ("email", "ANN@example.org", "ann"),
        ("email", "bob@example.org", None),  # a username
        ("username", "bob@example.org", "bob@example.org"),
        ("email", "data@example.org", None),  # not claimed
    ],
)
async def test_signing_in_by_one_of_both(
    here: Node, by: Literal["username", "email"], name: str, who: str | None
) -> None:
    await here.register("ann", email="Ann@example.org")
    await here.register("bob@example.org", email="data@example.org", claims_email=False)
    login = here.accounts.login(name, PASSWORD, LAPTOP, by=by)
    if who is None:
        assert (await refusal(login)).code == "wrong_credentials"
    else:
        assert (await login).user.username == who


@pytest.mark.parametrize("name", ["ann", "ann@example.org", "ANN@Example.ORG", "ａｎｎ"])
async def test_signing_in(here: Node, name: str) -> None:
    ann = await here.register("ann", email="Ann@example.org")
    again = await here.login(name)
    assert again.user == ann.user
    assert here.caller(again).session != here.caller(ann).session
    assert len(await here.sessions.of(ann.user.number)) == 2


async def test_an_address_that_is_somebodys_username_cannot_be_claimed(here: Node) -> None:
    await here.register("ann@example.org")
    refused = await refusal(here.register("ann", email="Ann@example.org"))
    assert (refused.code, list(refused.fields)) == ("email_taken", ["email"])
    own = await here.register("Bob@example.org", email="bob@example.org")
    assert (await here.login("bob@example.org")).user == own.user


async def test_a_username_that_is_somebodys_address_from_before_keeps_nobody_out(here: Node) -> None:
    victim = await here.register("victim", email="victim@example.org")
    squatter = await here.accounts.register(Registration("squatter", NEW_PASSWORD), LAPTOP)
    await here.execute(
        "UPDATE users SET username = 'victim@example.org', username_folded = NULL WHERE username = 'squatter'"
    )
    squatter = replace(squatter, user=replace(squatter.user, username="victim@example.org"))
    assert (await here.login("victim@example.org", PASSWORD)).user == victim.user
    assert (await here.login("victim@example.org", NEW_PASSWORD)).user == squatter.user


async def test_a_hash_is_renewed_when_the_parameters_changed(tmp_path: Path) -> None:
    async with node(tmp_path) as before:
        await before.register("ann")
        clock = before.clock
    async with node(tmp_path, clock, passwords=Passwords(recommended_hasher())) as after:
        old = await after.scalar("SELECT password_hash FROM users")
        await after.login("ann")
        renewed = await after.scalar("SELECT password_hash FROM users")
        assert renewed != old
        await after.login("ann")
        assert await after.scalar("SELECT password_hash FROM users") == renewed


# The password


async def test_changing_the_password_ends_the_other_sessions(here: Node) -> None:
    ann, phone = await here.register("ann"), await here.login("ann")
    caller, other = here.caller(ann), here.caller(phone)
    await here.accounts.change_password(caller, PASSWORD, NEW_PASSWORD)
    assert here.sessions.is_open(caller)
    assert not here.sessions.is_open(other)
    assert await here.login_code("ann") == "wrong_credentials"
    assert await here.login_code("ann", NEW_PASSWORD) == ""
    assert await here.sessions.refresh(ann.tokens["refresh"], "")


async def test_a_password_is_changed_by_who_knows_it(here: Node) -> None:
    ann = await here.register("ann")
    caller = here.caller(ann)
    for _ in range(5):
        refused = await refusal(here.accounts.change_password(caller, NEW_PASSWORD, NEW_PASSWORD))
        assert refused.code == "wrong_credentials"
    assert (await refusal(here.accounts.change_password(caller, PASSWORD, NEW_PASSWORD))).code == "rate_limited"
    here.clock.advance(60)
    weak = await refusal(here.accounts.change_password(caller, PASSWORD, "short"))
    assert (weak.code, list(weak.fields)) == ("weak_password", ["new"])
    assert await here.login_code("ann") == ""


async def test_a_session_that_was_ended_changes_no_password(tmp_path: Path) -> None:
    """Story: Ann ends the thief's session while the thief's change of her password waits for its hash."""
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher)) as here:
        ann, thief = await here.register("ann"), await here.login("ann")
        caller = here.caller(thief)
        hasher.gate.clear()
        async with asyncio.TaskGroup() as group:
            change = group.create_task(refusal(here.accounts.change_password(caller, PASSWORD, NEW_PASSWORD)))
            while not hasher.running:
                await asyncio.to_thread(lambda: None)
            await here.sessions.end(ann.user.number, caller.session)
            hasher.gate.set()
        assert change.result().code == "unauthorized"
        assert here.sessions.is_open(here.caller(ann))
        assert await here.login_code("ann") == ""


async def test_a_login_with_the_password_of_before_opens_no_session(tmp_path: Path) -> None:
    """Story: the thief's login is verified, then Ann's new password ends all sessions, then his is opened."""
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher)) as here:
        await here.register("ann")
        hasher.gate.clear()
        async with asyncio.TaskGroup() as group:
            login = group.create_task(here.login_code("ann"))
            while not hasher.running:
                await asyncio.to_thread(lambda: None)
            await here.execute("UPDATE users SET password_hash = 'changed'")
            hasher.gate.set()
        assert login.result() == "wrong_credentials"
        assert await here.scalar("SELECT count(*) FROM sessions") == 1


# The profile


async def test_changing_names(here: Node) -> None:
    ann = await here.register("ann", first_name="Ann")
    caller, heard = here.caller(ann), list[int]()
    here.people.on_changed(heard.extend)
    assert await here.people.user(ann.user.number) == ann.user
    changed = await here.accounts.change_profile(caller, None, " Lind ")
    assert (changed.first_name, changed.last_name, changed.version) == ("Ann", "Lind", ann.user.version + 1)
    assert await here.people.user(ann.user.number) == await here.people.me(caller) == changed
    assert heard == [ann.user.number]
    assert await here.accounts.change_profile(caller, "Ann", None) == changed
    assert await here.accounts.change_profile(caller, None, None) == changed
    assert heard == [ann.user.number]
    cleared = await here.accounts.change_profile(caller, "", "")
    assert cleared.name == ""
    assert (await refusal(here.accounts.change_profile(caller, "\x07", None))).code == "invalid"


async def test_a_token_from_another_database_is_nobodys(here: Node) -> None:
    """Story: the database was made anew under the old key; number 1 is somebody else now."""
    ann = await here.register("ann")
    stranger = Caller(ann.user.number, new_id(), new_id(), here.clock.now() + 1)
    for work in (
        here.people.me(stranger),
        here.accounts.change_profile(stranger, "X", None),
        here.accounts.change_password(stranger, PASSWORD, NEW_PASSWORD),
        here.people.me(Caller(99, ann.user.id, new_id(), 1)),
    ):
        assert (await refusal(work)).code == "unauthorized"
