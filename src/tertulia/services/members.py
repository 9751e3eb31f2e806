"""Members: join, leave, list, add, remove; their roles; muting and banning them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.committer.committer import Committer
from tertulia.domain.changes import (
    AddMember,
    Ban,
    Join,
    Leave,
    Mute,
    Outcome,
    RemoveMember,
    RoomChange,
    SetRole,
    Transfer,
    Unban,
)
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller, Member, Role, Room, User
from tertulia.domain.mutes import end_of_mute
from tertulia.domain.rights import Act
from tertulia.domain.text import check_text
from tertulia.services.access import RoomNumbers, allowed, find_user, visible
from tertulia.services.pace import Pace
from tertulia.services.policy import Policy
from tertulia.storage import bans, blocks, members, users
from tertulia.storage.database import Database


@dataclass(frozen=True, slots=True)
class MembersPage:
    """`positions`: how far each has read is shown: to members, where the room is small enough and not silent."""

    items: list[tuple[Member, User]]
    more: bool
    positions: bool


@dataclass(frozen=True, slots=True)
class Banned:
    """`by` None: the server itself."""

    user: User
    by: User | None
    reason: str
    created_at: int


class Members:
    """Changes go through the committer, which decides who may. `pace`: how many a user may make; `policy` says whom
    they may know of.
    """

    def __init__(
        self,
        db: Database,
        committer: Committer,
        numbers: RoomNumbers,
        pace: Pace,
        policy: Policy,
        clock: Clock,
        *,
        large: int,
    ) -> None:
        self._policy = policy
        self._large = large
        self._db = db
        self._clock = clock
        self._committer = committer
        self._numbers = numbers
        self._pace = pace

    async def join(self, caller: Caller, room_id: str, *, quiet: bool = False) -> None:
        """Become a member of a public room; again is no error. `quiet`: the timeline does not tell of it."""
        self._pace.check(caller)
        await self._committer.commit(Join(await self._numbers.number(room_id), caller.user, quiet=quiet))

    async def join_by_id(self, caller: Caller, room_id: str) -> tuple[Room, bool]:
        """Become a member where to have the id is enough, and whether just now; `not_found` for all other rooms.

        The timeline does not tell of it.
        """
        self._pace.check(caller)
        number = await self._numbers.number(room_id)
        outcome = await self._committer.commit(Join(number, caller.user, by_id=True, quiet=True))
        room, _ = await self._db.read(visible, room_id, caller.user)
        return room, not outcome.repeated

    async def leave(self, caller: Caller, room_id: str) -> None:
        self._pace.check(caller)
        await self._committer.commit(Leave(await self._numbers.number(room_id), caller.user))

    async def add(
        self, caller: Caller, room_id: str, user_id: str, role: Role | None = None
    ) -> tuple[Member, User, bool]:
        """Bring somebody in, and whether they came just now; again is no error, unless with another `role`."""
        room = await self._room(caller, room_id, Act.ADD)
        user = await self._policy.person(caller, user_id)
        change = AddMember(room.number, caller.user, user.number, role or Role.MEMBER)
        outcome = await self._committer.commit(change)
        member = _member(outcome)
        if outcome.repeated and role not in (None, member.role):
            message = "They are a member already: change their role with PATCH, or with the command `role`."
            raise Rejection("invalid", message, field="role")
        return member, user, not outcome.repeated

    async def remove(self, caller: Caller, room_id: str, user_id: str) -> None:
        room, user = await self._about(caller, room_id, user_id, Act.REMOVE)
        await self._committer.commit(RemoveMember(room.number, caller.user, user.number))

    async def set_role(self, caller: Caller, room_id: str, user_id: str, role: Role) -> tuple[Member, User]:
        """Any role but the owner's."""
        room, user = await self._about(caller, room_id, user_id, Act.ROLE)
        return await self._changed(SetRole(room.number, caller.user, user.number, role), user)

    async def transfer(self, caller: Caller, room_id: str, user_id: str) -> tuple[Member, User]:
        """Make another member the owner."""
        room, user = await self._about(caller, room_id, user_id, Act.TRANSFER)
        return await self._changed(Transfer(room.number, caller.user, user.number), user)

    async def mute(
        self, caller: Caller, room_id: str, user_id: str, until: str | None, seconds: int | None
    ) -> tuple[Member, User]:
        """Until a time (ISO 8601), or for so many seconds."""
        room, user = await self._about(caller, room_id, user_id, Act.MUTE)
        end = end_of_mute(self._clock.now(), until, seconds)
        return await self._changed(Mute(room.number, caller.user, user.number, end), user)

    async def unmute(self, caller: Caller, room_id: str, user_id: str) -> tuple[Member, User]:
        """Again is no error."""
        room, user = await self._about(caller, room_id, user_id, Act.MUTE)
        return await self._changed(Mute(room.number, caller.user, user.number, None), user)

    async def ban(self, caller: Caller, room_id: str, user_id: str, reason: str = "") -> None:
        """Put somebody out, and keep them out; again is no error."""
        check_text(reason)
        room, user = await self._about(caller, room_id, user_id, Act.BAN)
        await self._committer.commit(Ban(room.number, caller.user, user.number, reason))

    async def unban(self, caller: Caller, room_id: str, user_id: str) -> None:
        """Again is no error."""
        room, user = await self._about(caller, room_id, user_id, Act.BAN)
        await self._committer.commit(Unban(room.number, caller.user, user.number))

    async def _changed(self, change: RoomChange, user: User) -> tuple[Member, User]:
        return _member(await self._committer.commit(change)), user

    async def _about(self, caller: Caller, room_id: str, user_id: str, act: Act) -> tuple[Room, User]:
        """The room, if the caller may do this in it; only then it is told whether the user is there (promise 7)."""
        room = await self._room(caller, room_id, act)
        return room, await find_user(self._db, user_id, active=False)

    async def _room(self, caller: Caller, room_id: str, act: Act) -> Room:
        self._pace.check(caller)
        return await self._db.read(allowed, caller.user, room_id, act)

    async def bans(self, caller: Caller, room_id: str, after: int | None, limit: int) -> tuple[list[Banned], bool]:
        """Who is banned, for those who may ban, by user's number greater than `after`; whether there are more."""
        return await self._db.read(self._bans, caller.user, room_id, after, limit)

    def _bans(
        self, connection: Connection, user: int, room_id: str, after: int | None, limit: int
    ) -> tuple[list[Banned], bool]:
        room = allowed(connection, user, room_id, Act.BAN)
        found = bans.page(connection, room.number, None if after is None else (room.number, after), limit + 1)
        by = users.by_numbers(connection, {ban.by for ban, _ in found if ban.by is not None})
        items = [Banned(user, by.get(ban.by or 0), ban.reason, ban.created_at) for ban, user in found[:limit]]
        return items, len(found) > limit

    async def page(self, caller: Caller, room_id: str, after: tuple[int, int] | None, limit: int) -> MembersPage:
        """Members in the order of joining; `after`: (joined_at, user) of the last one before."""
        return await self._db.read(self._page, caller.user, room_id, after, limit)

    def _page(
        self, connection: Connection, user: int, room_id: str, after: tuple[int, int] | None, limit: int
    ) -> MembersPage:
        room, member = visible(connection, room_id, user)
        found = members.page(connection, room.number, after, limit + 1)
        shown = member is not None and room.member_count <= self._large
        positions = shown and not blocks.is_silent(connection, room)
        return MembersPage(found[:limit], len(found) > limit, positions)


def _member(outcome: Outcome) -> Member:
    assert outcome.member is not None
    return outcome.member
