"""A whole node in the test's process, without a port: real database, real connections, lines that the test holds.

Much faster than a server, and a line can be made slow, stuck or cut at will.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.clock import FakeClock
from support.quick import create_user, open_session
from support.server import settings_for
from support.waiting import Signal, until
from support.wire import Frame, check_frame
from tertulia.app import Application
from tertulia.broker.broker import Broker
from tertulia.clock import Clock
from tertulia.domain.changes import AddMember
from tertulia.domain.ids import new_id
from tertulia.domain.models import Caller, RoomKind
from tertulia.gateway.connection import Connection
from tertulia.gateway.transport import HIGH_WATER, Transport
from tertulia.protocol.frames import Frames


class Line:
    """Both ends of a line: the `Transport` of a connection, and the client that holds it.

    `stalled`: the client takes nothing, so what is written stays unsent until `drain`. `mute`: it answers no pings.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.sizes: list[int] = []
        self.code: int | None = None
        self.aborted = False
        self.stalled = False
        self.mute = False
        self.reading = True
        self.unsent = 0
        self.pings = 0
        self.connection: Connection
        self._asked: dict[Any, str] = {}
        self._next_id = 100
        self._said: list[bytes] = []
        self._seen = 0
        self._signal = Signal()
        self._down = False

    # Transport.

    def send(self, frames: Frames) -> None:
        if self.code is not None or self._down:
            return
        for text in frames.texts:
            frame = check_frame(text, self._asked.get(json.loads(text).get("re")))
            self.frames.append(frame)
            self.sizes.append(len(text))
        if self.stalled:
            self._fill(len(frames.wire))
        self._signal.set()

    def _fill(self, size: int) -> None:
        before, self.unsent = self.unsent, self.unsent + size
        if before <= HIGH_WATER < self.unsent:
            self.connection.congested()

    def ping(self) -> None:
        self.pings += 1
        if not (self.mute or self.stalled):
            self.connection.heard()

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        said, self._said = self._said, []
        for text in said:
            self.say_raw(text)

    def close(self, code: int, reason: str) -> None:
        if self.code is None:
            self.code = int(code)
            self._lose(int(code))

    def abort(self) -> None:
        self.aborted = True
        self._lose(1006)

    # The client.

    def cut(self) -> None:
        """The line is down, from one moment to the next."""
        self._lose(1006)

    def _lose(self, code: int) -> None:
        if not self._down:
            self._down = True
            self.connection.closed(code)
            self._signal.set()

    def drain(self, *, size: int | None = None) -> None:
        """The client reads `size` bytes; None: everything, and goes on doing so."""
        before = self.unsent
        self.unsent = 0 if size is None else max(0, before - size)
        self.stalled = self.stalled and size is not None
        if before > HIGH_WATER // 4 >= self.unsent:
            self.connection.drained()

    def say_raw(self, text: bytes) -> None:
        if self._down:
            return
        if not self.reading:
            self._said.append(text)
            return
        self.connection.heard()
        self.connection.received(text)

    def say(self, cmd: str, **fields: Any) -> int:
        """Say a command; the id it carries."""
        self._next_id += 1
        self._asked[self._next_id] = cmd
        self.say_raw(json.dumps({"cmd": cmd, "id": self._next_id, **fields}).encode())
        return self._next_id

    async def ask(self, cmd: str, **fields: Any) -> Frame:
        """Say a command and wait for its reply."""
        return await self.reply(self.say(cmd, **fields))

    async def reply(self, number: int) -> Frame:
        return await self.until(lambda frame: frame.get("re") == number)

    async def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """The first frame ever received that is `wanted`."""
        await self._signal.until(lambda: any(map(wanted, self.frames)))
        return next(filter(wanted, self.frames))

    async def event(self, ev: str, **fields: Any) -> Frame:
        """The first event of this kind with these fields."""
        return await self.until(lambda frame: matches(frame, ev, fields))

    async def count(self, number: int, ev: str, **fields: Any) -> list[Frame]:
        """All events of this kind, once there are `number` of them."""
        await self._signal.until(lambda: len(self.events(ev, **fields)) >= number)
        return self.events(ev, **fields)

    async def closed(self) -> int:
        """Wait for the end; its code."""
        await self._signal.until(lambda: self._down)
        return self.code or 1006

    @property
    def is_down(self) -> bool:
        return self._down

    def events(self, ev: str, **fields: Any) -> list[Frame]:
        return [frame for frame in self.frames if matches(frame, ev, fields)]

    def of_room(self, room: str) -> list[Frame]:
        """Everything durable that was said of a room, in order."""
        durable = {"message", "member", "room", "changes", "reload", "gone"}
        return [frame for frame in self.frames if frame.get("room") == room and frame.get("ev") in durable]

    def seqs(self, room: str) -> list[int]:
        """The seqs of the live changes of a room, in the order in which they came."""
        return [frame["seq"] for frame in self.of_room(room) if frame["ev"] in ("message", "member", "room")]


