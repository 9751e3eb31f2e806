"""Where lines come from and go to: what a session needs of a terminal, and the way without one."""

import asyncio
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from typing import Protocol, TextIO

from tertulia.cli.chat.view import plain
from tertulia.cli.chat.wrap import Line
from tertulia.domain.text import MAX_BODY

LONGEST_LINE = 4 * MAX_BODY
"""Characters of input that are read as one line; a longer one comes in pieces, each refused as too long."""

AHEAD = 100
"""Lines that are read before they are wanted."""


class Screen(Protocol):
    """`width`: columns, None without a terminal; `height`: lines, for how much history to show."""

    @property
    def is_terminal(self) -> bool: ...

    @property
    def width(self) -> int | None: ...

    @property
    def height(self) -> int: ...

    async def read(self) -> str | None:
        """The next line that was typed; None at the end."""

    def show(self, lines: Sequence[Line]) -> None:
        """Print below what is there."""

    def refresh(self) -> None:
        """The prompt or the bar below may look different now."""


class Decorations(Protocol):
    """What a terminal shows around the input, asked again whenever it draws."""

    def prompt(self, width: int) -> Line: ...

    def toolbar(self, width: int) -> str: ...

    def typed(self, text: str) -> None:
        """The input changed."""


class Plain:
    """Line by line from one stream, plain lines to another: for pipes, scripts and tests."""

    is_terminal = False
    width = None
    height = 24

    def __init__(self, given: TextIO | None = None, out: Callable[[str], None] | None = None) -> None:
        self._given = given or sys.stdin
        self._out = out or _print
        self._lines: asyncio.Queue[str | None] | None = None

    async def read(self) -> str | None:
        if self._lines is None:
            self._lines = asyncio.Queue(AHEAD)
            reader = threading.Thread(target=self._read_all, args=(asyncio.get_running_loop(), self._lines))
            reader.daemon = True  # nothing can wake a thread that reads a pipe
            reader.start()
        return await self._lines.get()

    def _read_all(self, loop: asyncio.AbstractEventLoop, lines: "asyncio.Queue[str | None]") -> None:
        line: str | None = ""
        while line is not None:
            line = self._given.readline(LONGEST_LINE) or None
            adding = lines.put(line.rstrip("\r\n") if line is not None else None)
            try:
                asyncio.run_coroutine_threadsafe(adding, loop).result()
            except (RuntimeError, CancelledError):  # the session ended first
                adding.close()
                return

    def show(self, lines: Sequence[Line]) -> None:
        if lines:
            self._out("".join(f"{plain(line)}\n" for line in lines))

    def refresh(self) -> None:
        return


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
