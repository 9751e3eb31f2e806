"""Sockets of the dialect chatrooms: `{"message": str}` in, one frame for each message out, to everybody in the room."""

from typing import Any

from typing_extensions import override

from tertulia.dialects.admission import enter, frame_of, not_for_them, room_by_name_or_number, token_in_query, who
from tertulia.dialects.dialect import Hail
from tertulia.dialects.line import POLICY, Line
from tertulia.dialects.texts import time
from tertulia.dialects.wire import DialectWire
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Message
from tertulia.gateway.admission import Decision


class Wire(DialectWire):
    name = "chatrooms"

    @override
    def posted(self, message: Message) -> dict[str, Any] | None:
        """The union of both revisions. `room_id`: the room's number as text; `id`: the message's UUID."""
        sender = message.sender
        return {
            "type": "chat_message",
            "room_id": str(message.room),
            "user": sender.username if sender is not None else "",
            "username": sender.username if sender is not None else "",
            "user_id": sender.number if sender is not None else 0,
            "message": message.body or "",
            "id": message.id,
            "date": time(message.created_at),
        }


WIRE = Wire()


class ChatroomsLine(Line):
    """Nothing is sent but messages: the dialect has no frame for an error."""

    __slots__ = ()

    @override
    def received_text(self, text: str) -> None:
        frame = frame_of(text)
        message = None if frame is None else frame.get("message")
        if isinstance(message, str) and message and not message.isspace():
            self.post(message)

    @override
    def received_binary(self) -> None:
        """No JSON: ignored."""

    @override
    def refused(self, rejection: Rejection) -> None:
        """Who does not hear their own message knows that nobody does."""

    @override
    def lost(self, *, removed: bool) -> tuple[int, str]:
        return POLICY, "This room is not there for you any more."


async def admit(hail: Hail) -> Decision:
    """Refused with HTTP 403 whatever is wrong: no token, no room, somebody else's room."""
    try:
        caller, me = await who(hail, token_in_query(hail.request))
        room = await enter(hail, caller, *await room_by_name_or_number(hail, caller))
        line = ChatroomsLine(hail.ground.lines, WIRE, caller, me, room, hail.request.address)
        return await hail.ground.lines.admit(line)
    except Rejection as rejection:
        return not_for_them(rejection)
