"""Bodies of the dialect conversations. Ids are UUIDs; messages show none."""

from typing_extensions import TypedDict

from tertulia.dialects.texts import time
from tertulia.domain.models import Message, User


class ProfileShape(TypedDict):
    first_name: str
    last_name: str
    email: str


class Registered(TypedDict):
    success: bool
    msg: str
    data: ProfileShape
    status: int


class AccessShape(TypedDict):
    access: str


class Nothing(TypedDict):
    """`{}`."""


class PersonShape(TypedDict):
    """`id` "": who it was is not known any more."""

    id: str
    first_name: str
    last_name: str


class MessageShape(TypedDict):
    text: str
    sender: PersonShape
    created_at: str


class ConversationShape(TypedDict):
    id: str
    messages: list[MessageShape]


class Opened(TypedDict):
    success: bool
    msg: str
    data: ConversationShape
    status: int


def registered_shape(user: User) -> Registered:
    profile: ProfileShape = {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email or "",
    }
    return {"success": True, "msg": "User account created successfully.", "data": profile, "status": 201}


def opened_shape(conversation: str, messages: list[MessageShape]) -> Opened:
    return {
        "success": True,
        "msg": "User conversation with messages retrieved successfully.",
        "data": {"id": conversation, "messages": messages},
        "status": 200,
    }


def person_shape(user: User | None) -> PersonShape:
    if user is None:
        return {"id": "", "first_name": "", "last_name": ""}
    return {"id": user.id, "first_name": user.first_name, "last_name": user.last_name}


def message_shape(message: Message) -> MessageShape:
    return {
        "text": message.body or "",
        "sender": person_shape(message.sender),
        "created_at": time(message.created_at),
    }
