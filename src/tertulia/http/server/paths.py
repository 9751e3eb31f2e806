"""Ids of the product's backend in paths: they may have any character, percent-encoded."""

from typing import Annotated

from fastapi import Depends, Path

from tertulia.domain.external import check_external_id
from tertulia.http.paths import MAX_ENCODED, decoded
from tertulia.services.refs import EXTERNAL, external_id_of


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
