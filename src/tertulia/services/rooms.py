"""Rooms: make, find, see, change, delete."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.committer.committer import Committer
from tertulia.domain.changes import ChangeRoom, CreateRoom, DeleteRoom
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.events import Changed
from tertulia.domain.ids import canonical_id
from tertulia.domain.metadata import dump_metadata
from tertulia.domain.models import Caller, Member, Room, RoomKind, RoomView, Snapshot
from tertulia.domain.rooms import check_room_name, direct_key
from tertulia.services.access import RoomNumbers, joined, member_in, visible
from tertulia.services.gathering import Gathering
from tertulia.services.pace import Pace
from tertulia.services.policy import Policy
from tertulia.services.timeline import Place
from tertulia.services.views import Followed, followed, views_of
from tertulia.services.weights import PAGE_BYTES, change_weight, fitting, view_weight
from tertulia.services.words import Words
from tertulia.storage import bans, blocks, changes, members, messages, rooms
from tertulia.storage.database import Database
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

FIRST_MEMBERS = 100
"""Others with whom a room may begin."""
SNAPSHOT_MESSAGES = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be changed of a room; None: stays. `retention_days` 0: messages stay for ever."""

    name: str | None = None
    title: str | None = None
    description: str | None = None
    slow_mode: int | None = None
    archived: bool | None = None
    retention_days: int | None = None
    metadata: dict[str, Any] | None = None

    def stored(self) -> dict[str, Any]:
        """By name, as the committer takes them."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return given | {"metadata": None if self.metadata is None else dump_metadata(self.metadata)}


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in `room` up to its head; `items` None: too much to tell. `member`: who asks is one."""

    room: Room
    member: bool
    items: Sequence[Changed] | None


