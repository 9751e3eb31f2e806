import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from support.accounts import LAPTOP, NEW_PASSWORD, PASSWORD, Node, node
from support.gated import GatedHasher
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER, new_id
from tertulia.domain.models import Caller
from tertulia.domain.passwords import Strength
from tertulia.services.accounts import Registration
from tertulia.services.passwords import Passwords, recommended_hasher


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as one:
        yield one


async def refusal(work: object) -> Rejection:
    with pytest.raises(Rejection) as refused:
        await work  # type: ignore[misc]
    return refused.value


async def login_code(at: Node, name: str, password: str = PASSWORD) -> str:
    """What comes of a login: a code, or nothing."""
    try:
        await at.login(name, password)
    except Rejection as rejected:
        return rejected.code
    return ""


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
    assert (await here.accounts.me(here.caller(bob))) == bob.user
    assert (await here.login("ann@example.org")).user == ann.user
    eve = await here.register("eve", email="eve@example.org", claims_email=False)
    assert await login_code(here, "eve@example.org") == "wrong_credentials"
    assert (await here.register("eva", email="Eve@example.org")).user.claims_email
    assert not (await here.accounts.me(here.caller(eve))).claims_email
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


async def test_guesses_are_counted_however_one_signs_in(here: Node) -> None:
    await here.register("ann", email="ann@example.org")
    ways: tuple[Literal["either", "username", "email"], ...] = ("either", "username", "email", "either", "email")
    for by in ways:
        wrong = await refusal(here.accounts.login("ann@example.org", NEW_PASSWORD, LAPTOP, by=by))
        assert wrong.code == "wrong_credentials"
    for by in ways:
        assert (await refusal(here.accounts.login("ann@example.org", PASSWORD, LAPTOP, by=by))).code == "rate_limited"


@pytest.mark.parametrize("name", ["ann", "ann@example.org", "ANN@Example.ORG", "ａｎｎ"])
async def test_signing_in(here: Node, name: str) -> None:
    ann = await here.register("ann", email="Ann@example.org")
    again = await here.login(name)
    assert again.user == ann.user
    assert here.caller(again).session != here.caller(ann).session
    assert len(await here.sessions.of(ann.user.number)) == 2


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
        await login_code(here, "ann", NEW_PASSWORD)
        assert hasher.verified == 1
        await login_code(here, "nobody", NEW_PASSWORD)
        assert hasher.verified == 2


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


# Guessing


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_five_wrong_passwords_then_a_pause(here: Node, name: str) -> None:
    """It is the same whether there is such an account or not."""
    await here.register("ann")
    await here.register("bob")
    codes = [await login_code(here, name, NEW_PASSWORD) for _ in range(6)]
    assert codes == ["wrong_credentials"] * 5 + ["rate_limited"]
    here.clock.advance(30)
    refused = await refusal(here.login(name.upper(), PASSWORD))
    assert (refused.code, refused.retry_after) == ("rate_limited", 30.0)
    assert await login_code(here, "bob") == ""
    here.clock.advance(30)
    assert await login_code(here, name) == ("" if name == "ann" else "wrong_credentials")


async def test_right_passwords_do_not_count(here: Node) -> None:
    await here.register("ann")
    for _ in range(4):
        assert await login_code(here, "ann", NEW_PASSWORD) == "wrong_credentials"
    for _ in range(10):
        assert await login_code(here, "ann") == ""
    assert await login_code(here, "ann", NEW_PASSWORD) == "wrong_credentials"
    assert await login_code(here, "ann") == "rate_limited"


async def test_a_hundred_guesses_at_once_are_five(tmp_path: Path) -> None:
    """Story: all of them look at the counter before the first is found wrong."""
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher, waiting=200)) as here:
        await here.register("ann")
        codes = await asyncio.gather(*(login_code(here, "ann", NEW_PASSWORD) for _ in range(100)))
        assert sorted(codes) == ["rate_limited"] * 95 + ["wrong_credentials"] * 5
        assert hasher.verified == 5


async def test_many_devices_of_one_account_at_once_all_get_in(here: Node) -> None:
    await here.register("ann")
    assert await asyncio.gather(*(login_code(here, "ann") for _ in range(30))) == [""] * 30


