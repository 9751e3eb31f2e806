"""Sockets of the dialect realtime: who is there, the history, then what happens; by the name of a room."""

from typing import Any

from typing_extensions import override

from tertulia.dialects.admission import enter, frame_of, room_by_id_or_name, token_in_header, token_in_query, who
from tertulia.dialects.dialect import Hail
from tertulia.dialects.line import POLICY, Line
from tertulia.dialects.lines import close_with
from tertulia.dialects.texts import MAX_NAME, fitting, name_of, time
from tertulia.dialects.wire import DialectWire
from tertulia.domain.errors import CloseCode, Rejection, not_found
from tertulia.domain.events import Attended, News, Seen, Typed
from tertulia.domain.ids import canonical_id
from tertulia.domain.models import Caller, Message, Room, RoomKind, User
from tertulia.domain.rooms import DIRECT, direct_pair
from tertulia.gateway.admission import Decision
from tertulia.protocol.codec import encode
from tertulia.services.lookup import Entry

NO_ROOM, NO_TOKEN, NO_MEMBER = 4000, 4001, 4003
CODES: dict[CloseCode, int] = {
    CloseCode.SESSION_ENDED: NO_TOKEN,
    CloseCode.SLOW: CloseCode.BUSY,
    CloseCode.FLOOD: POLICY,
}
"""The core's own codes that mean something else here, or nothing."""
REASONS = {
    NO_ROOM: "There is no such room, and it could not be made.",
    NO_TOKEN: "Sign in: there is no good token.",
    NO_MEMBER: "This room is not for you.",
}
DELETED = "This message has been deleted"
NO_TEXT = "Message content is missing"
NO_JSON = "Invalid JSON format received"


class Wire(DialectWire):
    """One for each name of a room: what is said of typing has it."""

    def __init__(self, room_name: str) -> None:
        self.name = f"realtime:{room_name}"
        self._room_name = room_name

    @override
    def posted(self, message: Message) -> dict[str, Any]:
        deleted = message.deleted_at is not None
        return {
            "type": "chat_message",
            "message": DELETED if deleted else message.body or "",
            **_sender(message.sender),
            "timestamp": time(message.created_at),
            "message_id": message.id,
            "edited_at": _edited_at(message),
            "is_deleted": deleted,
        }

    @override
    def edited(self, message: Message, room_id: str) -> dict[str, Any]:
        return {
            "type": "message_edited",
            "message_id": message.id,
            "new_content": message.body or "",
            "edited_at": _edited_at(message),
            "room_id": room_id,
            **_sender(message.sender),
        }

    @override
    def deleted(self, message: Message, room_id: str) -> dict[str, Any]:
        return {"type": "message_deleted", "message_id": message.id, "room_id": room_id}

    @override
    def typed(self, typed: Typed) -> dict[str, Any]:
        return {
            "type": "typing_indicator",
            "user": typed.user.username,
            "user_id": str(typed.user.number),
            "room": self._room_name,
            "is_typing": typed.on,
        }

    @override
    def other(self, news: News) -> dict[str, Any] | None:
        if isinstance(news, Attended):
            return attended(news)
        if isinstance(news, Seen):
            return {
                "type": "read_status",
                "message_id": news.message_id,
                "username": news.user.username,
                "timestamp": time(news.at),
            }
        return None

    @override
    def hidden_from(self, news: News) -> int | None:
        """Who types; who comes, and is greeted with it."""
        if isinstance(news, Typed):
            return news.user.number
        return news.user if isinstance(news, Attended) else None


def _sender(user: User | None) -> dict[str, str]:
    if user is None:
        return {"sender_username": "", "sender_id": ""}
    return {"sender_username": user.username, "sender_id": str(user.number)}


def _edited_at(message: Message) -> str | None:
    return None if message.edited_at is None else time(message.edited_at)


def attended(news: Attended) -> dict[str, str]:
    kind = "user_join" if news.on else "user_leave"
    return {"type": kind, "user_id": str(news.user), "username": news.username}


