"""Forgotten passwords and addresses over REST, with a real mail server on this machine; and who attacks them."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from support.accounts import NEW_PASSWORD, PASSWORD, PUBLIC_URL
from support.bad_input import SECRET, assert_problem, bad_bodies
from support.mail import Box, mail_server, token_of
from support.people import API, Person, Server, server
from support.waiting import until
from support.web import http_client
from tertulia.domain.errors import Rejection
from tertulia.domain.links import hash_token

EMAIL = "Ann@example.org"
MINUTES = 60.0


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with mail_server() as one:
        yield one


@pytest.fixture
async def here(tmp_path: Path, box: Box) -> AsyncIterator[Server]:
    async with server(tmp_path, mail_port=box.port) as one:
        yield one


@pytest.fixture
async def ann(here: Server, box: Box) -> Person:
    """Signed in; her address is not confirmed, the mail for it has come."""
    ann = await here.register("ann", email=EMAIL)
    await box.count(1)
    return ann


async def forgot(here: Server, email: str = EMAIL) -> httpx.Response:
    return await here.http.post(f"{API}/auth/forgot", json={"email": email})


async def reset(here: Server, token: str, password: str = NEW_PASSWORD) -> httpx.Response:
    return await here.http.post(f"{API}/auth/reset", json={"token": token, "password": password})


async def confirm(here: Server, token: str) -> httpx.Response:
    return await here.http.post(f"{API}/auth/confirm", json={"token": token})


async def change(person: Person, email: str, password: str = PASSWORD) -> httpx.Response:
    return await person.ask("PUT", "/me/email", json={"email": email, "password": password})


async def asked(here: Server, box: Box, number: int, email: str = EMAIL) -> EmailMessage:
    """The mail number `number`, which the forgotten password brings."""
    await box.count(number - 1)  # mails of one kind do not wait for those of another
    assert (await forgot(here, email)).status_code == 202
    return await box.newest(number)


async def nothing_waits(here: Server) -> None:
    recovery = here.node.recovery
    assert recovery._mail is not None
    await until(lambda: recovery._waiting == 0 and recovery._mail.waiting == 0)  # type: ignore[union-attr]


async def account(person: Person) -> tuple[str | None, bool]:
    me = (await person.ask("GET", "/me")).json()
    return me["email"], me["email_confirmed"]


# A forgotten password


async def test_a_forgotten_password(here: Server, box: Box, ann: Person) -> None:
    phone = await here.login()
    mail = await asked(here, box, 2)
    assert mail["To"] == EMAIL
    token = token_of(mail)
    assert f"{PUBLIC_URL}/auth/reset#token={token}" in mail.get_content()
    answer = await reset(here, token)
    assert (answer.status_code, answer.content) == (204, b"")
    for old in (ann, phone):
        assert_problem(await old.ask("GET", "/me"), 401, "unauthorized")
        refresh = await here.http.post(f"{API}/auth/refresh", json={"refresh": old.tokens["refresh"]})
        assert_problem(refresh, 401, "unauthorized")
    body = {"username": "ann", "password": PASSWORD}
    assert_problem(await here.http.post(f"{API}/auth/login", json=body), 401, "wrong_credentials")
    assert await account(await here.login(password=NEW_PASSWORD)) == (EMAIL, True)


async def test_no_token_is_stored_or_logged(here: Server, box: Box, ann: Person) -> None:
    with capture_logs() as lines:
        token = token_of(await asked(here, box, 2))
        await nothing_waits(here)
        rows = str([await here.node.row("SELECT * FROM links WHERE purpose = 'reset'")])
        await reset(here, token)
    assert hash_token(token) in rows
    assert token not in rows + str(lines)
    assert EMAIL not in str(lines)


async def test_nobody_learns_whether_there_is_an_account(here: Server, box: Box, ann: Person) -> None:
    await here.node.execute("INSERT INTO users (id, username, email, created_at) VALUES ('x', 'x', 'x@x.org', 0)")
    answers = [await forgot(here, email) for email in (EMAIL, "nobody@example.org", "x@x.org", "ANN@EXAMPLE.org")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    assert len({tuple(sorted(set(answer.headers) - {"x-request-id"})) for answer in answers}) == 1
    await nothing_waits(here)
    assert [mail["To"] for mail in box.mails[1:]] == [EMAIL, EMAIL]


async def test_the_answer_waits_for_nothing_that_depends_on_the_account(here: Server, box: Box, ann: Person) -> None:
    """Not for the database, not for the mail server."""
    box.silent = True
    for email in (EMAIL, "nobody@example.org"):
        recovery = here.node.recovery
        work = recovery.forgot(email)
        with pytest.raises(StopIteration):  # it is done without waiting once
            work.send(None)


async def test_the_mail_goes_to_the_stored_address_only(here: Server, box: Box, ann: Person) -> None:
    """Story: an address that folds to another's got that other's link."""
    kelvin = await here.register("kim", email="kim@example.org")
    await box.count(2)
    assert (await forgot(here, "\u212aim@example.org")).status_code == 202  # Kelvin sign
    assert (await box.newest(3))["To"] == "kim@example.org"
    assert kelvin.user["email"] == "kim@example.org"


async def test_a_link_works_once(here: Server, box: Box, ann: Person) -> None:
    token = token_of(await asked(here, box, 2))
    assert (await reset(here, token)).status_code == 204
    assert_problem(await reset(here, token, PASSWORD), 409, "link_invalid")
    await here.login(password=NEW_PASSWORD)


async def test_of_two_at_once_one_wins(here: Server, box: Box, ann: Person) -> None:
    token = token_of(await asked(here, box, 2))
    passwords = [f"{NEW_PASSWORD} {number}" for number in range(10)]
    answers = await asyncio.gather(*(reset(here, token, password) for password in passwords))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [204] + [409] * 9
    await here.login(password=passwords[statuses.index(204)])


async def test_a_link_is_good_for_thirty_minutes(here: Server, box: Box, ann: Person) -> None:
    token = token_of(await asked(here, box, 2))
    here.node.clock.advance(30 * MINUTES)
    assert_problem(await reset(here, token), 409, "link_invalid")
    token = token_of(await asked(here, box, 3))
    here.node.clock.advance(30 * MINUTES - 1)
    assert (await reset(here, token)).status_code == 204


async def test_a_new_link_replaces_the_one_before(here: Server, box: Box, ann: Person) -> None:
    first = token_of(await asked(here, box, 2))
    second = token_of(await asked(here, box, 3))
    assert_problem(await reset(here, first), 409, "link_invalid")
    assert await here.node.scalar("SELECT count(*) FROM links") == 2  # and the one to confirm
    assert (await reset(here, second)).status_code == 204
    assert await here.node.scalar("SELECT count(*) FROM links") == 0


async def test_a_weak_password_does_not_use_up_the_link(here: Server, box: Box, ann: Person) -> None:
    token = token_of(await asked(here, box, 2))
    for weak in ("short", "12345678901", "ann@example.org", "password1"):
        problem = assert_problem(await reset(here, token, weak), 400, "weak_password")
        assert list(problem["fields"]) == ["password"]
    assert_problem(await ann.ask("GET", "/nothing"), 404, "not_found")
    assert (await ann.ask("GET", "/me")).status_code == 200
    assert (await reset(here, token)).status_code == 204


@pytest.mark.parametrize(
    "meanwhile",
    [
        "UPDATE users SET email = 'new@example.org', email_login = 'new@example.org'",
        "UPDATE users SET email = NULL, email_login = NULL",
        "UPDATE users SET is_active = 0",
        "UPDATE users SET is_active = 0, deleted_at = 1, email = NULL, email_login = NULL, password_hash = NULL",
    ],
)
async def test_what_happened_since(here: Server, box: Box, ann: Person, meanwhile: str) -> None:
    tokens = token_of(await asked(here, box, 2)), token_of(box.mails[0])
    await here.node.execute(meanwhile)
    assert_problem(await reset(here, tokens[0]), 409, "link_invalid")
    assert_problem(await confirm(here, tokens[1]), 409, "link_invalid")
    assert await here.node.scalar("SELECT count(*) FROM users WHERE email_confirmed_at IS NOT NULL") == 0


async def test_a_changed_password_makes_links_useless(here: Server, box: Box, ann: Person) -> None:
    token = token_of(await asked(here, box, 2))
    body = {"current": PASSWORD, "new": NEW_PASSWORD}
    assert (await ann.ask("POST", "/me/password", json=body)).status_code == 204
    assert_problem(await reset(here, token, PASSWORD), 409, "link_invalid")


async def test_a_link_is_good_for_its_purpose_only(here: Server, box: Box, ann: Person) -> None:
    tokens = token_of(await asked(here, box, 2)), token_of(box.mails[0])
    assert_problem(await reset(here, tokens[1]), 409, "link_invalid")
    assert_problem(await confirm(here, tokens[0]), 409, "link_invalid")
    assert (await confirm(here, tokens[1])).status_code == 204  # neither was used up
    assert (await reset(here, tokens[0])).status_code == 204


async def test_a_first_password(here: Server, box: Box) -> None:
    await here.node.execute(
        "INSERT INTO users (id, username, email, email_login, created_at) VALUES ('u', 'una', :email, :email, 0)",
        email="una@example.org",
    )
    token = token_of(await asked(here, box, 1, "una@example.org"))
    assert (await reset(here, token)).status_code == 204
    await here.login("una", NEW_PASSWORD)


async def test_a_thousand_requests_for_one_address(here: Server, box: Box, ann: Person) -> None:
    """From as many addresses of the internet."""
    for email in (EMAIL, "nobody@example.org"):
        refused = []
        for number in range(1_000):
            try:
                await here.node.recovery.forgot(email if number % 2 else email.upper())
            except Rejection as rejection:
                refused.append((rejection.code, rejection.retry_after))
        assert refused == [("rate_limited", 15 * MINUTES)] * 997
    await nothing_waits(here)
    assert len(box.mails) == 1 + 3
    here.node.clock.advance(15 * MINUTES)
    assert (await forgot(here)).status_code == 202


async def test_one_address_of_the_internet_asks_for_many_addresses(here: Server) -> None:
    statuses = [(await forgot(here, f"nobody{number}@example.org")).status_code for number in range(100)]
    assert statuses == [202] * 30 + [429] * 70


async def test_guessing_is_slow(here: Server, ann: Person) -> None:
    answers = [await reset(here, f"guess{number}") for number in range(50)]
    answers += [await confirm(here, f"guess{number}") for number in range(50)]
    assert [answer.status_code for answer in answers] == [409] * 90 + [429] * 10
    assert len({answer.json()["detail"] for answer in answers[:90]}) == 1


@pytest.mark.parametrize(
    "email",
    ["", " ", "ann", "ann@example.org\r\nBcc: eve@example.org", "a@b.org,c@d.org", "x" * 255, "ﷺ" * 50 + "@x.org"],
)
async def test_what_is_no_address(here: Server, email: str) -> None:
    assert_problem(await forgot(here, email), 400, "invalid")


@pytest.mark.parametrize("token", ["", "x" * 129, "x" * 100_000])
async def test_what_is_no_token(here: Server, token: str) -> None:
    assert_problem(await reset(here, token), 400, "invalid")
    assert_problem(await confirm(here, token), 400, "invalid")


@pytest.mark.parametrize("token", ["x", "é" * 128, "🐎", "' OR 1=1 --", "\r\n"])
async def test_strange_tokens(here: Server, token: str) -> None:
    assert_problem(await reset(here, token), 409, "link_invalid")


@pytest.mark.parametrize(
    ("path", "valid", "text"),
    [
        ("auth/forgot", {"email": "x@example.org"}, "email"),
        ("auth/reset", {"token": "x", "password": NEW_PASSWORD}, "token"),
        ("auth/reset", {"token": "x", "password": NEW_PASSWORD}, "password"),
        ("auth/confirm", {"token": "x"}, "token"),
    ],
)
async def test_bad_bodies(here: Server, path: str, valid: dict[str, str], text: str) -> None:
    for bad in bad_bodies(valid, text):
        async with http_client(here.node.services) as http:  # whom nobody has asked too much of yet
            response = await http.post(f"{API}/{path}", content=bad.content, headers=bad.headers)
        assert_problem(response, bad.status, *bad.codes)


# Addresses


async def test_an_address_is_confirmed(here: Server, box: Box, ann: Person) -> None:
    assert await account(ann) == (EMAIL, False)
    mail = box.mails[0]
    assert mail["To"] == EMAIL
    assert "ann" not in mail.get_content().replace(EMAIL, "")  # no word of whoever signed up
    token = token_of(mail)
    assert f"{PUBLIC_URL}/auth/confirm#token={token}" in mail.get_content()
    assert (await confirm(here, token)).status_code == 204
    assert await account(ann) == (EMAIL, True)
    assert_problem(await confirm(here, token), 409, "link_invalid")
    assert (await ann.ask("POST", "/me/email/confirm")).status_code == 202
    await nothing_waits(here)
    assert len(box.mails) == 1


async def test_a_username_stands_only_in_mails_to_confirmed_addresses(here: Server, box: Box) -> None:
    await here.register("win-at.example", email=EMAIL)
    token = token_of(await box.newest(1))
    assert "win-at" not in (await asked(here, box, 2)).get_content()
    await confirm(here, token)
    assert "win-at" in (await asked(here, box, 3)).get_content()


async def test_the_mail_again(here: Server, box: Box, ann: Person) -> None:
    assert (await ann.ask("POST", "/me/email/confirm")).status_code == 202
    second = token_of(await box.newest(2))
    assert_problem(await confirm(here, token_of(box.mails[0])), 409, "link_invalid")
    assert (await confirm(here, second)).status_code == 204


async def test_not_too_often_again(here: Server, box: Box, ann: Person) -> None:
    statuses = [(await ann.ask("POST", "/me/email/confirm")).status_code for _ in range(20)]
    assert statuses == [202] * 4 + [429] * 16
    await nothing_waits(here)
    assert len(box.mails) == 5
    here.node.clock.advance(60 * MINUTES)
    assert (await (await here.login()).ask("POST", "/me/email/confirm")).status_code == 202


async def test_without_an_address_there_is_nothing_to_confirm(here: Server, box: Box) -> None:
    bob = await here.register("bob")
    assert_problem(await bob.ask("POST", "/me/email/confirm"), 403, "forbidden")
    await here.node.execute("UPDATE users SET email = 'bob@example.org'")  # from a token of the product's backend
    here.node.people.clear()
    assert_problem(await bob.ask("POST", "/me/email/confirm"), 403, "forbidden")
    assert box.mails == []


async def test_another_address(here: Server, box: Box, ann: Person) -> None:
    answer = await change(ann, "new@example.org")
    assert (answer.status_code, answer.json()["email"]) == (202, EMAIL)
    mails = {mail["To"]: mail for mail in (await box.count(3))[1:]}
    assert set(mails) == {EMAIL, "new@example.org"}
    assert "#token=" not in mails[EMAIL].get_content()
    assert await account(ann) == (EMAIL, False)
    token = token_of(mails["new@example.org"])
    assert (await confirm(here, token)).status_code == 204
    assert await account(ann) == ("new@example.org", True)
    assert await account(await here.login("new@example.org")) == ("new@example.org", True)
    body = {"username": EMAIL, "password": PASSWORD}
    assert_problem(await here.http.post(f"{API}/auth/login", json=body), 401, "wrong_credentials")
    assert_problem(await confirm(here, token_of(box.mails[0])), 409, "link_invalid")


async def test_a_new_password_stops_a_change_of_the_address(here: Server, box: Box, ann: Person) -> None:
    assert (await change(ann, "eve@example.org")).status_code == 202
    token = next(token_of(mail) for mail in await box.count(3) if mail["To"] == "eve@example.org")
    assert (await reset(here, token_of(await asked(here, box, 4)))).status_code == 204
    assert_problem(await confirm(here, token), 409, "link_invalid")
    assert await account(await here.login(password=NEW_PASSWORD)) == (EMAIL, True)


async def test_an_address_that_another_has(here: Server, box: Box, ann: Person) -> None:
    bob = await here.register("bob")
    free, taken = await change(bob, "free@example.org"), await change(bob, EMAIL.upper())
    assert (free.status_code, free.json()) == (taken.status_code, taken.json()) == (202, bob.user)
    await box.count(3)
    await nothing_waits(here)
    mails = {mail["To"]: mail.get_content() for mail in box.mails[1:]}
    assert "#token=" in mails["free@example.org"]
    assert "#token=" not in mails[EMAIL.upper()]
    assert "already" in mails[EMAIL.upper()]


async def test_an_address_that_another_gets_meanwhile(here: Server, box: Box, ann: Person) -> None:
    assert (await change(ann, "new@example.org")).status_code == 202
    token = next(token_of(mail) for mail in await box.count(3) if mail["To"] == "new@example.org")
    await here.register("bob", email="new@example.org")
    assert_problem(await confirm(here, token), 409, "email_taken")
    assert await account(ann) == (EMAIL, False)


async def test_who_may_change_it(here: Server, box: Box, ann: Person) -> None:
    answer = await here.http.put(f"{API}/me/email", json={"email": "new@example.org", "password": PASSWORD})
    assert_problem(answer, 401, "unauthorized")
    assert_problem(await change(ann, "not an address"), 400, "invalid")
    for _ in range(5):
        assert_problem(await change(ann, "new@example.org", SECRET), 401, "wrong_credentials")
    assert_problem(await change(ann, "new@example.org"), 429, "rate_limited")
    await nothing_waits(here)
    assert len(box.mails) == 1


async def test_the_address_one_has(here: Server, box: Box, ann: Person) -> None:
    answer = await change(ann, EMAIL)
    assert (answer.status_code, answer.json()["email"]) == (200, EMAIL)
    await nothing_waits(here)
    assert len(box.mails) == 1


async def test_one_account_sends_so_many_mails(here: Server, box: Box, ann: Person) -> None:
    statuses = [(await change(ann, f"stranger{number}@example.org")).status_code for number in range(30)]
    assert statuses == [202] * 19 + [429] * 11


async def test_many_accounts_and_one_stranger(here: Server, box: Box) -> None:
    people = [await here.register(f"eve{number}") for number in range(10)]
    statuses = [(await change(person, "stranger@example.org")).status_code for person in people]
    assert statuses == [202] * 5 + [429] * 5


# Without mail


@pytest.fixture
async def silent(tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path) as one:
        yield one


async def test_without_mail_it_is_said_to_everybody_alike(silent: Server) -> None:
    ann = await silent.register("ann", email=EMAIL)
    answers = [await forgot(silent, email) for email in (EMAIL, "nobody@example.org")]
    assert {answer.json()["detail"] for answer in answers} == {
        "This server sends no mail. Ask those who run it: they can make you a link for a new password."
    }
    for answer in (*answers, await ann.ask("POST", "/me/email/confirm")):
        assert_problem(answer, 403, "forbidden")


async def test_without_mail_the_address_changes_at_once(silent: Server) -> None:
    ann, bob = await silent.register("ann", email=EMAIL), await silent.register("bob")
    await silent.node.execute("UPDATE users SET email_confirmed_at = 1 WHERE username = 'ann'")
    answer = await change(ann, "new@example.org")
    assert (answer.status_code, answer.json()["email"]) == (200, "new@example.org")
    assert await account(ann) == ("new@example.org", False)
    assert_problem(await change(bob, "NEW@example.org"), 409, "email_taken")
    assert (await change(bob, EMAIL)).status_code == 200


async def test_a_link_made_by_hand(silent: Server) -> None:
    ann = await silent.register("ann", email=EMAIL)
    user, link = await silent.node.recovery.link_by_hand("ann")
    assert user.username == "ann"
    assert link.startswith(f"{PUBLIC_URL}/auth/reset#token=")
    assert (await reset(silent, link.split("#token=")[1])).status_code == 204
    assert_problem(await ann.ask("GET", "/me"), 401, "unauthorized")
    assert await account(await silent.login(password=NEW_PASSWORD)) == (EMAIL, False)  # nothing was sent there