async def test_a_flood_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with node(tmp_path, passwords=Passwords(GatedHasher(), threads=1, waiting=2)) as here:
        await here.register("ann")
        codes = await asyncio.gather(*(login_code(here, f"ann{number}") for number in range(10)))
        assert sorted(codes) == ["busy"] * 7 + ["wrong_credentials"] * 3


# Without signing in


async def verified(at: Node, name: str, password: str = PASSWORD) -> str:
    """What comes of name and password: a code, or nothing."""
    try:
        caller = await at.accounts.verify(name, password)
    except Rejection as rejected:
        return rejected.code
    assert at.sessions.is_open(caller)
    return ""


async def test_who_sends_the_password_each_time_is_known_and_opens_no_session(tmp_path: Path) -> None:
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher)) as here:
        ann = await here.register("ann", email="ann@example.org")
        caller = await here.accounts.verify("ann", PASSWORD)
        assert (caller.user, caller.user_id) == (ann.user.number, ann.user.id)
        assert await here.accounts.me(caller) == ann.user
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
        callers = await asyncio.gather(*(here.accounts.verify(name, PASSWORD) for name in ("ann", "Ann")))
        assert [caller.user for caller in callers] == [one.user.number for one in people]
    await here.execute("UPDATE users SET is_active = false WHERE username = 'Ann'")
    assert (await here.accounts.verify("Ann", PASSWORD)).user == people[0].user.number, "as one signs in"
    assert (await here.login("Ann")).user.number == people[0].user.number


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_what_is_compared_is_a_guess_too(here: Node, name: str) -> None:
    """Story: the password of somebody who sends it with each call is in memory, and could be tried there for free."""
    await here.register("ann")
    assert await verified(here, "ann") == ""
    codes = await asyncio.gather(*(verified(here, name, f"{NEW_PASSWORD} {number}") for number in range(50)))
    assert sorted(codes) == ["rate_limited"] * 45 + ["wrong_credentials"] * 5
    assert await verified(here, name) == await login_code(here, name) == "rate_limited"
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
    caller = await here.accounts.verify("ann", PASSWORD)
    await here.accounts.change_password(here.caller(ann), PASSWORD, NEW_PASSWORD)
    assert not here.sessions.is_open(caller)
    assert await verified(here, "ann") == "wrong_credentials"
    assert await verified(here, "ann", NEW_PASSWORD) == ""
    caller = await here.accounts.verify("ann", NEW_PASSWORD)
    _, link = await here.recovery.link_by_hand("ann")
    await here.recovery.reset(link.partition("token=")[2], PASSWORD)
    assert not here.sessions.is_open(caller)
    assert [await verified(here, "ann", NEW_PASSWORD), await verified(here, "ann")] == ["wrong_credentials", ""]


async def test_who_is_deactivated_is_not_known_any_more(here: Node) -> None:
    ann = await here.register("ann")
    caller = await here.accounts.verify("ann", PASSWORD)
    await here.execute("UPDATE users SET is_active = false")
    here.sessions.set_active(ann.user.number, active=False)
    assert not here.sessions.is_open(caller)
    assert await verified(here, "ann") == "wrong_credentials"


# The password


async def test_changing_the_password_ends_the_other_sessions(here: Node) -> None:
    ann, phone = await here.register("ann"), await here.login("ann")
    caller, other = here.caller(ann), here.caller(phone)
    await here.accounts.change_password(caller, PASSWORD, NEW_PASSWORD)
    assert here.sessions.is_open(caller)
    assert not here.sessions.is_open(other)
    assert await login_code(here, "ann") == "wrong_credentials"
    assert await login_code(here, "ann", NEW_PASSWORD) == ""
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
    assert await login_code(here, "ann") == ""


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
        assert await login_code(here, "ann") == ""


