"""Bans, as REST answers them."""

from typing import NotRequired

from typing_extensions import TypedDict

from tertulia.domain.models import User
from tertulia.domain.times import iso
from tertulia.protocol.resources import UserResource, user_resource


class BanResource(TypedDict):
    """Who may not come in, and why; `by` is absent when the product's backend did it."""

    user: UserResource
    reason: str
    created_at: str
    by: NotRequired[UserResource]


class BansResource(TypedDict):
    items: list[BanResource]
    next: str | None


def ban_resource(user: User, by: User | None, reason: str, created_at: int) -> BanResource:
    resource: BanResource = {"user": user_resource(user), "reason": reason, "created_at": iso(created_at)}
    if by is not None:
        resource["by"] = user_resource(by)
    return resource
