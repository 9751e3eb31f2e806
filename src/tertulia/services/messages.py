"""Messages: post, edit, delete, react, and read the timeline."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from tertulia.committer.committer import Committer
from tertulia.domain.changes import Delete, Edit, Outcome, Pin, Post, React, Result
from tertulia.domain.emojis import check_emoji
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.metadata import dump_metadata
from tertulia.domain.models import Caller, Message, Page, Room, User
from tertulia.services.access import RoomNumbers, visible
from tertulia.services.pace import Pace
from tertulia.services.timeline import Place
from tertulia.services.weights import PAGE_BYTES, fitting, message_weight
from tertulia.services.words import Words
from tertulia.storage import messages
from tertulia.storage.database import Database

MAX_PAGE = 100


class Messages:
    """`posts`: how many a user may make; `pace`: how many other changes. Every body is looked up in `words`."""

    def __init__(
        self, db: Database, committer: Committer, numbers: RoomNumbers, posts: Pace, pace: Pace, words: Words
    ) -> None:
        self._db = db
        self._committer = committer
        self._numbers = numbers
        self._posts = posts
        self._pace = pace
        self._words = words

    def submit(
        self,
        caller: Caller,
        room: int,
        body: str,
        client_id: str | None,
        reply_to: int | None,
        done: Callable[[Result], None],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Post, without waiting; `done` gets the outcome or the rejection. For the socket: no task a post."""
        refusal, flagged = self._judge(caller, body)
        if refusal is not None and client_id is None:
            raise refusal
        # A repeated client_id is answered with what is stored, whatever the limits say: the committer looks.
        self._committer.submit(_post(room, caller.user, body, client_id, reply_to, metadata, refusal, flagged), done)

    def _judge(self, caller: Caller, body: str) -> tuple[Rejection | None, bool]:
        """Why a post is refused, if it is, and whether it is to be reported."""
        refusal = self._posts.refusal(caller)
        refused_words, flagged = self._words.refusal(body)
        return refusal or refused_words, flagged

    async def post(
        self,
        caller: Caller,
        room_id: str,
        body: str,
        client_id: str | None = None,
        reply_to: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Outcome:
        """The stored message; `repeated` when it was there already."""
        refusal, flagged = self._judge(caller, body)
        if refusal is not None and client_id is None:
            raise refusal
        number = await self._numbers.number(room_id)
        change = _post(number, caller.user, body, client_id, reply_to, metadata, refusal, flagged)
        return await self._committer.commit(change)

    async def post_as(
        self,
        sender: User,
        room: int,
        body: str,
        client_id: str | None,
        reply_to: int | None,
        metadata: dict[str, Any] | None,
    ) -> Outcome:
        """The same for a server key, which may speak as anybody anywhere, as fast as it likes."""
        refusal, flagged = self._words.refusal(body)
        if not sender.is_active:
            refusal = not_found("user")
        if refusal is not None and client_id is None:
            raise refusal
        change = _post(room, sender.number, body, client_id, reply_to, metadata, refusal, flagged)
        return await self._committer.commit(replace(change, trusted=True))

    async def edit(self, caller: Caller, room_id: str, index: int, body: str) -> Message:
        self._pace.check(caller)
        flagged = self._words.check(body)
        number = await self._numbers.number(room_id)
        return _message(await self._committer.commit(Edit(number, caller.user, index, body, flagged)))

    async def delete(self, caller: Caller, room_id: str, index: int) -> Message:
        """The tombstone."""
        self._pace.check(caller)
        number = await self._numbers.number(room_id)
        return _message(await self._committer.commit(Delete(number, caller.user, index)))

    async def pin(self, caller: Caller, room_id: str, index: int, *, on: bool) -> Message:
        """Keep a message at hand for everybody, or no more; again is no error."""
        self._pace.check(caller)
        number = await self._numbers.number(room_id)
        return _message(await self._committer.commit(Pin(number, caller.user, index, on)))

    async def pinned(
        self, caller: Caller, room_id: str, after: tuple[int, int] | None, limit: int
    ) -> tuple[list[Message], bool]:
        """Pinned last first, and whether there are more; `after`: (pinned_at, index) of the last one before.

        Up to `limit`; fewer when they are long, but at least one.
        """
        return await self._db.read(self._pinned, caller.user, room_id, after, limit)

    def _pinned(
        self, connection: Connection, user: int, room_id: str, after: tuple[int, int] | None, limit: int
    ) -> tuple[list[Message], bool]:
        room, _ = visible(connection, room_id, user)
        found = messages.pinned(connection, room.number, room.first_index, after, limit + 1)
        kept = found[: min(limit, fitting(found, message_weight, PAGE_BYTES))]
        return kept, len(found) > len(kept)

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
        if not found or index < room.first_index:
            raise not_found("message")
        return found[0]

    async def page(self, caller: Caller, room_id: str, place: Place, limit: int = 50) -> Page:
        """Messages at a place of the timeline, and the notices between them.

        Up to `limit`; fewer when they are long, but at least one.
        """
        return await self._db.read(self._page, caller.user, room_id, place, min(limit, MAX_PAGE))

    def _page(self, connection: Connection, user: int, room_id: str, place: Place, limit: int) -> Page:
        room, _ = visible(connection, room_id, user)
        return page_of(connection, room, place, limit)


def page_of(connection: Connection, room: Room, place: Place, limit: int) -> Page:
    """A page of the room's timeline, whoever asks."""
    start, end = room.first_index, room.message_count
    first, last = place.span(start, end, limit)
    older, newer = first > start, last < end
    # Notices belong to the message they follow; those before the first message, to the first page.
    found = messages.span(connection, room.number, first, last, notices_after=first if older else start - 1)
    kept, cut_older, cut_newer = place.fit(found)
    return Page(tuple(kept), place.more(older or cut_older, newer or cut_newer))


def _post(  # noqa: PLR0913, PLR0917
    room: int,
    user: int,
    body: str,
    client_id: str | None,
    reply_to: int | None,
    metadata: dict[str, Any] | None,
    refusal: Rejection | None,
    flagged: bool,
) -> Post:
    kept = None if metadata is None else dump_metadata(metadata)
    return Post(room, user, body, client_id, reply_to, refusal, kept, flagged)


def _message(outcome: Outcome) -> Message:
    assert outcome.message is not None
    return outcome.message
