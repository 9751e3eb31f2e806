"""What the product's backend does with rooms, members and messages, by a server key; the committer keeps the audit log.

A key may do what the owner may, and speak as anybody. `ref`: an id, or `external:` and the backend's own id.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tertulia.committer.committer import Committer
from tertulia.domain.api_keys import ServerKey
from tertulia.domain.changes import (
    AddMember,
    ChangeRoom,
    CreateRoom,
    Delete,
    DeleteRoom,
    Outcome,
    RemoveMember,
    SetRole,
    Transfer,
)
from tertulia.domain.errors import Rejection
from tertulia.domain.external import check_external_id
from tertulia.domain.models import Member, Message, Page, Role, Room, RoomKind, User
from tertulia.domain.rooms import check_room_name
from tertulia.services.messages import MAX_PAGE, Messages, page_of
from tertulia.services.refs import room_of, user_of
from tertulia.services.rooms import Rooms, Settings
from tertulia.services.timeline import Place
from tertulia.services.words import Words
from tertulia.storage import members, rooms
from tertulia.storage.database import Database


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A room to be, if it is not there. `kind` None: private. `owner`: a ref; None: it has none."""

    kind: RoomKind | None
    settings: Settings
    owner: str | None = None


class ServerRooms:
    """`own` purges what is deleted; `messages` takes what is said, the same way as from everybody."""

    def __init__(self, db: Database, committer: Committer, words: Words, own: Rooms, messages: Messages) -> None:
        self._messages = messages
        self._db = db
        self._committer = committer
        self._words = words
        self._rooms = own

    # Rooms

    async def get(self, ref: str) -> Room:
        """Raises `not_found`."""
        return await self._db.read(room_of, ref)

    async def put(self, key: ServerKey, external_id: str, wanted: NewRoom) -> tuple[Room, bool]:
        """The room of that external_id, made or changed as `wanted`, and whether it is new.

        Twice, or two at once, are one. A room that is there keeps its owner, who may have handed it over meanwhile.
        Raises `invalid`, `name_taken`, `words_refused`, `not_found` (the owner of a new one); `external_id_taken` if it
        is there with another kind.
        """
        check_external_id(external_id)
        there = await self._db.read(rooms.by_external_id, external_id)
        if there is None:
            outcome = await self._create(key, external_id, wanted)
            if not outcome.repeated:
                return _room(outcome), True
            there = _room(outcome)
        if wanted.kind not in (None, there.kind):
            raise Rejection("external_id_taken", f"That room is {there.kind.value}, and stays so.", field="kind")
        return await self.change(key, there.id, wanted.settings), False

    async def _create(self, key: ServerKey, external_id: str, wanted: NewRoom) -> Outcome:
        given, kind = wanted.settings, wanted.kind or RoomKind.PRIVATE
        flagged = self._check(given)
        owner = None if wanted.owner is None else (await self._db.read(user_of, wanted.owner)).number
        title = (given.name or "") if given.title is None else given.title
        change = CreateRoom(
            owner, kind, given.name, title, given.description or "", external_id=external_id,
            metadata=given.stored()["metadata"], via=key.via,
        )  # fmt: skip
        outcome = await self._committer.commit(change)
        if flagged and not outcome.repeated:
            await self._report(_room(outcome), given)
        rest = Settings(slow_mode=given.slow_mode, archived=given.archived, retention_days=given.retention_days)
        if not outcome.repeated and rest != Settings():
            changed = ChangeRoom(_room(outcome).number, None, **rest.stored(), via=key.via)
            return Outcome(room=_room(await self._committer.commit(changed)))
        return outcome

    async def change(self, key: ServerKey, ref: str, wanted: Settings) -> Room:
        """What is given; the rest stays."""
        flagged = self._check(wanted)
        room = await self.get(ref)
        if wanted == Settings():
            return room
        outcome = await self._committer.commit(ChangeRoom(room.number, None, **wanted.stored(), via=key.via))
        if flagged and not outcome.repeated:
            await self._report(room, wanted)
        return _room(outcome)

    def _check(self, wanted: Settings) -> bool:
        """Whether what it says is to be reported."""
        if wanted.name is not None:
            check_room_name(wanted.name)
        return self._words.check(wanted.name, wanted.title, wanted.description)

    async def _report(self, room: Room, said: Settings) -> None:
        await self._words.report(said.name, said.title, said.description, room=room.number, room_id=room.id)

    async def delete(self, key: ServerKey, ref: str) -> None:
        room = await self.get(ref)
        await self._committer.commit(DeleteRoom(room.number, None, via=key.via))
        self._rooms.purge_soon()

    async def direct(self, key: ServerKey, one: str, other: str) -> tuple[Room, bool]:
        """The direct room of two, and whether it was made just now."""
        first, second = await self._db.read(user_of, one), await self._db.read(user_of, other)
        if first.number == second.number:
            raise Rejection("invalid", "A direct room is for two: name somebody else.", field="user")
        change = CreateRoom(first.number, RoomKind.DIRECT, partner=second.number, via=key.via)
        outcome = await self._committer.commit(change)
        return _room(outcome), not outcome.repeated

    # Members

    async def members(
        self, ref: str, after: tuple[int, int] | None, limit: int
    ) -> tuple[list[tuple[Member, User]], bool]:
        """In the order of joining, and whether there are more; `after`: (joined_at, user) of the last one before."""
        room = await self.get(ref)
        found = await self._db.read(members.page, room.number, after, limit + 1)
        return found[:limit], len(found) > limit

    async def put_member(self, key: ServerKey, ref: str, user_ref: str, role: Role | None) -> tuple[Member, User]:
        """Bring somebody in, or give a member another role (None: as it is); the owner's role is handed over."""
        room, user = await self._db.read(_both, ref, user_ref)
        outcome = await self._committer.commit(AddMember(room.number, None, user.number, _addable(role), via=key.via))
        member = outcome.member
        if member is not None and role is not None and member.role is not role:
            change = (
                Transfer(room.number, None, user.number, via=key.via)
                if role is Role.OWNER
                else SetRole(room.number, None, user.number, role, via=key.via)
            )
            member = (await self._committer.commit(change)).member
        assert member is not None
        return member, user

    async def remove_member(self, key: ServerKey, ref: str, user_ref: str) -> None:
        """Raises `not_found` also when they are no member."""
        room, user = await self._db.read(_both, ref, user_ref)
        await self._committer.commit(RemoveMember(room.number, None, user.number, via=key.via))

    # Messages

    async def post(
        self,
        ref: str,
        sender: str,
        body: str,
        client_id: str | None = None,
        reply_to: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Outcome:
        """As `sender`, a user or a bot, member or not; `repeated` when it was there already."""
        room, user = await self._db.read(_both, ref, sender)
        return await self._messages.post_as(user, room.number, body, client_id, reply_to, metadata)

    async def page(self, ref: str, place: Place, limit: int) -> Page:
        """Messages at a place of the timeline, and the notices between them."""
        room = await self.get(ref)
        return await self._db.read(page_of, room, place, min(limit, MAX_PAGE))

    async def delete_message(self, key: ServerKey, ref: str, index: int) -> Message:
        """The tombstone."""
        room = await self.get(ref)
        outcome = await self._committer.commit(Delete(room.number, None, index, via=key.via))
        assert outcome.message is not None
        return outcome.message


def _both(connection: Connection, ref: str, user_ref: str) -> tuple[Room, User]:
    return room_of(connection, ref), user_of(connection, user_ref)


def _addable(role: Role | None) -> Role:
    """An owner comes in as a member, and the room is then handed over."""
    return Role.MEMBER if role is None or role is Role.OWNER else role


def _room(outcome: Outcome) -> Room:
    assert outcome.room is not None
    return outcome.room
