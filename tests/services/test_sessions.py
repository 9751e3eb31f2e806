import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from support.accounts import ACCESS_SECONDS, LAPTOP, PASSWORD, PHONE, REFRESH_SECONDS, Node, node
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.models import Session
from tertulia.domain.times import SECOND
from tertulia.services.accounts import Registration, SignedIn
from tertulia.services.tokens import Expired, Lifetimes, NoAccount, NotOurs, Revoked, WrongKind
from tertulia.storage import sessions


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Node]:
    async with node(tmp_path) as one:
        yield one


@pytest.fixture
async def ann(here: Node) -> SignedIn:
    return await here.register()


class Listener:
    def __init__(self, at: Node) -> None:
        self.heard: list[tuple[set[str], set[int]]] = []
        at.sessions.on_ended(lambda sessions, users: self.heard.append((sessions, users)))


def refused(at: Node, signed_in: SignedIn) -> bool:
    try:
        at.caller(signed_in)
    except Rejection as rejection:
        return rejection.code == "unauthorized"
    return False


async def refresh_refused(at: Node, token: str) -> str:
    with pytest.raises(Rejection) as refusal:
        await at.sessions.refresh(token, "")
    return refusal.value.code


# Checking


async def test_an_access_token_says_who_calls(here: Node, ann: SignedIn) -> None:
    caller = here.caller(ann)
    assert (caller.user, caller.user_id) == (ann.user.number, ann.user.id)
    assert here.sessions.is_open(caller)
    [session] = await here.sessions.of(ann.user.number)
    assert caller.session == session.id
    assert caller.expires_at == here.clock.now() + ACCESS_SECONDS * SECOND


async def test_an_access_token_ends_with_its_time(here: Node, ann: SignedIn) -> None:
    here.clock.advance(ACCESS_SECONDS)
    assert refused(here, ann)


async def test_what_was_ended_is_known_after_a_restart(tmp_path: Path) -> None:
    """Rule 13."""
    async with node(tmp_path) as before:
        ann, bob = await before.register("ann"), await before.register("bob")
        await before.sessions.end_all(ann.user.number)
        await before.execute("UPDATE users SET is_active = false WHERE username = 'bob'")
        clock = before.clock
    async with node(tmp_path, clock) as after:
        assert refused(after, ann)
        assert refused(after, bob)


async def test_what_is_remembered_of_ended_sessions_is_bounded_by_time(here: Node, ann: SignedIn) -> None:
    await here.sessions.end_all(ann.user.number)
    assert here.sessions._ended
    here.clock.advance(ACCESS_SECONDS - 1)
    await here.sessions.tidy()
    assert refused(here, ann)
    here.clock.advance(120)
    await here.sessions.tidy()
    assert not here.sessions._ended
    assert refused(here, ann)


# Refreshing


async def test_refreshing_gives_a_new_pair_of_the_same_session(here: Node, ann: SignedIn) -> None:
    here.clock.advance(100)
    pair = await here.sessions.refresh(ann.tokens["refresh"], "192.0.2.9")
    assert pair["access"] != ann.tokens["access"]
    assert pair["refresh"] != ann.tokens["refresh"]
    assert here.sessions.authenticate(pair["access"]).session == here.caller(ann).session
    [session] = await here.sessions.of(ann.user.number)
    assert (session.address, session.last_used_at) == ("192.0.2.9", here.clock.now())
    assert session.expires_at == here.clock.now() + REFRESH_SECONDS * SECOND


async def test_a_session_that_is_refreshed_lives_on(here: Node, ann: SignedIn) -> None:
    pair = ann.tokens
    for _ in range(4):
        here.clock.advance(REFRESH_SECONDS - 1)
        pair = await here.sessions.refresh(pair["refresh"], "")
    here.sessions.authenticate(pair["access"])
    here.clock.advance(REFRESH_SECONDS)
    assert await refresh_refused(here, pair["refresh"]) == "unauthorized"


