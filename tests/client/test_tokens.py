import asyncio

import pytest

from support.clock import FakeClock
from tertulia.client.errors import ApiError, ConnectionLost
from tertulia.client.tokens import ForeignTokens, SessionTokens
from tertulia.protocol.resources import TokensResource


def pair(number: int) -> TokensResource:
    return {"access": f"access-{number}", "refresh": f"refresh-{number}", "expires_in": 100}


class Sessions:
    """What `POST auth/refresh` does: each refresh token makes the next pair. `failures`: lost answers."""

    def __init__(self, failures: int = 0) -> None:
        self.asked: list[str] = []
        self.failures = failures
        self.gate = asyncio.Event()
        self.gate.set()

    async def refresh(self, refresh: str) -> TokensResource:
        self.asked.append(refresh)
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionLost("lost")
        return pair(int(refresh.split("-")[1]) + 1)


async def test_a_token_is_used_for_most_of_its_life_and_then_renewed() -> None:
    clock, sessions = FakeClock(), Sessions()
    tokens = SessionTokens(pair(1), sessions.refresh, clock)
    clock.advance(79)
    assert await tokens.access() == "access-1"
    clock.advance(2)
    assert await tokens.access() == "access-2"
    assert sessions.asked == ["refresh-1"]


async def test_many_who_ask_at_once_renew_once() -> None:
    clock, sessions = FakeClock(), Sessions()
    tokens = SessionTokens(pair(1), sessions.refresh, clock)
    clock.advance(90)
    sessions.gate.clear()
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(tokens.access()) for _ in range(20)]
        asked += [group.create_task(tokens.renew("access-1")) for _ in range(20)]
        sessions.gate.set()
    assert {one.result() for one in asked} == {"access-2"}
    assert len(sessions.asked) == 1


async def test_a_lost_answer_is_asked_for_again_with_the_same_token() -> None:
    clock, sessions = FakeClock(), Sessions(failures=2)
    told: list[TokensResource] = []
    tokens = SessionTokens(pair(1), sessions.refresh, clock, told.append)
    async with asyncio.TaskGroup() as group:
        renewed = group.create_task(tokens.renew("access-1"))
        while not renewed.done():
            clock.advance(0.1)
            await asyncio.wait([renewed], timeout=0)
    assert renewed.result() == "access-2"
    assert sessions.asked == ["refresh-1"] * 3
    assert told == [pair(2)]


async def test_a_server_that_stays_away_is_an_error_and_the_pair_is_kept() -> None:
    clock, sessions = FakeClock(), Sessions(failures=3)
    tokens = SessionTokens(pair(1), sessions.refresh, clock)
    renewing = asyncio.gather(tokens.renew("access-1"), return_exceptions=True)
    while not renewing.done():
        clock.advance(0.1)
        await asyncio.wait([renewing], timeout=0)
    assert isinstance(renewing.result()[0], ConnectionLost)
    assert await tokens.renew("access-1") == "access-2"


async def test_a_session_that_is_over_says_so() -> None:
    async def refuse(refresh: str) -> TokensResource:
        raise ApiError("token_reused", "Sign in again.", 401)

    with pytest.raises(ApiError, match="Sign in"):
        await SessionTokens(pair(1), refuse, FakeClock()).renew("access-1")


async def test_renewing_what_is_renewed_already_asks_nobody() -> None:
    sessions = Sessions()
    tokens = SessionTokens(pair(2), sessions.refresh, FakeClock())
    assert await tokens.renew("access-1") == "access-2"
    assert sessions.asked == []
    assert tokens.current == pair(2)


async def test_foreign_tokens_are_asked_for_one_at_a_time() -> None:
    running = most = 0

    async def get() -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0)
        running -= 1
        return "theirs"

    tokens = ForeignTokens(get)
    assert set(await asyncio.gather(tokens.access(), tokens.renew("old"), tokens.access())) == {"theirs"}
    assert most == 1
