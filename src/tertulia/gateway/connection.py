"""One live socket of API v1: a small state machine that takes commands and writes what it is offered.

It knows no SQL and no transport. Bytes leave through `offer` and `offer_latest` only.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from tertulia.domain.buckets import Bucket
from tertulia.domain.errors import CloseCode, Disconnect, Rejection
from tertulia.domain.models import Caller, User
from tertulia.gateway.follow import Follow
from tertulia.gateway.heartbeat import Entry, Pulse
from tertulia.gateway.patience import Patience
from tertulia.gateway.transport import Transport
from tertulia.protocol.codec import command_id, decode_command, encode, error_body
from tertulia.protocol.commands import Command, Hello, Ping, Post
from tertulia.protocol.formats import WireFormat
from tertulia.protocol.frames import Frames

if TYPE_CHECKING:
    from tertulia.gateway.gateway import Gateway

log = structlog.get_logger(__name__)

IN_FLIGHT = 64
"""Commands worked on at a time; then reading pauses until one is done."""
MAX_LATEST = 2_000
"""Pieces of news kept for a congested connection; more of them, and it is too slow."""
MAX_WRITE = 256 * 1024
STUCK_SECONDS = 30.0


def _nowhere(frames: Frames) -> None:
    """Where frames go that are offered to a connection that is not open."""


class Connection:
    """A `Peer` of its transport and a `Subscriber` of the hub. One task at the most writes its catch-ups."""

    __slots__ = (
        "__weakref__", "_bucket", "_drained", "_early", "_expiry", "_gateway", "_greeting", "_in_flight",
        "_latest", "_paging", "_patience", "_paused", "_pulse", "_stuck", "_stuck_unsent", "address",
        "caller", "ended", "greeted", "id", "is_congested", "offer", "rooms", "said_hello", "transport",
        "user_details",
    )  # fmt: skip

    def __init__(self, gateway: "Gateway", number: int, address: str, caller: Caller | None) -> None:
        self._gateway = gateway
        self.id = number
        self.address = address
        self.caller = caller  # from the handshake; or from `hello`
        self.user_details: User | None = None
        self.said_hello = False
        self.transport: Transport
        self.rooms: dict[str, Follow] = {}
        self.ended = False
        self.is_congested = False
        self.greeted = False
        # The hub calls this for every delivery. It is the transport's own method while all is well.
        self.offer: Callable[[Frames], None] = _nowhere
        self._latest: dict[tuple[str, str], Frames] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._greeting: asyncio.Future[None] | None = None
        self._early: list[Command] = []
        self._in_flight = 0
        self._paging: asyncio.Lock | None = None
        self._paused = False
        self._bucket: Bucket = gateway.command_bucket()
        self._patience = Patience()
        self._pulse: Pulse | None = None
        self._expiry: Entry | None = None
        self._stuck: Entry | None = None
        self._stuck_unsent = 0

    @property
    def user(self) -> int:
        assert self.caller is not None
        return self.caller.user

    @property
    def wire(self) -> WireFormat:
        return self._gateway.wire

    # What the transport says.

    def opened(self, transport: Transport) -> None:
        self.transport = transport
        self.offer = transport.send
        self._pulse = self._gateway.heartbeat.watch(transport)
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

    def heard(self) -> None:
        if self._pulse is not None:
            self._pulse.heard()

    def closed(self, code: int) -> None:
        self.ended = True
        self.offer = _nowhere
        for entry in (self._pulse, self._expiry, self._stuck):
            if isinstance(entry, Pulse):
                entry.stop()
            elif entry is not None:
                entry.cancel()
        self._wake()
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

    def begin(self) -> None:
        """A command is being worked on."""
        self._in_flight += 1
        if self._in_flight >= IN_FLIGHT:
            self._pause()

    def finish(self) -> None:
        """A command is done."""
        self._in_flight -= 1
        self._read_again()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def _read_again(self) -> None:
        if self._paused and self._in_flight < IN_FLIGHT // 2 and not self.is_congested and not self.ended:
            self._paused = False
            self.transport.resume_reading()

    # Tokens.

    def welcome(self, caller: Caller, user: User) -> None:
        """The hello was good."""
        self.caller = caller
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
        self._expiry = self._gateway.wheel.add(self._gateway.seconds_left(caller), self._expired)

    def _expired(self) -> None:
        self.end(CloseCode.TOKEN_EXPIRED, "The access token expired. Come back with a fresh one.")

    def _no_hello(self) -> None:
        if not self.said_hello:
            self.end(CloseCode.NO_HELLO, "No hello came in time.")

    # Writing.

    def offer_latest(self, key: tuple[str, str], frames: Frames) -> None:
        """News: while congested, only the latest of each key is kept, and written when there is room again.

        So is what comes before `ready`.
        """
        if key[0] == "me" and (follow := self.rooms.get(key[1])) is not None and follow.catching:
            follow.told = True
        if self.greeted and not self.is_congested:
            self.offer(frames)
        elif not self.ended:
            if self._latest is None:
                self._latest = {}
            self._latest.pop(key, None)
            self._latest[key] = frames
            if len(self._latest) > MAX_LATEST:
                self._too_slow()

    def _write_latest(self) -> None:
        latest, self._latest = self._latest, None
        for key, frames in (latest or {}).items():
            self.offer_latest(key, frames)

    def _watch_congestion(self) -> None:
        """Keep the watch over a line that does not take what is written."""
        self._stuck_unsent = self.transport.unsent
        self._stuck = self._gateway.wheel.add(STUCK_SECONDS, self._look_whether_stuck)

    def _offer_congested(self, frames: Frames) -> None:
        """The bound: what is durable is written or the connection ends, nothing is dropped (promise 5)."""
        if self.transport.unsent + frames.size > self._gateway.unsent_limit:
            self._too_slow()
        else:
            self._stuck_unsent += frames.size  # so that what is written anew does not look like what is stuck
            self.transport.send(frames)

    def congested(self) -> None:
        if self.ended:
            return
        self.is_congested = True
        self.offer = self._offer_congested
        self._pause()
        if self._stuck is None:
            self._watch_congestion()

    def _look_whether_stuck(self) -> None:
        self._stuck = None
        if self.ended or not self.is_congested:
            return
        if self.transport.unsent >= self._stuck_unsent:
            self._too_slow()
        else:
            self.heard()  # it takes what is written; what it says is not read meanwhile
            self._watch_congestion()

    def _too_slow(self) -> None:
        if not self.ended:
            self._gateway.metrics.slow_closes.inc()
            self.end(CloseCode.SLOW, "You read too slowly. Come back and resume.", say_bye=False)

    def drained(self) -> None:
        if self.ended:
            return
        self.heard()
        self.is_congested = False
        self.offer = self.transport.send
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        self._write_latest()
        self._wake()
        self._read_again()

    async def writable(self) -> None:
        """Return when the line takes more; raises `Disconnect` when it is down. For what is written in pages."""
        while self.is_congested and not self.ended:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)
        if self.ended:
            raise Disconnect(CloseCode.NORMAL, "The line is down.")

    @property
    def paging(self) -> asyncio.Lock:
        """Hold it from before a page is read until it is written: of many, who does not read holds one in memory."""
        if self._paging is None:
            self._paging = asyncio.Lock()
        return self._paging

    def _wake(self) -> None:
        waiting, self._drained = self._drained, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        if self.ended and self._greeting is not None and not self._greeting.done():
            self._greeting.set_result(None)

    # What the hub says.

    def follow(self, room: int, room_id: str) -> None:
        self._gateway.follow(self, room, room_id)

    def dropped(self, room: int, room_id: str, *, told: bool) -> None:
        self._gateway.dropped(self, room, room_id, told=told)

    def behind(self, room: int, room_id: str) -> None:
        self._gateway.behind(self, room, room_id)

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
        self.offer = _nowhere
        # Not at once: the hub may be in the middle of a loop over its subscribers.
        asyncio.get_running_loop().call_soon(self._close, int(code), reason)

    def _close(self, code: int, reason: str) -> None:
        self._gateway.leave_hub(self)
        self.transport.close(code, reason)
        self._wake()
