"""Gets posts stored, whatever happens to the line."""

from collections.abc import Callable

from tertulia.client.errors import AGAIN, ApiError, ConnectionLost, Stopped
from tertulia.client.link import Link
from tertulia.client.outbox import Outbox, Pending
from tertulia.clock import Clock
from tertulia.protocol.resources import MessageResource
from tertulia.tasks import Tasks

LONGEST_WAIT = 30.0


class Posting:
    """Sends what stands in the outbox: one post of a room at a time, the rooms beside each other.

    A post whose answer did not come, or that the server wants to have later, is sent again with the same `client_id`;
    it ends with `on_stored` or, when the server refuses it for good, with `on_refused`.
    """

    def __init__(
        self,
        outbox: Outbox,
        link: Link,
        clock: Clock,
        tasks: Tasks,
        on_stored: Callable[[Pending, MessageResource], None],
        on_refused: Callable[[Pending, ApiError], None],
    ) -> None:
        self._outbox = outbox
        self._link = link
        self._clock = clock
        self._tasks = tasks
        self._on_stored = on_stored
        self._on_refused = on_refused
        self._lanes: set[str] = set()

    def add(self, post: Pending) -> None:
        """Raises `OutboxFull`."""
        self._outbox.add(post)
        if post.room not in self._lanes:
            self._lanes.add(post.room)
            self._tasks.spawn(self._lane(post.room), "client.posting")

    async def _lane(self, room: str) -> None:
        try:
            while (post := self._outbox.first(room)) is not None:
                await self._send(post)
        except Stopped:
            return  # the client fails what waits
        finally:
            self._lanes.discard(room)

    async def _send(self, post: Pending) -> None:
        post.attempts += 1
        try:
            reply = await self._link.command("post", **post.command)
        except ConnectionLost:
            return
        except ApiError as error:
            if error.code in AGAIN:
                await self._clock.sleep(error.retry_after or min(LONGEST_WAIT, 0.2 * 2 ** min(post.attempts, 10)))
                return
            self._outbox.refused(post, error)
            self._on_refused(post, error)
            return
        self._outbox.stored(post, reply["message"])
        self._on_stored(post, reply["message"])
