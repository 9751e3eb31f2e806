"""Members: join, leave, list, add, remove."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tertulia.committer.committer import Committer
from tertulia.domain.changes import AddMember, Join, Leave, RemoveMember
from tertulia.domain.errors import not_found
from tertulia.domain.ids import canonical_id
from tertulia.domain.models import Caller, Member, User
from tertulia.services.access import RoomNumbers, joined, visible
from tertulia.storage import members, users
from tertulia.storage.database import Database


@dataclass(frozen=True, slots=True)
class MembersPage:
    """`positions`: the room is small enough to show how far each has read."""

    items: list[tuple[Member, User]]
    more: bool
    positions: bool


class Members:
    """Changes go through the committer, which decides who may."""

    def __init__(self, db: Database, committer: Committer, numbers: RoomNumbers, *, large: int) -> None:
        self._large = large
        self._db = db
        self._committer = committer
        self._numbers = numbers

    async def join(self, caller: Caller, room_id: str) -> None:
        """Become a member of a public room; again is no error."""
        await self._committer.commit(Join(await self._numbers.number(room_id), caller.user))

    async def leave(self, caller: Caller, room_id: str) -> None:
        await self._committer.commit(Leave(await self._numbers.number(room_id), caller.user))

    async def add(self, caller: Caller, room_id: str, user_id: str) -> tuple[Member, User]:
        """Bring somebody in; again is no error."""
        room, _ = await self._db.read(joined, room_id, caller.user)  # before it tells whether the user is there
        user = await self._user(user_id)
        if not user.is_active:
            raise not_found("user")
        outcome = await self._committer.commit(AddMember(room.number, caller.user, user.number))
        assert outcome.member is not None
        return outcome.member, user

    async def remove(self, caller: Caller, room_id: str, user_id: str) -> None:
        room, _ = await self._db.read(joined, room_id, caller.user)
        user = await self._user(user_id)
        await self._committer.commit(RemoveMember(room.number, caller.user, user.number))

    async def _user(self, user_id: str) -> User:
        wanted = canonical_id(user_id)
        user = await self._db.read(users.by_id, wanted) if wanted else None
        if user is None:
            raise not_found("user")
        return user

    async def page(self, caller: Caller, room_id: str, after: tuple[int, int] | None, limit: int) -> MembersPage:
        """Members in the order of joining; `after`: (joined_at, user) of the last one before."""
        return await self._db.read(self._page, caller.user, room_id, after, limit)

    def _page(
        self, connection: Connection, user: int, room_id: str, after: tuple[int, int] | None, limit: int
    ) -> MembersPage:
        room, _ = visible(connection, room_id, user)
        found = members.page(connection, room.number, after, limit + 1)
        return MembersPage(found[:limit], len(found) > limit, room.member_count <= self._large)