async def test_a_lost_answer_is_given_again(here: Node, ann: SignedIn) -> None:
    first = await here.sessions.refresh(ann.tokens["refresh"], "")
    here.clock.advance(10)
    assert await here.sessions.refresh(ann.tokens["refresh"], "") == first
    assert here.sessions.authenticate(first["access"])
    second = await here.sessions.refresh(first["refresh"], "")
    assert second != first


async def test_a_lost_answer_is_given_again_by_another_process(tmp_path: Path) -> None:
    async with node(tmp_path) as here, node(tmp_path, here.clock) as there:
        ann = await here.register()
        first = await here.sessions.refresh(ann.tokens["refresh"], "")
        here.clock.advance(3)
        assert await there.sessions.refresh(ann.tokens["refresh"], "") == first


async def test_many_at_once_get_one_pair(here: Node, ann: SignedIn) -> None:
    here.clock.advance(60)
    pairs = await asyncio.gather(*(here.sessions.refresh(ann.tokens["refresh"], "") for _ in range(20)))
    assert all(pair == pairs[0] for pair in pairs)


async def test_reuse_after_that_ends_the_session_for_both(here: Node, ann: SignedIn) -> None:
    listener = Listener(here)
    thief = await here.sessions.refresh(ann.tokens["refresh"], "")
    other = await here.login()
    here.clock.advance(10.1)
    assert await refresh_refused(here, ann.tokens["refresh"]) == "token_reused"
    assert refused(here, ann)
    with pytest.raises(Rejection):
        here.sessions.authenticate(thief["access"])
    assert await refresh_refused(here, thief["refresh"]) == "unauthorized"
    assert await refresh_refused(here, ann.tokens["refresh"]) == "unauthorized"
    assert [len(sessions) for sessions, _ in listener.heard] == [1]
    assert not refused(here, other)


async def test_a_token_of_two_refreshes_ago_is_reuse_however_soon(here: Node, ann: SignedIn) -> None:
    first = await here.sessions.refresh(ann.tokens["refresh"], "")
    await here.sessions.refresh(first["refresh"], "")
    assert await refresh_refused(here, ann.tokens["refresh"]) == "token_reused"


async def test_what_cannot_be_refreshed(here: Node, ann: SignedIn) -> None:
    assert await refresh_refused(here, "") == "unauthorized"
    assert await refresh_refused(here, ann.tokens["access"]) == "unauthorized"
    [session] = await here.sessions.of(ann.user.number)
    unseen = here.tokens.pair(_changed(session, generation=5), ann.user.id)
    assert await refresh_refused(here, unseen["refresh"]) == "unauthorized"
    unknown = here.tokens.pair(_changed(session, id=new_id()), ann.user.id)
    assert await refresh_refused(here, unknown["refresh"]) == "unauthorized"
    assert not refused(here, ann)


def _changed(session: Session, **changes: object) -> Session:
    return replace(session, **changes)  # type: ignore[arg-type]


async def test_deactivated_users_cannot_refresh(here: Node, ann: SignedIn) -> None:
    await here.execute("UPDATE users SET is_active = false")
    assert await refresh_refused(here, ann.tokens["refresh"]) == "unauthorized"


# Ending


async def test_ending_one_session(here: Node, ann: SignedIn) -> None:
    listener, phone = Listener(here), await here.login()
    session = here.caller(phone).session
    await here.sessions.end(ann.user.number, session)
    assert refused(here, phone)
    assert not refused(here, ann)
    assert listener.heard == [({session}, set())]
    assert await refresh_refused(here, phone.tokens["refresh"]) == "unauthorized"
    with pytest.raises(Rejection, match="no such session"):
        await here.sessions.end(ann.user.number, session)
    assert len(listener.heard) == 1