class RealtimeLine(Line):
    """Errors are frames, and the socket stays open. `_attends`: the others see that somebody is there."""

    __slots__ = ("_attends",)

    def __init__(self, hail: Hail, caller: Caller, me: User, room: Room) -> None:
        super().__init__(hail.ground.lines, Wire(name_of(room)), caller, me, room, hail.request.address)
        self._attends = False

    @override
    def greeting(self, entry: Entry) -> list[bytes]:
        """Who is there, and that one has come, if this is the first socket. All others are told now."""
        attendance, me = self._lines.services.attendance, self.me
        first = True
        if not entry.silent:
            first = attendance.enter(self.room.number, me)
            self._attends = True
        there = attendance.of(self.room.number, me) if self._attends else [(me.number, me.username)]
        users = [{"id": str(number), "username": username} for number, username in there]
        frames: list[dict[str, Any]] = [{"type": "room_users_list", "users": users}]
        if first:
            frames.append(attended(Attended(me.number, me.username, on=True)))
        return [encode(frame) for frame in frames]

    @override
    def history(self, entry: Entry) -> list[bytes]:
        wire = Wire(name_of(entry.room))
        return [encode(wire.posted(one.message)) for one in fitting(entry.messages)]

    @override
    def left(self) -> None:
        if self._attends:
            self._lines.services.attendance.leave(self.room.number, self.user)

    @override
    def received_text(self, text: str) -> None:
        frame = frame_of(text)
        if frame is None:
            self._complain(NO_JSON)
            return
        kind = frame.get("type")
        if kind is None or kind == "message":
            self._say(frame.get("content", frame.get("message")))
        elif kind == "typing":
            self.types(on=frame.get("is_typing") is True)
        elif kind == "read_status":
            self._lines.work(self, self._read(frame.get("message_id")))

    def _say(self, text: Any) -> None:
        if isinstance(text, str) and text and not text.isspace():
            self.post(text)
        else:
            self._complain(NO_TEXT)

    async def _read(self, message_id: Any) -> None:
        services = self._lines.services
        room, filed = await services.lookup.message(self.caller, message_id if isinstance(message_id, str) else "")
        if room.number != self.room.number:
            raise not_found("message")
        services.receipts.see(self.me, filed.message, room.member_count)

    @override
    def received_binary(self) -> None:
        """As what is no JSON."""
        self.received(b"")

    @override
    def refused(self, rejection: Rejection) -> None:
        self._complain(rejection.message)

    def _complain(self, text: str) -> None:
        self.say({"error": text})

    @override
    def lost(self, *, removed: bool) -> tuple[int, str]:
        code = NO_MEMBER if removed else NO_ROOM
        return code, REASONS[code]

    @override
    def end(self, code: int, reason: str, *, say_bye: bool = True) -> None:
        if isinstance(code, CloseCode):  # 4000 of the core is not the 4000 of this dialect
            code = CODES.get(code, code)
        super().end(code, reason, say_bye=say_bye)


class Closed(Exception):  # noqa: N818 - it is an answer
    """Why a socket is closed right after its handshake."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


async def admit(hail: Hail) -> Decision:
    """Whatever is wrong, the handshake is done first: the document promises a close code."""
    try:
        caller, me = await _sign_in(hail)
        line = RealtimeLine(hail, caller, me, await _find(hail, caller))
        return await hail.ground.lines.admit(line, hail.ground.bounds.greeting)
    except Closed as closed:
        code = closed.code
    except Rejection as rejection:
        if rejection.code != "not_found":
            raise
        code = NO_ROOM
    return close_with(code, REASONS[code])


async def _sign_in(hail: Hail) -> tuple[Caller, User]:
    try:
        return await who(hail, token_in_header(hail.request) or token_in_query(hail.request))
    except Rejection as rejection:
        if rejection.code != "unauthorized":
            raise
        raise Closed(NO_TOKEN) from None


async def _find(hail: Hail, caller: Caller) -> Room:
    """By UUID, which nobody can choose, else by name; one that is nobody's becomes an open room. Raises `Closed`."""
    if hail.room.startswith(DIRECT):
        return await _direct(hail, caller)
    try:
        return await _come_in(hail, caller)
    except Rejection as rejection:
        if rejection.code != "not_found":
            raise
    if canonical_id(hail.room):  # of a room that is not there for them, or of none at all
        raise Closed(NO_MEMBER)
    return await _make(hail, caller)


async def _come_in(hail: Hail, caller: Caller) -> Room:
    room, member = await room_by_id_or_name(hail, caller)
    try:
        return await enter(hail, caller, room, member)
    except Rejection as rejection:
        if rejection.code == "archived":
            raise Closed(NO_MEMBER) from None
        raise


async def _make(hail: Hail, caller: Caller) -> Room:
    name = hail.room
    if len(name) > MAX_NAME:
        raise Closed(NO_ROOM)
    try:
        view = await hail.ground.services.rooms.create(
            caller, RoomKind.PUBLIC, name, name, f"public chat room : {name}"
        )
    except Rejection as rejection:
        if rejection.code in ("busy", "unavailable"):
            raise
        if rejection.code != "name_taken":
            raise Closed(NO_ROOM) from None
    else:
        return view.room
    try:
        return await _come_in(hail, caller)  # somebody else has just made it
    except Rejection as rejection:
        if rejection.code != "not_found":
            raise
        raise Closed(NO_MEMBER) from None


async def _direct(hail: Hail, caller: Caller) -> Room:
    """Of two other people, whether they have a room or not, the answer is one and the same."""
    found = direct_pair(hail.room)
    if found is None:
        raise Closed(NO_ROOM)
    pair = set(found)
    if caller.user not in pair:
        raise Closed(NO_MEMBER)
    partners = pair - {caller.user}
    room = await hail.ground.services.lookup.direct_room(caller, partners.pop()) if partners else None
    if room is None:
        raise Closed(NO_ROOM)
    return room
