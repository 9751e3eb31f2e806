"""Bodies of the dialect shh. A user's id is an integer in user objects, and the same number as text in those of rooms.

`email`: the address with which somebody signs in, or "".
"""

from typing_extensions import TypedDict

from tertulia.dialects.texts import name_of, time
from tertulia.domain.models import Message, Room, User
from tertulia.services.lookup import Filed


class UserShape(TypedDict):
    id: int
    email: str
    username: str


class Registered(TypedDict):
    """As the document has it, and as the later code does."""

    id: int
    username: str
    email: str
    first_name: str
    last_name: str
    user: UserShape
    message: str


class SignedIn(TypedDict):
    message: str
    token: str
    user: UserShape


class Refreshed(TypedDict):
    message: str
    user_id: int


class Done(TypedDict):
    message: str


class Author(TypedDict):
    email: str
    first_name: str
    last_name: str
    id: int


class Person(Author):
    username: str


class Maker(TypedDict):
    """The number is text here."""

    id: str
    email: str
    username: str


class ListedRoom(TypedDict):
    room_name: str
    room_id: str
    created_at: str
    created_by: Maker


class Rooms(TypedDict):
    rooms: list[ListedRoom]
    count: int
    message: str


class CreatedRoom(TypedDict):
    room_id: str
    chat_room_name: str
    created_by: Maker
    created_at: str


class NamedRoom(TypedDict):
    room_id: str
    room_name: str
    created_at: str


class Joined(TypedDict):
    message: str
    room: NamedRoom
    user: Maker


class RoomId(TypedDict):
    room_id: str


class DeletedRoom(TypedDict):
    message: str
    deleted_room: RoomId


class MessageShape(TypedDict):
    user: Author
    message: str
    timestamp: str


class History(TypedDict):
    type: str
    messages: list[MessageShape]


class SentMessage(MessageShape):
    chat_room: str


def user_shape(user: User) -> UserShape:
    return {"id": user.number, "email": user.shown_email, "username": user.username}


def author_shape(user: User | None) -> Author:
    """Of a message; None: the server itself wrote it."""
    if user is None:
        return {"email": "", "first_name": "", "last_name": "", "id": 0}
    return {
        "email": user.shown_email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "id": user.number,
    }


def person_shape(user: User) -> Person:
    return {**author_shape(user), "username": user.username}


def maker_shape(user: User | None) -> Maker:
    """None: nobody made the room, or nobody owns it any more."""
    if user is None:
        return {"id": "", "email": "", "username": ""}
    return {"id": str(user.number), "email": user.shown_email, "username": user.username}


def listed_room(room: Room, owner: User | None) -> ListedRoom:
    return {
        "room_name": name_of(room),
        "room_id": room.id,
        "created_at": time(room.created_at),
        "created_by": maker_shape(owner),
    }


def named_room(room: Room) -> NamedRoom:
    return {"room_id": room.id, "room_name": name_of(room), "created_at": time(room.created_at)}


def message_shape(message: Message) -> MessageShape:
    return {
        "user": author_shape(message.sender),
        "message": message.body or "",
        "timestamp": time(message.created_at),
    }


def history_shape(found: list[Filed]) -> History:
    return {"type": "message_history", "messages": [message_shape(one.message) for one in found]}
