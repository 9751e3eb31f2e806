"""Members: join, leave, list, add, remove."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tertulia.committer.committer import Committer
from tertulia.domain.changes import AddMember, Join, Leave, RemoveMember
from tertulia.domain.models import Caller, Member, User
from tertulia.services.access import RoomNumbers, find_user, joined, visible
from tertulia.services.pace import Pace
from tertulia.storage import members
from tertulia.storage.database import Database


@dataclass(frozen=True, slots=True)
class MembersPage:
    """`positions`: the room is small enough to show how far each has read."""

    items: list[tuple[Member, User]]
    more: bool
    positions: bool


class Members:
    """Changes go through the committer, which decides who may. `pace`: how many a user may make."""

    def __init__(self, db: Database, committer: Committer, numbers: RoomNumbers, pace: Pace, *, large: int) -> None:
        self._large = large
        self._db = db
        self._committer = committer
        self._numbers = numbers
        self._pace = pace

    async def join(self, caller: Caller, room_id: str) -> None:
        """Become a member of a public room; again is no error."""
        self._pace.check(caller)
        await self._committer.commit(Join(await self._numbers.number(room_id), caller.user))

    async def leave(self, caller: Caller, room_id: str) -> None:
        self._pace.check(caller)
        await self._committer.commit(Leave(await self._numbers.number(room_id), caller.user))

    async def add(self, caller: Caller, room_id: str, user_id: str) -> tuple[Member, User]:
        """Bring somebody in; again is no error."""
        self._pace.check(caller)
        room, _ = await self._db.read(joined, room_id, caller.user)  # before it tells whether the user is there
        user = await find_user(self._db, user_id)
        outcome = await self._committer.commit(AddMember(room.number, caller.user, user.number))
        assert outcome.member is not None
        return outcome.member, user

    async def remove(self, caller: Caller, room_id: str, user_id: str) -> None:
        self._pace.check(caller)
        room, _ = await self._db.read(joined, room_id, caller.user)
        user = await find_user(self._db, user_id, active=False)
        await self._committer.commit(RemoveMember(room.number, caller.user, user.number))

    async def page(self, caller: Caller, room_id: str, after: tuple[int, int] | None, limit: int) -> MembersPage:
        """Members in the order of joining; `after`: (joined_at, user) of the last one before."""
        return await self._db.read(self._page, caller.user, room_id, after, limit)

    def _page(
        self, connection: Connection, user: int, room_id: str, after: tuple[int, int] | None, limit: int
    ) -> MembersPage:
        room, _ = visible(connection, room_id, user)
        found = members.page(connection, room.number, after, limit + 1)
        return MembersPage(found[:limit], len(found) > limit, room.member_count <= self._large)
