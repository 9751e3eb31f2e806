"""Who may sign up, make public rooms, open direct rooms and find people: the one place of these settings.

Services ask here, never the edges, so that every edge obeys. Staff are exempt. Not signing up, and so not asked here:
the first sight of a user of the product's own backend, what a server key makes, and `tertulia createsuperuser`.

No refusal tells whether somebody exists (promise 7): it is the same for who is not there and for who is a stranger.
"""

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import Connection

from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import MAX_INTEGER, canonical_id
from tertulia.domain.models import Caller, RoomKind, User
from tertulia.domain.usernames import normal_username
from tertulia.storage import people, users
from tertulia.storage.database import Database


class Registration(StrEnum):
    """Who may sign up: everybody, who has an invitation to the server or to a room, nobody."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class Makers(StrEnum):
    """Who may make public rooms."""

    EVERYONE = "everyone"
    STAFF = "staff"


class Reach(StrEnum):
    """Towards whom: everybody, people with whom one shares a room, nobody."""

    EVERYONE = "everyone"
    SHARED = "shared"
    NOBODY = "nobody"


class Policy:
    """Rights within a room are not here but in domain/rights.py."""

    def __init__(
        self,
        db: Database,
        *,
        registration: Registration = Registration.OPEN,
        public_rooms: Makers = Makers.EVERYONE,
        direct_rooms: Reach = Reach.EVERYONE,
        find_people: Reach = Reach.EVERYONE,
    ) -> None:
        self._db = db
        self._registration = registration
        self._public_rooms = public_rooms
        self._direct_rooms = direct_rooms
        self._find_people = find_people

    def check_registration(self, *, invited: bool) -> None:
        """Raises `registration_closed` or `invite_required`. `invited`: they have a code, which is checked later."""
        if self._registration is Registration.CLOSED:
            raise Rejection("registration_closed", "Nobody can sign up here. Ask those who run this server.")
        if self._registration is Registration.INVITE and not invited:
            raise Rejection("invite_required", "You need an invitation to sign up here.", field="invite")

    async def check_room(self, caller: Caller, kind: RoomKind) -> None:
        """Whether the caller may make such a room; raises `forbidden`."""
        if kind is RoomKind.PUBLIC and self._public_rooms is Makers.STAFF and not await self._is_staff(caller):
            raise Rejection("forbidden", "Only the staff of this server may make public rooms. Make a private one.")

    async def partner(self, caller: Caller, ref: int | str) -> User:
        """Whom the caller wants a direct room with, by number or id; one that is there already stays open to both.

        Raises `not_found` where everybody may be asked, else `forbidden`.
        """
        free = self._direct_rooms is Reach.EVERYONE or await self._is_staff(caller)
        shared = self._direct_rooms is Reach.SHARED
        user = await self._db.read(_partner, caller.user, ref, free, shared)
        if user is not None:
            return user
        if free:
            raise not_found("user")
        if shared:
            raise Rejection("forbidden", "You can open a direct room only with people of your rooms.")
        raise Rejection("forbidden", "Direct rooms cannot be opened here.")

    async def person(self, caller: Caller, ref: int | str) -> User:
        """The active user with that number or id, if the caller may see them: oneself, people of one's rooms, and
        strangers where everybody may be found. Raises `not_found`.
        """
        free = await self.found(caller) is Reach.EVERYONE
        user = await self._db.read(_person, caller.user, ref, free)
        if user is None:
            raise not_found("user")
        return user

    async def check_people(self, caller: Caller, numbers: Collection[int]) -> None:
        """Whether they all are such users; raises `not_found`."""
        free = await self.found(caller) is Reach.EVERYONE
        if not await self._db.read(_are_people, caller.user, set(numbers), free):
            raise not_found("user")

    async def named(self, caller: Caller, usernames: Collection[str]) -> dict[str, User]:
        """Such users by their usernames, as they were asked for; the others are left out."""
        free = await self.found(caller) is Reach.EVERYONE
        known = await self._db.read(_named, caller.user, {normal_username(name) for name in usernames}, free)
        return {name: known[normal] for name in usernames if (normal := normal_username(name)) in known}

    async def found(self, caller: Caller) -> Reach:
        """Among whom the caller may look for people."""
        if self._find_people is Reach.EVERYONE or await self._is_staff(caller):
            return Reach.EVERYONE
        return self._find_people

    async def searched(self, caller: Caller) -> Reach:
        """Among whom the caller may search: everybody, or people of their rooms; raises `forbidden`."""
        reach = await self.found(caller)
        if reach is Reach.NOBODY:
            raise Rejection("forbidden", "People cannot be searched here.")
        return reach

    async def _is_staff(self, caller: Caller) -> bool:
        user = await self._db.read(users.by_id, caller.user_id)
        return user is not None and user.is_staff and user.is_active


def _active(connection: Connection, ref: int | str) -> User | None:
    if isinstance(ref, int):
        user = users.by_numbers(connection, [ref]).get(ref) if 0 < ref <= MAX_INTEGER else None
    else:
        wanted = canonical_id(ref)
        user = users.by_id(connection, wanted) if wanted else None
    return user if user is not None and user.is_active else None


def _person(connection: Connection, caller: int, ref: int | str, free: bool) -> User | None:
    user = _active(connection, ref)
    if user is None or free or user.number == caller or people.share_room(connection, caller, user.number):
        return user
    return None


def _are_people(connection: Connection, caller: int, wanted: set[int], free: bool) -> bool:
    active = {number for number, user in users.by_numbers(connection, wanted).items() if user.is_active}
    return active == wanted and (free or people.sharing(connection, caller, wanted) == wanted)


def _named(connection: Connection, caller: int, usernames: Collection[str], free: bool) -> dict[str, User]:
    active = {number: user for number, user in users.by_usernames(connection, usernames).items() if user.is_active}
    shown = active.keys() if free else people.sharing(connection, caller, {caller, *active})
    return {user.username: user for number, user in active.items() if number in shown}


def _partner(connection: Connection, caller: int, ref: int | str, free: bool, shared: bool) -> User | None:
    user = _active(connection, ref)
    if user is None or free or user.number == caller:
        return user
    if people.have_direct_room(connection, caller, user.number):
        return user
    return user if shared and people.share_room(connection, caller, user.number) else None