class Rooms:
    """`large`: rooms with more members than this show no members, receipts and presence of others.

    `pace`: how many changes a user may make. `policy` says who may make which, `words` what they may be called.
    """

    def __init__(  # noqa: PLR0913 - what it has to do with
        self,
        db: Database,
        committer: Committer,
        numbers: RoomNumbers,
        pace: Pace,
        policy: Policy,
        words: Words,
        tasks: Tasks,
        *,
        large: int,
    ) -> None:
        self._db = db
        self._committer = committer
        self._numbers = numbers
        self._pace = pace
        self._policy = policy
        self._words = words
        self._large = large
        self._deleted = asyncio.Event()
        self._followed: Gathering[tuple[int, int], Followed] = Gathering(db, tasks, followed)
        self._heads: Gathering[frozenset[int], dict[int, int]] = Gathering(db, tasks, _heads)

    async def create(  # noqa: PLR0913
        self,
        caller: Caller,
        kind: RoomKind,
        name: str | None,
        title: str | None,
        description: str,
        metadata: dict[str, Any] | None = None,
        *,
        exclusive: bool = False,
        join_by_id: bool = False,
        members: Collection[int] = (),
    ) -> RoomView:
        """A public or private room, with the caller as its owner and with `members`, numbers of users.

        `exclusive`: its name is nobody else's, though it is private; `join_by_id`: whoever has its id may join. Raises
        `name_taken`; `not_found`, `blocked` or `too_many` for the members.
        """
        if name is not None:
            check_room_name(name)
        if len(members) > FIRST_MEMBERS:
            raise Rejection("too_many", f"A room begins with at most {FIRST_MEMBERS} others.", field="members")
        self._pace.check(caller)
        await self._policy.check_room(caller, kind)
        if members:
            await self._policy.check_people(caller, members)
        flagged = self._words.check(name, title, description)
        title, kept = name or "" if title is None else title, None if metadata is None else dump_metadata(metadata)
        change = CreateRoom(
            caller.user, kind, name, title, description, metadata=kept,
            exclusive=exclusive, join_by_id=join_by_id, members=tuple(members),
        )  # fmt: skip
        outcome = await self._committer.commit(change)
        assert outcome.room is not None
        self._numbers.learn(outcome.room.id, outcome.room.number)
        if flagged:
            await self._report(caller, outcome.room, name, title, description)
        return RoomView(outcome.room, outcome.member)

    async def _report(self, caller: Caller, room: Room, *texts: str | None) -> None:
        await self._words.report(*texts, user=caller.user, room=room.number, room_id=room.id)

    async def create_first(self, name: str) -> None:
        """A public room without owner and members, for a new installation; again is no error."""
        try:
            await self._committer.commit(CreateRoom(None, RoomKind.PUBLIC, name, name, "For everybody."))
        except Rejection as rejection:
            if rejection.code != "name_taken":
                raise

    async def open_direct(self, caller: Caller, ref: int | str) -> tuple[RoomView, bool]:
        """The one direct room with somebody, and whether it was made just now: if not, it was no change."""
        partner = await self._policy.partner(caller, ref)
        if partner.number == caller.user:
            raise Rejection("invalid", "A direct room is for two: name somebody else.", field="user")
        there = await self._db.read(self._direct, caller.user, partner.number)
        if there is not None:
            return there, False
        self._pace.check(caller)
        outcome = await self._committer.commit(CreateRoom(caller.user, RoomKind.DIRECT, partner=partner.number))
        assert outcome.room is not None
        return await self.view(caller, outcome.room.id), not outcome.repeated

    def _direct(self, connection: Connection, user: int, partner: int) -> RoomView | None:
        room = rooms.by_direct_key(connection, direct_key(user, partner))
        return None if room is None else self._view(connection, room.id, user)

    async def view(self, caller: Caller, room_id: str) -> RoomView:
        """A room as the caller sees it."""
        return await self._db.read(self._view, room_id, caller.user)

    def _view(self, connection: Connection, room_id: str, user: int) -> RoomView:
        room, member = visible(connection, room_id, user)
        return _views(connection, user, [(room, member)])[0]

    async def mine(
        self, caller: Caller, limit: int, offset: int = 0, *, archived: bool | None = False, hidden: bool = False
    ) -> tuple[list[RoomView], bool]:
        """The caller's rooms, the most recently active first, and whether there are more; `archived`: those that are,
        None: all; `hidden`: those that they hid, too.

        Up to `limit`; fewer when they are long, but at least one.
        """
        return await self._db.read(self._mine, caller.user, limit, offset, archived, hidden)

    def _mine(
        self, connection: Connection, user: int, limit: int, offset: int, archived: bool | None, hidden: bool
    ) -> tuple[list[RoomView], bool]:
        found = members.rooms_of(connection, user, limit + 1, offset, archived=archived, hidden=hidden)
        views = _views(connection, user, found[:limit])
        kept = views[: fitting(views, view_weight, PAGE_BYTES)]
        return kept, len(found) > len(kept)

    async def followed(self, user: int, shown: int) -> Followed:
        """For `ready`: with the `shown` most recently active rooms.

        Archived rooms are followed, so that it arrives when they are opened again, and not shown.
        """
        return await self._followed.read((user, shown))

    async def directory(
        self, caller: Caller, query: str, after: tuple[int, int] | None, limit: int
    ) -> tuple[list[tuple[Room, bool]], bool]:
        """Public rooms whose name or title contains `query`, largest first; whether the caller is in; more?"""
        found = await self._db.read(rooms.directory, query, caller.user, after, limit + 1)
        return found[:limit], len(found) > limit

    async def change(self, caller: Caller, room_id: str, wanted: Settings) -> RoomView:
        """What is given in `wanted`; the rest stays."""
        if wanted.name is not None:
            check_room_name(wanted.name)
        self._pace.check(caller)
        texts = (wanted.name, wanted.title, wanted.description)
        flagged = self._words.check(*texts)
        number = await self._numbers.number(room_id)
        await self._committer.commit(ChangeRoom(number, caller.user, **wanted.stored()))
        view = await self.view(caller, room_id)
        if flagged:
            await self._report(caller, view.room, *texts)
        return view

    async def delete(self, caller: Caller, room_id: str) -> None:
        """Gone at once; its rows go in slices behind (`purge`)."""
        self._pace.check(caller)
        await self._committer.commit(DeleteRoom(await self._numbers.number(room_id), caller.user))
        self.purge_soon()

    def purge_soon(self) -> None:
        """A room was deleted: its rows can go."""
        self._deleted.set()

    async def purge(self) -> None:
        """Remove the rows of deleted rooms, a slice in each transaction, so that posts are never held up."""
        while await self._db.write(rooms.purge_slice):
            pass

    async def purge_again_and_again(self, clock: Clock) -> None:
        """`purge` soon after each deletion, and once after the start; until cancelled."""
        while True:
            self._deleted.clear()
            try:
                await self.purge()
            except (SQLAlchemyError, Rejection) as error:
                log.warning("purge.failed", error=type(error).__name__)
                await clock.sleep(10)
                continue
            await self._deleted.wait()

    # For catching up.

    async def snapshot(self, number: int, user: int) -> Snapshot:
        """The room afresh; `not_found` when the user may not see it."""
        return await self._db.read(self._snapshot, number, user)

    def _snapshot(self, connection: Connection, number: int, user: int) -> Snapshot:
        room = rooms.by_number(connection, number)
        if room is None:
            raise not_found("room")
        member = member_in(connection, room, user)
        view = _views(connection, user, [(room, member)])[0]
        first, last = Place().span(room.first_index, room.message_count, SNAPSHOT_MESSAGES)
        notices_after = first if first > room.first_index else first - 1
        page = messages.span(connection, number, first, last, notices_after=notices_after)
        page, _, _ = Place().fit(page)
        people = None
        if room.member_count <= self._large:
            people = tuple(members.page(connection, number, None, self._large))
        positions = member is not None and not blocks.is_silent(connection, room)
        return Snapshot(view, tuple(page), people, positions=positions)

    async def changes(self, number: int, seq: int, user: int | None) -> Changes:
        """What changed after `seq` up to the room's head.

        `not_found` when `user` may not see the room; `user` None: on behalf of all who follow it.
        """
        return await self._db.read(self._changes, number, seq, user)

    def _changes(self, connection: Connection, number: int, seq: int, user: int | None) -> Changes:
        room = rooms.by_number(connection, number)
        if room is None:
            raise not_found("room")
        member = None if user is None else member_in(connection, room, user)
        items = None if seq > room.head_seq else changes.since(connection, room, seq)
        return Changes(room, member is not None, items)

    async def missed(self, number: int, after: int) -> tuple[int, Sequence[Changed] | None] | None:
        """For the hub: a room's head and what changed after `after`; no changes: too many; None: the room is gone."""
        try:
            found = await self.changes(number, after, None)
        except Rejection as rejection:
            if rejection.code != "not_found":
                raise  # busy: the room is there, and is asked for again
            return None
        items = found.items
        if items is not None and sum(map(change_weight, items)) > PAGE_BYTES:
            items = None  # each catches up for itself, as fast as it can read
        return found.room.head_seq, items

    async def joined(self, caller: Caller, room_id: str) -> Room:
        """A room of which the caller is a member; `not_member` or `not_found` otherwise."""
        room, _ = await self._db.read(joined, room_id, caller.user)
        return room

    async def visible(self, user: int, room_ids: Collection[str]) -> dict[str, tuple[Room, bool]]:
        """Those of `room_ids` that are there and that the user may see, and whether they are a member."""
        return await self._db.read(self._visible, user, list(room_ids))

    def _visible(self, connection: Connection, user: int, room_ids: list[str]) -> dict[str, tuple[Room, bool]]:
        found = rooms.by_ids(connection, [room_id for room_id in room_ids if canonical_id(room_id)])
        mine = members.some(connection, [(room.number, user) for room in found])
        joined = {member.room for member in mine if member.left_at is None}
        open_to_all = [room.number for room in found if room.kind is RoomKind.PUBLIC]
        banned = bans.rooms_of(connection, user, open_to_all)
        visible = joined | (set(open_to_all) - banned)
        return {room.id: (room, room.number in joined) for room in found if room.number in visible}

    async def heads(self, numbers: Collection[int]) -> dict[int, int]:
        """The head of each room that is there."""
        return await self._heads.read(frozenset(numbers))


def _heads(connection: Connection, keys: Collection[frozenset[int]]) -> dict[frozenset[int], dict[int, int]]:
    found = rooms.heads(connection, frozenset[int]().union(*keys))
    return {key: {number: found[number] for number in key if number in found} for key in keys}


def _views(connection: Connection, user: int, found: Sequence[tuple[Room, Member | None]]) -> list[RoomView]:
    mentioned = members.mention_counts_of(connection, [(room.number, user) for room, _ in found])
    return views_of(connection, {user: found}, mentioned)[user]
