"""What routes ask for: the services, who calls, from where; and the parameters that several of them have."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tertulia.domain.api_keys import PREFIX
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.http.cursors import MAX_CURSOR
from tertulia.http.exchange import visitor_of
from tertulia.protocol.fields import PageSize
from tertulia.services import Services
from tertulia.services.accounts import Device
from tertulia.services.tokens import unauthorized

MAX_DEVICE = 255

RoomPath = Annotated[str, Path(max_length=64, description="A room's id (UUID).")]
UserPath = Annotated[str, Path(max_length=64, description="A user's id (UUID).")]
CursorQuery = Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next` of the page before.")]
LimitQuery = Annotated[PageSize, Query()]

bearer = HTTPBearer(
    auto_error=False, description="An access token of register, login or refresh, or of your own backend."
)


async def services(request: Request) -> Services:
    """Raises `unavailable` while this node cannot know what holds: who may still come in, and see what."""
    found: Services = request.app.state.services
    if not found.lease.is_held:
        raise Rejection("unavailable", "The server was held up and looks around. Try again.", retry_after=1)
    return found


ServicesDep = Annotated[Services, Depends(services)]


async def address(request: Request) -> str:
    """The client's address, trusted proxies taken into account; may be empty."""
    return visitor_of(request.scope).address[:64]


AddressDep = Annotated[str, Depends(address)]


async def device(request: Request, address: AddressDep) -> Device:
    """Where a call comes from, in words that its user can recognise."""
    agent = request.headers.get("user-agent", "")
    return Device("".join(character for character in agent if character.isprintable())[:MAX_DEVICE], address)


DeviceDep = Annotated[Device, Depends(device)]


CredentialsDep = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def caller(services: ServicesDep, credentials: CredentialsDep) -> Caller:
    """Who calls, by `Authorization: Bearer`; raises `unauthorized`."""
    if credentials is None:
        raise unauthorized()
    if credentials.credentials.startswith(PREFIX):
        raise Rejection("unauthorized", "A server key is good under /api/v1/server/ only.")
    return await services.sessions.identify(credentials.credentials)


CallerDep = Annotated[Caller, Depends(caller)]


async def staff(caller: CallerDep, services: ServicesDep) -> Caller:
    """Somebody of the server's staff; raises `forbidden` for everybody else, before anything is looked at."""
    await services.people.require_staff(caller)
    return caller


StaffDep = Annotated[Caller, Depends(staff)]
