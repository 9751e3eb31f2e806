"""Ids of the product's backend in paths may have any character, percent-encoded; also a slash."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path
from starlette.types import ASGIApp, Receive, Scope, Send

from tertulia.domain.errors import Rejection
from tertulia.domain.external import check_external_id
from tertulia.domain.text import check_text
from tertulia.http.middleware import SERVER_PREFIX
from tertulia.services.refs import EXTERNAL, external_id_of

MAX_ENCODED = 4_096


class EncodedPaths:
    """Leaves paths under `SERVER_PREFIX` encoded, so that %2F separates nothing; `decoded` reads their parts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if raw.startswith(SERVER_PREFIX.encode()):
            scope = {**scope, "path": raw.partition(b"?")[0].decode("latin-1")}
        await self._app(scope, receive, send)


def decoded(part: str) -> str:
    """Raises `invalid`, or `invalid_text`."""
    try:
        return check_text(unquote(part, errors="strict"))
    except UnicodeDecodeError:
        raise Rejection("invalid", "Percent-encode ids in the path as UTF-8.") from None


async def user_ref(
    user: Annotated[
        str,
        Path(max_length=MAX_ENCODED, description="A user's id (UUID), or `external:` and yours, percent-encoded."),
    ],
) -> str:
    return decoded(user)


async def user_external_id(
    user: Annotated[str, Path(max_length=MAX_ENCODED, description="Your own id of the user, percent-encoded.")],
) -> str:
    """With `external:` before it or without."""
    ref = decoded(user)
    own = external_id_of(ref) if ref.startswith(EXTERNAL) else ref
    return check_external_id(own or "")


async def room_ref(
    room: Annotated[
        str,
        Path(
            max_length=MAX_ENCODED, description="A room's id (UUID), or `external:` and your own id, percent-encoded."
        ),
    ],
) -> str:
    return decoded(room)


async def room_external_id(
    room: Annotated[str, Path(max_length=MAX_ENCODED, description="Your own id of the room, percent-encoded.")],
) -> str:
    """With `external:` before it or without."""
    ref = decoded(room)
    own = external_id_of(ref) if ref.startswith(EXTERNAL) else ref
    return check_external_id(own or "")


async def partner_ref(
    partner: Annotated[str, Path(max_length=MAX_ENCODED, description="The other user, named like `user`.")],
) -> str:
    return decoded(partner)


UserRef = Annotated[str, Depends(user_ref)]
PartnerRef = Annotated[str, Depends(partner_ref)]
RoomRef = Annotated[str, Depends(room_ref)]
RoomExternalId = Annotated[str, Depends(room_external_id)]
UserExternalId = Annotated[str, Depends(user_external_id)]
