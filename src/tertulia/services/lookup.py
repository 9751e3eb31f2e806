"""Finding things as the compatible APIs name them: rooms by name or number, messages by number, all in one list.

What is not there and what the caller may not see is `not_found`, in the same words. `caller` None: nobody is signed
in, who sees public rooms. All that is asked for is read in one transaction, and bounded.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from heapq import nlargest
from operator import attrgetter
from typing import Literal

from sqlalchemy import Connection

from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import MAX_INTEGER, canonical_id
from tertulia.domain.models import Caller, Member, Message, Room, RoomKind, RoomView, User
from tertulia.domain.rooms import direct_key, direct_pair
from tertulia.domain.text import check_text
from tertulia.services.access import RoomNumbers, member_in
from tertulia.storage import blocks, members, numbered, rooms, users
from tertulia.storage.database import Database

ROOMS_LOOKED_AT = 1_000
"""Of the caller's rooms, and of the public ones, for the newest messages of all."""
MESSAGES_LOOKED_AT = 20
"""For each message of the newest of all: more only where heaps of deleted ones are in front of them."""

Order = Literal["number", "name"]


@dataclass(frozen=True, slots=True)
class Filed:
    """A message and its number."""

    number: int
    message: Message


@dataclass(frozen=True, slots=True)
class Entry:
    """A room as it is now, the caller's membership, and its newest messages, oldest first.

    `silent`: of two of whom one blocks the other; nothing is told in it of who is there.
    """

    room: Room
    member: Member | None
    messages: tuple[Filed, ...]
    silent: bool = False


class Lookup:
    """Rooms that were found by name or number are known by id from then on."""

    def __init__(self, db: Database, numbers: RoomNumbers) -> None:
        self._db = db
        self._numbers = numbers

    # Rooms

    async def room_named(self, caller: Caller | None, name: str) -> tuple[Room, Member | None]:
        """The room whose own name it is, or that of two by the name that is made of their numbers; else the oldest of
        the caller's rooms that is called so.
        """
        room, member = await self._db.read(_room_named, _user(caller), name)
        self._learn(room)
        return room, member

    async def room(self, caller: Caller | None, ref: int | str) -> tuple[Room, Member | None]:
        """By number or id."""
        room, member = await self._db.read(_room, _user(caller), ref)
        self._learn(room)
        return room, member

    async def rooms(
        self,
        caller: Caller | None,
        limit: int,
        *,
        order: Order = "number",
        kinds: Collection[RoomKind] = tuple(RoomKind),
    ) -> list[RoomView]:
        """The caller's rooms and the public ones, each once, without archived ones; with `partner`, without counts.

        If there are more than `limit`, the caller's most recently active ones are kept, then the newest public ones.
        By name: in the order of its characters, rooms without one last.
        """
        found = await self._db.read(_rooms, _user(caller), limit, kinds)
        return sorted(found, key=_by_name if order == "name" else _by_number)

    async def own_rooms(self, caller: Caller | None, limit: int) -> list[RoomView]:
        """The same, but only those of which the caller is a member; by number."""
        found = await self._db.read(_own_rooms, _user(caller), limit, None)
        return sorted(found, key=_by_number)

    async def direct_room(self, caller: Caller | None, partner_number: int) -> Room | None:
        """The direct room of the two, if there is one."""
        if caller is None:
            return None
        return await self._db.read(rooms.by_direct_key, direct_key(caller.user, partner_number))

    async def owners(self, rooms: Iterable[Room]) -> dict[int, User]:
        """The owners of rooms that the caller was shown, by their numbers."""
        return await self._db.read(users.by_numbers, {room.owner for room in rooms if room.owner is not None})

    async def member_users(self, room_numbers: Collection[int], limit_each: int) -> dict[int, list[User]]:
        """Who is in each of these rooms, which the caller was shown, in the order of joining.

        The first `limit_each`; those of them who are deactivated are left out.
        """
        found = await self._db.read(members.first_of, room_numbers, limit_each)
        return {number: found.get(number, []) for number in room_numbers}

    def _learn(self, room: Room) -> None:
        self._numbers.learn(room.id, room.number)

    # Messages

    async def newest(self, caller: Caller | None, room: int, limit: int) -> list[Filed]:
        """The newest messages of a room, oldest first; deleted ones count and have no body."""
        return list((await self.entry(caller, room, limit)).messages)

    async def newest_of_all(self, caller: Caller | None, limit: int) -> list[tuple[Room, Filed]]:
        """The newest messages of all rooms that `rooms` lists, newest first, without deleted ones.

        Of somebody with very many rooms only those are looked at that were active last.
        """
        return await self._db.read(_newest_of_all, _user(caller), limit)

    async def message(self, caller: Caller | None, ref: int | str) -> tuple[Room, Filed]:
        """By number or id; also a deleted one, without its body."""
        room, found = await self._db.read(_message, _user(caller), ref)
        self._learn(room)
        return room, found

    async def entry(self, caller: Caller | None, room: int, history: int) -> Entry:
        """For a socket that opens: the room, and its newest messages up to `room.head_seq`; `history` 0: none."""
        found = await self._db.read(_entry, _user(caller), room, history)
        self._learn(found.room)
        return found


def _user(caller: Caller | None) -> int | None:
    return None if caller is None else caller.user


def _by_number(view: RoomView) -> int:
    return view.room.number


