import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.accounts import new_database
from support.clock import FakeClock
from tertulia.domain.api_keys import hash_key, new_key
from tertulia.domain.errors import Rejection
from tertulia.services import api_keys
from tertulia.services.api_keys import ApiKeys
from tertulia.storage import audit
from tertulia.storage.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = new_database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def keys(database: Database, clock: FakeClock) -> ApiKeys:
    keys = ApiKeys(database, clock)
    await keys.load()
    return keys


async def refused(keys: ApiKeys, text: str) -> None:
    with pytest.raises(Rejection) as caught:
        await keys.authenticate(text)
    assert caught.value.code == "unauthorized"


async def test_a_key_is_known_by_its_text_alone(keys: ApiKeys, database: Database) -> None:
    key, text = await keys.create("shop", ["users", "rooms"])
    assert await keys.authenticate(text) == key
    assert key.scopes == {"users", "rooms"}
    for wrong in (
        "",
        "tk_",
        text[:-1],
        text + "x",
        text.upper(),
        key.id,
        key.name,
        hash_key(text),
        "tk_" + "x" * 10_000,
    ):
        await refused(keys, wrong)
    assert text not in str(await keys.all())


async def test_revoked_by_name_or_id(keys: ApiKeys) -> None:
    one, first = await keys.create("one", ["users"])
    _, second = await keys.create("two", ["users"])
    await keys.revoke(one.id.upper())
    await keys.revoke("two")
    for text in (first, second):
        await refused(keys, text)
    for again in ("two", one.id, "nobody"):
        with pytest.raises(Rejection) as caught:
            await keys.revoke(again)
        assert caught.value.code == "not_found"
    await keys.create("two", ["users"])
    assert [(row.key.name, row.revoked_at is None) for row in await keys.all()] == [
        ("two", True),
        ("two", False),
        ("one", False),
    ]


async def test_two_keys_in_force_have_two_names(keys: ApiKeys) -> None:
    await keys.create("shop", ["users"])
    with pytest.raises(Rejection) as caught:
        await keys.create(" shop ", ["rooms"])
    assert caught.value.code == "name_taken"


async def test_so_many_keys_are_too_many(keys: ApiKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MAX_KEYS", 2)
    for name in "ab":
        await keys.create(name, ["users"])
    with pytest.raises(Rejection) as caught:
        await keys.create("c", ["users"])
    assert caught.value.code == "too_many"


async def test_what_another_process_does_is_noticed(keys: ApiKeys, database: Database, clock: FakeClock) -> None:
    other = ApiKeys(database, clock)
    await refused(keys, new_key())  # it looked just now
    _, text = await other.create("shop", ["users"])
    await keys.authenticate(text)  # made a moment ago: it looks again
    await other.revoke("shop")
    await keys.catch_up()
    await refused(keys, text)


async def test_a_flood_of_wrong_keys_reads_little(keys: ApiKeys, database: Database, clock: FakeClock) -> None:
    reads = 0
    read = database.read

    async def counted(*args: object) -> object:
        nonlocal reads
        reads += 1
        return await read(*args)  # type: ignore[arg-type]

    database.read = counted  # type: ignore[method-assign,assignment]
    await asyncio.gather(*(refused(keys, text) for text in ("tk_", "no key at all", "tk_" + "x" * 10_000)))
    assert reads == 0
    await asyncio.gather(*(refused(keys, new_key()) for _ in range(200)))
    assert reads == 20
    clock.advance(1)
    await asyncio.gather(*(refused(keys, new_key()) for _ in range(200)))
    assert reads == 21


async def test_last_use_is_written_in_one_go(keys: ApiKeys, clock: FakeClock) -> None:
    _, text = await keys.create("shop", ["users"])
    for _ in range(10):
        clock.advance(1)
        await keys.authenticate(text)
    assert [row.last_used_at for row in await keys.all()] == [None]
    await keys.flush()
    await keys.flush()
    assert [row.last_used_at for row in await keys.all()] == [clock.now()]


async def test_the_audit_log_tells_and_keeps_no_key(keys: ApiKeys, database: Database) -> None:
    _, text = await keys.create("shop", ["users"])
    await keys.revoke("shop")
    entries = await database.read(audit.page)
    assert [(entry.act, entry.via) for entry in entries] == [
        ("key_revoked", "command line"),
        ("key_created", "command line"),
    ]
    assert text not in str(entries)
    assert hash_key(text) not in str(entries)