def matches(frame: Frame, ev: str, fields: Frame) -> bool:
    return frame.get("ev") == ev and all(frame.get(name) == value for name, value in fields.items())


@dataclass(frozen=True)
class Person:
    """Somebody with a session."""

    caller: Caller
    name: str
    token: str
    refresh: str

    @property
    def id(self) -> str:
        return self.caller.user_id

    @property
    def number(self) -> int:
        return self.caller.user


class Node:
    """`app` and people at it, who have no passwords: nothing is hashed."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.services = app.services
        self.gateway = app.gateway
        self.lines: list[Line] = []
        self._people = self._writing = 0
        self._watch_writer(app.db.writer)
        transport = httpx.ASGITransport(app.asgi, client=("127.0.0.1", 5000))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")

    async def call(self, person: Person, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """A REST call under /api/v1/."""
        headers = {"authorization": f"Bearer {person.token}", **more.pop("headers", {})}
        return await self.http.request(method, f"/api/v1/{path}", json=body, headers=headers, **more)

    async def people(self, *names: str) -> list[Person]:
        """With a number behind each name, so that it is free."""
        return [await self.person(name) for name in names]

    async def person(self, name: str) -> Person:
        self._people += 1
        name = f"{name}{self._people}"
        await create_user(self.app, name)
        return await self.sign_in(name)

    async def sign_in(self, name: str) -> Person:
        """One more session of somebody who is there."""
        _, tokens = await open_session(self.app, name)
        return Person(self.services.sessions.authenticate(tokens["access"]), name, tokens["access"], tokens["refresh"])

    def open(self, person: Person | None = None) -> Line:
        """A line whose handshake carried the person's token; nothing was said on it yet."""
        line = Line()
        line.connection = Connection(self.gateway, len(self.lines) + 1, "127.0.0.1", person.caller if person else None)
        transport: Transport = line
        line.connection.opened(transport)
        self.lines.append(line)
        return line

    async def connect(self, person: Person, **hello: Any) -> Line:
        """A line on which hello was said and answered."""
        line = self.open(person)
        reply = await line.ask("hello", **hello)
        assert "error" not in reply, reply
        await line.event("ready")
        return line

    async def room(self, owner: Person, *members: Person, kind: str = "public", name: str | None = None) -> str:
        """A room with these members; its id."""
        view = await self.services.rooms.create(owner.caller, RoomKind(kind), name or f"room {new_id()}", None, "")
        for member in members:
            if kind == "public":
                await self.services.members.join(member.caller, view.room.id)
            else:
                await self.app.committer.commit(AddMember(view.room.number, owner.number, member.number))
        return view.room.id

    async def post(self, person: Person, room: str, body: str = "hello", **fields: Any) -> Any:
        return (await self.services.messages.post(person.caller, room, body, **fields)).message

    async def pass_time(self, seconds: float, step: float = 0.25) -> None:
        """Move a fake clock on, so that everything that repeats gets its turns."""
        clock = self.app.clock
        assert isinstance(clock, FakeClock)
        passed = 0.0
        while passed < seconds:
            clock.advance(min(step, seconds - passed))
            passed += step
            await self.settle()

    async def settle(self) -> None:
        """Return when nothing is under way: no reads, no writes, no batch."""
        await until(self.is_idle)
        await self.app.db.writer.notice_foreign_writes()
        await until(self.is_idle)

    def is_idle(self) -> bool:
        """Nothing is under way at this moment."""
        return not (self.app.db.reads_waiting or self._writing or not self.app.committer._idle.is_set())

    def _watch_writer(self, writer: Any) -> None:
        """Count what waits for it or runs."""
        put = writer._put

        def counted(queue: Any, job: Any, **how: Any) -> None:
            done = job.done

            def done_and_counted(*args: Any) -> None:
                self._writing -= 1
                done(*args)

            job.done = done_and_counted
            put(queue, job, **how)
            self._writing += 1

        writer._put = counted


@asynccontextmanager
async def node(
    directory: Path, clock: Clock | None = None, *, broker: Broker | None = None, **changed: Any
) -> AsyncIterator[Node]:
    """Started, and stopped at the end. `broker`: to the others; `changed`: settings."""
    app = Application(settings_for(directory, **changed), clock, broker)
    await app.start()
    running = Node(app)
    try:
        yield running
    finally:
        for line in running.lines:
            line.cut()
        await running.http.aclose()
        await app.stop()
