import base64
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest

from support.accounts import ACCESS_SECONDS, REFRESH_SECONDS, SECRET
from support.clock import START, FakeClock
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Session
from tertulia.domain.times import SECOND
from tertulia.services.tokens import Expired, Lifetimes, RefreshClaims, Tokens, WrongKind

USER = "0190d8a0-0000-7000-8000-000000000001"
SESSION = Session(
    number=1,
    id="0190d8a0-0000-7000-8000-000000000002",
    user=7,
    device="",
    address="",
    created_at=START,
    last_used_at=START,
    expires_at=START + REFRESH_SECONDS * SECOND,
    generation=3,
    rotated_at=START,
)


def new_tokens(clock: FakeClock | None = None, secret: bytes = SECRET, access_seconds: int = ACCESS_SECONDS) -> Tokens:
    return Tokens(secret, access_seconds, REFRESH_SECONDS, clock or FakeClock())


def refused(tokens: Tokens, token: str) -> None:
    for read in (tokens.access, tokens.refresh):
        with pytest.raises(Rejection) as refusal:
            read(token)
        assert refusal.value.code == "unauthorized"
        assert token not in refusal.value.message or len(token) < 4


def test_what_a_pair_says() -> None:
    tokens = new_tokens()
    pair = tokens.pair(SESSION, USER)
    caller = tokens.access(pair["access"])
    assert (caller.user, caller.user_id, caller.session) == (7, USER, SESSION.id)
    assert caller.expires_at == START + ACCESS_SECONDS * SECOND
    assert tokens.refresh(pair["refresh"]) == RefreshClaims(SESSION.id, 3)
    assert pair["expires_in"] == ACCESS_SECONDS


def test_the_same_row_gives_the_same_tokens_at_any_time_and_in_any_process() -> None:
    clock = FakeClock()
    pair = new_tokens(clock).pair(SESSION, USER)
    clock.advance(9)
    assert new_tokens(clock).pair(replace(SESSION, device="other"), USER) == pair
    assert new_tokens(clock).pair(replace(SESSION, generation=4), USER)["refresh"] != pair["refresh"]
    assert new_tokens(clock).pair(replace(SESSION, generation=4), USER)["access"] != pair["access"]


def test_tokens_expire_by_our_clock() -> None:
    clock = FakeClock()
    tokens = new_tokens(clock)
    pair = tokens.pair(SESSION, USER)
    clock.advance(ACCESS_SECONDS - 1)
    tokens.access(pair["access"])
    clock.advance(1)
    with pytest.raises(Rejection, match="expired"):
        tokens.access(pair["access"])
    clock.advance(REFRESH_SECONDS - ACCESS_SECONDS - 1)
    tokens.refresh(pair["refresh"])
    clock.advance(1)
    with pytest.raises(Rejection, match="expired"):
        tokens.refresh(pair["refresh"])


def test_a_shorter_lifetime_holds_for_tokens_made_before() -> None:
    clock = FakeClock()
    access = new_tokens(clock, access_seconds=3600).pair(SESSION, USER)["access"]
    tokens = new_tokens(clock, access_seconds=60)
    assert tokens.access(access).expires_at == START + 60 * SECOND
    clock.advance(60)
    with pytest.raises(Rejection, match="expired"):
        tokens.access(access)


def test_neither_kind_passes_for_the_other() -> None:
    clock = FakeClock()
    tokens = new_tokens(clock)
    pair = tokens.pair(SESSION, USER)
    mixed_up = ((tokens.access, pair["refresh"]), (tokens.refresh, pair["access"]))
    for read, token in mixed_up:
        with pytest.raises(WrongKind) as refused:
            read(token)
        assert (refused.value.code, refused.value.status) == ("unauthorized", 401)
    clock.advance(REFRESH_SECONDS)
    for read, token in mixed_up:
        with pytest.raises(Rejection) as over:
            read(token)
        assert type(over.value) is Rejection  # nothing that a fresh one would help


