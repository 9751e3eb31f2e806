"""Posts that are not answered yet. Pure."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from tertulia.client.errors import ClientError, OutboxFull
from tertulia.protocol.resources import MessageResource

LIMIT = 1_000


def _future() -> "asyncio.Future[MessageResource]":
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False)
class Pending:
    """One post on its way. Its `client_id` never changes, so however often it is sent, it is stored once."""

    room: str
    body: str
    client_id: str
    reply_to: int | None = None
    attempts: int = 0
    _answer: "asyncio.Future[MessageResource]" = field(default_factory=_future)

    @property
    def command(self) -> dict[str, str | int]:
        """The fields of the post command."""
        fields: dict[str, str | int] = {"room": self.room, "body": self.body, "client_id": self.client_id}
        if self.reply_to is not None:
            fields["reply_to"] = self.reply_to
        return fields

    async def answer(self) -> MessageResource:
        """The message as it is stored; raises why it is not. Cancelling this wait does not take the post back."""
        return await asyncio.shield(self._answer)


class Outbox:
    """Holds posts in order until they are answered, at most `limit` of all rooms together.

    A room's posts are sent one after the other, so that their order holds even when one has to be repeated.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._rooms: dict[str, deque[Pending]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, post: Pending) -> None:
        """Raises `OutboxFull`."""
        if self._size >= self._limit:
            raise OutboxFull(f"{self._limit:,} posts wait for an answer. Wait for some before you post more.")
        self._rooms.setdefault(post.room, deque()).append(post)
        self._size += 1

    def first(self, room: str) -> Pending | None:
        """The post of this room that is next, or on its way."""
        posts = self._rooms.get(room)
        return posts[0] if posts else None

    def of(self, room: str) -> list[Pending]:
        """All posts of a room that wait, in order."""
        return list(self._rooms.get(room, ()))

    def rooms(self) -> list[str]:
        return list(self._rooms)

    def stored(self, post: Pending, message: MessageResource) -> None:
        """It is on the server's disk."""
        if self._remove(post) and not post._answer.done():
            post._answer.set_result(message)

    def refused(self, post: Pending, error: ClientError) -> None:
        """It will never be stored."""
        if self._remove(post) and not post._answer.done():
            post._answer.set_exception(error)
            post._answer.exception()  # nobody has to ask

    def seen(self, room: str, message: MessageResource) -> Pending | None:
        """A message of mine came by: if it is one of these posts, it is stored."""
        for post in self._rooms.get(room, ()):
            if post.client_id == message.get("client_id"):
                self.stored(post, message)
                return post
        return None

    def fail_all(self, error: ClientError) -> list[Pending]:
        """The client stops; what was waiting, in order."""
        waiting = [post for posts in list(self._rooms.values()) for post in posts]
        for post in waiting:
            self.refused(post, error)
        return waiting

    def _remove(self, post: Pending) -> bool:
        posts = self._rooms.get(post.room, deque())
        if post not in posts:
            return False
        posts.remove(post)
        self._size -= 1
        if not posts:
            del self._rooms[post.room]
        return True
