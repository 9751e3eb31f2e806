"""Tokens of the product's backend: what is taken, and every way in which one may be wrong."""

import base64
import hashlib
import hmac
import json
import math
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from support.backend import (
    OTHERS,
    RSA_KEYS,
    SECRET,
    KeysAddress,
    by_hand,
    claims,
    keys_address,
    shared,
    signed,
)
from support.clock import FakeClock
from tertulia.domain.errors import Rejection
from tertulia.domain.external import Profile
from tertulia.services.foreign_tokens import MAX_TOKEN, ForeignTokens, Secret
from tertulia.services.jwks import Jwks
from tertulia.services.tokens import Expired
from tertulia.tasks import Tasks

SECOND = 1_000_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tokens(clock: FakeClock) -> ForeignTokens:
    return ForeignTokens(Secret(SECRET.encode()), clock)


@pytest.fixture
async def address() -> AsyncIterator[KeysAddress]:
    async with keys_address() as address:
        yield address


@pytest.fixture
async def public(clock: FakeClock, address: KeysAddress) -> AsyncIterator[ForeignTokens]:
    tasks = Tasks()
    yield ForeignTokens(Jwks(address.url, "RS256", clock, tasks), clock)
    await tasks.close()


async def refused(tokens: ForeignTokens, token: str) -> Rejection:
    with pytest.raises(Rejection) as caught:
        await tokens.verify(token)
    assert caught.value.code == "unauthorized"
    assert len(token) < 20 or token[:20] not in caught.value.message
    return caught.value


async def test_a_good_token(clock: FakeClock, tokens: ForeignTokens) -> None:
    verified = await tokens.verify(shared(clock, "u1", name="Ana", email="ana@example.org"))
    assert (verified.external_id, verified.issued_at) == ("u1", clock.now())
    assert verified.expires_at == clock.now() + 600 * SECOND
    assert verified.profile == Profile("ana", "Ana", "", "ana@example.org")


async def test_a_token_is_verified_once(clock: FakeClock, tokens: ForeignTokens) -> None:
    token = shared(clock)
    assert await tokens.verify(token) is await tokens.verify(token)


async def test_it_ends_with_its_second_also_when_it_is_known(clock: FakeClock, tokens: ForeignTokens) -> None:
    token = shared(clock)
    await tokens.verify(token)
    clock.advance(599.9)
    await tokens.verify(token)
    clock.advance(0.1)
    for _ in range(2):
        assert isinstance(await refused(tokens, token), Expired)


