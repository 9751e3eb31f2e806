"""One live socket of API v1: a small state machine that takes commands and writes what it is offered.

It knows no SQL and no transport. Bytes leave through `offer` and `offer_latest` only.
"""

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from tertulia.domain.buckets import Bucket
from tertulia.domain.errors import CloseCode, Disconnect, Rejection
from tertulia.domain.models import Caller, User
from tertulia.gateway.flow import IN_FLIGHT, Flow, nowhere
from tertulia.gateway.follow import Follow
from tertulia.gateway.heartbeat import Entry
from tertulia.gateway.patience import Patience
from tertulia.gateway.transport import Transport
from tertulia.protocol.codec import command_id, decode_command, encode, error_body
from tertulia.protocol.commands import Command, Hello, Ping, Post
from tertulia.protocol.formats import WireFormat
from tertulia.protocol.frames import Frames

if TYPE_CHECKING:
    from tertulia.gateway.gateway import Gateway

log = structlog.get_logger(__name__)

MAX_WRITE = 256 * 1024


class Connection(Flow):
    """A `Peer` of its transport and a `Subscriber` of the hub. One task at the most writes its catch-ups."""

    __slots__ = (
        "_bucket", "_early", "_expiry", "_gateway", "_greeting", "_paging", "_patience", "address", "caller", "id",
        "resuming", "rooms", "said_hello", "user", "user_details", "wire",
    )  # fmt: skip

    def __init__(self, gateway: "Gateway", number: int, address: str, caller: Caller | None) -> None:
        super().__init__(gateway)
        self._gateway = gateway
        self.id = number
        self.address = address
        self.caller = caller  # from the handshake; or from `hello`
        self.user = 0 if caller is None else caller.user
        self.wire: WireFormat = gateway.wire
        self.user_details: User | None = None
        self.said_hello = False
        self.rooms: dict[str, Follow] = {}
        self.resuming: set[str] | None = None  # while `hello` answers what was named in `resume`: what is left of it
        self._greeting: asyncio.Future[None] | None = None
        self._early: list[Command] = []
        self._paging: asyncio.Lock | None = None
        self._bucket: Bucket = gateway.command_bucket()
        self._patience = Patience()
        self._expiry: Entry | None = None

    # What the transport says.

    def opened(self, transport: Transport) -> None:
        self.open_line(transport)
        self._expiry = self._gateway.wheel.add(self._gateway.hello_seconds, self._no_hello)
        self._gateway.opened(self)

    def received(self, text: bytes) -> None:
        if self.ended:
            return
        try:
            command = decode_command(text)
        except Rejection as rejection:
            self._refuse_undecoded(text, rejection)
            return
        self._take_or_refuse(command)

    def _take_or_refuse(self, command: Command) -> None:
        try:
            self._take(command)
        except Rejection as rejection:
            self.refuse(command.id, rejection)

    def _refuse_undecoded(self, text: bytes, rejection: Rejection) -> None:
        try:
            self._count()
        except Rejection as too_fast:
            rejection = too_fast
        self.refuse(command_id(text), rejection)

    def received_binary(self) -> None:
        self.end(CloseCode.UNSUPPORTED, "Frames are text: JSON in UTF-8.")

    def closed(self, code: int) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self.close_line()
        self._gateway.closed(self, code)

    # Commands.

    def _take(self, command: Command) -> None:
        if not self._gateway.services.lease.is_held:
            self._keep_for_later(command)
            self._pause()
            return
        if self._early or (self.said_hello and not self.greeted):  # in the order in which it was said
            self._keep_for_later(command)
            return
        if not self.said_hello and not isinstance(command, Hello):
            self._count()
            raise Rejection("hello_expected", "The first command of a connection is `hello`.")
        if not isinstance(command, Post):
            self._count()
        if not isinstance(command, Ping):  # said by programs, not by people
            self._gateway.active(self)
        self._gateway.commands[type(command)](self._gateway, self, command)

    def _keep_for_later(self, command: Command) -> None:
        """Who says more right behind `hello`, without waiting for `ready`, is answered behind it. So is what comes when
        this node cannot know what holds.
        """
        if len(self._early) >= IN_FLIGHT:
            raise Rejection("rate_limited", "Wait for `ready`, then say more.", retry_after=1)
        self._early.append(command)

    def _take_early(self) -> None:
        early, self._early = self._early, []
        for command in early:
            if not self.ended:
                self._take_or_refuse(command)

    def go_on(self) -> None:
        """This node knows again what holds."""
        self._take_early()
        self._read_again()

    def _count(self) -> None:
        """Posts have a limit of their own; everything else counts here, also what cannot be read."""
        wait = self._bucket.take()
        if not wait and self.said_hello and self.caller is not None:
            wait = self._gateway.count_command(self.caller)
        if wait:
            raise Rejection("rate_limited", "Too many commands. Wait a moment.", retry_after=wait)

    def reply(self, number: int | None, **fields: Any) -> None:
        """Answer a command that wants an answer."""
        if number is not None:
            self.offer(Frames((encode({"re": number, **fields}),)))

    def reply_soon(self, number: int | None, **fields: Any) -> None:
        """The same, in one write with what else is said in this turn of the loop: a batch answers many posts."""
        if number is not None:
            self.offer_soon(Frames((encode({"re": number, **fields}),)))

    def refuse(self, number: int | None, rejection: Rejection) -> None:
        """Answer with an error, also a command without an id. Who keeps being too fast is sent away."""
        self._gateway.metrics.errors.labels(rejection.code).inc()
        self.offer(Frames((encode({"re": number, "error": error_body(rejection)}),)))
        if rejection.code == "rate_limited":
            self._lose_patience()

    def _lose_patience(self) -> None:
        if self._patience.lose(self._gateway.wheel.now):
            self.end(CloseCode.FLOOD, "Too many commands. Come back after a pause.", reconnect_in=30)

    def count_repeated(self) -> None:
        """A post that was there already: it is answered whatever the limit of posts says, so it counts as a command."""
        if self._bucket.take():
            self._lose_patience()

    # Tokens.

    def welcome(self, caller: Caller, user: User) -> None:
        """The hello was good."""
        self.caller = caller
        self.user = caller.user
        self.user_details = user
        self.expire_with(caller)

    def greet(self) -> None:
        """`ready` is on its way: what waited for it may follow."""
        self.greeted = True
        self._write_latest()
        if self._early:
            asyncio.get_running_loop().call_soon(self._take_early)
        if self._greeting is not None and not self._greeting.done():
            self._greeting.set_result(None)

    async def until_greeted(self) -> None:
        """Return once `ready` was sent; raises `Disconnect` when the line is down."""
        if not self.greeted and not self.ended:
            if self._greeting is None:
                self._greeting = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._greeting)
        if self.ended:
            raise Disconnect(CloseCode.NORMAL, "The line is down.")

    def expire_with(self, caller: Caller) -> None:
        """The connection ends with its access token, unless a new one comes."""
        self.caller = caller
        if self._expiry is not None:
            self._expiry.cancel()
        if not self.ended:  # else it would be kept until then
            self._expiry = self._gateway.wheel.add(self._gateway.seconds_left(caller), self._expired)

    def _expired(self) -> None:
        self.end(CloseCode.TOKEN_EXPIRED, "The access token expired. Come back with a fresh one.")

    def _no_hello(self) -> None:
        if not self.said_hello:
            self.end(CloseCode.NO_HELLO, "No hello came in time.")

    # Writing.

    def offer_latest(self, key: tuple[str, str], frames: Frames) -> None:
        if key[0] == "me" and (follow := self.rooms.get(key[1])) is not None and follow.catching:
            follow.told = True
        super().offer_latest(key, frames)

    @property
    def paging(self) -> asyncio.Lock:
        """Hold it from before a page is read until it is written: of many, who does not read holds one in memory."""
        if self._paging is None:
            self._paging = asyncio.Lock()
        return self._paging

    def _wake(self) -> None:
        super()._wake()
        if self.ended and self._greeting is not None and not self._greeting.done():
            self._greeting.set_result(None)

    # What the hub says.

    def follow(self, room: int, room_id: str) -> None:
        self._gateway.follow(self, room, room_id)

    def dropped(self, room: int, room_id: str, *, told: bool) -> None:
        self._gateway.dropped(self, room, room_id, told=told)

    def behind(self, room: int, room_id: str) -> None:
        self._gateway.behind(self, room, room_id)

    def resumed(self, room_id: str) -> None:
        """It was told that the room is gone, so `hello` need say nothing more of it."""
        if self.resuming is not None:
            self.resuming.discard(room_id)

    def is_member(self, room_id: str) -> bool:
        """Not only looking on."""
        follow = self.rooms.get(room_id)
        return follow is not None and follow.member

    # The end.

    def end(self, code: CloseCode, reason: str, *, reconnect_in: float | None = None, say_bye: bool = True) -> None:
        """Say bye, if the line takes it, and close. May be called from within a delivery."""
        if self.ended:
            return
        self.ended = True
        if say_bye and not self.is_congested:
            bye: dict[str, Any] = {"ev": "bye", "code": int(code), "reason": reason}
            if reconnect_in is not None:
                bye["reconnect_in"] = round(reconnect_in, 2)
            self.offer(Frames.of(bye))
        self.offer = nowhere
        # Not at once: the hub may be in the middle of a loop over its subscribers.
        asyncio.get_running_loop().call_soon(self._close, int(code), reason)

    def _close(self, code: int, reason: str) -> None:
        self._gateway.leave_hub(self)
        self.transport.close(code, reason)
        self._wake()
