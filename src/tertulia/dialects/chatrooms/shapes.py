"""Bodies of the dialect chatrooms. Ids are integers; but a message's id in a frame is its UUID."""

from typing_extensions import TypedDict

from tertulia.dialects.entering import TokensShape
from tertulia.dialects.texts import name_of, time
from tertulia.domain.models import Room, User
from tertulia.services.lookup import Filed


class UserShape(TypedDict):
    id: int
    username: str
    email: str


class Registered(TypedDict):
    user: UserShape
    tokens: TokensShape


class NamedUser(TypedDict):
    id: int
    username: str


class SignedIn(TypedDict):
    refresh: str
    access: str
    user: NamedUser
    tokens: TokensShape


class RoomShape(TypedDict):
    id: int
    name: str
    created_at: str


class MessageShape(TypedDict):
    """As the document has it: names."""

    id: int
    user: str
    chatroom: str
    content: str
    timestamp: str


class NumberedMessage(TypedDict):
    """As the later code has it: numbers."""

    id: int
    chatroom: int
    user: int
    content: str
    timestamp: str


class NumberedMessages(TypedDict):
    messages: list[NumberedMessage]


def user_shape(user: User) -> UserShape:
    return {"id": user.number, "username": user.username, "email": user.email or ""}


def room_shape(room: Room) -> RoomShape:
    return {"id": room.number, "name": name_of(room), "created_at": time(room.created_at)}


def message_shape(room: Room, filed: Filed) -> MessageShape:
    message = filed.message
    return {
        "id": filed.number,
        "user": message.sender.username if message.sender is not None else "",
        "chatroom": name_of(room),
        "content": message.body or "",
        "timestamp": time(message.created_at),
    }


def numbered_shape(filed: Filed) -> NumberedMessage:
    message = filed.message
    return {
        "id": filed.number,
        "chatroom": message.room,
        "user": message.sender.number if message.sender is not None else 0,
        "content": message.body or "",
        "timestamp": time(message.created_at),
    }