def test_other_lifetimes() -> None:
    clock = FakeClock()
    tokens = Tokens(SECRET, ACCESS_SECONDS, REFRESH_SECONDS, clock, longest_access=7200)
    short, long = Lifetimes(60, 600), Lifetimes(7200, 600)
    pair = tokens.pair(SESSION, USER, long)
    assert pair == tokens.pair(SESSION, USER, long)
    assert pair["access"] != tokens.pair(SESSION, USER)["access"]
    assert tokens.pair(SESSION, USER, short)["expires_in"] == 60
    clock.advance(60)
    with pytest.raises(Expired):
        tokens.access(tokens.pair(SESSION, USER, short)["access"])
    clock.advance(7200 - 61)
    assert tokens.access(pair["access"]).expires_at == START + 7200 * SECOND
    with pytest.raises(Expired):
        tokens.access(tokens.pair(SESSION, USER)["access"])
    clock.advance(1)
    with pytest.raises(Expired):
        tokens.access(pair["access"])


@pytest.mark.parametrize(("longest", "lasts"), [(0, ACCESS_SECONDS), (1000, 1000)])
def test_no_access_token_lives_longer_than_the_longest(longest: int, lasts: int) -> None:
    tokens = Tokens(SECRET, ACCESS_SECONDS, REFRESH_SECONDS, FakeClock(), longest_access=longest)
    pair = tokens.pair(SESSION, USER, Lifetimes(7200, 600))
    assert (pair["expires_in"], tokens.access(pair["access"]).expires_at) == (lasts, START + lasts * SECOND)


def test_they_are_plain_jwts_and_taken_to_the_letter() -> None:
    """The last letter of a signature has bits that say nothing: still it is another token."""
    tokens = new_tokens()
    access = tokens.pair(SESSION, USER)["access"]
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(access, tokens._key, ["HS256"], options=options)
    assert jwt.encode(claims, tokens._key, "HS256") == access
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    refused(tokens, access[:-1] + letters[letters.index(access[-1]) ^ 1])


def test_foreign_signatures() -> None:
    tokens = new_tokens()
    pair = new_tokens(secret=b"another secret").pair(SESSION, USER)
    refused(tokens, pair["access"])
    head, body, _ = tokens.pair(SESSION, USER)["access"].split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    for forged in (f"{none}.{body}.", f"{head}.{body}.", f"{head}.{body}", f"{none}.{body}.AAAA"):
        refused(tokens, forged)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "\ud800.a.b", "ü" * 10, "\x00", "x" * 5000, "eyJhbGciOiJIUzI1NiJ9." * 50],
)
def test_what_is_no_token(token: str) -> None:
    refused(new_tokens(), token)


def test_a_deeply_nested_head_is_only_refused() -> None:
    head = base64.urlsafe_b64encode(b"[" * 2900).decode()
    refused(new_tokens(), f"{head}.e30.AAAA")


@pytest.mark.parametrize(
    "changes",
    [
        {"num": "7"},
        {"num": True},
        {"num": -1},
        {"num": 2**63},
        {"sid": 1},
        {"iat": None},
        {"exp": "9"},
        {"exp": 1e10},
        {"typ": "other"},
        {"typ": None},
        {"gen": "1", "typ": "refresh"},
    ],
)
def test_rightly_signed_but_not_ours(changes: dict[str, object]) -> None:
    tokens = new_tokens()
    key = tokens._key
    body = tokens.pair(SESSION, USER)["access"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    tokens.access(jwt.encode(claims, key, "HS256"))
    refused(tokens, jwt.encode({**claims, **changes}, key, "HS256"))


def test_tokens_of_another_installation_are_not_ours() -> None:
    """Rule 15: a restored backup is another one."""
    one, other = new_tokens(), new_tokens()
    one.bind("installation 1")
    other.bind("installation 2")
    pair = one.pair(SESSION, USER)
    refused(other, pair["access"])
    refused(other, pair["refresh"])


def test_a_move_of_the_database_asks_devices_to_refresh_and_no_more() -> None:
    """Rule 15: what a standby had not heard of may have had a number that is somebody else's now."""
    before, after = new_tokens(), new_tokens()
    before.bind("installation 1", "cluster-1")
    after.bind("installation 1", "cluster-2")
    pair = before.pair(SESSION, USER)
    with pytest.raises(Expired):
        after.access(pair["access"])
    assert after.refresh(pair["refresh"]) == RefreshClaims(SESSION.id, 3)
    again = after.pair(SESSION, USER)
    assert after.access(again["access"]).user == SESSION.user
