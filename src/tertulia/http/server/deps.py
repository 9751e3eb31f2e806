"""Who calls with a server key, and whether its scopes are enough."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tertulia.domain.api_keys import ServerKey
from tertulia.domain.errors import Rejection
from tertulia.http.deps import AddressDep, ServicesDep
from tertulia.http.throttle import Throttle
from tertulia.services.tokens import unauthorized

server_key = HTTPBearer(auto_error=False, scheme_name="ServerKey", description="A key of `tertulia apikey create`.")


async def known_key(
    request: Request,
    services: ServicesDep,
    address: AddressDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(server_key)],
) -> ServerKey:
    """Raises `unauthorized`; after many wrong keys from one address, as many as there may be logins, `rate_limited`."""
    try:
        if credentials is None:
            raise unauthorized()
        return await services.keys.authenticate(credentials.credentials)
    except Rejection as rejection:
        throttle: Throttle | None = request.app.state.throttle
        if rejection.code == "unauthorized" and throttle is not None:
            throttle.check(address, "login")
        raise


def key_with(scope: str) -> Callable[..., Awaitable[ServerKey]]:
    """A dependency: the key that calls, if it has `scope`; else `forbidden`."""

    async def scoped(key: Annotated[ServerKey, Depends(known_key)]) -> ServerKey:
        if scope not in key.scopes:
            raise Rejection("forbidden", f"This key lacks the scope `{scope}`. Make one that has it.")
        return key

    return scoped


UsersKey = Annotated[ServerKey, Depends(key_with("users"))]
RoomsKey = Annotated[ServerKey, Depends(key_with("rooms"))]
MembersKey = Annotated[ServerKey, Depends(key_with("members"))]
MessagesKey = Annotated[ServerKey, Depends(key_with("messages"))]
SessionsKey = Annotated[ServerKey, Depends(key_with("sessions"))]