async def test_other_peoples_sessions_do_not_exist(here: Node, ann: SignedIn) -> None:
    bob = await here.register("bob")
    for session in (here.caller(ann).session, new_id(), "", "x"):
        with pytest.raises(Rejection) as refusal:
            await here.sessions.end(bob.user.number, session)
        assert (refusal.value.code, refusal.value.message) == ("not_found", "There is no such session.")
    assert not refused(here, ann)


async def test_ending_all(here: Node, ann: SignedIn) -> None:
    listener, phone, bob = Listener(here), await here.login(), await here.register("bob")
    await here.sessions.end_all(ann.user.number)
    assert [refused(here, one) for one in (ann, phone, bob)] == [True, True, False]
    assert [len(sessions) for sessions, _ in listener.heard] == [2]
    assert await here.sessions.of(ann.user.number) == []
    assert not refused(here, await here.login())


async def test_a_caller_who_gives_up_leaves_no_half(here: Node, ann: SignedIn) -> None:
    """Story: the logout is committed while its request is cancelled; were memory not told, the token lived on."""
    gate = threading.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(here.database.write(lambda connection: gate.wait()))
        leaving = group.create_task(here.sessions.end_all(ann.user.number))
        await _tick()
        leaving.cancel()
        await _tick()
        gate.set()
    assert leaving.cancelled()
    await asyncio.wait_for(_until_refused(here, ann), 5)


async def _tick() -> None:
    await asyncio.to_thread(lambda: None)


async def _until_refused(at: Node, signed_in: SignedIn) -> None:
    while not refused(at, signed_in):
        await _tick()


async def test_another_processs_endings_are_caught_up_with(tmp_path: Path) -> None:
    async with node(tmp_path) as here, node(tmp_path, here.clock) as there:
        ann, bob, carol = [await here.register(name) for name in ("ann", "bob", "carol")]
        listener = Listener(there)
        session = here.caller(ann).session
        await here.sessions.end_all(ann.user.number)
        await here.execute("UPDATE users SET is_active = false WHERE username = 'bob'")
        assert not refused(there, ann)
        await there.sessions.catch_up()
        assert [refused(there, one) for one in (ann, bob, carol)] == [True, True, False]
        assert listener.heard == [({session}, {bob.user.number})]
        await there.sessions.catch_up()
        assert len(listener.heard) == 1
        await here.execute("UPDATE users SET is_active = true WHERE username = 'bob'")
        await there.sessions.catch_up()
        assert not refused(there, bob)


# A token that several hold


async def test_a_shared_token_is_used_up_once_a_minute(here: Node, ann: SignedIn) -> None:
    here.clock.advance(61)
    first = await here.sessions.refresh_shared(ann.tokens["refresh"], "")
    assert first["refresh"] != ann.tokens["refresh"]
    for token in (first["refresh"], ann.tokens["refresh"]):
        here.clock.advance(30)
        again = await here.sessions.refresh_shared(token, "")
        assert (again["access"], again["refresh"]) == (first["access"], first["refresh"])
    assert again["expires_in"] == ACCESS_SECONDS - 60
    here.clock.advance(1)
    second = await here.sessions.refresh_shared(first["refresh"], "")
    assert second["refresh"] != first["refresh"]
    here.clock.advance(61)
    with pytest.raises(Rejection, match="used before"):
        await here.sessions.refresh_shared(first["refresh"], "")


async def test_nobody_gets_a_token_that_is_about_to_expire(tmp_path: Path) -> None:
    async with node(tmp_path, access_seconds=60) as here:
        ann = await here.register()
        here.clock.advance(60)
        first = await here.sessions.refresh_shared(ann.tokens["refresh"], "")
        here.clock.advance(15)
        again = await here.sessions.refresh_shared(first["refresh"], "")
        assert (again["access"], again["expires_in"]) == (first["access"], 45)
        here.clock.advance(0.1)
        fresh = await here.sessions.refresh_shared(first["refresh"], "")
        assert (fresh["access"] != first["access"], fresh["expires_in"]) == (True, 60)


