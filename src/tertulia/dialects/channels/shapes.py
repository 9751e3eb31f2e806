"""Bodies of the dialect channels. Ids are UUIDs; people are known by their usernames."""

from collections.abc import Iterable

from typing_extensions import TypedDict

from tertulia.dialects.texts import name_of, time
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.models import Message, Room, User


class Registered(TypedDict):
    id: int
    username: str


class SignedIn(TypedDict):
    id: int
    username: str
    token: str


class Person(TypedDict):
    id: int
    username: str


class Links(TypedDict):
    rooms: str
    messages: str


class RoomShape(TypedDict):
    room_uuid: str
    users: list[str]
    room_name: str
    created_at: str


class MessageShape(TypedDict):
    """`room`: the room's name."""

    message_uuid: str
    content: str
    room: str
    user: str
    created_at: str


def person_shape(user: User) -> Person:
    return {"id": user.number, "username": user.username}


def room_shape(room: Room, users: Iterable[User]) -> RoomShape:
    return {
        "room_uuid": room.id,
        "users": [user.username for user in users],
        "room_name": name_of(room),
        "created_at": time(room.created_at),
    }


def message_shape(room: Room, message: Message) -> MessageShape:
    return {
        "message_uuid": message.id,
        "content": message.body or "",
        "room": name_of(room),
        "user": sender_name(message),
        "created_at": time(message.created_at),
    }


def sender_name(message: Message) -> str:
    """The server itself has none."""
    return message.sender.username if message.sender is not None else ""


def number_or_id(text: str) -> int | str:
    """What a path names: all digits are a number."""
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) <= len(str(MAX_INTEGER)) else 0
    return text
