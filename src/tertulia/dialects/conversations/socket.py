"""Sockets of the dialect conversations: one conversation each.

In and out goes `{"message": str, "recipient_id": uuid}`, and two texts that are no JSON: `Invalid recipient.`, behind
which the server closes, and `Error: ` with what is wrong.
"""

from typing import Any

from typing_extensions import override

from tertulia.dialects.admission import frame_of, not_for_them, token_in_query, who
from tertulia.dialects.dialect import Hail
from tertulia.dialects.line import POLICY, Line
from tertulia.dialects.lines import refuse
from tertulia.dialects.wire import DialectWire
from tertulia.domain.errors import CloseCode, Rejection, not_found
from tertulia.domain.ids import canonical_id
from tertulia.domain.models import Caller, Message, Room, RoomKind, User
from tertulia.gateway.admission import Decision
from tertulia.protocol.frames import Frames
from tertulia.services.lookup import Entry

INVALID_RECIPIENT = "Invalid recipient."
NOT_JSON = "The frame is not a JSON object."
NOT_AN_ID = "recipient_id is not a UUID."
NOT_THE_OTHER = "The recipient is not the other member of this conversation."
NO_MESSAGE = "message is not a text, or there is nothing in it."


class Wire(DialectWire):
    """Of one conversation: whom a message is for is not in it, so the other one of the two is looked up here."""

    def __init__(self, room: int, one: User, other: User) -> None:
        self.name = f"conversations:{room}"
        self._recipients = {one.number: other.id, other.number: one.id}

    @override
    def posted(self, message: Message) -> dict[str, Any] | None:
        recipient = None if message.sender is None else self._recipients.get(message.sender.number)
        return None if recipient is None else {"message": message.body or "", "recipient_id": recipient}


class ConversationsLine(Line):
    """`partner_id`: of the other person."""

    __slots__ = ("_partner_id",)

    def __init__(self, hail: Hail, caller: Caller, me: User, room: Room, partner: User) -> None:
        wire = Wire(room.number, me, partner)
        super().__init__(hail.ground.lines, wire, caller, me, room, hail.request.address)
        self._partner_id = partner.id

    @override
    def greeting(self, entry: Entry) -> list[bytes]:
        return []

    @override
    def received_text(self, text: str) -> None:
        frame = frame_of(text)
        if frame is None:
            self._say_error(NOT_JSON)
            return
        message, recipient = frame.get("message"), frame.get("recipient_id", self._partner_id)
        wanted = canonical_id(recipient) if isinstance(recipient, str) else None
        if wanted == self.caller.user_id:
            self._write(INVALID_RECIPIENT)
            self.end(CloseCode.NORMAL, INVALID_RECIPIENT)
        elif wanted != self._partner_id:
            self._say_error(NOT_AN_ID if wanted is None else NOT_THE_OTHER)
        elif not isinstance(message, str) or not message or message.isspace():
            self._say_error(NO_MESSAGE)
        else:
            self.post(message)

    @override
    def received_binary(self) -> None:
        self.received(b"")  # no JSON either, whatever is in it

    @override
    def refused(self, rejection: Rejection) -> None:
        self._say_error(rejection.message)

    @override
    def lost(self, *, removed: bool) -> tuple[int, str]:
        return POLICY, "This conversation is not there for you any more."

    def _say_error(self, what: str) -> None:
        self._write(f"Error: {what}")

    def _write(self, text: str) -> None:
        self.offer(Frames((text.encode(),)))


async def admit(hail: Hail) -> Decision:
    """Refused with HTTP 403 whatever is wrong: the page, the token, the conversation."""
    if not _is_known(hail):
        return refuse()
    try:
        caller, me = await who(hail, token_in_query(hail.request))
        room, partner = await _conversation(hail, caller)
        return await hail.ground.lines.admit(ConversationsLine(hail, caller, me, room, partner))
    except Rejection as rejection:
        return not_for_them(rejection)


def _is_known(hail: Hail) -> bool:
    """Whether the page that asks is at a host that may, or none asks."""
    origin, visitor = hail.request.headers.get("origin"), hail.request.visitor
    known = hail.ground.sites.allows(origin, visitor.host, visitor.scheme)
    if not known:
        hail.ground.sites.tell(origin or "")
    return known


async def _conversation(hail: Hail, caller: Caller) -> tuple[Room, User]:
    """The direct room with this id, and who is in it beside the caller; raises `not_found`."""
    view = await hail.ground.services.rooms.view(caller, hail.room)
    if view.room.kind is not RoomKind.DIRECT or view.member is None or view.partner is None:
        raise not_found("room")
    return view.room, view.partner
