"""A sitting against a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.clock import FakeClock
from support.server import Person, RunningServer, running_server
from support.waiting import Signal, until
from tertulia.cli.chat.session import IDLE_SECONDS, Session
from tertulia.cli.chat.view import plain
from tertulia.cli.chat.wrap import Line, shortened
from tertulia.client import Client, Stopped
from tertulia.domain.text import MAX_BODY


class Typist:
    """A screen whose lines a test types, and looks at."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.is_terminal = is_terminal
        self.width = 80 if is_terminal else None
        self.height = 24
        self.shown: list[str] = []
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._news = Signal()

    def type(self, *lines: str | None) -> None:
        for line in lines:
            self._lines.put_nowait(line)

    async def read(self) -> str | None:
        return await self._lines.get()

    def show(self, lines: Sequence[Line]) -> None:
        self.shown += map(plain, lines)
        self._news.set()

    def refresh(self) -> None:
        self._news.set()

    async def sees(self, words: str) -> str:
        """The first line with these words."""
        await self.until(lambda: any(words in line for line in self.shown))
        return next(line for line in self.shown if words in line)

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            await self._news.until(condition)
        except TimeoutError:
            raise AssertionError(self.shown) from None

    def talk(self) -> list[str]:
        """`name: text` of the messages."""
        return [line.split(" ", 2)[2] for line in self.shown if line.startswith("#")]


class Sitting:
    def __init__(self, client: Client, typist: Typist, session: Session, running: "asyncio.Task[None]") -> None:
        self.client = client
        self.typist = typist
        self.session = session
        self.running = running

    async def ends(self) -> Session:
        self.typist.type(None)
        async with asyncio.timeout(10):
            await self.running
        return self.session


@asynccontextmanager
async def sitting(
    person: Person, room: str = "general", *, is_terminal: bool = True, clock: FakeClock | None = None
) -> AsyncIterator[Sitting]:
    url = f"http://127.0.0.1:{person.server.port}"
    async with Client.with_tokens(url, person.tokens, follow=False) as client:  # type: ignore[arg-type]
        typist = Typist(is_terminal=is_terminal)
        session = Session(client, typist, clock)
        running = asyncio.get_running_loop().create_task(session.run(room))
        try:
            yield Sitting(client, typist, session, running)
        finally:
            running.cancel()
            await asyncio.wait({running})


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path) as server:
        yield server


async def test_two_people_talk(server: RunningServer) -> None:
    ana, ben = await server.people("ana", "ben")
    async with sitting(ana) as first, sitting(ben) as second:
        await first.typist.sees("ben joined")
        await second.typist.sees("ben joined")
        first.typist.type("Hello @ben")
        second.typist.type("Hi!")
        await first.typist.sees("ben: Hi!")
        assert "ana: ▸ Hello @ben" in await second.typist.sees("Hello")
        for one in (first, second):
            await one.typist.until(lambda one=one: len(one.typist.talk()) == 2)  # type: ignore[misc]
            assert not (await one.ends()).failed
        assert sorted(first.typist.talk()) == ["ana: Hello @ben", "ben: Hi!"]


async def test_history_on_entering_and_more(server: RunningServer) -> None:
    (ana,) = await server.people("ana")
    async with sitting(ana, is_terminal=False) as early:
        early.typist.type(*(f"line {number}" for number in range(1, 101)))
        await early.ends()
        assert early.typist.talk() == [f"ana: line {number}" for number in range(1, 101)]
    async with sitting(ana) as late:
        await late.typist.sees("/more shows what was before")
        first = late.typist.talk()
        assert first[-1] == "ana: line 100"
        assert len(first) < 20
        late.typist.type(*["/more"] * 20)
        await late.typist.sees("nothing older")
        assert sorted(late.typist.talk()) == sorted(f"ana: line {number}" for number in range(1, 101))
        assert [room.unread for room in late.client.rooms.values()] == [0]


async def test_edit_delete_react_reply_show(server: RunningServer) -> None:
    ana, ben = await server.people("ana", "ben")
    async with sitting(ana) as first, sitting(ben) as second:
        await first.typist.sees("ben joined")
        first.typist.type("one", "two\nlines")
        await second.typist.sees("#2 ")
        first.typist.type("/edit 1 first", "/delete 2")
        await second.typist.sees("ana edited #1: first")
        await second.typist.sees("#2 from ana was deleted")
        second.typist.type("/react 1 👍", "/reply 1 seen")
        await first.typist.sees("#1 from ana: 👍 1")
        await first.typist.sees("ben: (to #1) seen")
        second.typist.type("/react #1 👍")
        await first.typist.sees("no reaction any more")
        second.typist.type("/show 1", "/delete 1", "/show 99")
        await second.typist.sees("ana: first (edited)")
        await second.typist.until(lambda: sum(line.startswith("!") for line in second.typist.shown) == 2)


