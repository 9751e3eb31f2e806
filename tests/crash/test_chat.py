"""Two terminals with `tertulia chat`, and a server that is killed in the middle of their talk."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from support.process import ServerProcess, server_process
from support.terminals import Terminal
from tertulia.client import Address, Rest
from tertulia.client.tokens import ForeignTokens

PASSWORD = "correct horse battery"
KILLS = 2
AHEAD = 10
_ROW = re.compile(r"#(\d+) \d\d:\d\d (\w+): ([^\r\n]*)")

Row = tuple[int, str, str]


class Talker:
    """Somebody who types one line after the other; the lines are numbered."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        words = (sys.executable, "-m", "tertulia", "chat", "--url", server.url, "--username", name, "--sign-up")
        self.name = name
        self.typed = 0
        self.ahead = AHEAD
        self.is_talking = True
        self.terminal = Terminal(words, TERTULIA_CHAT_PASSWORD=PASSWORD)

    @property
    def rows(self) -> list[Row]:
        """The conversation on the screen."""
        return [(int(index), name, body) for index, name, body in _ROW.findall(self.terminal.text)]

    @property
    def stored(self) -> int:
        """How many of my lines came back."""
        return sum(name == self.name for _, name, _ in self.rows)

    async def talk(self) -> None:
        """Does not wait for the server, only for the screen: some lines are always on their way."""
        while self.is_talking:
            self.typed += 1
            printed = len(self.terminal.text)
            self.terminal.type(f"{self.name} says {self.typed}\r")
            await self.terminal.until(lambda text, printed=printed: len(text) > printed)  # type: ignore[misc]
            await self.terminal.until(lambda _: self.typed - self.stored < self.ahead or not self.is_talking)

    async def gets_through(self, lines: int) -> None:
        wanted = self.stored + lines
        await self.terminal.until(lambda _: self.stored >= wanted)


async def _kill_and_start(server: ServerProcess, talkers: list[Talker], times: int) -> None:
    """While everybody types on."""
    before = [talker.typed for talker in talkers]
    for talker in talkers:
        talker.ahead = 2 * AHEAD
    await server.kill()
    for talker, typed in zip(talkers, before, strict=True):
        await talker.terminal.shows("connection lost, trying again…", times)
        await talker.terminal.until(lambda _, talker=talker, typed=typed: talker.typed >= typed + 3)  # type: ignore[misc]
    await server.start()
    for talker in talkers:
        await talker.terminal.shows("· back", times)
        talker.ahead = AHEAD
        await talker.gets_through(5)


async def _history(server: ServerProcess) -> list[Row]:
    async with Rest(Address(server.url)) as rest:
        signed_in = await rest.login("ana", PASSWORD)
        rest.tokens = ForeignTokens(lambda: asyncio.sleep(0, signed_in["tokens"]["access"]))  # noqa: TID251
        room = (await rest.directory("general"))[0][0]["id"]
        rows: list[Row] = []
        more, after = True, 0
        while more:
            page, more = await rest.history(room, after=after, limit=100)
            rows += [
                (row["index"], row["sender"]["username"], row["body"] or "")
                for row in page
                if row["index"] is not None and row["sender"] is not None
            ]
            after = rows[-1][0]
        return rows


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_two_terminals_survive_kill_9_with_the_same_history(tmp_path: Path) -> None:
    async with server_process(tmp_path) as server:
        talkers = [Talker(server, "ana"), Talker(server, "ben")]
        ana, ben = talkers
        try:
            for talker in talkers:
                await talker.terminal.shows("ben joined")
            async with asyncio.TaskGroup() as group:
                for talker in talkers:
                    group.create_task(talker.talk())
                await asyncio.gather(*(talker.gets_through(10) for talker in talkers))
                for times in range(1, KILLS + 1):
                    await _kill_and_start(server, talkers, times)
                for talker in talkers:
                    talker.is_talking = False
                    talker.terminal.type("x")  # wakes who waits
            said = ana.typed + ben.typed
            for talker in talkers:
                await talker.terminal.until(lambda _, talker=talker: len(talker.rows) >= said)  # type: ignore[misc]
                talker.terminal.type("\x15\x04")  # takes the line back, and leaves
                assert await talker.terminal.end() == 0
        finally:
            for talker in talkers:
                talker.terminal.close()
        history = await _history(server)
        assert len(history) == said
        assert ana.rows == ben.rows == history
        for talker in talkers:
            mine = [body for _, name, body in history if name == talker.name]
            assert mine == [f"{talker.name} says {number}" for number in range(1, talker.typed + 1)]
