"""Stays connected: opens one socket after the other, says hello, comes back."""

from collections.abc import Callable
from random import Random
from typing import Any, Literal

from tertulia.client.address import Address
from tertulia.client.backoff import Backoff
from tertulia.client.errors import AGAIN, ApiError, ClientError, ConnectionLost, Stopped
from tertulia.client.room import Frame
from tertulia.client.signal import Signal
from tertulia.client.socket import OPEN_SECONDS, Socket
from tertulia.client.tokens import RENEW_AT, TokenSource
from tertulia.clock import Clock
from tertulia.domain.errors import CloseCode
from tertulia.tasks import Tasks

State = Literal["online", "connecting", "offline"]

STABLE_SECONDS = 5.0
"""A connection that lived so long was good: the next back-off begins anew."""

FLOOD_PAUSE = 5.0
ATTEMPTS = 5
"""How often a command is repeated when the server asks to try again later."""


class Link:
    """One user's line to the server, whatever happens to single connections.

    `hello` gives the fields of each hello; `on_event` gets every event in order; `on_state` is told each change of
    `state`. `run` ends only when there is no coming back; `error` then says why, and whoever waits gets it.
    """

    def __init__(
        self,
        address: Address,
        clock: Clock,
        random: Random,
        *,
        hello: Callable[[], Frame],
        on_event: Callable[[Frame], None],
        on_state: Callable[[State, float | None], None],
    ) -> None:
        self.state: State = "offline"
        self.error: Stopped | None = None
        self._address = address
        self._clock = clock
        self._backoff = Backoff(random)
        self._hello = hello
        self._on_event = on_event
        self._on_state = on_state
        self._tasks = Tasks()
        self._signal = Signal()
        self._socket: Socket | None = None
        self._online_since: float | None = None
        self._was_online = False
        self._bad_token: str | None = None
        self._token_refused = 0
        self._hurry = False
        self._expires_in = 0.0

    async def run(self, tokens: TokenSource) -> None:
        """Connect, come back, until `stop` or until the server says not to. Cancelling cuts the line."""
        try:
            while self.error is None:
                hint = await self._live(tokens)
                if self.error is None:
                    await self._pause(hint)
        except Stopped as error:
            self.stop(error)
        finally:
            self.stop(Stopped("The client is closed."))
            await self._drop()

    @property
    def online(self) -> bool:
        """Whether a command can be said now."""
        return self._online_since is not None and self._socket is not None and self._socket.is_open

    def stop(self, error: Stopped) -> None:
        """No coming back; who waits gets `error`. Only the first counts."""
        if self.error is None:
            self.error = error
            self._become("offline", None)

    async def close(self) -> None:
        """End the connection normally."""
        await self._drop()
        await self._tasks.close()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when `condition()` holds after an event or a change of state; raises `Stopped`."""

        def holds() -> bool:
            if condition():
                return True
            if self.error is not None:
                raise self.error
            return False

        await self._signal.until(holds)

    def notify(self) -> None:
        """Something changed that somebody may wait for."""
        self._signal.notify()

    async def command(self, cmd: str, **fields: Any) -> Frame:
        """Say it once, as soon as the line is up. Raises `ApiError`, `ConnectionLost`, `Stopped`."""
        await self.until(lambda: self.online)
        assert self._socket is not None
        return await self._socket.command(cmd, **fields)

    async def say(self, cmd: str, **fields: Any) -> None:
        """Say it if the line is up, without a reply; else it is left out."""
        if self.online and self._socket is not None:
            try:
                await self._socket.say(cmd, **fields)
            except ConnectionLost:
                return

    async def patiently(self, cmd: str, **fields: Any) -> Frame:
        """As `command`, but again, up to 5 times, while the server asks to try later."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self.command(cmd, **fields)
            except ApiError as error:
                if error.code not in AGAIN or attempt == ATTEMPTS:
                    raise
                await self._clock.sleep(error.retry_after or 0.2 * 2**attempt)
        raise AssertionError("unreachable")

    async def ask(self, cmd: str, **fields: Any) -> Frame:
        """As `patiently`, and again after a lost connection: for commands that may be done twice.

        Waits for the line as long as it takes. Raises `ApiError`, `Stopped`.
        """
        while True:
            try:
                return await self.patiently(cmd, **fields)
            except ConnectionLost:
                continue

    # One connection's life.

    async def _live(self, tokens: TokenSource) -> float | None:
        """Open, greet, wait for the end. Returns what the server said about coming back; raises `Stopped`."""
        self._become("connecting", None)
        token = ""
        try:
            token = await self._token(tokens)
            socket = await Socket.open(self._address, token, self._clock, self._event, self._signal.notify)
            self._socket = socket
            self._tasks.spawn(self._expect_ready(socket), "client.ready")
            await socket.command("hello", **self._hello())
            await self._signal.until(lambda: self.online or not socket.is_open)
            self._tasks.spawn(self._keep_fresh(socket, tokens), "client.refresh")
            await socket.wait_closed()
            return self._ended(socket, token)
        except ConnectionLost as lost:
            ended = self._socket
            return self._ended(ended, token) if ended is not None else lost.retry_after
        except ApiError as error:
            return self._refused(error, token)
        finally:
            await self._drop()

    async def _token(self, tokens: TokenSource) -> str:
        bad, self._bad_token = self._bad_token, None
        try:
            return await (tokens.renew(bad) if bad is not None else tokens.access())
        except ConnectionLost:
            self._bad_token = bad
            raise
        except ApiError as error:
            self._bad_token = bad
            if error.status == 401:
                raise Stopped(f"Sign in again: {error.message}", CloseCode.UNAUTHORIZED) from error
            raise

    def _ended(self, socket: Socket, token: str) -> float | None:
        """What the close code says: stop, or the least number of seconds to wait."""
        if socket.code == CloseCode.UNAUTHORIZED and not self._token_refused:
            self._renew_next(token)  # expired while the machine slept, perhaps: another one may do
        elif 4500 <= socket.code <= 4999:
            raise Stopped(socket.reason or "Sign in again.", socket.code)
        if self._online_since is not None and self._clock.monotonic() - self._online_since >= STABLE_SECONDS:
            self._backoff.reset()
        if socket.code == CloseCode.TOKEN_EXPIRED:
            self._renew_next(token)
        if socket.code == CloseCode.FLOOD:
            return max(FLOOD_PAUSE, socket.retry_after or 0.0)
        return socket.retry_after

    def _refused(self, error: ApiError, token: str) -> float | None:
        if error.code == "unauthorized":
            self._renew_next(token)
            return error.retry_after
        if error.code in AGAIN or error.code == "internal" or self._was_online:
            return error.retry_after
        raise Stopped(str(error), error.status or 0) from error

    def _renew_next(self, token: str) -> None:
        """The token was not good: the next connection gets another one, unless that was refused, too."""
        self._token_refused += 1
        if self._token_refused > 2:
            raise Stopped("The server takes none of the tokens. Sign in again.", CloseCode.UNAUTHORIZED)
        self._bad_token = token
        self._hurry = self._token_refused == 1

    async def _pause(self, hint: float | None) -> None:
        if self._hurry:  # expired: a fresh token is all that is missing
            self._hurry = False
            return
        wait = self._backoff.next(hint)
        self._become("offline", wait)
        await self._clock.sleep(wait)

    def _event(self, frame: Frame) -> None:
        self._on_event(frame)
        if frame["ev"] == "ready" and self._socket is not None:
            self._was_online, self._token_refused = True, 0
            self._online_since = self._clock.monotonic()
            self._socket.watch(frame["heartbeat"]["interval"], frame["heartbeat"]["timeout"])
            self._expires_in = float(frame["expires_in"])
            self._become("online", None)
        self._signal.notify()

    async def _expect_ready(self, socket: Socket) -> None:
        await self._clock.sleep(OPEN_SECONDS)
        if self._socket is socket and self._online_since is None:
            socket.abort("The server said nothing after hello.")

    async def _keep_fresh(self, socket: Socket, tokens: TokenSource) -> None:
        left = self._expires_in
        while True:
            await self._clock.sleep(max(1.0, RENEW_AT * left))
            try:
                reply = await socket.command("refresh", token=await tokens.access())
                left = float(reply.get("expires_in", left))
            except ClientError:
                left = 5.0  # try again soon; if nothing helps the server ends the connection with 4001

    async def _drop(self) -> None:
        socket, self._socket = self._socket, None
        self._online_since = None
        if socket is not None:
            await socket.close()
        await self._tasks.close()

    def _become(self, state: State, retry_in: float | None) -> None:
        if state != self.state or self.error is not None:
            self.state = state
            self._on_state(state, retry_in)
        self._signal.notify()