def _by_name(view: RoomView) -> tuple[bool, str, int]:
    return view.room.name is None, view.room.name or "", view.room.number


def _room_named(connection: Connection, user: int | None, name: str) -> tuple[Room, Member | None]:
    try:
        check_text(name)  # no room is called what cannot be stored
    except Rejection:
        raise not_found("room") from None
    pair = direct_pair(name)
    if pair is not None:
        return _direct_room(connection, user, pair)
    room = rooms.by_own_name(connection, name)
    if room is not None:
        with suppress(Rejection):  # who may not see it finds what they would find without it
            return room, member_in(connection, room, user)
    # Direct rooms have neither name nor title: nothing is no name of theirs.
    found = None if user is None or not name else members.room_named(connection, user, name)
    if found is None:
        raise not_found("room")
    return found


def _direct_room(connection: Connection, user: int | None, pair: tuple[int, int]) -> tuple[Room, Member | None]:
    room = rooms.by_direct_key(connection, direct_key(*pair)) if user in pair else None
    if room is None:
        raise not_found("room")
    return room, member_in(connection, room, user)


def _room(connection: Connection, user: int | None, ref: int | str) -> tuple[Room, Member | None]:
    known = _known(ref)
    room = rooms.by_number(connection, known) if isinstance(known, int) else None
    if isinstance(known, str):
        room = rooms.by_id(connection, known)
    if room is None:
        raise not_found("room")
    return room, member_in(connection, room, user)


def _known(ref: int | str) -> int | str | None:
    """A number or an id that the database can be asked for."""
    if isinstance(ref, str):
        return canonical_id(ref)
    return ref if 0 < ref <= MAX_INTEGER else None


def _rooms(connection: Connection, user: int | None, limit: int, kinds: Collection[RoomKind]) -> list[RoomView]:
    views = _own_rooms(connection, user, limit, kinds)
    if RoomKind.PUBLIC in kinds and len(views) < limit:
        views += map(RoomView, rooms.newest_public(connection, user, limit - len(views)))
    return views


def _own_rooms(
    connection: Connection, user: int | None, limit: int, kinds: Collection[RoomKind] | None
) -> list[RoomView]:
    """The most recently active first."""
    if user is None:
        return []
    found = members.rooms_of(connection, user, limit, archived=False, kinds=kinds)
    direct = [room.number for room, _ in found if room.kind is RoomKind.DIRECT]
    partners = members.partners(connection, user, direct)
    return [RoomView(room, member, partner=partners.get(room.number)) for room, member in found]


def _entry(connection: Connection, user: int | None, number: int, history: int) -> Entry:
    room, member = _room(connection, user, number)
    first = max(room.first_index, room.message_count - history + 1)
    found = numbered.span(connection, number, first, room.message_count)
    return Entry(room, member, tuple(Filed(*one) for one in found), blocks.is_silent(connection, room))


def _message(connection: Connection, user: int | None, ref: int | str) -> tuple[Room, Filed]:
    known = _known(ref)
    found = None if known is None else numbered.one(connection, known)
    if found is not None:
        number, message = found
        with suppress(Rejection):  # of the room, which is not what was asked for
            room, _ = _room(connection, user, message.room)
            if message.index is not None and message.index >= room.first_index:
                return room, Filed(number, message)
    raise not_found("message")


# The newest of all


def _newest_of_all(connection: Connection, user: int | None, limit: int) -> list[tuple[Room, Filed]]:
    views = _own_rooms(connection, user, ROOMS_LOOKED_AT, None)
    seen = [view.room for view in views] + rooms.newest_public(connection, user, ROOMS_LOOKED_AT)
    active = nlargest(limit, (room for room in seen if _depth(room)), key=attrgetter("last_at"))
    numbers = _newest_numbers(connection, active, limit)
    by_number = {room.number: room for room in active}
    found = sorted(numbered.by_numbers(connection, numbers), key=lambda one: one[0], reverse=True)
    return [(by_number[message.room], Filed(number, message)) for number, message in found]


def _newest_numbers(connection: Connection, looked_into: list[Room], limit: int) -> list[int]:
    """Looks at the last message of each room, then at four times as many where all were among the newest, and so on:
    so it never reads much more than it answers, however much was said.
    """
    newest: list[int] = []
    done, depth, left = 0, 1, MESSAGES_LOOKED_AT * limit
    while looked_into:
        wanted = [(room.number, index) for room in looked_into for index in _indexes(room, done, depth)]
        left -= len(wanted)
        if left < 0:
            break
        oldest: dict[int, int] = {}
        for number, room, deleted in numbered.places(connection, wanted):
            oldest[room] = min(number, oldest.get(room, number))
            if not deleted:
                newest.append(number)
        newest = nlargest(limit, newest)
        floor = newest[-1] if len(newest) == limit else 0
        looked_into = [room for room in looked_into if _depth(room) > depth and oldest.get(room.number, 0) > floor]
        done, depth = depth, depth * 4
    return newest


def _depth(room: Room) -> int:
    """How many messages it has that are not too old."""
    return room.message_count - room.first_index + 1


def _indexes(room: Room, done: int, depth: int) -> range:
    """Of its newest messages up to `depth`, those behind the first `done`."""
    last = room.message_count - done
    return range(max(room.first_index, room.message_count - depth + 1), last + 1)
