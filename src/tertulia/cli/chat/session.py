"""One sitting: what happens is shown, what is typed is done."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from tertulia.cli.chat import around, view
from tertulia.cli.chat.actions import Actions
from tertulia.cli.chat.commands import Command, Mistake, Say, parse
from tertulia.cli.chat.escape import one_line
from tertulia.cli.chat.screen import Screen
from tertulia.cli.chat.transcript import Transcript
from tertulia.cli.chat.wrap import Line, shortened
from tertulia.client import ApiError, Client, ClientError, OutboxFull, Pending, RoomModel, Stopped
from tertulia.client.room import Frame
from tertulia.clock import Clock, SystemClock
from tertulia.domain.errors import Rejection
from tertulia.domain.text import check_body
from tertulia.tasks import Tasks

IDLE_SECONDS = 300.0
"""Without a key for so long, one is away, and nothing more counts as read."""

MOST_WAITING = 500
"""Without a terminal: posts on their way before the next line is read."""

PATIENCE = 15.0
"""Seconds that a command may take."""

NO_ROOM = "You are in no room: /rooms lists some, /join NAME goes to one."
NO_CONNECTION = "The server does not answer. Try that again when the connection is back."
_ANYWHERE = frozenset({"rooms", "join", "create", "direct", "help"})


class Session:
    """Runs until the input ends. `failed`: something that was typed was refused."""

    def __init__(self, client: Client, screen: Screen, clock: Clock | None = None) -> None:
        self.failed = False
        self._client = client
        self._screen = screen
        self._clock = clock or SystemClock()
        self._me = client.user["id"]
        self._actions = Actions(client, self)
        self._says = Tasks()
        self._room_id: str | None = None
        self._transcript = Transcript(self._me)
        self._epoch = client.model.epoch
        self._changed: set[int] = set()
        self._dirty = asyncio.Event()
        self._lost = False
        self._acknowledged: dict[str, int] = {}
        self._posts: asyncio.TaskGroup | None = None
        self._key_at = self._clock.monotonic()
        self._is_away = False

    async def run(self, room: str) -> None:
        """Enter `room` and talk. Raises `Stopped` when the server ends it: signed out elsewhere, for example."""
        try:
            async with asyncio.TaskGroup() as group:
                background = [group.create_task(work) for work in self._background()]
                if self._screen.is_terminal:
                    self.tell("/help lists what one can type here; Ctrl-D ends")
                await self._do(Command("join", room))
                await self._talk()
                await self._finish()
                for task in background:
                    task.cancel()
        except* Stopped as stopped:
            raise _first(stopped) from None
        finally:
            await self._says.close()
            self._paint()

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        idle = [self._watch_idleness()] if self._screen.is_terminal else []
        return [self._listen(), self._paint_forever(), *idle]

    async def _talk(self) -> None:
        """Until the input ends, and every post has its answer."""
        async with asyncio.TaskGroup() as self._posts:
            while (line := await self._screen.read()) is not None:
                match parse(line):
                    case Say(body):
                        await self.say(body)
                    case Command(name="quit"):
                        break
                    case Command() as command:
                        await self._do(command)
                    case Mistake(sentence):
                        self.complain(sentence)
            if (count := len(self._client.outbox)) and self._client.state != "online":
                self.tell(f"waiting until your last messages ({count:,}) are stored; Ctrl-C leaves without them")

    async def _finish(self) -> None:
        """What I posted is on the screen."""
        room = self.room
        if room is not None:
            wanted = self._acknowledged.get(room.id, 0)
            await self._client.until(lambda: (room.cursor or 0) >= wanted or room.id not in self._client.rooms)

    # What actions need.

    @property
    def room(self) -> RoomModel | None:
        """Where I am."""
        return self._client.rooms.get(self._room_id) if self._room_id is not None else None

    @property
    def transcript(self) -> Transcript:
        return self._transcript

    @property
    def width(self) -> int | None:
        return self._screen.width

    @property
    def page(self) -> int:
        """Rows of history that one looks at, at a time."""
        return max(5, min(50, self._screen.height - 8))

    def enter(self, room: RoomModel) -> None:
        """Be there from now on; its newest rows are shown."""
        self._room_id, self._transcript = room.id, Transcript(self._me)
        self.show(view.header_lines(room, self.width))
        self.show(self._transcript.begin(room.messages, room.cursor or 0, self.page, self.width))
        self._dirty.set()

    def show(self, lines: Sequence[Line]) -> None:
        self._screen.show(lines)

    def tell(self, sentence: str) -> None:
        self.show([view.quiet(sentence)])

    def complain(self, sentence: str) -> None:
        self.failed = True
        self.show([view.warning(sentence)])

    async def say(self, body: str, reply_to: int | None = None) -> None:
        """Post to where I am; what is refused is told, then or later."""
        if self._room_id is None:
            return self.complain(NO_ROOM)
        if not self._screen.is_terminal:
            await self._client.until(lambda: len(self._client.outbox) < MOST_WAITING)
        try:
            check_body(body)  # a frame too large would end the connection
            pending = self._client.send(self._room_id, body, reply_to=reply_to)
        except Rejection as rejection:
            return self.complain(rejection.message)
        except OutboxFull as full:
            return self.complain(str(full))
        assert self._posts is not None
        self._posts.create_task(self._await_answer(pending))
        return self._screen.refresh()

    async def _await_answer(self, pending: Pending) -> None:
        try:
            message = await pending.answer()
        except ApiError as error:
            return self.complain(f"Not sent: {error.message} ({shortened(one_line(pending.body), 40)})")
        self._acknowledged[pending.room] = message["seq"]
        return self._dirty.set()

    async def _do(self, command: Command) -> None:
        if command.name not in _ANYWHERE and self.room is None:
            return self.complain(NO_ROOM)
        if self._screen.is_terminal and self._client.state != "online":
            return self.complain(NO_CONNECTION)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._actions.do(command)
        except ApiError as error:
            self.complain(error.message)
        except (ClientError, TimeoutError) as error:
            if isinstance(error, Stopped):
                raise
            self.complain(NO_CONNECTION)
        return None

    # What happens.

    async def _listen(self) -> None:
        async for event in self._client.events():
            self._note(event)
            self._dirty.set()

    def _note(self, event: Frame) -> None:
        """Rows that may look different now."""
        room = self.room
        if room is not None and event["ev"] in {"reload", "overrun"}:
            self._changed |= {row["seq"] for row in room.messages}
        elif event.get("room") == self._room_id and event.get("message") is not None:
            self._changed.add(event["message"]["seq"])

    async def _paint_forever(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            self._paint()

    def _paint(self) -> None:
        """Show what is new. The truth is in the client, so nothing is missed whatever was dropped on the way."""
        self.show(self._connection_news())
        if self._room_id is not None and self.room is None:
            self._room_id = None
            self.tell("you are not in this room any more; /rooms lists others")
        if (room := self.room) is not None and room.cursor is not None:
            self.show(self._room_news(room, room.cursor))
            if not self._is_away:
                self._client.read(room.id, self._transcript.read_index)
        self._screen.refresh()

    def _connection_news(self) -> list[Line]:
        is_lost = self._client.state != "online"
        if is_lost == self._lost or self._client.error is not None:
            return []
        self._lost = is_lost
        return [view.quiet("connection lost, trying again…" if is_lost else "back")]

    def _room_news(self, room: RoomModel, cursor: int) -> list[Line]:
        rows, width = room.messages, self.width
        if self._client.model.epoch != self._epoch:
            self._epoch, self._transcript = self._client.model.epoch, Transcript(self._me)
            anew = [view.quiet("the server has another history now:")]
            return anew + self._transcript.begin(rows, cursor, self.page, width)
        if missing := self._transcript.missing(rows):
            left_out = [view.quiet(f"{missing:,} messages are not shown; /more shows them")]
            return left_out + self._transcript.begin(rows, cursor, len(rows), width)
        changed, self._changed = self._changed, set()
        lines = self._transcript.changes([row for row in rows if row["seq"] in changed], width) if changed else []
        return lines + self._transcript.news(rows, cursor, width)

    # Around the input: `Decorations`.

    def prompt(self, width: int) -> Line:
        """My posts that are on their way, and where I am."""
        waiting: list[Line] = []
        if self._room_id is not None:
            waiting = around.waiting_lines([post.body for post in self._client.outbox.of(self._room_id)], width)
        name = view.room_name(self.room) if self.room is not None else "no room"
        above = [part for line in waiting for part in [*line, ("", "\n")]]
        return [*above, ("class:prompt", shortened(name, max(8, width // 3))), ("", "> ")]

    def toolbar(self, width: int) -> str:
        connection = "" if self._client.state == "online" else "no connection, trying again…"
        presence = self._client.model.presence
        return shortened(around.toolbar(connection, self.room, self._client.rooms.values(), presence), width)

    def typed(self, text: str) -> None:
        self._key_at = self._clock.monotonic()
        if self._is_away:
            self._is_away = False
            self._says.spawn(self._client.presence("online"), "chat.presence")
            self._dirty.set()
        if self._room_id is not None:
            is_talk = bool(text.strip()) and not text.startswith("/")
            self._says.spawn(self._client.typing(self._room_id, is_talk), "chat.typing")

    async def _watch_idleness(self) -> None:
        while True:
            left = self._key_at + IDLE_SECONDS - self._clock.monotonic()
            if left <= 0 and not self._is_away:
                self._is_away = True
                await self._client.presence("away")
            await self._clock.sleep(left if left > 0 else IDLE_SECONDS / 10)


def _first(group: BaseExceptionGroup[Stopped]) -> Stopped:
    """The groups are nested as the tasks are."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Stopped)
    return error