async def test_a_login_with_the_password_of_before_opens_no_session(tmp_path: Path) -> None:
    """Story: the thief's login is verified, then Ann's new password ends all sessions, then his is opened."""
    hasher = GatedHasher()
    async with node(tmp_path, passwords=Passwords(hasher)) as here:
        await here.register("ann")
        hasher.gate.clear()
        async with asyncio.TaskGroup() as group:
            login = group.create_task(login_code(here, "ann"))
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
    here.accounts.on_changed(heard.extend)
    assert await here.accounts.user(ann.user.number) == ann.user
    changed = await here.accounts.change_profile(caller, None, " Lind ")
    assert (changed.first_name, changed.last_name, changed.version) == ("Ann", "Lind", ann.user.version + 1)
    assert await here.accounts.user(ann.user.number) == await here.accounts.me(caller) == changed
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
        here.accounts.me(stranger),
        here.accounts.change_profile(stranger, "X", None),
        here.accounts.change_password(stranger, PASSWORD, NEW_PASSWORD),
        here.accounts.me(Caller(99, ann.user.id, new_id(), 1)),
    ):
        assert (await refusal(work)).code == "unauthorized"


# Looking people up


async def test_users_by_number(here: Node) -> None:
    ann, bob = await here.register("ann"), await here.register("bob")
    numbers = [ann.user.number, bob.user.number]
    assert await here.accounts.users(numbers) == {ann.user.number: ann.user, bob.user.number: bob.user}
    assert await here.accounts.users([*numbers, 99, 0, -1, MAX_INTEGER + 1]) == await here.accounts.users(numbers)
    assert (await refusal(here.accounts.user(99))).code == "not_found"
    many = await here.accounts.users(range(1, 40_000))
    assert set(many) == set(numbers)


async def test_the_cache_is_bounded_and_can_be_told(tmp_path: Path) -> None:
    async with node(tmp_path, cache_size=2) as here:
        numbers = [(await here.register(name)).user.number for name in ("ann", "bob", "carol")]
        assert len(await here.accounts.users(numbers)) == 3
        assert len(here.accounts._cache) == 2
        await here.execute("UPDATE users SET first_name = 'New'")
        stale = numbers[2]
        assert (await here.accounts.user(stale)).first_name == ""
        here.accounts.forget([stale])
        assert (await here.accounts.user(stale)).first_name == "New"
        await here.execute("UPDATE users SET first_name = 'Newer'")
        here.accounts.clear()
        assert (await here.accounts.user(stale)).first_name == "Newer"


async def test_users_by_id(here: Node) -> None:
    ann, gone = await here.register("ann"), await here.register("gone")
    caller = here.caller(await here.register("bob"))
    assert await here.accounts.by_id(caller, ann.user.id) == ann.user
    assert await here.accounts.by_id(caller, ann.user.id.upper()) == ann.user
    await here.execute("UPDATE users SET is_active = false WHERE username = 'gone'")
    for id_ in (gone.user.id, new_id(), "", "x", "x" * 36, "7"):
        refused = await refusal(here.accounts.by_id(caller, id_))
        assert (refused.code, refused.message) == ("not_found", "There is no such user.")


async def test_active_users_by_number_or_id(here: Node) -> None:
    ann, gone = await here.register("ann"), await here.register("gone")
    caller = here.caller(await here.register("bob"))
    refs: tuple[int | str, ...] = (ann.user.number, ann.user.id, ann.user.id.upper())
    for ref in refs:
        assert await here.accounts.active(caller, ref) == ann.user
    await here.execute("UPDATE users SET is_active = false WHERE username = 'gone'")
    nobody: tuple[int | str, ...] = (gone.user.number, 99, 0, -1, MAX_INTEGER + 1, str(ann.user.number), new_id())
    for ref in nobody:
        refused = await refusal(here.accounts.active(caller, ref))
        assert (refused.code, refused.message) == ("not_found", "There is no such user.")


async def test_searching(here: Node) -> None:
    for name in ("ann", "anna", "bob"):
        caller = here.caller(await here.register(name))
    found, place = await here.accounts.search(caller, " An ", None, 1)
    assert [user.username for user in found] == ["ann"]
    found, place = await here.accounts.search(caller, "An", place, 1)
    assert [user.username for user in found] == ["anna"]
    assert place is None


async def test_a_guessed_name_takes_little_memory(here: Node) -> None:
    """Some characters fold to eighteen: of a hundred thousand such names a gigabyte would be kept."""
    assert await login_code(here, "\ufdfa" * 254) == "wrong_credentials"
    assert max(map(len, here.accounts._guesses._times)) <= 254  # type: ignore[arg-type]
