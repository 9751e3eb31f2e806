"""Keeps an access token fresh."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from tertulia.client.errors import ConnectionLost
from tertulia.clock import Clock
from tertulia.protocol.resources import TokensResource

RENEW_AT = 0.8
"""The part of a token's life after which it is renewed."""

ATTEMPTS = 3
"""A refresh token repeated within 10 s gets the same answer, so a lost answer is asked for again at once."""


class TokenSource(Protocol):
    """Where access tokens come from. Single flight: who asks meanwhile waits for the same answer."""

    async def access(self) -> str:
        """A token that is still good for a while; renewed first if need be."""

    async def renew(self, old: str) -> str:
        """Another token than `old`, which the server does not take any more."""


@dataclass(frozen=True, slots=True)
class _Pair:
    tokens: TokensResource
    until: float  # monotonic seconds at which to renew


class SessionTokens:
    """The pair of a session, renewed by `POST auth/refresh`, which gives another refresh token each time.

    `on_change` is told every new pair, before anybody uses it. Raises what `renew` raises: `ApiError` with 401 when
    the session is over, `ConnectionLost` when the server did not answer three times in a row.
    """

    def __init__(
        self,
        tokens: TokensResource,
        renew: Callable[[str], Awaitable[TokensResource]],
        clock: Clock,
        on_change: Callable[[TokensResource], None] | None = None,
    ) -> None:
        self._renew = renew
        self._clock = clock
        self._on_change = on_change
        self._lock = asyncio.Lock()
        self._pair = self._timed(tokens)

    @property
    def current(self) -> TokensResource:
        return self._pair.tokens

    async def access(self) -> str:
        if self._clock.monotonic() < self._pair.until:
            return self._pair.tokens["access"]
        return await self.renew(self._pair.tokens["access"])

    async def renew(self, old: str) -> str:
        async with self._lock:
            if self._pair.tokens["access"] == old:
                self._pair = self._timed(await self._ask())
                if self._on_change is not None:
                    self._on_change(self._pair.tokens)
            return self._pair.tokens["access"]

    def _timed(self, tokens: TokensResource) -> _Pair:
        return _Pair(tokens, self._clock.monotonic() + RENEW_AT * tokens["expires_in"])

    async def _ask(self) -> TokensResource:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._renew(self._pair.tokens["refresh"])
            except ConnectionLost:
                if attempt == ATTEMPTS:
                    raise
                await self._clock.sleep(attempt * 0.5)
        raise AssertionError("unreachable")


class ForeignTokens:
    """Tokens that somebody else makes: `get` is called whenever one is needed, so it should keep what is good."""

    def __init__(self, get: Callable[[], Awaitable[str]]) -> None:
        self._get = get
        self._lock = asyncio.Lock()

    async def access(self) -> str:
        async with self._lock:
            return await self._get()

    async def renew(self, old: str) -> str:  # noqa: ARG002 - `get` decides what is new
        return await self.access()
