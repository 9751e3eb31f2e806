"""Other people."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, TypeAdapter

from tertulia.domain.people import SearchCursor
from tertulia.http.cursors import decode_cursor, encode_cursor
from tertulia.http.deps import CallerDep, CursorQuery, LimitQuery, ServicesDep, UserPath
from tertulia.http.refusals import refusals
from tertulia.protocol.fields import Position, Text
from tertulia.protocol.resources import ProfileResource, UsersResource, profile_resource, user_resource

router = APIRouter(prefix="/users", tags=["users"])

_CURSOR = TypeAdapter(tuple[Position, Annotated[Text, Field(max_length=512)], Position])


@router.get(
    "", response_model=UsersResource, responses=refusals("invalid", "unauthorized", "forbidden", "rate_limited")
)
async def find_users(
    caller: CallerDep,
    services: ServicesDep,
    q: Annotated[Text, Query(max_length=150, description="How a username or a name begins; empty: everybody.")] = "",
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> UsersResource:
    """People by the beginning of their username, full name or last name, in this order; upper or lower case is one."""
    after = None if cursor is None else SearchCursor(*decode_cursor(cursor, _CURSOR))
    found, following = await services.people.search(caller, q, after, limit)
    return {
        "items": [user_resource(user) for user in found],
        "next": None if following is None else encode_cursor(following.step, following.key, following.number),
    }


@router.get("/{user}", response_model=ProfileResource, responses=refusals("unauthorized", "not_found", "rate_limited"))
async def get_user(user: UserPath, caller: CallerDep, services: ServicesDep) -> ProfileResource:
    """One person, with what the product keeps with them."""
    return profile_resource(await services.people.by_id(caller, user))