async def test_leaving_by_a_refresh_token(here: Node, ann: SignedIn) -> None:
    other = await here.login()
    here.clock.advance(100)
    pair = await here.sessions.refresh(ann.tokens["refresh"], "")
    await here.sessions.leave_by(ann.tokens["refresh"])
    assert await refresh_refused(here, pair["refresh"]) == "unauthorized"
    for token in (pair["refresh"], pair["access"], "x"):
        with pytest.raises(Rejection, match="not good"):
            await here.sessions.leave_by(token)
    for token, kind in ((ann.tokens["refresh"], Revoked), (pair["access"], WrongKind), ("x", NotOurs)):
        with pytest.raises(kind):
            await here.sessions.leave_by(token)
    assert not refused(here, other)


# Tokens of other lifetimes, each good once

SHORT = Lifetimes(60, 600)


async def why_not_once(at: Node, token: str) -> type[Rejection]:
    """How a refresh is refused."""
    with pytest.raises(Rejection) as refusal:
        await at.sessions.refresh_once(token, "", SHORT)
    assert refusal.value.code == "unauthorized"
    return type(refusal.value)


async def why_not_held(at: Node, token: str) -> type[Rejection]:
    with pytest.raises(Rejection) as refusal:
        await at.sessions.holder(token)
    assert refusal.value.code == "unauthorized"
    return type(refusal.value)


async def test_tokens_live_as_long_as_was_said(tmp_path: Path) -> None:
    async with node(tmp_path, longest_access=7200) as here:
        registered = await here.accounts.register(Registration("ann", PASSWORD), LAPTOP, SHORT)
        signed_in = await here.accounts.login("ann", PASSWORD, PHONE, lifetimes=Lifetimes(7200, 8000))
        usual = await here.login()
        assert [one.tokens["expires_in"] for one in (registered, signed_in, usual)] == [60, 7200, ACCESS_SECONDS]
        here.clock.advance(60)
        assert [refused(here, one) for one in (registered, signed_in, usual)] == [True, False, False]
        here.clock.advance(540)
        assert await why_not_once(here, registered.tokens["refresh"]) is Expired
        here.clock.advance(7200 - 601)
        assert [refused(here, one) for one in (signed_in, usual)] == [False, True]
        here.clock.advance(1)
        assert refused(here, signed_in)
        assert here.sessions.authenticate((await here.sessions.refresh(usual.tokens["refresh"], ""))["access"])


async def test_an_ended_session_is_remembered_as_long_as_the_longest_token_lives(tmp_path: Path) -> None:
    async with node(tmp_path, longest_access=7200) as before:
        ann = await before.accounts.register(Registration("ann", PASSWORD), LAPTOP, Lifetimes(7200, 8000))
        await before.sessions.end_all(ann.user.number)
        before.clock.advance(7199)
        await before.sessions.tidy()
        assert refused(before, ann)
    async with node(tmp_path, before.clock, longest_access=7200) as after:
        assert refused(after, ann)


async def test_a_token_that_is_good_once(here: Node, ann: SignedIn) -> None:
    here.clock.advance(100)
    user, pair = await here.sessions.refresh_once(ann.tokens["refresh"], "192.0.2.9", SHORT)
    assert (user, pair["expires_in"]) == (ann.user.number, 60)
    assert here.sessions.authenticate(pair["access"]).session == here.caller(ann).session
    [session] = await here.sessions.of(ann.user.number)
    assert (session.address, session.expires_at) == ("192.0.2.9", here.clock.now() + 600 * SECOND)
    for _ in range(2):
        assert await why_not_once(here, ann.tokens["refresh"]) is Revoked
        here.clock.advance(11)
    _, again = await here.sessions.refresh_once(pair["refresh"], "", SHORT)  # nothing ended
    assert here.sessions.authenticate(again["access"])
    here.clock.advance(600)
    assert await why_not_once(here, again["refresh"]) is Expired


