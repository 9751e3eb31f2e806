"""People and accounts."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from tertulia.domain.metadata import load_metadata
from tertulia.domain.models import User
from tertulia.domain.times import iso


class UserResource(TypedDict):
    """A person, as everybody may see them. `avatar`: a URL. `deleted`: the account is gone; show it as that."""

    id: str
    number: int
    username: str
    name: NotRequired[str]
    avatar: NotRequired[str]
    external_id: NotRequired[str]
    is_bot: NotRequired[bool]
    deleted: NotRequired[bool]


class ProfileResource(UserResource):
    """One person, asked for by id."""

    metadata: NotRequired[dict[str, Any]]


class AccountResource(ProfileResource):
    """A person, as they see themselves."""

    email: str | None
    email_confirmed: bool
    first_name: str
    last_name: str
    is_staff: bool
    created_at: str


class ServerUserResource(AccountResource):
    """A person, as the product's backend sees them."""

    is_active: bool


class UsersResource(TypedDict):
    """A page of people; `next` is the cursor of the following one."""

    items: list[UserResource]
    next: str | None


def user_resource(user: User) -> UserResource:
    resource: UserResource = {"id": user.id, "number": user.number, "username": user.username}
    if user.first_name or user.last_name:
        resource["name"] = user.name
    if user.avatar is not None:
        resource["avatar"] = user.avatar
    if user.external_id is not None:
        resource["external_id"] = user.external_id
    if user.is_bot:
        resource["is_bot"] = True
    if user.deleted_at is not None:
        resource["deleted"] = True
    return resource


def profile_resource(user: User) -> ProfileResource:
    resource: ProfileResource = {**user_resource(user)}  # type: ignore[typeddict-item]
    if user.metadata is not None:
        resource["metadata"] = load_metadata(user.metadata)
    return resource


def account_resource(user: User) -> AccountResource:
    return {
        **profile_resource(user),
        "email": user.email,
        "email_confirmed": user.email_confirmed_at is not None,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_staff": user.is_staff,
        "created_at": iso(user.created_at),
    }


def server_user_resource(user: User) -> ServerUserResource:
    return {**account_resource(user), "is_active": user.is_active}
