"""The only door to a room: what you may not see cannot be told from what is not there (promise 7).

And from the ids of the outside to users and room numbers.
"""

from collections import OrderedDict

from sqlalchemy import Connection

from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import canonical_id
from tertulia.domain.models import Member, Room, RoomKind, User
from tertulia.domain.rights import Act, rank, require
from tertulia.storage import bans, members, rooms, users
from tertulia.storage.database import Database

KNOWN_ROOMS = 100_000


def visible(connection: Connection, room_id: str, user: int) -> tuple[Room, Member | None]:
    """A room that the user may see, and their membership; `not_found` for all others."""
    wanted = canonical_id(room_id)
    room = rooms.by_id(connection, wanted) if wanted else None
    if room is None:
        raise not_found("room")
    return room, member_in(connection, room, user)


def member_in(connection: Connection, room: Room, user: int | None) -> Member | None:
    """The user's membership of a room that they may see; `not_found` when they may not.

    `user` None: nobody who is signed in, who sees public rooms.
    """
    member = None if user is None else members.one(connection, room.number, user)
    if member is not None and member.left_at is None:
        return member
    if room.kind is RoomKind.PUBLIC and not (user and bans.is_banned(connection, room.number, user)):
        return None
    raise not_found("room")


def joined(connection: Connection, room_id: str, user: int) -> tuple[Room, Member]:
    """A room in which the user is a member."""
    room, member = visible(connection, room_id, user)
    if member is None:
        raise Rejection("not_member", "Join the room first.")
    return room, member


def allowed(connection: Connection, user: int, room_id: str, act: Act) -> Room:
    """A room in which the user may do this, as it looks before the lock: to be polite, and to tell nothing to others.

    Raises `not_found`, `not_member`, `direct_room` or `forbidden`.
    """
    room, member = visible(connection, room_id, user)
    require(act, room.kind, rank(room.kind, member, users.by_numbers(connection, [user]).get(user)))
    return room


async def find_user(db: Database, user_id: str, *, active: bool = True) -> User:
    """The user with that id; `not_found` when there is none, or when `active` and they are not."""
    wanted = canonical_id(user_id)
    user = await db.read(users.by_id, wanted) if wanted else None
    if user is None or (active and not user.is_active):
        raise not_found("user")
    return user


class RoomNumbers:
    """Room ids to numbers. They never change, so those once seen are kept; whether the room is still there, and who
    may do what in it, is decided under its lock.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: OrderedDict[str, int] = OrderedDict()

    def known(self, room_id: str) -> int | None:
        """Without the database."""
        return self._known.get(room_id)

    def learn(self, room_id: str, number: int) -> None:
        self._known[room_id] = number
        if len(self._known) > KNOWN_ROOMS:
            self._known.popitem(last=False)

    async def number(self, room_id: str) -> int:
        """Raises `not_found`."""
        number = self._known.get(room_id)
        if number is None:
            wanted = canonical_id(room_id)
            found = await self._db.read(rooms.numbers, [wanted]) if wanted else {}
            if wanted not in found:
                raise not_found("room")
            number = found[wanted]
            self.learn(wanted, number)
        return number
