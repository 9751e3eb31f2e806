"""Messages of the dialect channels. Without a credential one reads those of rooms that are open to everybody."""

from contextlib import suppress

from tertulia.dialects.channels.shapes import MessageShape, message_shape, number_or_id
from tertulia.dialects.channels.speaker import AS_SOMEBODY_ELSE, is_self
from tertulia.dialects.errors import NOT_ALLOWED, Refused, detail, invalid, no_such
from tertulia.dialects.fields import Anything, Fault, Form, Text, Uuid
from tertulia.dialects.routes import Ask, Auth, Routes
from tertulia.dialects.texts import body, taken, written
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Member, Message, Room

routes = Routes()

ONE = "/api/messages/{message}/"
CHANGED = {200: MessageShape, 403: "It is somebody else's.", 404: "There is none."}
NO_UUID = "Must be a valid UUID."


@routes.get(
    "/api/messages/",
    "The newest messages, newest first: of the room of ?room_uuid=, or of all that one may see.",
    {200: list[MessageShape], 400: "The UUID is none."},
    auth=Auth.OPTIONAL,
)
async def messages(ask: Ask) -> list[MessageShape]:
    wanted = ask.request.query_params.get("room_uuid")
    lookup, most = ask.services.lookup, ask.bounds.history
    if wanted is None:
        newest = await lookup.newest_of_all(ask.caller, most)
        return [message_shape(room, filed.message) for room, filed in newest]
    try:
        room, _ = await lookup.room(ask.caller, Uuid().clean(wanted))
        found = written(await lookup.newest(ask.caller, room.number, most))
    except Fault:
        raise invalid(room_uuid=NO_UUID) from None
    except Rejection as rejection:
        raise taken(rejection, {"not_found": Refused(200, [])}) from None
    return [message_shape(room, filed.message) for filed in reversed(found)]


@routes.post(
    "/api/messages/",
    "Post a message; the room's sockets get it, too. To post in an open room is to join it.",
    {201: MessageShape, 400: "What is wrong with each field.", 403: "`user` is somebody else."},
    form=Form(
        room=Anything(required=True, nullable=False, kind={"type": "string", "format": "uuid"}),
        content=Text(check=body),
        user=Anything(kind={"type": "string"}),
    ),
)
async def create_message(ask: Ask) -> MessageShape:
    if not is_self(ask.form.get("user"), await ask.services.people.me(ask.me)):
        raise detail(403, AS_SOMEBODY_ELSE)
    room, member = await _room_to_post_in(ask, ask.form["room"])
    try:
        if member is None:
            await ask.services.members.join(ask.me, room.id, quiet=True)
        outcome = await ask.services.messages.post(ask.me, room.id, ask.form["content"])
    except Rejection as rejection:
        raise taken(rejection, {"not_found": _unknown_room(ask.form["room"])}) from None
    assert outcome.message is not None
    return message_shape(room, outcome.message)


async def _room_to_post_in(ask: Ask, said: object) -> tuple[Room, Member | None]:
    """By its UUID, or by its name."""
    lookup, room_id = ask.services.lookup, _uuid(said)
    try:
        if room_id is not None:
            with suppress(Rejection):  # then it may be a name
                return await lookup.room(ask.me, room_id)
        return await lookup.room_named(ask.me, said.strip() if isinstance(said, str) else "")
    except Rejection as rejection:
        raise taken(rejection, {"not_found": _unknown_room(said)}) from None


def _uuid(said: object) -> str | None:
    try:
        return Uuid().clean(said)
    except Fault:
        return None


def _unknown_room(said: object) -> Refused:
    return invalid(room=NO_UUID if _uuid(said) is None else "Room not found.")


@routes.get(
    ONE,
    "One message, by its UUID or its number.",
    {200: MessageShape, 404: "There is none."},
    auth=Auth.OPTIONAL,
)
async def one_message(ask: Ask) -> MessageShape:
    room, message = await _message(ask)
    return message_shape(room, message)


@routes.on(("PUT",), ONE, "Edit a message of one's own.", CHANGED, form=Form(content=Text(check=body)))
@routes.on(
    ("PATCH",), ONE, "The same, if anything is given.", CHANGED, form=Form(content=Text(required=False, check=body))
)
async def change_message(ask: Ask) -> MessageShape:
    room, message, index = await _own_message(ask)
    content = ask.form.get("content")
    if content is None:
        return message_shape(room, message)
    try:
        return message_shape(room, await ask.services.messages.edit(ask.me, room.id, index, content))
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("Message")}) from None


@routes.delete(
    ONE,
    "Delete a message of one's own.",
    {204: None, 403: "It is somebody else's.", 404: "There is none."},
)
async def delete_message(ask: Ask) -> None:
    room, _, index = await _own_message(ask)
    try:
        await ask.services.messages.delete(ask.me, room.id, index)
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("Message")}) from None


async def _message(ask: Ask) -> tuple[Room, Message]:
    """Of the path; deleted ones are not there."""
    try:
        room, filed = await ask.services.lookup.message(ask.caller, number_or_id(ask.params["message"]))
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("Message")}) from None
    if filed.message.deleted_at is not None:
        raise no_such("Message")
    return room, filed.message


async def _own_message(ask: Ask) -> tuple[Room, Message, int]:
    """And its place in the room; raises `Refused` unless who asks wrote it."""
    room, message = await _message(ask)
    if message.sender is None or message.sender.number != ask.me.user:
        raise detail(403, NOT_ALLOWED)
    assert message.index is not None
    return room, message, message.index
