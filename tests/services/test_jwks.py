"""Keys from a real HTTP server, and a clock that stands still."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from support.backend import OTHERS, RSA_KEYS, KeysAddress, jwk, keys_address
from support.clock import FakeClock
from support.waiting import until
from tertulia.domain.errors import Rejection
from tertulia.services import jwks
from tertulia.services.jwks import Jwks, Unusable, keys_of
from tertulia.tasks import Tasks


class Here(NamedTuple):
    address: KeysAddress
    clock: FakeClock
    keys: Jwks
    changes: list[int]


@pytest.fixture
async def here() -> AsyncIterator[Here]:
    tasks = Tasks()
    async with keys_address() as address:
        clock, changes = FakeClock(), []
        keys = Jwks(address.url, "RS256", clock, tasks)
        keys.on_changed(lambda: changes.append(1))
        yield Here(address, clock, keys, changes)
        await tasks.close()


def is_key(key: Any, name: str) -> bool:
    return bool(key.public_numbers() == RSA_KEYS[name].public_key().public_numbers())


async def test_a_key_is_fetched_once(here: Here) -> None:
    found = await asyncio.gather(*(here.keys.key("one") for _ in range(50)))
    assert all(is_key(key, "one") for key in found)
    here.clock.advance(jwks.FRESH_SECONDS)
    await here.keys.key("one")
    assert (here.address.asked, here.changes) == (1, [1])


async def test_a_flood_of_unknown_keys_is_one_fetch_a_minute(here: Here) -> None:
    await here.keys.key("one")
    for _ in range(3):
        here.clock.advance(60)
        asked = here.address.asked
        found = await asyncio.gather(*(here.keys.key(f"{number}") for number in range(200)))
        assert set(found) == {None}
        for number in range(59):
            here.clock.advance(1)
            assert await here.keys.key(f"again {number}") is None
        assert here.address.asked == asked + 1
        here.clock.advance(1)


async def test_a_new_key_is_found_and_an_old_one_forgotten(here: Here) -> None:
    await here.keys.key("one")
    here.clock.advance(60)
    here.address.show("two")
    assert is_key(await here.keys.key("two"), "two")
    assert await here.keys.key("one") is None
    assert here.changes == [1, 1]


async def test_old_keys_are_fetched_again_behind_the_caller(here: Here) -> None:
    await here.keys.key("one")
    here.address.show("one", "two")
    here.address.gate = asyncio.Event()
    here.clock.advance(jwks.FRESH_SECONDS + 1)
    assert is_key(await here.keys.key("one"), "one")  # without waiting
    here.address.gate.set()
    await until(lambda: len(here.changes) == 2)
    assert is_key(await here.keys.key("two"), "two")
    assert here.address.asked == 2


async def test_keys_outlive_their_address_for_a_day(here: Here) -> None:
    await here.keys.key("one")
    here.address.status = "500 Internal Server Error"
    for _ in range(24):
        here.clock.advance(3_599)
        assert is_key(await here.keys.key("one"), "one")
        here.keys.check()
    here.clock.advance(100)
    with pytest.raises(Rejection) as refused:
        here.keys.check()
    assert refused.value.code == "unavailable"
    with pytest.raises(Rejection):
        await here.keys.key("one")
    here.clock.advance(60)
    here.address.status = "200 OK"
    assert is_key(await here.keys.key("one"), "one")


async def test_without_an_answer_it_is_unavailable_and_soon_tried_again(here: Here) -> None:
    here.address.status = "503 Service Unavailable"
    for _ in range(5):
        with pytest.raises(Rejection) as refused:
            await here.keys.key("one")
        assert (refused.value.code, refused.value.retry_after) == ("unavailable", 5.0)
    assert here.address.asked == 1
    here.address.status = "200 OK"
    here.clock.advance(5)
    assert is_key(await here.keys.key("one"), "one")


async def test_nobody_listens() -> None:
    tasks, clock = Tasks(), FakeClock()
    keys = Jwks("http://127.0.0.1:1/jwks.json", "RS256", clock, tasks)
    with pytest.raises(Rejection) as refused:
        await keys.key("one")
    assert refused.value.code == "unavailable"
    await tasks.close()


async def test_an_address_that_never_answers(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 0.05)
    here.address.gate = asyncio.Event()
    with pytest.raises(Rejection):
        await here.keys.key("one")
    here.address.gate.set()


async def test_a_caller_who_goes_away_leaves_the_fetch_to_the_others(here: Here) -> None:
    here.address.gate = asyncio.Event()
    impatient, patient = (asyncio.get_running_loop().create_task(here.keys.key("one")) for _ in range(2))
    await until(lambda: here.address.asked == 1)
    impatient.cancel()
    here.address.gate.set()
    assert is_key(await patient, "one")
    assert here.address.asked == 1


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "404 Not Found"])
async def test_nothing_is_followed(here: Here, status: str) -> None:
    async with keys_address() as other:
        here.address.status = status
        here.address.headers = [f"Location: {other.url}"]
        with pytest.raises(Rejection):
            await here.keys.key("one")
        assert other.asked == 0


@pytest.mark.parametrize("declared", [True, False])
async def test_ten_megabytes_are_too_much(here: Here, *, declared: bool) -> None:
    here.address.body = json.dumps({"keys": [jwk()], "more": "x" * 10_000_000}).encode()
    if not declared:
        here.address.headers = ["Content-Length: 100000000"]
        here.address.status = "500 Not This"
    with pytest.raises(Rejection):
        await here.keys.key("one")


async def test_what_is_compressed_is_not_unpacked(here: Here) -> None:
    here.address.body = gzip.compress(json.dumps({"keys": [jwk()]}).encode())
    here.address.headers = ["Content-Encoding: gzip"]
    with pytest.raises(Rejection):
        await here.keys.key("one")


async def test_a_bad_answer_later_takes_no_key_away(here: Here) -> None:
    await here.keys.key("one")
    for body in (b"", b"<html>", b"[]", b'{"keys": {}}', b"[" * 100_000, b"\xff"):
        here.address.body = body
        here.clock.advance(60)
        assert await here.keys.key("unknown") is None
        assert is_key(await here.keys.key("one"), "one")
    assert here.changes == [1]


async def test_an_answer_without_keys_is_believed(here: Here) -> None:
    await here.keys.key("one")
    here.clock.advance(60)
    here.address.show()
    await here.keys.key("unknown")
    assert await here.keys.key("one") is None


async def test_without_an_id_the_only_key_is_meant(here: Here) -> None:
    assert is_key(await here.keys.key(None), "one")
    here.address.show("one", "two")
    here.clock.advance(60)
    await here.keys.key("two")
    assert await here.keys.key(None) is None


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


WEAK = jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65_537, 1_024).public_key(), as_dict=True)


@pytest.mark.parametrize(
    "key",
    [
        jwk(alg="RS512"),
        jwk(use="enc"),
        jwk(kty="EC"),
        jwk(kid=7),
        jwk(n="!"),
        jwk(n=None),
        jwk(e="AQAB" * 2_000),
        jwk(private=True),
        jwk(key_ops=["sign"]),
        jwk(key_ops="verify"),
        jwk(crv="P-256"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
        {**WEAK, "key_ops": ["verify"], "kid": "one"},
        7,
        None,
        [],
    ],
)
def test_keys_that_are_not_for_this(key: Any) -> None:
    assert keys_of(document(key), "RS256") == {}
    assert list(keys_of(document(key, jwk("two")), "RS256")) == ["two"]


@pytest.mark.parametrize("algorithm", OTHERS)
def test_keys_of_other_kinds(algorithm: str) -> None:
    public = OTHERS[algorithm].public_key()
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
    assert list(keys_of(document({**made, "kid": "k"}), algorithm)) == ["k"]
    for other in {"ES256", "ES384", "EdDSA", "RS256"} - {algorithm}:
        assert keys_of(document({**made, "kid": "k"}), other) == {}


def test_of_two_keys_with_one_id_the_first_counts() -> None:
    assert is_key(keys_of(document(jwk("one", kid="k"), jwk("two", kid="k")), "RS256")["k"], "one")


def test_so_many_keys_are_a_mistake() -> None:
    with pytest.raises(Unusable):
        keys_of(document(*[jwk(kid=f"{number}") for number in range(51)]), "RS256")
