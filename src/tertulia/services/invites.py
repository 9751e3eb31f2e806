"""Invitations: made, listed, revoked, looked at, used. Signing up with one: services/accounts.py."""

from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.committer.committer import Committer
from tertulia.domain.buckets import Attempts
from tertulia.domain.changes import AddMember, Join
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import canonical_id, new_id
from tertulia.domain.invites import (
    MAX_ROOM_INVITES,
    MAX_SERVER_INVITES,
    check_invite,
    invalid,
    new_code,
)
from tertulia.domain.models import Caller, Invite, Room, User
from tertulia.domain.rights import Act
from tertulia.domain.times import SECOND
from tertulia.services.access import allowed
from tertulia.services.pace import Pace
from tertulia.storage import audit, bans, invites, members, rooms
from tertulia.storage.database import Database

log = structlog.get_logger(__name__)

GUESSES, GUESS_SECONDS = 20, 60.0
"""Bad codes that somebody may try in so many seconds."""
KEPT = 30 * 86_400 * SECOND
"""Revoked and expired ones are kept for so long."""
PURGED = 200


@dataclass(frozen=True, slots=True)
class Leads:
    """Where an invitation leads; `room` None: to the server. `joined`: who asks is there already."""

    invite: Invite
    room: Room | None = None
    joined: bool = False


