"""What REST does not show of recovery. The rest, and the attacks: tests/http/test_recovery.py."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from support.accounts import NEW_PASSWORD, PASSWORD, Node, node
from support.mail import mail_server, token_of
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.domain.external import foreign_session
from tertulia.domain.models import Caller, User
from tertulia.services.recovery import SLICE, UPKEEP_SECONDS, WAITING

EMAIL = "ann@example.org"


async def links(running: Node) -> object:
    return await running.scalar("SELECT count(*) FROM links")


async def test_expired_links_are_removed_in_slices(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        shared = running.database.writer.shared
        made = "gen_random_uuid(), CAST(i AS TEXT)" if shared else "i, i"
        await running.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) "
            f"INSERT INTO users (id, username, created_at) SELECT {made}, 0 FROM n",
            most=SLICE * 2 + 10,
        )
        await running.execute(
            'INSERT INTO links (token_hash, "user", purpose, created_at, expires_at) '
            "SELECT username, number, 'reset', 0, CASE number WHEN 1 THEN :later ELSE 1 END FROM users",
            later=running.clock.now() + 1,
        )
        await running.recovery.tidy()
        assert await links(running) == 1
        running.clock.advance(1)
        await running.recovery.tidy()
        assert await links(running) == 0


async def test_upkeep_goes_on_after_an_accident(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        work = running.recovery._tasks.spawn(running.recovery.upkeep(), "upkeep")
        await until(lambda: bool(running.clock._waiting))
        await running.execute("ALTER TABLE links RENAME TO away")
        with capture_logs() as lines:
            running.clock.advance(UPKEEP_SECONDS)
            await until(lambda: bool(lines))
        assert [line["event"] for line in lines] == ["recovery.tidy_failed"]
        assert not work.done()


async def test_so_many_are_looked_up_at_once_and_no_more(tmp_path: Path) -> None:
    async with mail_server() as box, node(tmp_path, mail_port=box.port) as running:
        for number in range(WAITING):
            await running.recovery.forgot(f"nobody{number}@example.org")
        with pytest.raises(Rejection) as refused:
            await running.recovery.forgot("one.more@example.org")
        assert refused.value.code == "busy"
        with capture_logs() as lines:
            running.recovery.registered(User(1, "id", "ann", EMAIL, claims_email=True))
        assert [line["event"] for line in lines] == ["recovery.no_confirmation"]
        await until(lambda: running.recovery._waiting == 0)
        await running.recovery.forgot("one.more@example.org")


async def test_foreign_tokens_of_the_user_end_too(tmp_path: Path) -> None:
    async with mail_server() as box, node(tmp_path, mail_port=box.port) as running:
        user = (await running.register(email=EMAIL)).user
        await box.newest(1)  # mails of one kind do not wait for those of another
        await running.execute("UPDATE users SET external_id = 'a-1'")
        made = running.clock.now()
        foreign = Caller(user.number, user.id, foreign_session(user.id), made + 10**12, made)
        assert running.sessions.is_open(foreign)
        ended: set[str] = set()
        running.sessions.on_ended(lambda ids, inactive: ended.update(ids))
        await running.recovery.forgot(EMAIL)
        await running.recovery.reset(token_of(await box.newest(2)), NEW_PASSWORD)
        assert not running.sessions.is_open(foreign)
        assert foreign.session in ended


@pytest.mark.parametrize("name", ["ann", EMAIL, "ANN@example.org", "\uff41nn"])
async def test_by_hand_by_username_or_address(tmp_path: Path, name: str) -> None:
    async with node(tmp_path) as running:
        await running.register(email=EMAIL)
        first = (await running.recovery.link_by_hand(name))[1].split("#token=")[1]
        _, second = await running.recovery.link_by_hand("ann")
        with pytest.raises(Rejection) as refused:
            await running.recovery.reset(first, NEW_PASSWORD)
        assert refused.value.code == "link_invalid"
        await running.recovery.reset(second.split("#token=")[1], NEW_PASSWORD)
        await running.login("ann", NEW_PASSWORD)


async def test_by_hand_the_username_comes_before_the_address(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        await running.register("bob", email=EMAIL)
        await running.register("eve")
        # From before a username could not be the address of another.
        await running.execute(
            "UPDATE users SET username = :name, username_folded = NULL WHERE username = 'eve'", name=EMAIL
        )
        assert (await running.recovery.link_by_hand(EMAIL))[0].username == EMAIL


async def test_a_password_changed_between_asking_and_doing_stops_a_change(tmp_path: Path) -> None:
    async with node(tmp_path) as running:
        ann = await running.register(email=EMAIL)
        found = await running.verifier.verify_password(ann.user, PASSWORD)
        await running.execute("UPDATE users SET password_hash = 'other'")
        with pytest.raises(Rejection) as refused:
            await running.recovery._change(found, "new@example.org")
        assert refused.value.code == "wrong_credentials"


async def test_what_goes_wrong_in_the_background_is_a_line_in_the_log(tmp_path: Path) -> None:
    async with mail_server() as box, node(tmp_path, mail_port=box.port) as running:
        ann = await running.register(email=EMAIL)
        await box.count(1)
        found = await running.verifier.verify_password(ann.user, PASSWORD)
        await running.execute("UPDATE users SET password_hash = 'other'")
        with capture_logs() as lines:
            await running.recovery._work(running.recovery._ask_to_change, found, "new@example.org")
        assert [(line["event"], line["code"]) for line in lines] == [("recovery.not_sent", "wrong_credentials")]


async def test_no_mail_goes_to_an_address_that_nobody_signs_in_with(tmp_path: Path) -> None:
    """Story: somebody signs up with the address of another, again and again, and that one's mailbox fills."""
    async with mail_server() as box:
        async with node(tmp_path, mail_port=box.port) as running:
            await running.register("ann", email=EMAIL, claims_email=False)
            bob = await running.register("bob", email="old@example.org", claims_email=False)
            await running.recovery.forgot(EMAIL)
            await running.recovery.change_email(running.caller(bob), "new@example.org", PASSWORD)
            await box.count(1)
        assert [mail["To"] for mail in box.mails] == ["new@example.org"]
