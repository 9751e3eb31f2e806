"""Ways to sign in."""

from collections.abc import Awaitable, Callable

from tertulia.client.rest import Rest
from tertulia.client.tokens import ForeignTokens, SessionTokens, TokenSource
from tertulia.clock import Clock
from tertulia.protocol.resources import TokensResource

DEVICE = "Tertulia Python client"

Enter = Callable[[Rest, Clock], Awaitable[TokenSource]]
"""Signs in; gives the source of this client's tokens. Raises `ApiError`, `ConnectionLost`."""

OnChange = Callable[[TokensResource], None]


def by_login(username: str, password: str, device: str) -> Enter:
    """With a password."""

    async def enter(rest: Rest, clock: Clock) -> TokenSource:
        return SessionTokens((await rest.login(username, password, device))["tokens"], rest.refresh, clock)

    return enter


def by_registering(username: str, password: str, email: str | None) -> Enter:
    """With a new account."""

    async def enter(rest: Rest, clock: Clock) -> TokenSource:
        signed_in = await rest.register(username, password, **({"email": email} if email else {}))
        return SessionTokens(signed_in["tokens"], rest.refresh, clock)

    return enter


def by_tokens(tokens: TokensResource, on_change: OnChange | None) -> Enter:
    """With a pair from an earlier sign-in."""

    async def enter(rest: Rest, clock: Clock) -> TokenSource:
        return SessionTokens(tokens, rest.refresh, clock, on_change)

    return enter


def by_foreign(get_token: Callable[[], Awaitable[str]]) -> Enter:
    """With tokens that somebody else makes."""

    async def enter(_rest: Rest, _clock: Clock) -> TokenSource:
        return ForeignTokens(get_token)

    return enter