async def test_of_many_at_once_one_gets_the_pair(tmp_path: Path) -> None:
    async with node(tmp_path) as here, node(tmp_path, here.clock) as there:
        ann = await here.register()

        async def refresh(at: Node) -> str:
            try:
                _, pair = await at.sessions.refresh_once(ann.tokens["refresh"], "", SHORT)
            except Revoked:
                return ""
            return pair["refresh"]

        pairs = await asyncio.gather(*(refresh(at) for at in (here, there) * 5))
        [won] = filter(None, pairs)
        assert await here.sessions.refresh_once(won, "", SHORT)


async def test_what_is_good_neither_once_nor_as_a_cookie(here: Node, ann: SignedIn) -> None:
    [session] = await here.sessions.of(ann.user.number)
    unseen = here.tokens.pair(_changed(session, generation=5), ann.user.id)
    unknown = here.tokens.pair(_changed(session, id=new_id()), ann.user.id)
    for token, kind in (
        ("x", NotOurs),
        (ann.tokens["access"], WrongKind),
        (unseen["refresh"], Rejection),
        (unknown["refresh"], Rejection),
    ):
        assert await why_not_once(here, token) is await why_not_held(here, token) is kind
    ended = await here.login()
    await here.sessions.leave(here.caller(ended))
    assert await why_not_once(here, ended.tokens["refresh"]) is Revoked
    assert await why_not_held(here, ended.tokens["refresh"]) is Revoked
    await here.execute("UPDATE users SET is_active = false")
    for token in (ann.tokens["refresh"], ended.tokens["refresh"]):
        assert await why_not_once(here, token) is await why_not_held(here, token) is NoAccount


async def test_who_has_a_refresh_token(here: Node, ann: SignedIn) -> None:
    here.clock.advance(30)
    held = await here.sessions.holder(ann.tokens["refresh"])
    assert (held.user, held.user_id, held.session) == (ann.user.number, ann.user.id, here.caller(ann).session)
    [session] = await here.sessions.of(ann.user.number)
    assert (held.expires_at, session.last_used_at) == (session.expires_at, here.clock.now())
    pair = await here.sessions.refresh(ann.tokens["refresh"], "")
    assert (await here.sessions.holder(pair["refresh"])).session == held.session
    assert await why_not_held(here, ann.tokens["refresh"]) is Revoked
    here.clock.advance(REFRESH_SECONDS)
    assert await why_not_held(here, pair["refresh"]) is Expired


async def test_fresh_access_tokens_for_a_refresh_token_that_stays(here: Node, ann: SignedIn) -> None:
    refresh = ann.tokens["refresh"]
    for _ in range(2):
        here.clock.advance(50)
        caller = here.sessions.authenticate(await here.sessions.fresh_access(refresh, SHORT))
        assert (caller.user_id, caller.session) == (ann.user.id, here.caller(ann).session)
        assert caller.expires_at == here.clock.now() + SHORT.access * SECOND
    here.clock.advance(REFRESH_SECONDS - 110)
    last = await here.sessions.fresh_access(refresh, SHORT)
    assert here.sessions.authenticate(last).expires_at == here.clock.now() + 10 * SECOND  # the session's end
    await here.sessions.leave_by(refresh)
    with pytest.raises(Rejection):
        here.sessions.authenticate(last)
    for token, kind in ((refresh, Revoked), (last, WrongKind), ("x", NotOurs)):
        with pytest.raises(kind):
            await here.sessions.fresh_access(token, SHORT)


