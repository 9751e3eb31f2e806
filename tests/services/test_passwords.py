import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from support.accounts import PASSWORD, quick_hasher
from support.gated import GatedHasher
from tertulia.domain.errors import Rejection
from tertulia.services.passwords import Passwords, recommended_hasher


async def test_a_password_is_verified_against_its_hash() -> None:
    passwords = Passwords(quick_hasher())
    stored = await passwords.choose(PASSWORD, {})
    assert PASSWORD not in stored
    assert await passwords.verify(stored, PASSWORD)
    assert not await passwords.verify(stored, PASSWORD + " ")
    assert not await passwords.verify("no hash at all", PASSWORD)
    passwords.close()


async def test_weak_passwords_are_refused_before_hashing() -> None:
    passwords = Passwords(quick_hasher())
    with pytest.raises(Rejection) as refused:
        await passwords.choose("ann.lindqvist", {"username": "ann.lindqvist"}, field="new")
    assert refused.value.code == "weak_password"
    assert "new" in refused.value.fields
    passwords.close()


async def test_nobodys_hash_costs_as_much_as_a_real_one_and_fits_no_password() -> None:
    hasher = recommended_hasher()
    passwords = Passwords(hasher)
    assert not hasher.check_needs_rehash(passwords._nobodys_hash)
    assert not await passwords.verify(None, "")
    assert not await passwords.verify(None, PASSWORD)
    passwords.close()


async def test_a_hash_with_other_parameters_is_renewed() -> None:
    old, new = Passwords(quick_hasher()), Passwords(recommended_hasher())
    stored = await old.choose(PASSWORD, {})
    assert await old.renew(stored, PASSWORD) is None
    renewed = await new.renew(stored, PASSWORD)
    assert renewed is not None
    assert await new.verify(renewed, PASSWORD)
    assert await new.renew(renewed, PASSWORD) is None
    old.close()
    new.close()


async def test_too_many_at_once_are_told_when_to_come_back() -> None:
    passwords = Passwords(quick_hasher(), threads=2, waiting=3)
    done: list[int] = []

    async def take(number: int) -> None:
        async with passwords.turn():
            done.append(number)

    async with asyncio.TaskGroup() as group, AsyncExitStack() as turns:
        for _ in range(2):
            await turns.enter_async_context(passwords.turn())
        for number in range(3):
            group.create_task(take(number))
        await asyncio.wait_for(_until(lambda: passwords._turns.waiting == 3), 5)
        with pytest.raises(Rejection) as refused:
            await take(99)
        assert refused.value.code == "busy"
        assert refused.value.retry_after
        assert not done
    assert done == [0, 1, 2]  # first come, first served
    await take(4)
    passwords.close()


async def test_a_cancelled_caller_keeps_the_thread_until_the_work_is_done() -> None:
    hasher = GatedHasher()
    passwords = Passwords(hasher, threads=1)
    stored = await passwords.choose(PASSWORD, {})
    hasher.gate.clear()

    async def work() -> bool:
        async with passwords.turn():
            return await passwords.verify(stored, PASSWORD)

    async with asyncio.TaskGroup() as group:
        first = group.create_task(work())
        await asyncio.wait_for(_until(lambda: hasher.running == 1), 5)
        first.cancel()
        second = group.create_task(work())
        await asyncio.wait_for(_until(lambda: passwords._turns.waiting == 1), 5)
        hasher.gate.set()
    assert first.cancelled()
    assert second.result()
    assert hasher.most == 1
    passwords.close()


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.to_thread(lambda: None)
