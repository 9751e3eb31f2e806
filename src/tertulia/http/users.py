"""Other people."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field, TypeAdapter

from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.people import Place
from tertulia.http.cursors import MAX_CURSOR, decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, ServicesDep
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import PageSize, Text
from tertulia.protocol.resources import UserResource, UsersResource, user_resource

router = APIRouter(prefix="/users", tags=["users"])

_PLACE = TypeAdapter(
    tuple[
        Annotated[int, Field(ge=0, le=MAX_INTEGER)],
        Annotated[Text, Field(max_length=512)],
        Annotated[int, Field(ge=0, le=MAX_INTEGER)],
    ]
)


@router.get("", response_model=UsersResource, responses=refusals("invalid", "unauthorized", "rate_limited"))
async def find_users(
    _caller: CallerDep,
    services: ServicesDep,
    q: Annotated[Text, Query(max_length=150, description="How a username or a name begins; empty: everybody.")] = "",
    limit: Annotated[PageSize, Query()] = 50,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next` of the page before.")] = None,
) -> UsersResource:
    """People by the beginning of their username, full name or last name, in this order; upper or lower case is one."""
    after = None if cursor is None else Place(*decode_cursor(cursor, _PLACE))
    found, place = await services.accounts.search(q, after, limit)
    return {
        "items": [user_resource(user) for user in found],
        "next": None if place is None else encode_cursor(place.step, place.key, place.number),
    }


@router.get("/{user}", response_model=UserResource, responses=refusals("unauthorized", "not_found", "rate_limited"))
async def get_user(
    user: Annotated[str, Path(max_length=64, description="A user's id (UUID).")],
    _caller: CallerDep,
    services: ServicesDep,
) -> UserResource:
    """One person."""
    return user_resource(await services.accounts.by_id(user))
