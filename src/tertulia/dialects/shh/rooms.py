"""HTTP of the dialect shh: rooms and messages."""

from typing import Any

from tertulia.dialects.errors import Refused
from tertulia.dialects.fields import Anything, Fault, Form, Text
from tertulia.dialects.routes import Ask, Routes
from tertulia.dialects.shh.shapes import (
    CreatedRoom,
    DeletedRoom,
    History,
    Joined,
    Rooms,
    SentMessage,
    history_shape,
    listed_room,
    maker_shape,
    message_shape,
    named_room,
)
from tertulia.dialects.texts import name_of, taken, time, written
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.models import Room, RoomKind
from tertulia.domain.rooms import check_room_name
from tertulia.domain.text import MAX_BODY

routes = Routes()

TEXT = {"type": "string"}
MAX_NAME = 255


# Rooms


@routes.get("/rooms/", "The rooms in which one is.", {200: Rooms})
async def rooms(ask: Ask) -> Rooms:
    found = [view.room for view in await ask.services.lookup.own_rooms(ask.me, ask.bounds.rooms)]
    owners = await ask.services.lookup.owners(found)
    return {
        "rooms": [listed_room(room, owners.get(room.owner or 0)) for room in found],
        "count": len(found),
        "message": "Rooms fetched successfully" if found else "No rooms found",
    }


@routes.post(
    "/rooms/create/",
    "Make a room; its UUID is the invitation to it.",
    {201: CreatedRoom, 400: "What is wrong with the name."},
    form=Form(chat_room_name=Anything(kind=TEXT)),
)
async def create_room(ask: Ask) -> CreatedRoom:
    name = _room_name(ask.form.get("chat_room_name"))
    try:
        view = await ask.services.rooms.create(
            ask.me, RoomKind.PRIVATE, name, name, "", exclusive=True, join_by_id=True
        )
    except Rejection as rejection:
        raise taken(rejection, {"name_taken": _error(400, "A room with this name already exists")}) from None
    me = await ask.services.people.me(ask.me)
    return {
        "room_id": view.room.id,
        "chat_room_name": name_of(view.room),
        "created_by": maker_shape(me),
        "created_at": time(view.room.created_at),
    }


def _room_name(value: Any) -> str:
    name = _text(value, "Chat room name is required").strip()
    if len(name) > MAX_NAME:
        raise _error(400, "Chat room name is too long")
    try:
        return check_room_name(name)
    except Rejection as rejection:
        raise _error(400, rejection.message) from None


def _text(value: Any, missing: str) -> str:
    """A field as it was written; raises `Refused` when there is nothing in it."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise _error(400, missing)
    try:
        return Text(trim=False).clean(value)
    except Fault as fault:
        raise _error(400, fault.texts[0]) from None


def _error(status: int, text: str) -> Refused:
    return Refused(status, {"error": text})


@routes.post(
    "/room/join/",
    "Join a room by its UUID; again is no error.",
    {200: Joined, 400: "There is no UUID.", 404: "There is no such room."},
    form=Form(room_id=Anything(kind={"type": "string", "format": "uuid"})),
)
async def join(ask: Ask) -> Joined:
    room_id = ask.form.get("room_id")
    if room_id is None or not str(room_id).strip():
        raise _error(400, "Room ID is required")
    try:
        room, new = await ask.services.members.join_by_id(ask.me, str(room_id).strip())
    except Rejection as rejection:
        raise _refused(rejection) from None
    me = await ask.services.people.me(ask.me)
    said = "Joined room" if new else "Already in room"
    return {"message": f"{said} {name_of(room)}", "room": named_room(room), "user": maker_shape(me)}


@routes.delete(
    "/room/delete/{room}/",
    "Delete a room of one's own, with its messages.",
    {200: DeletedRoom, 403: "It is somebody else's.", 404: "There is no such room."},
)
async def delete_room(ask: Ask) -> DeletedRoom:
    try:
        room, member = await ask.services.lookup.room(ask.me, ask.params["room"])
        if member is None:
            raise not_found("room")
        if room.owner != ask.me.user:
            raise _error(403, "Only the room creator can delete this room")
        await ask.services.rooms.delete(ask.me, room.id)
    except Rejection as rejection:
        raise _refused(rejection) from None
    return {"message": "Room deleted successfully", "deleted_room": {"room_id": room.id}}


# Messages


@routes.get(
    "/messages/{room}/",
    "The newest messages of a room, oldest first, by its name or by its UUID.",
    {200: History, 404: "There is no such room, or one is not in it."},
)
async def history(ask: Ask) -> History:
    try:
        room = await _room(ask)
        found = await ask.services.lookup.newest(ask.me, room.number, ask.bounds.history)
    except Rejection as rejection:
        raise _refused(rejection) from None
    return history_shape(written(found))


@routes.post(
    "/messages/{room}/send/",
    "Post a message; the room's sockets get it, too.",
    {201: SentMessage, 400: "There is no message.", 404: "There is no such room, or one is not in it."},
    form=Form(message=Anything(kind=TEXT)),
)
async def send(ask: Ask) -> SentMessage:
    try:
        room = await _room(ask)
        outcome = await ask.services.messages.post(ask.me, room.id, _message(ask.form.get("message")))
    except Rejection as rejection:
        raise _refused(rejection) from None
    assert outcome.message is not None
    return {**message_shape(outcome.message), "chat_room": f"chat_{ask.params['room']}"}


def _message(value: Any) -> str:
    text = _text(value, "Message field is required")
    if len(text) > MAX_BODY:
        raise _error(400, f"Message is too long: at most {MAX_BODY} characters")
    return text


async def _room(ask: Ask) -> Room:
    """The room of the path, by name, else by UUID; raises `not_found` unless one is in it."""
    lookup = ask.services.lookup
    for find in (lookup.room_named, lookup.room):
        try:
            room, member = await find(ask.me, ask.params["room"])
        except Rejection as rejection:
            if rejection.code != "not_found":
                raise
        else:
            if member is not None:
                return room
    raise not_found("room")


def _refused(rejection: Rejection) -> Refused:
    missing = _error(404, "Room not found")
    return taken(rejection, {"not_found": missing, "not_member": missing})
