"""One socket of a dialect: it follows one room from before its handshake is answered, and says what people say there.

Each dialect has a subclass that knows its frames. Like `gateway.connection.Connection` it knows no SQL and no
transport, and bytes leave through `offer` and `offer_latest` only.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import structlog
from typing_extensions import override

from tertulia.domain.changes import Result
from tertulia.domain.errors import CloseCode, Rejection
from tertulia.domain.models import Caller, Room, User
from tertulia.domain.text import check_body
from tertulia.gateway.flow import Flow, nowhere
from tertulia.gateway.heartbeat import Entry
from tertulia.gateway.patience import Patience
from tertulia.gateway.transport import Transport
from tertulia.hub.subscriber import Subscriber
from tertulia.protocol.codec import encode
from tertulia.protocol.formats import WireFormat
from tertulia.protocol.frames import Frames
from tertulia.services.lookup import Entry as RoomEntry

if TYPE_CHECKING:
    from tertulia.dialects.lines import Lines

log = structlog.get_logger(__name__)

POLICY = 1008
"""Close code for what a dialect has no code of its own for."""
MAX_WAITING = 64
"""Texts that may wait because their sender is too fast; who says more is sent away."""


class Line(Flow, Subscriber):
    """A `Peer` of its transport and a `Subscriber` of the hub.

    What it says itself: `received_text` (a frame came), `refused` (a post was), `greeting` and `history` (first), and
    `lost` (why it may not stay).
    """

    __slots__ = (
        "_lines",
        "_patience",
        "_pending",
        "_pending_size",
        "_unopened",
        "_waiting",
        "_wire",
        "address",
        "caller",
        "me",
        "member",
        "room",
    )  # fmt: skip

    def __init__(self, lines: "Lines", wire: WireFormat, caller: Caller, me: User, room: Room, address: str) -> None:
        super().__init__(lines)
        self._lines = lines
        self._wire = wire
        self.caller = caller
        self.me = me
        self.room = room
        self.address = address
        self.member = True
        self.offer = self._keep
        self._pending: deque[Frames] = deque()
        self._pending_size = 0
        self._unopened: Entry | None = None
        self._waiting: deque[str] = deque()
        self._patience = Patience()

    @property
    def user(self) -> int:
        return self.caller.user

    @property
    def wire(self) -> WireFormat:
        """How changes look here."""
        return self._wire

    # What a dialect says.

    def greeting(self, entry: RoomEntry) -> list[bytes]:  # noqa: ARG002
        """Frames for this client that come first. `entry`: the room as it was when this line went live."""
        return []

    def history(self, entry: RoomEntry) -> list[bytes]:  # noqa: ARG002
        """Frames that come then, made of the newest messages in `entry`. They are kept, and given to all others with
        this wire format until something changes in the room: nothing in them may depend on who receives them.
        """
        return []

    def received_text(self, text: str) -> None:
        """A text frame came; it is UTF-8. What it raises as `Rejection` is given to `refused`."""
        raise NotImplementedError

    def refused(self, rejection: Rejection) -> None:
        """What was said is refused: tell the client, if the dialect has words for it."""
        raise NotImplementedError

    def lost(self, *, removed: bool) -> tuple[int, str]:
        """Close code and reason for who may not stay. `removed`: the room is there, but not for them."""
        raise NotImplementedError

    def arrived(self) -> None:
        """The line is open: the greeting is on its way."""

    def left(self) -> None:
        """The line has ended, or was never opened. Called once."""

    # Before the handshake is answered.

    def prepare(self, frames: list[Frames], unopened: Entry) -> None:
        """Live in the room; `frames` are to be sent first, and then what was kept since. `unopened` ends it should the
        handshake never be finished.
        """
        kept, self._pending = self._pending, deque(frames)
        self._pending.extend(kept)
        self._unopened = unopened

    def _keep(self, frames: Frames) -> None:
        """Something happened before all that comes first is written."""
        self._pending.append(frames)
        self._pending_size += frames.size
        if self._pending_size > self._edge.unsent_limit:
            self._too_slow()

    def give_up(self) -> None:
        """It was never opened."""
        if not hasattr(self, "transport"):
            self.ended = True
            self.offer = nowhere
            self._lines.leave(self)

    # What the transport says.

    def opened(self, transport: Transport) -> None:
        if self._unopened is not None:
            self._unopened.cancel()
        if self.ended:  # meanwhile they were sent away
            transport.close(CloseCode.BUSY, "Come back.")
            return
        self.open_line(transport)
        self.offer = self._keep
        self._lines.opened()
        self.arrived()
        self._write_pending()

    def _write_pending(self) -> None:
        """As much as the line takes; live when all is written."""
        while self._pending and not self.is_congested and not self.ended:
            frames = self._pending.popleft()
            self.transport.send(frames)
        if not self._pending and not self.ended and not self.greeted:
            self.greeted = True
            self.offer = self._offer_congested if self.is_congested else self.transport.send
            self._write_latest()

    def congested(self) -> None:
        super().congested()
        if not self.greeted and not self.ended:
            self.offer = self._keep

    def drained(self) -> None:
        super().drained()
        if not self.greeted and not self.ended:
            self.offer = self._keep
            self._write_pending()

    def received(self, text: bytes) -> None:
        if self.ended:
            return
        self._lines.services.presence.active(self.user, self)
        try:
            self._lines.check_command(self)
            self.received_text(text.decode())
        except Rejection as rejection:
            self.refuse(rejection)

    def received_binary(self) -> None:
        self.end(CloseCode.UNSUPPORTED, "Frames are text: JSON in UTF-8.")

    def closed(self, code: int) -> None:
        self.close_line()
        self._lines.leave(self)
        log.debug("socket.closed", code=code)

    # What people do.

    def say(self, text: Any) -> None:
        """A frame for this client only."""
        self.offer(Frames((encode(text),)))

    def post(self, text: str) -> None:
        """Post a message, in order with those before. Who is too fast is read more slowly, and nothing is lost.

        Raises what `check_body` raises.
        """
        check_body(text)
        if self._waiting:
            self._wait(text)
            return
        self._lines.services.typing.stop(self.room.number, self.user)
        self.begin()
        try:
            self._lines.services.messages.submit(self.caller, self.room.number, text, None, None, self._posted)
        except Rejection as rejection:
            self.finish()
            if rejection.code not in ("rate_limited", "busy"):
                raise
            self._wait(text, rejection.retry_after)

    def _posted(self, result: Result) -> None:
        if isinstance(result, Rejection):
            self.refuse(result)
        self.finish()

    def _wait(self, text: str, seconds: float | None = None) -> None:
        self._waiting.append(text)
        self._pause()
        if len(self._waiting) > MAX_WAITING:
            self.end(CloseCode.FLOOD, "Too many messages. Come back after a pause.")
        elif len(self._waiting) == 1:
            self._lines.later(seconds or 1.0, self._say_again)

    def _say_again(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        while waiting and not self.ended:
            try:
                self.post(waiting.popleft())
            except Rejection as rejection:
                self.refuse(rejection)
            if self._waiting:
                self._waiting.extend(waiting)
                return
        self._read_again()

    def _may_read(self) -> bool:
        return not self._waiting and super()._may_read()

    def types(self, *, on: bool) -> None:
        """They type, or stopped."""
        self._lines.types(self, on=on)

    def refuse(self, rejection: Rejection) -> None:
        self._lines.metrics.errors.labels(rejection.code).inc()
        if not self.ended:
            self.refused(rejection)
        if rejection.code == "rate_limited" and self._patience.lose(self._lines.wheel.now):
            self.end(CloseCode.FLOOD, "Too many commands. Come back after a pause.")

    # What the hub says.

    @override
    def follow(self, room: int, room_id: str) -> None:
        """They joined a room: this line stays with its own."""

    @override
    def dropped(self, room: int, room_id: str, *, told: bool) -> None:
        self._lines.dropped(self)

    @override
    def behind(self, room: int, room_id: str) -> None:
        """Too much was missed, and there is no frame to say so: who comes back reads the history."""
        self.end(CloseCode.BUSY, "Come back.")

    @override
    def is_member(self, room_id: str) -> bool:
        return self.member

    # The end.

    @override
    def end(self, code: int, reason: str, *, say_bye: bool = True) -> None:
        if self.ended:
            return
        self.ended = True
        self.offer = nowhere
        code = CloseCode.BUSY if code is CloseCode.SLOW else code  # 4000 means other things to clients of dialects
        # Not at once: the hub may be in the middle of a loop over its subscribers.
        asyncio.get_running_loop().call_soon(self._close, int(code), reason)

    def _close(self, code: int, reason: str) -> None:
        self._lines.leave(self)
        if hasattr(self, "transport"):
            self.transport.close(code, reason)
        self._wake()
