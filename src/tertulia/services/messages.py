"""Messages: post, edit, delete, react, and read the timeline."""

from collections.abc import Callable

from sqlalchemy import Connection

from tertulia.committer.committer import Committer
from tertulia.domain.changes import Delete, Edit, Outcome, Post, React, Result
from tertulia.domain.emojis import check_emoji
from tertulia.domain.errors import not_found
from tertulia.domain.models import Caller, Message, Page
from tertulia.services.access import RoomNumbers, visible
from tertulia.services.pace import Pace
from tertulia.services.timeline import Place
from tertulia.storage import messages
from tertulia.storage.database import Database

MAX_PAGE = 100


class Messages:
    """`posts`: how many a user may make; `pace`: how many other changes."""

    def __init__(self, db: Database, committer: Committer, numbers: RoomNumbers, posts: Pace, pace: Pace) -> None:
        self._db = db
        self._committer = committer
        self._numbers = numbers
        self._posts = posts
        self._pace = pace

    def submit(
        self,
        caller: Caller,
        room: int,
        body: str,
        client_id: str | None,
        reply_to: int | None,
        done: Callable[[Result], None],
    ) -> None:
        """Post, without waiting; `done` gets the outcome or the rejection. For the socket: no task a post."""
        refusal = self._posts.refusal(caller)
        if refusal is not None and client_id is None:
            raise refusal
        # A repeated client_id is answered with what is stored, whatever the limits say: the committer looks.
        self._committer.submit(Post(room, caller.user, body, client_id, reply_to, refusal), done)

    async def post(
        self, caller: Caller, room_id: str, body: str, client_id: str | None = None, reply_to: int | None = None
    ) -> Outcome:
        """The stored message; `repeated` when it was there already."""
        refusal = self._posts.refusal(caller)
        if refusal is not None and client_id is None:
            raise refusal
        number = await self._numbers.number(room_id)
        return await self._committer.commit(Post(number, caller.user, body, client_id, reply_to, refusal))

    async def edit(self, caller: Caller, room_id: str, index: int, body: str) -> Message:
        self._pace.check(caller)
        number = await self._numbers.number(room_id)
        return _message(await self._committer.commit(Edit(number, caller.user, index, body)))

    async def delete(self, caller: Caller, room_id: str, index: int) -> Message:
        """The tombstone."""
        self._pace.check(caller)
        number = await self._numbers.number(room_id)
        return _message(await self._committer.commit(Delete(number, caller.user, index)))

    async def react(self, caller: Caller, room_id: str, index: int, emoji: str, *, on: bool) -> Message:
        check_emoji(emoji)
        self._pace.check(caller)
        number = await self._numbers.number(room_id)
        return _message(await self._committer.commit(React(number, caller.user, index, emoji, on)))

    async def one(self, caller: Caller, room_id: str, index: int) -> Message:
        return await self._db.read(self._one, caller.user, room_id, index)

    def _one(self, connection: Connection, user: int, room_id: str, index: int) -> Message:
        room, _ = visible(connection, room_id, user)
        found = messages.by_indexes(connection, [(room.number, index)])
        if not found:
            raise not_found("message")
        return found[0]

    async def page(self, caller: Caller, room_id: str, place: Place, limit: int = 50) -> Page:
        """Messages at a place of the timeline, and the notices between them.

        Up to `limit`; fewer when they are long, but at least one.
        """
        return await self._db.read(self._page, caller.user, room_id, place, min(limit, MAX_PAGE))

    def _page(self, connection: Connection, user: int, room_id: str, place: Place, limit: int) -> Page:
        room, _ = visible(connection, room_id, user)
        start, end = room.first_index, room.message_count
        first, last = place.span(start, end, limit)
        older, newer = first > start, last < end
        # Notices belong to the message they follow; those before the first message, to the first page.
        found = messages.span(connection, room.number, first, last, notices_after=first if older else start - 1)
        kept, cut_older, cut_newer = place.fit(found)
        return Page(tuple(kept), place.more(older or cut_older, newer or cut_newer))


def _message(outcome: Outcome) -> Message:
    assert outcome.message is not None
    return outcome.message
