"""Sockets of the dialect channels: `{"message": str, "username": str}` in, one frame for each message out."""

from typing import Any

from typing_extensions import override

from tertulia.dialects.admission import enter, frame_of, not_for_them, room_by_name_or_id
from tertulia.dialects.channels.credentials import holder_of
from tertulia.dialects.channels.shapes import sender_name
from tertulia.dialects.channels.speaker import AS_SOMEBODY_ELSE, is_self
from tertulia.dialects.dialect import Hail
from tertulia.dialects.errors import Refused
from tertulia.dialects.line import POLICY, Line
from tertulia.dialects.lines import refuse
from tertulia.dialects.texts import time
from tertulia.dialects.wire import DialectWire
from tertulia.domain.errors import CloseCode, Rejection
from tertulia.domain.models import Message
from tertulia.gateway.admission import Decision

NO_CREDENTIAL, NO_ROOM = 4001, 4004
CODES: dict[int, int] = {
    CloseCode.SESSION_ENDED: NO_CREDENTIAL,
    CloseCode.SLOW: CloseCode.BUSY,
    CloseCode.FLOOD: POLICY,
}
"""The core's own codes that mean something else here, or nothing."""
NO_TEXT = 'Send a JSON object such as {"message": "Hello", "username": "ann"}.'


class Wire(DialectWire):
    name = "channels"

    @override
    def posted(self, message: Message) -> dict[str, Any] | None:
        name = sender_name(message)
        return {
            "message": message.body or "",
            "username": name,
            "user": name,
            "message_uuid": message.id,
            "created_at": time(message.created_at),
        }


WIRE = Wire()


class ChannelsLine(Line):
    """What is refused is told in a frame, `{"error": str}`, and the socket stays open."""

    __slots__ = ()

    @override
    def received_binary(self) -> None:
        """No frame of this dialect: answered as one that cannot be read."""
        self.received(b"")

    @override
    def received_text(self, text: str) -> None:
        frame = frame_of(text)
        message = None if frame is None else frame.get("message")
        if frame is None or not isinstance(message, str) or not message or message.isspace():
            raise Rejection("invalid", NO_TEXT)
        if not is_self(frame.get("username"), self.me):
            raise Rejection("forbidden", AS_SOMEBODY_ELSE)
        self.post(message)

    @override
    def refused(self, rejection: Rejection) -> None:
        self.say({"error": rejection.message})

    @override
    def lost(self, *, removed: bool) -> tuple[int, str]:
        return NO_ROOM, "This room is not there for you any more."

    @override
    def end(self, code: int, reason: str, *, say_bye: bool = True) -> None:
        super().end(CODES.get(code, code), reason, say_bye=say_bye)


async def admit(hail: Hail) -> Decision:
    """Refused with HTTP 403 whatever is wrong: no credential, no room, somebody else's room."""
    try:
        caller = await holder_of(hail)
        if caller is None:
            return refuse()
        me = await hail.ground.services.people.me(caller)
        room = await enter(hail, caller, *await room_by_name_or_id(hail, caller))
        line = ChannelsLine(hail.ground.lines, WIRE, caller, me, room, hail.request.address)
        return await hail.ground.lines.admit(line)
    except Refused:
        return refuse()
    except Rejection as rejection:
        return not_for_them(rejection)
