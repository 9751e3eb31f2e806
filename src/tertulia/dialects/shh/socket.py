"""Sockets of the dialect shh: the history first, then messages and who types, to everybody in the room."""

from collections.abc import Iterator, Mapping
from typing import Any

from typing_extensions import override

from tertulia.dialects.admission import frame_of, room_by_id_or_name, token_in_header, token_in_query, who
from tertulia.dialects.cookies import cookie_of, own_page
from tertulia.dialects.dialect import Hail
from tertulia.dialects.line import POLICY, Line
from tertulia.dialects.lines import close_with
from tertulia.dialects.shh.credentials import ACCESS, EXPIRED, fault_of
from tertulia.dialects.texts import fitting, time, written
from tertulia.dialects.wire import DialectWire
from tertulia.domain.errors import CloseCode, Rejection, not_found
from tertulia.domain.events import Typed
from tertulia.domain.models import Caller, Message, User
from tertulia.gateway.admission import Decision
from tertulia.protocol.codec import encode
from tertulia.services.lookup import Entry

NO_TOKEN, TOKEN_EXPIRED, TOKEN_INVALID, NO_ROOM = 4000, 4001, 4002, 4004
CODES: Mapping[int, int] = {
    CloseCode.SESSION_ENDED: TOKEN_INVALID,
    CloseCode.SLOW: CloseCode.BUSY,
    CloseCode.FLOOD: POLICY,
}
"""The core's own codes that mean something else here, or nothing."""
TYPING = "typing"
"""As the text of a message: no message, but that somebody types."""
EMPTY = "Message is empty."
NO_JSON = "Invalid JSON format."
NOTHING = "Received empty message."


class Wire(DialectWire):
    name = "shh"

    @override
    def posted(self, message: Message) -> dict[str, Any] | None:
        """The document calls the event `chat_message`, and clients look for `message`."""
        return {"type": "message", "event": "chat_message", **_message(message)}

    @override
    def typed(self, typed: Typed) -> dict[str, Any] | None:
        if not typed.on:
            return None
        return {"type": "typing", **_person(typed.user)}


WIRE = Wire()


def _message(message: Message) -> dict[str, str]:
    return {**_person(message.sender), "message": message.body or "", "timestamp": time(message.created_at)}


def _person(user: User | None) -> dict[str, str]:
    """`user`: the address with which they sign in, or ""."""
    if user is None:
        return {"user": "", "username": ""}
    return {"user": user.shown_email, "username": user.username}


class ShhLine(Line):
    """Only for members; errors are frames, and the socket stays open."""

    __slots__ = ()

    @override
    def greeting(self, entry: Entry) -> list[bytes]:
        """Nothing of one's own. Only here it is sure whether they are in the room; raises `not_found`."""
        if entry.member is None:
            raise not_found("room")
        return []

    @override
    def history(self, entry: Entry) -> list[bytes]:
        """One frame, also when nothing was said."""
        messages = [_message(one.message) for one in fitting(written(entry.messages))]
        return [encode({"type": "message_history", "messages": messages})]

    @override
    def received_text(self, text: str) -> None:
        frame = frame_of(text)
        if frame is None:
            self._complain(NO_JSON if text else NOTHING)
            return
        message = frame.get("message")
        if message == TYPING or (message is None and frame.get("type") == TYPING):
            self.types(on=True)
        elif isinstance(message, str) and message and not message.isspace():
            self.post(message)
        else:
            self._complain(EMPTY)

    @override
    def received_binary(self) -> None:
        self._complain(NOTHING)

    @override
    def refused(self, rejection: Rejection) -> None:
        self._complain(rejection.message)

    def _complain(self, text: str) -> None:
        self.say({"type": "error", "message": text})

    @override
    def lost(self, *, removed: bool) -> tuple[int, str]:
        return NO_ROOM, "This room is not there for you any more."

    @override
    def end(self, code: int, reason: str, *, say_bye: bool = True) -> None:
        super().end(CODES.get(code, code), reason, say_bye=say_bye)


async def admit(hail: Hail) -> Decision:
    """Whatever is wrong, the handshake is done first: a browser sees no code without it."""
    found = await _sign_in(hail)
    if isinstance(found, int):
        return close_with(found, "Sign in: there is no good token.")
    caller, me = found
    try:
        room, _ = await room_by_id_or_name(hail, caller)
        line = ShhLine(hail.ground.lines, WIRE, caller, me, room, hail.request.address)
        return await hail.ground.lines.admit(line, hail.ground.bounds.greeting)
    except Rejection as rejection:
        if rejection.code != "not_found":
            raise
        return close_with(NO_ROOM, "There is no such room.")


async def _sign_in(hail: Hail) -> tuple[Caller, User] | int:
    """By the first good token, else the close code for the first one."""
    code = 0
    for token in _tokens(hail):
        try:
            return await who(hail, token)
        except Rejection as rejection:
            if rejection.code != "unauthorized":
                raise
            code = code or await _code(hail, token, rejection)
    return code or NO_TOKEN


def _tokens(hail: Hail) -> Iterator[str]:
    """What was sent; "" for a cookie that does not count, because a page elsewhere may have had it sent along."""
    request = hail.request
    for token in (token_in_query(request), token_in_header(request)):
        if token:
            yield token
    cookie = cookie_of(request, ACCESS)
    if cookie:
        yield cookie if own_page(request.headers, request.visitor, hail.ground.cookie_origins) else ""


async def _code(hail: Hail, token: str, rejection: Rejection) -> int:
    fault = await fault_of(hail.ground.services.sessions, token, rejection)
    return TOKEN_EXPIRED if fault == EXPIRED else TOKEN_INVALID
