"""HTTP of the dialect realtime: messages of one's own, and how its sockets are used."""

from functools import cache
from pathlib import Path

from tertulia.dialects.errors import no_such
from tertulia.dialects.fields import Form, Text
from tertulia.dialects.realtime.shapes import Edited
from tertulia.dialects.routes import Ask, Auth, Reply, Routes
from tertulia.dialects.texts import body, taken
from tertulia.domain.errors import Rejection

routes = Routes()

GONE = ("not_found", "deleted")


@routes.on(
    ("PUT", "PATCH"),
    "/chat/messages/{message}/edit/",
    "Change a message of one's own, by its UUID.",
    {200: Edited, 400: "What is wrong with the text.", 404: "There is none of one's own."},
    form=Form(content=Text(check=body)),
)
async def edit_message(ask: Ask) -> Edited:
    room_id, index = await _own(ask)
    try:
        message = await ask.services.messages.edit(ask.me, room_id, index, ask.form["content"])
    except Rejection as rejection:
        raise taken(rejection, dict.fromkeys(GONE, no_such("Message"))) from None
    return {"content": message.body or ""}


@routes.delete(
    "/chat/messages/{message}/delete/",
    "Delete a message of one's own, by its UUID.",
    {204: None, 404: "There is none of one's own."},
)
async def delete_message(ask: Ask) -> None:
    room_id, index = await _own(ask)
    try:
        await ask.services.messages.delete(ask.me, room_id, index)
    except Rejection as rejection:
        raise taken(rejection, dict.fromkeys(GONE, no_such("Message"))) from None


async def _own(ask: Ask) -> tuple[str, int]:
    """Room and index of the message in the path, if it is the caller's own and not deleted."""
    try:
        room, filed = await ask.services.lookup.message(ask.me, ask.params["message"])
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("Message")}) from None
    message = filed.message
    mine = message.sender is not None and message.sender.number == ask.me.user
    if not mine or message.deleted_at is not None or message.index is None:
        raise no_such("Message")
    return room.id, message.index


@routes.get("/chat/websocket-docs/", "How sockets are used, as Markdown.", {200: "The document."}, auth=Auth.NONE)
async def websocket_docs(_ask: Ask) -> Reply:
    return Reply(content=_document(), media_type="text/markdown")


@cache
def _document() -> bytes:
    return (Path(__file__).parent / "websocket.md").read_bytes()
