"""Bodies of the dialect realtime. Users are integers, rooms and messages UUIDs."""

from collections.abc import Mapping

from typing_extensions import TypedDict

from tertulia.dialects.texts import name_of, time
from tertulia.domain.models import Room, RoomKind, User


class Registered(TypedDict):
    username: str
    email: str


class Profile(TypedDict):
    id: int
    username: str
    email: str
    first_name: str
    last_name: str


class Picture(TypedDict):
    """Where it is shown, to whoever has the address; null: there is none."""

    profile_picture: str | None


class RoomShape(TypedDict):
    room_id: str
    room_name: str
    created_at: str
    creator_username: str | None
    description: str | None
    is_private: bool
    message_count: int


class Edited(TypedDict):
    content: str


def profile_shape(user: User) -> Profile:
    return {
        "id": user.number,
        "username": user.username,
        "email": user.email or "",
        "first_name": user.first_name,
        "last_name": user.last_name,
    }


def room_shape(room: Room, owners: Mapping[int, User]) -> RoomShape:
    """`owners`: by number. Direct rooms have none."""
    creator = None if room.owner is None else owners.get(room.owner)
    return {
        "room_id": room.id,
        "room_name": name_of(room),
        "created_at": time(room.created_at),
        "creator_username": None if creator is None else creator.username,
        "description": room.description or None,
        "is_private": room.kind is not RoomKind.PUBLIC,
        "message_count": room.message_count,
    }