async def test_few_are_remembered(clock: FakeClock) -> None:
    tokens = ForeignTokens(Secret(SECRET.encode()), clock, size=2)
    first = shared(clock, "first")
    known = await tokens.verify(first)
    for number in range(5):
        await tokens.verify(shared(clock, f"{number}"))
    assert await tokens.verify(first) is not known


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": math.nan},
        {"exp": []},
        {"exp": -1},
        {"exp": 10**400 * -1},
        {"iat": "now"},
        {"iat": -5},
        {"nbf": "now"},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
        {"sub": ["u1"]},
        {"sub": "a\x00b"},
        {"sub": "a\nb"},
        {"aud": "somebody else"},
        {"aud": []},
    ],
)
async def test_claims_that_are_not_good(clock: FakeClock, tokens: ForeignTokens, changed: dict[str, Any]) -> None:
    given = {**claims(clock), **changed}
    payload = {name: value for name, value in given.items() if value is not None}
    signing = jwt.encode({}, SECRET, "HS256").split(".")[0]
    body = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    mac = hmac.digest(SECRET.encode(), f"{signing}.{body}".encode(), hashlib.sha256)
    await refused(tokens, f"{signing}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


async def test_times_to_come_are_refused_but_for_what_clocks_differ(clock: FakeClock, tokens: ForeignTokens) -> None:
    now = clock.now() // SECOND
    for name in ("iat", "nbf"):
        for seconds in (30, 31):
            more: dict[str, Any] = {name: now + seconds}
            if seconds == 30:
                await tokens.verify(shared(clock, **more))
            else:
                await refused(tokens, shared(clock, **more))


async def test_a_token_without_iat_is_good(clock: FakeClock, tokens: ForeignTokens) -> None:
    assert (await tokens.verify(shared(clock, iat=None))).issued_at is None


async def test_a_token_for_ever_ends_in_the_year_9999(clock: FakeClock, tokens: ForeignTokens) -> None:
    assert (await tokens.verify(shared(clock, exp=10**15))).expires_at < 2**63


async def test_issuer_and_audience(clock: FakeClock) -> None:
    tokens = ForeignTokens(Secret(SECRET.encode()), clock, issuer="shop", audience="chat")
    for aud in ("chat", ["other", "chat"]):
        await tokens.verify(shared(clock, iss="shop", aud=aud))
    bad: list[tuple[Any, Any]] = [
        (None, "chat"),
        ("shop", None),
        ("Shop", "chat"),
        (["shop"], "chat"),
        ("shop", "chat2"),
        ("shop", ["chat2"]),
        ("shop", {"chat": 1}),
        ("shop", [["chat"]]),
        ("shop", "xchatx"),
    ]
    for iss, aud in bad:
        token = _unchecked(claims(clock, iss=iss, aud=aud))
        await refused(tokens, token)


def _unchecked(payload: dict[str, Any]) -> str:
    return jwt.api_jws.encode(json.dumps(payload).encode(), SECRET, "HS256")


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, "HS384", "RS256", 7, ["HS256"]])
@pytest.mark.parametrize("signature", [b"", b"x"])
async def test_algorithms_of_the_token_do_not_count(
    clock: FakeClock, tokens: ForeignTokens, public: ForeignTokens, alg: object, signature: bytes
) -> None:
    token = by_hand({"typ": "JWT", "alg": alg, "kid": "one"}, claims(clock), signature)
    await refused(tokens, token)
    await refused(public, token)


async def test_the_right_secret_with_another_algorithm(clock: FakeClock, tokens: ForeignTokens) -> None:
    for algorithm in ("HS384", "HS512"):
        await refused(tokens, jwt.encode(claims(clock), SECRET * 2, algorithm))


