"""A program in a pseudo-terminal: type, and wait for what it prints."""

import asyncio
import fcntl
import os
import re
import struct
import subprocess
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress

PATIENCE = 40.0
"""Seconds; a client that lost its server comes back with growing pauses."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")


class Terminal:
    """`text` is everything printed so far, without colours and movements of the cursor."""

    def __init__(self, words: Sequence[str], columns: int = 120, rows: int = 40, **environment: str) -> None:
        self._own, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **environment},
        )
        os.close(theirs)
        self._raw = b""
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._own, self._read)

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.raw)

    @property
    def raw(self) -> str:
        """With everything that a terminal obeys."""
        return self._raw.decode(errors="replace")

    def _read(self) -> None:
        try:
            read = os.read(self._own, 65_536)
        except OSError:  # Linux's way to say that the other end is closed
            read = b""
        if not read:
            asyncio.get_running_loop().remove_reader(self._own)
        self._raw += read
        self._news.set()

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    async def until(self, condition: Callable[[str], bool]) -> None:
        """Return when `condition(text)` holds; looked at whenever something is printed."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition(self.text):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not printed; the last was: {self.text[-2_000:]!r}") from None

    async def shows(self, words: str, times: int = 1) -> None:
        await self.until(lambda text: text.count(words) >= times)

    async def end(self) -> int:
        """The exit code; waits for the program to end by itself."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.to_thread(self._process.wait)
        finally:
            self.close()

    def close(self) -> None:
        """End it whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        asyncio.get_running_loop().remove_reader(self._own)
        with suppress(OSError):
            os.close(self._own)
