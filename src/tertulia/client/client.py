"""The client: one user, connected, with all rooms."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Literal, NamedTuple, Self, TypedDict, Unpack

from tertulia.client.address import Address
from tertulia.client.entering import DEVICE, Enter, OnChange, by_foreign, by_login, by_registering, by_tokens
from tertulia.client.errors import ApiError, ConnectionLost, Stopped
from tertulia.client.feed import MAX_EVENTS, Events, Feed
from tertulia.client.link import Link, State
from tertulia.client.membership import Membership
from tertulia.client.model import Model, Need
from tertulia.client.outbox import Outbox, Pending
from tertulia.client.positions import Positions
from tertulia.client.posting import Posting
from tertulia.client.rest import Rest
from tertulia.client.room import Frame, RoomModel
from tertulia.client.timeline import Page
from tertulia.client.tokens import TokenSource
from tertulia.clock import Clock, SystemClock
from tertulia.protocol.resources import MessageResource, TokensResource, UserResource
from tertulia.tasks import Tasks

TYPING_EVERY = 3.0
CATCH_UPS = 4
"""Rooms that are asked for at the same time; a server allows 50 commands a second."""


class Options(TypedDict, total=False):
    """See `Client`."""

    follow: bool
    clock: Clock
    random: Random


class History(NamedTuple):
    """A page of the timeline, oldest first; `more`: there is more in the direction asked for."""

    messages: Sequence[MessageResource]
    more: bool


class Client(Membership):
    """A user of a Tertulia server, for as long as you like.

        async with Client.login("http://127.0.0.1:8000", "ana", password) as client:
            room = await client.join(room_id)
            await client.post(room.id, "Hello")
            async for event in client.events():
                ...

    It comes back by itself after every cut; meanwhile posts wait, and the rooms are caught up, so that nothing is
    missed or doubled. Methods raise `ApiError` when the server refuses, `Stopped` when the client has ended (closed,
    signed out), and, where they say so, `ConnectionLost`. They wait for the line as long as it takes: put an
    `asyncio.timeout` around them if that is too long. Cancelling a call is safe; what was said may still be done.

    `follow`: keep every room of mine up to date; otherwise only those that were opened (`open`, `join`), the others
    with their counts. `clock` and `random` are for tests.
    """

    def __init__(
        self,
        url: str,
        enter: Enter,
        *,
        follow: bool = True,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        address = Address(url)
        self.model = Model(follow=follow)
        self.outbox = Outbox()
        self.rest = Rest(address)
        self._enter = enter
        self._clock = clock or SystemClock()
        self._tasks = Tasks()
        self._feed = Feed()
        self._link = Link(
            address,
            self._clock,
            random or Random(),  # noqa: S311 - jitter is no secret
            hello=self._hello,
            on_event=self._take,
            on_state=self._state_changed,
        )
        self._posting = Posting(self.outbox, self._link, self._clock, self._tasks, self._stored, self._refused)
        self._positions = Positions(self.model, self._link, self._clock, self._tasks)
        self._few = asyncio.Semaphore(CATCH_UPS)
        self._status: Literal["online", "away"] = "online"
        self._typed: dict[str, float] = {}

    # Ways in.

    @classmethod
    def login(cls, url: str, username: str, password: str, *, device: str = DEVICE, **options: Unpack[Options]) -> Self:
        """With a password; `start` signs in and raises `ApiError("wrong_credentials")`."""
        return cls(url, by_login(username, password, device), **options)

    @classmethod
    def register(
        cls, url: str, username: str, password: str, *, email: str | None = None, **options: Unpack[Options]
    ) -> Self:
        """A new account; `start` makes it and raises `ApiError` (`username_taken`, `weak_password`, …)."""
        return cls(url, by_registering(username, password, email), **options)

    @classmethod
    def with_tokens(
        cls, url: str, tokens: TokensResource, *, on_change: OnChange | None = None, **options: Unpack[Options]
    ) -> Self:
        """With a pair from an earlier sign-in. Each renewal makes a new pair, told to `on_change`: keep that one."""
        return cls(url, by_tokens(tokens, on_change), **options)

    @classmethod
    def with_token(cls, url: str, get_token: Callable[[], Awaitable[str]], **options: Unpack[Options]) -> Self:
        """With access tokens that somebody else makes; `get_token` is called whenever one is needed."""
        return cls(url, by_foreign(get_token), **options)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Sign in, connect, return when the rooms are up to date. Call it once.

        Raises `ApiError` or `ConnectionLost` when signing in fails; after that it keeps trying to connect, and raises
        only `Stopped`.
        """
        self.rest.tokens = None
        tokens = await self._enter(self.rest, self._clock)
        self.rest.tokens = tokens
        self._tasks.spawn(self._run(tokens), "client.link")
        await self._link.until(lambda: self._link.online and not any(room.catching_up for room in self.rooms.values()))

    async def close(self) -> None:
        """End for good, at once. Posts that wait fail with `Stopped`: `await flush()` before, if they matter."""
        self._link.stop(Stopped("The client is closed."))
        await self._link.close()
        await self._tasks.close()
        await self.rest.close()

    async def _run(self, tokens: TokenSource) -> None:
        await self._link.run(tokens)

    # What there is.

    @property
    def state(self) -> State:
        """`online`, `connecting` or `offline` (waits for the next try, or has ended: see `error`)."""
        return self._link.state

    @property
    def error(self) -> Stopped | None:
        """Why the client ended; None while it lives."""
        return self._link.error

    @property
    def user(self) -> UserResource:
        """Who I am. Known after `start`."""
        if self.model.user is None:
            raise RuntimeError("Call `start` first.")
        return self.model.user

    @property
    def rooms(self) -> dict[str, RoomModel]:
        """Room id → what is known of it. Read it, do not change it."""
        return self.model.rooms

    def events(self, limit: int = MAX_EVENTS) -> Events:
        """What happens from now on, each event after `rooms` has it: events of docs/protocol.md as they were applied
        (`changes` comes as its items), and three of the client itself:

        `{"ev": "state", "state": …, "retry_in": seconds or None}`; `{"ev": "refused", "room", "client_id", "error"}`: a
        post that will never be stored; `{"ev": "overrun"}`: you were more than `limit` events behind and they were
        dropped; look at `rooms`.
        """
        return self._feed.open(limit)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when `condition()` holds; it is looked at after every event. Raises `Stopped`."""
        await self._link.until(condition)

    # Messages.

    def send(self, room: str, body: str, *, reply_to: int | None = None) -> Pending:
        """Put a post on its way and return at once; `await pending.answer()` for the message. Raises `OutboxFull`."""
        if self._link.error is not None:
            raise self._link.error
        self._typed.pop(room, None)
        post = Pending(room, body, secrets.token_urlsafe(18), reply_to)
        self._posting.add(post)
        return post

    async def post(self, room: str, body: str, *, reply_to: int | None = None) -> MessageResource:
        """The message as it is stored, however many connections that takes. Raises `ApiError`, `OutboxFull`.

        Posts of a room keep their order. Cancelling the wait does not take the post back.
        """
        return await self.send(room, body, reply_to=reply_to).answer()

    async def flush(self) -> None:
        """Return when no post waits for an answer."""
        await self._link.until(lambda: not len(self.outbox))

    async def edit(self, room: str, index: int, body: str) -> MessageResource:
        return await self._change("edit", room, index, body=body)

    async def delete(self, room: str, index: int) -> MessageResource:
        """The tombstone."""
        return await self._change("delete", room, index)

    async def react(self, room: str, index: int, emoji: str, *, on: bool = True) -> MessageResource:
        return await self._change("react", room, index, emoji=emoji, on=on)

    async def history(self, room: str, **place: int) -> History:
        """A page of the timeline; `place`: `before`, `after` or `around` (an index), `limit` (1 to 100)."""
        page, _ = await self._page(room, place)
        return page

    async def older(self, room: str, limit: int = 50) -> Sequence[MessageResource]:
        """The page before what `rooms[room].messages` has, also put there. Empty when there is nothing older, or the
        view is full (5,000 rows): use `history` then.
        """
        while (model := self.model.rooms.get(room)) is not None and (index := model.timeline.oldest()) is not None:
            _, gained = await self._page(room, {"before": index, "limit": limit})
            if gained is not None:
                return gained
        return []

    # Rooms.

    async def open(self, room: str) -> RoomModel:
        """Follow a room: one of mine, or a public one to read without joining. Raises `ApiError("not_found")`."""
        for need in self.model.open(room):
            await self._tell(need)
        await self.until(lambda: room not in self.model.wanted or self.model.rooms[room].cursor is not None)
        return self._required(room)

    async def unfollow(self, room: str) -> None:
        """Hear nothing of this room any more; my own come back with `open`, or the next connection."""
        await self._link.ask("unsubscribe", room=room)
        self.model.forget(room)

    async def join(self, room: str) -> RoomModel:
        """Become a member of a public room; its view, up to date."""
        self.model.want(room)
        await self.rest.join(room)
        return await self._arrived(room)

    async def create(
        self, name: str | None = None, *, kind: str = "public", title: str | None = None, description: str = ""
    ) -> RoomModel:
        """A public room needs a `name`, a private one a `name` or a `title`."""
        made = await self.rest.create(name, kind=kind, title=title, description=description)
        self.model.want(made["id"])
        return await self._arrived(made["id"])

    async def direct(self, user: str) -> RoomModel:
        """The direct room with a user (an id); there is one for each two people."""
        made = await self.rest.direct(user)
        self.model.want(made["id"])
        return await self._arrived(made["id"])

    async def leave(self, room: str) -> None:
        await self.rest.leave(room)
        await self.until(lambda: room not in self.model.rooms or self.model.rooms[room].me is None)

    # Short-lived news.

    async def typing(self, room: str, on: bool = True) -> None:
        """I type; call it as often as you like, it is said every 3 seconds at most. Left out while offline."""
        now = self._clock.monotonic()
        if on and now - self._typed.get(room, -TYPING_EVERY) < TYPING_EVERY:
            return
        if on:
            self._typed[room] = now
        elif self._typed.pop(room, None) is None:
            return
        await self._link.say("typing", room=room, on=on)

    async def presence(self, status: Literal["online", "away"]) -> None:
        """How I am on this device; kept over reconnects."""
        self._status = status
        await self._link.say("presence", status=status)

    def read(self, room: str, index: int) -> None:
        """I have read up to `index`. The view has it at once, the server a moment later."""
        if (model := self.model.rooms.get(room)) is not None:
            self._positions.read(model, index)
            self._link.notify()

    # Inside.

    def _hello(self) -> Frame:
        hello: Frame = {"resume": self.model.resume(), "read": self.model.positions()}
        return hello | ({"boot": self.model.boot} if self.model.boot else {})

    def _take(self, frame: Frame) -> None:
        step = self.model.apply(frame)
        for need in step.needs:
            self._tasks.spawn(self._tell_quietly(need), "client.catch_up")
        for event in step.events:
            self._notice(event)
            self._feed.put(event)
        if frame["ev"] == "ready" and self._status != "online":
            self._tasks.spawn(self._link.say("presence", status=self._status), "client.presence")
        if (room := self.model.rooms.get(frame.get("room", ""))) is not None and room.cursor is not None:
            self._positions.received(room)

    def _notice(self, event: Frame) -> None:
        """Posts of mine that came by are stored, even if their answer was lost."""
        messages = event["snapshot"]["messages"] if event["ev"] == "reload" else [event.get("message")]
        for message in messages:
            if message and message["sender"] and self.model.user and message["sender"]["id"] == self.model.user["id"]:
                self.outbox.seen(event["room"], message)

    def _stored(self, post: Pending, message: MessageResource) -> None:
        if (room := self.model.rooms.get(post.room)) is not None:
            room.put(message)
        self._link.notify()

    def _refused(self, post: Pending, error: ApiError) -> None:
        self._feed.put({"ev": "refused", "room": post.room, "client_id": post.client_id, "error": error})
        self._link.notify()

    def _state_changed(self, state: State, retry_in: float | None) -> None:
        if state != "online":
            self.model.cut()
        self._feed.put({"ev": "state", "state": state, "retry_in": retry_in})
        if self._link.error is not None:
            self.outbox.fail_all(self._link.error)
            self._feed.end(self._link.error)

    async def _tell(self, need: Need) -> None:
        """Raises `ApiError`. A lost line needs nothing: the next hello makes it right."""
        fields: Frame = {"room": need.room} | ({"seq": need.seq} if need.seq is not None else {})
        try:
            await self._link.patiently(need.cmd, **fields)
        except ConnectionLost:
            return
        except ApiError:
            self.model.give_up(need.room)
            self._link.notify()
            raise
        if need.cmd == "unsubscribe" and (room := self.model.rooms.get(need.room)) is not None:
            await self._tell(Need("subscribe", room.id, room.cursor))  # it came back before the server heard that

    async def _tell_quietly(self, need: Need) -> None:
        with suppress(ApiError, Stopped):
            async with self._few:
                await self._tell(need)

    async def _change(self, cmd: str, room: str, index: int, **fields: object) -> MessageResource:
        reply = await self._link.ask(cmd, room=room, index=index, **fields)
        message: MessageResource = reply["message"]
        if (model := self.model.rooms.get(room)) is not None:
            model.put(message)
        self._link.notify()
        return message

    async def _page(self, room: str, place: dict[str, int]) -> tuple[History, list[MessageResource] | None]:
        """A page, and what the view gained by it; None when the view began anew meanwhile."""
        model = self.model.rooms.get(room)
        generation = model.timeline.generation if model is not None else 0
        reply = await self._link.ask("history", room=room, **place)
        history = History(reply["messages"], reply["more"])
        if model is None or self.model.rooms.get(room) is not model:
            return history, [] if model is None else None
        return history, model.put_page(Page(history.messages, place.get("before"), history.more), generation)

    async def _arrived(self, room: str) -> RoomModel:
        """The view of a wanted room, as soon as it is complete."""
        if room in self.model.rooms:
            for need in self.model.open(room):
                await self._tell(need)
        await self.until(lambda: room not in self.model.wanted or self._member_view(room) is not None)
        return self._required(room)

    def _required(self, room: str) -> RoomModel:
        model = self.model.rooms.get(room)
        if model is None or model.cursor is None:
            raise ApiError("not_found", "There is no such room.", 404)
        return model

    def _member_view(self, room: str) -> RoomModel | None:
        model = self.model.rooms.get(room)
        return model if model is not None and model.cursor is not None and model.me is not None else None
