"""A line to PostgreSQL that a test can cut in the middle of a commit."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from sqlalchemy.engine import make_url

COMMIT = b"COMMIT\x00"
When = Literal["before", "after"]


class Line:
    """Forwards between the driver and the server. `cut`: the next commit is never sent, or never answered."""

    def __init__(self, url: str) -> None:
        there = make_url(url)
        self._target = (there.host or "", there.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = there.set(host="127.0.0.1", port=self._listener.getsockname()[1]).render_as_string(
            hide_password=False
        )
        self.cut: When | None = None
        self.cuts = 0
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._lines:
            _end(line)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._lines += (client, server)
                for work, ends in ((self._up, (client, server)), (self._down, (server, client))):
                    thread = threading.Thread(target=work, args=ends, daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                when, self.cut = (self.cut, None) if COMMIT in data else (None, self.cut)
                self.cuts += when is not None
                if when == "after":
                    client.shutdown(socket.SHUT_WR)  # so that `_down` fails to hand the answer on
                    server.sendall(data)
                    server.shutdown(socket.SHUT_WR)  # it commits, then it reads the end
                if when is not None:
                    break
                server.sendall(data)
        _end(client)
        if when != "after":
            _end(server)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
        _end(client)
        _end(server)


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
