"""A line to PostgreSQL that a test can cut in the middle of a commit, or on which nothing comes through any more."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.engine import make_url

COMMIT = b"COMMIT\x00"
When = Literal["before", "after"]


@dataclass
class _Pair:
    """The two ends of a connection; what is swallowed is read, and goes nowhere."""

    client: socket.socket
    server: socket.socket
    up: bool = True
    down: bool = True


class Line:
    """Forwards between the driver and the server. `cut`: the next commit is never sent, or never answered; `swallow`:
    the same, but the line stays open. `refuses` new connections; `opened` so many so far.
    """

    def __init__(self, url: str) -> None:
        there = make_url(url)
        self._target = (there.host or "", there.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = there.set(host="127.0.0.1", port=self._listener.getsockname()[1]).render_as_string(
            hide_password=False
        )
        self.cut: When | None = None
        self.swallow: When | None = None
        self.refuses = False
        self.cuts = self.opened = 0
        self._pairs: list[_Pair] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def fall_silent(self) -> None:
        """Nothing comes through any more on what is open now."""
        for pair in self._pairs:
            pair.up = pair.down = False

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for pair in self._pairs:
            _end(pair.client)
            _end(pair.server)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refuses:
                    client.close()
                    continue
                pair = _Pair(client, socket.create_connection(self._target))
                self._pairs.append(pair)
                self.opened += 1
                for work in (self._up, self._down):
                    thread = threading.Thread(target=work, args=(pair,), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _up(self, pair: _Pair) -> None:
        when: When | None = None
        with suppress(OSError):
            while data := pair.client.recv(65536):
                if COMMIT in data:
                    when, self.cut = self.cut, None
                    self._swallow(pair)
                self.cuts += when is not None
                if when == "after":
                    pair.client.shutdown(socket.SHUT_WR)  # so that `_down` fails to hand the answer on
                    pair.server.sendall(data)
                    pair.server.shutdown(socket.SHUT_WR)  # it commits, then it reads the end
                if when is not None:
                    break
                if pair.up:
                    pair.server.sendall(data)
        _end(pair.client)
        if when != "after" and pair.up:  # else the server learns nothing of the end
            _end(pair.server)

    def _swallow(self, pair: _Pair) -> None:
        when, self.swallow = self.swallow, None
        if when is not None:
            self.cuts += 1
            pair.up, pair.down = when == "after", False

    def _down(self, pair: _Pair) -> None:
        with suppress(OSError):
            while data := pair.server.recv(65536):
                if pair.down:
                    pair.client.sendall(data)
        if pair.down:  # else the client learns nothing of the end
            _end(pair.client)
        _end(pair.server)


def _end(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()


@contextmanager
def line_to(url: str) -> Iterator[Line]:
    line = Line(url)
    try:
        yield line
    finally:
        line.close()