async def test_a_public_key_signs_nothing(clock: FakeClock, public: ForeignTokens) -> None:
    """Not as a secret of HS256, in whatever form it is taken."""
    key = RSA_KEYS["one"].public_key()
    for encoding, form in (
        (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
        (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
    ):
        secret = key.public_bytes(encoding, form)
        head = by_hand({"typ": "JWT", "alg": "HS256", "kid": "one"}, claims(clock)).removesuffix(".")
        mac = hmac.digest(secret, head.encode(), hashlib.sha256)
        await refused(public, f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")
        lying = by_hand({"typ": "JWT", "alg": "RS256", "kid": "one"}, claims(clock)).removesuffix(".")
        mac = hmac.digest(secret, lying.encode(), hashlib.sha256)
        await refused(public, f"{lying}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


async def test_keys_that_the_token_brings_along_do_not_count(clock: FakeClock, public: ForeignTokens) -> None:
    own = jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEYS["two"].public_key(), as_dict=True)
    for header in (
        {"jwk": own},
        {"jku": "http://127.0.0.1/keys"},
        {"x5u": "http://127.0.0.1/x"},
        {"jwk": own, "kid": "one"},
    ):
        await refused(public, jwt.encode(claims(clock), RSA_KEYS["two"], "RS256", headers=header))


async def test_headers_that_must_be_understood(clock: FakeClock, tokens: ForeignTokens) -> None:
    headers: list[dict[str, Any]] = [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": False, "crit": ["b64"]}]
    for header in headers:
        head = by_hand({"alg": "HS256", "typ": "JWT", **header}, claims(clock)).removesuffix(".")
        mac = hmac.digest(SECRET.encode(), head.encode(), hashlib.sha256)
        await refused(tokens, f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "a.b", "x" * 100, "é.é.é", "\x00", "e30.e30.", "bnVsbA.e30.x", "W10.e30.x", "...."],
)
async def test_no_tokens(tokens: ForeignTokens, public: ForeignTokens, token: str) -> None:
    await refused(tokens, token)
    await refused(public, token)


async def test_the_longest_token(clock: FakeClock, tokens: ForeignTokens) -> None:
    there = len(shared(clock, more=""))
    long = shared(clock, more="x" * ((MAX_TOKEN - there) // 4 * 3))
    assert MAX_TOKEN - 8 < len(long) <= MAX_TOKEN
    await tokens.verify(long)
    await refused(tokens, shared(clock, more="x" * MAX_TOKEN))


async def test_json_that_hurts(clock: FakeClock, tokens: ForeignTokens) -> None:
    for payload in (b"[" * 6_000, b'{"a":' * 1_000 + b"1" + b"}" * 1_000, b"1" * 5_000, b"{}", b"[]", b"null", b"\xff"):
        await refused(tokens, jwt.api_jws.encode(payload, SECRET, "HS256"))


async def test_the_wrong_secret_and_a_changed_token(clock: FakeClock, tokens: ForeignTokens) -> None:
    await refused(tokens, shared(clock, secret=SECRET + "x"))
    head, _, signature = shared(clock, "u1").split(".")
    await refused(tokens, ".".join([head, shared(clock, "u2").split(".")[1], signature]))


# With public keys


async def test_public_keys(clock: FakeClock, public: ForeignTokens, address: KeysAddress) -> None:
    for kid in ("one", None):
        assert (await public.verify(signed(clock, kid=kid))).external_id == "u1"
    await refused(public, signed(clock, kid="one", key=RSA_KEYS["two"]))
    await refused(public, signed(clock, kid="two"))
    await refused(public, signed(clock, kid="x" * 600, key=RSA_KEYS["one"]))
    assert address.asked == 1


async def test_garbage_fetches_nothing(clock: FakeClock, public: ForeignTokens, address: KeysAddress) -> None:
    for token in ("a.b.c", by_hand({"alg": "none", "kid": "x"}, {}), shared(clock), "x" * 9_000):
        await refused(public, token)
    assert address.asked == 0


async def test_rotation(clock: FakeClock, public: ForeignTokens, address: KeysAddress) -> None:
    old = signed(clock, kid="one")
    await public.verify(old)
    address.show("one", "two")
    clock.advance(60)
    await public.verify(signed(clock, kid="two"))
    await public.verify(old)
    address.show("two")
    clock.advance(60)
    await refused(public, signed(clock, kid="three", key=RSA_KEYS["one"]))  # makes it look
    await refused(public, old)  # what was known of it is forgotten with its key


async def test_known_tokens_do_not_outlive_the_keys(
    clock: FakeClock, public: ForeignTokens, address: KeysAddress
) -> None:
    token = signed(clock, exp=clock.now() // SECOND + 10 * 86_400)
    await public.verify(token)
    address.status = "500 Gone"
    clock.advance(86_300)
    await public.verify(token)
    clock.advance(200)
    with pytest.raises(Rejection) as caught:
        await public.verify(token)
    assert caught.value.code == "unavailable"


@pytest.mark.parametrize("algorithm", OTHERS)
async def test_other_algorithms(clock: FakeClock, address: KeysAddress, algorithm: str) -> None:
    key, tasks = OTHERS[algorithm], Tasks()
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    address.body = json.dumps({"keys": [{**made, "kid": "k"}]}).encode()
    tokens = ForeignTokens(Jwks(address.url, algorithm, clock, tasks), clock)
    await tokens.verify(jwt.encode(claims(clock), key, algorithm, headers={"kid": "k"}))
    await refused(tokens, signed(clock, kid="one"))
    await tasks.close()


async def test_an_rsa_key_is_for_one_algorithm(clock: FakeClock, public: ForeignTokens) -> None:
    for algorithm in ("RS384", "RS512", "PS256"):
        await refused(public, jwt.encode(claims(clock), RSA_KEYS["one"], algorithm, headers={"kid": "one"}))