async def test_whom_a_refused_token_names(here: Node, ann: SignedIn) -> None:
    access = ann.tokens["access"]
    await here.sessions.end_all(ann.user.number)
    assert await here.sessions.owner_of(access) == replace(ann.user, version=ann.user.version + 1)
    await here.execute("UPDATE users SET is_active = false")
    gone = await here.sessions.owner_of(access)
    assert gone is not None
    assert not gone.is_active
    stranger = here.tokens.pair(_changed(await session_row(here), user=99), new_id())
    assert await here.sessions.owner_of(stranger["access"]) is None
    for token, kind in ((ann.tokens["refresh"], WrongKind), ("x", NotOurs)):
        with pytest.raises(kind):
            await here.sessions.owner_of(token)
    here.clock.advance(ACCESS_SECONDS)
    with pytest.raises(Expired):
        await here.sessions.owner_of(access)


async def session_row(at: Node) -> Session:
    """The only session."""
    session_id = str(await at.scalar("SELECT id FROM sessions"))
    found = await at.database.read(sessions.with_user, session_id)
    assert found is not None
    return found[0]


# Listing


async def test_sessions_are_listed_last_used_first(here: Node, ann: SignedIn) -> None:
    here.clock.advance(10)
    phone = await here.login(device=PHONE)
    await here.register("bob")
    found = await here.sessions.of(ann.user.number)
    assert [(one.device, one.address) for one in found] == [
        (PHONE.name, PHONE.address),
        (LAPTOP.name, LAPTOP.address),
    ]
    here.clock.advance(10)
    used = here.caller(ann)
    assert (await here.sessions.of(ann.user.number))[1].last_used_at == here.clock.now()
    await here.sessions.tidy()
    first, second = await here.sessions.of(ann.user.number)
    assert first.id == used.session
    assert first.last_used_at == here.clock.now()
    assert second.last_used_at == here.clock.now() - 10 * SECOND
    assert not refused(here, phone)


async def test_a_user_has_so_many_sessions_and_no_more(tmp_path: Path) -> None:
    async with node(tmp_path, per_user=3) as here:
        listener, signed_in = Listener(here), [await here.register()]
        for _ in range(4):
            here.clock.advance(1)
            signed_in.append(await here.login())
        assert [refused(here, one) for one in signed_in] == [True, True, False, False, False]
        assert len(await here.sessions.of(signed_in[0].user.number)) == 3
        assert len(listener.heard) == 2


# Upkeep


async def test_old_rows_are_removed(here: Node, ann: SignedIn) -> None:
    await here.sessions.end_all(ann.user.number)
    await here.login()
    await here.sessions.tidy()
    assert await here.scalar("SELECT count(*) FROM sessions") == 2
    here.clock.advance(2 * 3600)
    await here.sessions.tidy()
    assert await here.scalar("SELECT count(*) FROM sessions") == 1
    here.clock.advance(REFRESH_SECONDS + 3600)
    await here.sessions.tidy()
    assert await here.scalar("SELECT count(*) FROM sessions") == 0


async def test_upkeep_goes_on_after_a_failure(here: Node, ann: SignedIn) -> None:
    async with asyncio.TaskGroup() as group:
        upkeep = group.create_task(here.sessions.upkeep())
        await here.execute("ALTER TABLE sessions RENAME TO away")
        here.caller(ann)
        with capture_logs() as lines:
            await asyncio.wait_for(_rounds(here, 2), 5)
        assert lines[0]["event"] == "sessions.tidy_failed"
        await here.execute("ALTER TABLE away RENAME TO sessions")
        here.caller(ann)
        used = here.clock.now()
        while await here.scalar("SELECT last_used_at FROM sessions") != used:
            await asyncio.wait_for(_rounds(here, 1), 5)
        upkeep.cancel()


async def _rounds(at: Node, count: int) -> None:
    """Let a minute pass so often, each time with the upkeep asleep."""
    for _ in range(count):
        while not at.clock._waiting:
            await _tick()
        at.clock.advance(60)


async def test_the_notes_of_use_are_bounded(here: Node, ann: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.services.sessions.USED_NOTED", 1)
    bob = await here.register("bob")
    here.caller(ann)
    here.caller(bob)
    here.caller(ann)
    assert len(here.sessions._used) == 1
