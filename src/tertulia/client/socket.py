"""One live connection to the server. It lives once; `Client` opens the next."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tertulia.client.address import Address
from tertulia.client.errors import ApiError, ConnectionLost
from tertulia.client.room import Frame
from tertulia.clock import Clock
from tertulia.tasks import Tasks

MAX_FRAME = 8 * 1024 * 1024
"""Bytes of a frame from the server; more ends the connection."""

MAX_COMMAND = 256 * 1024
"""Bytes of a frame to the server."""

MAX_IN_FLIGHT = 64
"""Commands that wait for their reply; who says one more waits."""

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 2.0
BROKEN = 1006


class Socket:
    """Commands go out and are matched with their replies by `id`; every other frame is given to `on_event`.

    `on_event` is a plain function, called in the order of the frames. When the line is down, every command that
    waits raises `ConnectionLost`; `code`, `reason` and `retry_after` then say why it ended (`bye` and close code).
    """

    def __init__(
        self, line: ClientConnection, on_event: Callable[[Frame], None], on_down: Callable[[], None], clock: Clock
    ) -> None:
        self.code = BROKEN
        self.reason = ""
        self.retry_after: float | None = None
        self._line = line
        self._on_event = on_event
        self._on_down = on_down
        self._clock = clock
        self._tasks = Tasks()
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._number = 0
        self._heard = clock.monotonic()
        self._down = asyncio.Event()

    @classmethod
    async def open(
        cls,
        address: Address,
        token: str,
        clock: Clock,
        on_event: Callable[[Frame], None],
        on_down: Callable[[], None] = lambda: None,
    ) -> "Socket":
        """Connect; the next thing to say is `hello`. `on_down` is called once, when the line is down.

        Raises `ApiError` when the server refuses the handshake for good (its status is in it) and `ConnectionLost`
        when it is not there, or busy.
        """
        try:
            line = await connect(
                address.socket,
                additional_headers={"Authorization": f"Bearer {token}"},
                compression=None,
                ping_interval=None,
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                max_size=MAX_FRAME,
                proxy=None if address.loopback else True,
            )
        except InvalidStatus as error:
            raise _refused(error) from None
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            raise ConnectionLost(f"The server does not answer: {error}") from error
        socket = cls(line, on_event, on_down, clock)
        socket._tasks.spawn(socket._read(), "client.read")
        return socket

    async def command(self, cmd: str, **fields: Any) -> Frame:
        """Say it and wait for the reply.

        Raises `ApiError` when it is refused (here already if it is larger than a frame may be, or no Unicode) and
        `ConnectionLost` when the line ends.
        """
        async with self._slots:
            self._number += 1
            number = self._number
            answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
            self._waiting[number] = answer
            try:
                await self._send({"cmd": cmd, "id": number, **fields})
                reply = await answer
            finally:
                self._waiting.pop(number, None)
        if (error := reply.get("error")) is not None:
            raise ApiError.of(error)
        return reply

    async def say(self, cmd: str, **fields: Any) -> None:
        """A command whose reply does not matter (`typing`). Raises `ConnectionLost`."""
        await self._send({"cmd": cmd, **fields})

    def watch(self, interval: float, timeout: float) -> None:
        """Ping every `interval` seconds, and give the line up when nothing at all came for `timeout`."""
        self._tasks.spawn(self._beat(interval, timeout), "client.heartbeat")

    @property
    def is_open(self) -> bool:
        """Whether the line is up, as far as one can know."""
        return not self._down.is_set()

    async def wait_closed(self) -> None:
        """Return when the line is down."""
        await self._down.wait()

    def abort(self, reason: str) -> None:
        """Cut the line without a word; `wait_closed` returns soon."""
        self.reason = reason
        self._line.transport.abort()

    async def close(self) -> None:
        """End the connection normally. May be called twice."""
        await self._line.close()
        await self._tasks.close()
        self._end()

    async def _send(self, command: Frame) -> None:
        text = _encoded(command)
        if self._down.is_set():
            raise ConnectionLost("The connection is closed.")
        try:
            await self._line.send(text, text=True)
        except ConnectionClosed:
            await self._down.wait()
            raise ConnectionLost("The connection was cut.") from None

    async def _read(self) -> None:
        try:
            async for text in self._line:
                self._heard = self._clock.monotonic()
                self._take(json.loads(text))
        except ConnectionClosed:
            pass
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # What the server says is not the protocol: there is no way to go on with this connection.
            self.reason = f"The server sent something that is not the protocol: {type(error).__name__}."
            await self._line.close(1002)
        finally:
            self._end()

    def _take(self, frame: Frame) -> None:
        if "ev" not in frame:
            self._reply(frame)
            return
        if frame["ev"] == "bye":
            self.retry_after = frame.get("reconnect_in")
        self._on_event(frame)

    def _reply(self, frame: Frame) -> None:
        answer = self._waiting.get(frame["re"]) if frame["re"] is not None else None
        if answer is not None and not answer.done():
            answer.set_result(frame)

    async def _beat(self, interval: float, timeout: float) -> None:
        while self._clock.monotonic() - self._heard < timeout:
            await self._clock.sleep(interval)
            if self._clock.monotonic() - self._heard < timeout:
                self._tasks.spawn(self._ping(), "client.ping")
        self.abort("Nothing was heard from the server.")

    async def _ping(self) -> None:
        try:
            await self.command("ping")
        except (ConnectionLost, ApiError):
            return  # the reader notices

    def _end(self) -> None:
        if self._down.is_set():
            return
        self.code = self._line.close_code or BROKEN
        self.reason = self.reason or self._line.close_reason or ""
        self._down.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionLost("The connection was cut before the answer came."))
                answer.exception()  # who was still sending is told by `_send`
        self._on_down()


def _encoded(command: Frame) -> bytes:
    """Refused here, as the server would: sent, such a frame would only end the connection, again and again."""
    try:
        text = json.dumps(command, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise ApiError("invalid_text", "Text may not contain unpaired surrogates.") from None
    if len(text) > MAX_COMMAND:
        raise ApiError("too_large", "This is too large for one frame: at most 256 KiB.")
    return text


def _refused(error: InvalidStatus) -> ApiError | ConnectionLost:
    status = error.response.status_code
    if status in (401, 403, 404):
        code = {401: "unauthorized", 403: "forbidden", 404: "not_found"}[status]
        return ApiError(code, f"The server refused the connection ({status}).", status)
    return ConnectionLost(
        f"The server is not ready ({status}).", retry_after(error.response.headers.get("Retry-After"))
    )


def retry_after(header: str | None) -> float | None:
    """The seconds of a `Retry-After` header; None when there is none, or it is a date."""
    try:
        return None if header is None else max(0.0, float(header))
    except ValueError:
        return None