async def test_rooms(server: RunningServer) -> None:
    ana, ben = await server.people("ana", "ben")
    async with sitting(ana) as first, sitting(ben) as second:
        first.typist.type("/join nowhere", "/create kitchen", "Cake!")
        assert "/create nowhere makes it" in await first.typist.sees("There is no room nowhere")
        await first.typist.sees("ana: Cake!")
        second.typist.type("/rooms", "/join kitchen", "/who")
        await second.typist.sees("  kitchen  1 member")
        await second.typist.sees("ana: Cake!")
        await second.typist.sees("· here: ana, ben")
        second.typist.type("/direct nobody", "/direct ana", "Psst")
        await second.typist.sees("There is nobody of this name.")
        await second.typist.sees("── @ana ──")
        await first.typist.until(lambda: "new: @ben 1" in first.session.toolbar(80))
        second.typist.type("/join kitchen", "/leave", "not said", "/who")
        await second.typist.sees("not in this room any more")
        await second.typist.until(lambda: sum("You are in no room" in line for line in second.typist.shown) == 2)
        await first.typist.sees("ben left")


async def test_who_types_and_who_is_there(server: RunningServer) -> None:
    ana, ben = await server.people("ana", "ben")
    async with sitting(ana) as first, sitting(ben) as second:
        await first.typist.sees("ben joined")
        await first.typist.until(lambda: "here: ben" in first.session.toolbar(80))
        await second.typist.sees("ana joined")  # typing is told of the room that is open
        second.session.typed("Hel")
        await first.typist.until(lambda: "ben is typing…" in first.session.toolbar(80))
        second.session.typed("")
        await first.typist.until(lambda: "typing" not in first.session.toolbar(80))
        second.session.typed("/join")  # nobody's business
        second.typist.type("done")
        await first.typist.sees("ben: done")
        assert "typing" not in first.session.toolbar(80)
        await second.ends()
        await second.client.close()
        await first.typist.until(lambda: "nobody else is here" in first.session.toolbar(80))


async def test_idle_is_away_and_reads_nothing(server: RunningServer) -> None:
    ana, ben = await server.people("ana", "ben")
    clock = FakeClock()
    async with sitting(ana, clock=clock) as first, sitting(ben) as second:
        await second.typist.sees("general")
        await first.typist.sees("ben joined")
        clock.advance(IDLE_SECONDS + 1)
        await second.typist.until(lambda: "here: ana (away)" in second.session.toolbar(80))
        second.typist.type("Anybody here?")
        await first.typist.sees("ben: Anybody here?")
        (room,) = first.client.rooms.values()
        assert room.unread == 1
        first.session.typed("Y")
        await second.typist.until(lambda: "(away)" not in second.session.toolbar(80))
        await until(lambda: room.unread == 0)


async def test_posts_on_their_way_stand_above_the_input(server: RunningServer) -> None:
    (ana,) = await server.people("ana")
    async with sitting(ana) as one:
        await one.typist.sees("general")
        assert plain(one.session.prompt(80)) == "general> "
        (room,) = one.client.rooms
        one.client.send(room, "on its way")
        assert plain(one.session.prompt(80)) == "… on its way\ngeneral> "
        await one.typist.sees("ana: on its way")
        assert plain(one.session.prompt(80)) == "general> "


async def test_what_is_refused_is_said(server: RunningServer) -> None:
    (ana,) = await server.people("ana")
    async with sitting(ana, is_terminal=False) as one:
        one.typist.type("x" * (MAX_BODY + 1), "a\x00b", "/edit 77 no", "/reply 1 to nothing", "good")
        assert (await one.ends()).failed
        complaints = [line for line in one.typist.shown if line.startswith("!")]
        assert len(complaints) == 4
        assert "holds at most 16,384 characters" in complaints[0]
        assert any(line.startswith("! Not sent: ") and shortened("to nothing", 40) in line for line in complaints)
        assert one.typist.talk() == ["ana: good"]


async def test_a_session_that_is_revoked_ends(server: RunningServer) -> None:
    (ana,) = await server.people("ana")
    async with sitting(ana) as one:
        await one.typist.sees("general")
        await ana.call("POST", "auth/logout", {"everywhere": True})
        async with asyncio.timeout(10):
            with pytest.raises(Stopped, match="ended"):
                await one.running


async def test_other_peoples_text_is_harmless(server: RunningServer) -> None:
    ana, ben = await server.people("ana", "ben")
    async with sitting(ana) as first:
        await first.typist.sees("general")
        (room,) = first.client.rooms
        await ben.call("POST", f"rooms/{room}/join")
        await ben.call("POST", f"rooms/{room}/messages", {"body": "\x1b[2J\u202e\n#9 12:00 ana: I quit"})
        await first.typist.sees("I quit")
        assert first.typist.shown[-2].endswith("ben: \\x1b[2J\\u202e")
        assert first.typist.shown[-1] == "    #9 12:00 ana: I quit"