class ServerInvites:
    """To the server: for staff (the edge asks who is), and the command line, whose `actor` is None."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def make(self, actor: int | None, expires_in: int, max_uses: int | None, via: str = "user") -> Invite:
        """An invitation to sign up; `expires_in`: seconds. Raises `too_many`."""
        return await self._db.write(_store, _new(None, actor, self._clock.now(), expires_in, max_uses), None, via)

    async def page(self, after: int, limit: int) -> tuple[list[Invite], bool]:
        """The good ones, oldest first; `after`: the number of the last one before. More?"""
        found = await self._db.read(invites.open_to, None, self._clock.now(), after, limit + 1)
        return found[:limit], len(found) > limit

    async def revoke(self, actor: int, invite_id: str) -> None:
        """Raises `not_found` when it is not good any more, too."""
        await self._db.write(_end, None, invite_id, actor, self._clock.now())


def _new(room: Room | None, by: int | None, now: int, expires_in: int, max_uses: int | None) -> Invite:
    number = room.number if room else None
    return Invite(0, new_id(), new_code(), number, by, now, now + expires_in * SECOND, max_uses)


def _store(connection: Connection, invite: Invite, room: Room | None, via: str) -> Invite:
    now = invite.created_at
    most = MAX_SERVER_INVITES if room is None else MAX_ROOM_INVITES
    if invites.count_open(connection, invite.room, now) >= most:
        raise Rejection("too_many", f"There are {most:,} invitations that are still good. Revoke some first.")
    invites.purge(connection, invite.room, now - KEPT, PURGED)
    stored = invites.create(connection, invite)
    _record(connection, "invite", stored, room, stored.by, via, now)
    return stored


def _end(connection: Connection, room: Room | None, invite_id: str, actor: int, now: int) -> None:
    wanted = canonical_id(invite_id)
    ended = invites.revoke(connection, room.number if room else None, wanted, now) if wanted else None
    if ended is None:
        raise not_found("invitation")
    _record(connection, "revoke_invite", ended, room, actor, "user", now)


def _record(
    connection: Connection, act: str, invite: Invite, room: Room | None, actor: int | None, via: str, at: int
) -> None:
    details = {"invite": invite.id, "max_uses": invite.max_uses}
    room_id = room.id if room else None
    audit.record(connection, at=at, actor=actor, via=via, act=act, room=invite.room, room_id=room_id, details=details)


class Invites:
    """To rooms, and whatever somebody has a code of. `pace`: how many changes a user may make."""

    def __init__(self, db: Database, committer: Committer, clock: Clock, pace: Pace) -> None:
        self.server = ServerInvites(db, clock)
        self._db = db
        self._committer = committer
        self._clock = clock
        self._pace = pace
        self._guesses = Attempts(GUESSES, GUESS_SECONDS, clock)

    # To a room

    async def make(self, caller: Caller, room_id: str, expires_in: int, max_uses: int | None) -> Invite:
        """For moderators and up. `expires_in`: seconds. Raises `too_many`, and what a refused right raises."""
        self._pace.check(caller)
        return await self._db.write(self._make, caller, room_id, expires_in, max_uses)

    def _make(
        self, connection: Connection, caller: Caller, room_id: str, expires_in: int, max_uses: int | None
    ) -> Invite:
        rooms.hold(connection, room_id)  # whoever loses the right now, leaves no invitation
        room = allowed(connection, caller.user, room_id, Act.INVITE)
        if room.archived:
            raise Rejection("archived", "This room is archived: nobody can come in.")
        return _store(connection, _new(room, caller.user, self._clock.now(), expires_in, max_uses), room, "user")

    async def of_room(self, caller: Caller, room_id: str, after: int, limit: int) -> tuple[list[Invite], bool]:
        """The good ones, oldest first; `after`: the number of the last one before. More?"""
        found = await self._db.read(self._of_room, caller.user, room_id, after, limit + 1)
        return found[:limit], len(found) > limit

    def _of_room(self, connection: Connection, user: int, room_id: str, after: int, limit: int) -> list[Invite]:
        room = allowed(connection, user, room_id, Act.INVITE)
        return invites.open_to(connection, room.number, self._clock.now(), after, limit)

    async def revoke(self, caller: Caller, room_id: str, invite_id: str) -> None:
        """Raises `not_found` when it is not good any more, too."""
        self._pace.check(caller)
        await self._db.write(self._revoke, caller, room_id, invite_id)

    def _revoke(self, connection: Connection, caller: Caller, room_id: str, invite_id: str) -> None:
        room = allowed(connection, caller.user, room_id, Act.INVITE)
        _end(connection, room, invite_id, caller.user, self._clock.now())

    # By who has a code

    async def look(self, caller: Caller, code: str) -> Leads:
        """Where a good one leads. Raises `invite_invalid`, the same for all others, or `rate_limited`."""
        async with self._guessing(caller):
            return await self._db.read(self._look, caller.user, code)

    async def join(self, caller: Caller, code: str) -> Room:
        """Become a member of the room to which it leads; who is one stays one, and no use is counted.

        Raises what `look` raises, and `archived`. One that leads to the server is `invite_invalid`.
        """
        self._pace.check(caller)
        async with self._guessing(caller):
            leads = await self._db.read(self._enter, caller.user, code)
            assert leads.room is not None
            if not leads.joined:
                await self._come_in(caller.user, leads)
        return leads.room

    async def _come_in(self, user: int, leads: Leads) -> None:
        assert leads.room is not None
        try:
            await self._committer.commit(Join(leads.room.number, user, leads.invite.number))
        except Rejection as rejection:
            if rejection.code == "not_found":  # banned since, or the room is gone
                raise invalid() from None
            raise

    def _look(self, connection: Connection, user: int, code: str) -> Leads:
        invite = check_invite(invites.by_code(connection, code), self._clock.now())
        return self._leads(connection, user, invite)

    def _enter(self, connection: Connection, user: int, code: str) -> Leads:
        """As `_look`; but who came in by the last use of an invitation may say so again."""
        invite = invites.by_code(connection, code)
        if invite is None or invite.room is None:
            raise invalid()
        leads = self._leads(connection, user, invite)
        if not leads.joined:
            check_invite(invite, self._clock.now())
        return leads

    def _leads(self, connection: Connection, user: int, invite: Invite) -> Leads:
        if invite.room is None:
            return Leads(invite)
        room = rooms.by_number(connection, invite.room)
        if room is None or bans.is_banned(connection, room.number, user):
            raise invalid()
        member = members.one(connection, room.number, user)
        return Leads(invite, room, member is not None and member.left_at is None)

    def _guessing(self, caller: Caller) -> "_Guess":
        return _Guess(self._guesses, caller.user)

    async def arrived(self, user: User, invite: Invite) -> None:
        """Somebody signed up by an invitation, which counted it: let them into its room.

        A room that takes nobody any more does not undo the account.
        """
        if invite.room is None:
            return
        try:
            await self._committer.commit(AddMember(invite.room, None, user.number, via="invite"))
        except Rejection as rejection:
            log.warning("invite.not_joined", code=rejection.code)


class _Guess:
    """Counts what is tried within as a guess, unless the code was good."""

    def __init__(self, guesses: Attempts, user: int) -> None:
        self._guesses = guesses
        self._user = user

    async def __aenter__(self) -> None:
        wait = self._guesses.wait(self._user)
        if wait > 0:
            raise Rejection("rate_limited", "Too many bad invitations. Wait a minute.", retry_after=wait)
        self._guesses.add(self._user)

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not (isinstance(error, Rejection) and error.code == "invite_invalid"):
            self._guesses.take_back(self._user)
