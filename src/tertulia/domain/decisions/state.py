"""A room under its lock: what was loaded of it, and what the batch makes of it."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tertulia.domain import rights
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.events import Changed
from tertulia.domain.ids import new_id
from tertulia.domain.mentions import Names
from tertulia.domain.models import Invite, Member, Message, MessageKind, Room, RoomKind, User
from tertulia.domain.rights import Act, Rank
from tertulia.domain.voice import archived


@dataclass(slots=True)
class Reactions:
    """Who reacted to one message with what, in order."""

    users: dict[str, list[int]]

    @property
    def total(self) -> int:
        return sum(map(len, self.users.values()))


@dataclass(frozen=True, slots=True)
class Ban:
    """Why somebody may not come in, and by whom; None: the server."""

    by: int | None
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Deed:
    """Something of moderators, staff or the server, for the audit log. `actor` None: the server."""

    act: str
    actor: int | None
    via: str
    user: int | None
    details: dict[str, Any]


@dataclass(slots=True)
class RoomState:
    """Lives for one batch. `room` is as it was loaded, the counters below as they are now (a post must be cheap).

    `members` holds only those that were asked for.
    """

    room: Room
    now: int
    head_seq: int = 0
    message_count: int = 0
    member_count: int = 0
    access_seq: int = 0
    settings_seq: int = 0
    last_at: int = 0
    deleted: bool = False
    members: dict[int, Member] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    targets: dict[int, Message] = field(default_factory=dict)
    reactions: dict[int, Reactions] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    banned: set[int] = field(default_factory=set)  # of those who act without being members, or are spoken of
    blocks: set[tuple[int, int]] = field(default_factory=set)  # (user, whom they block), of those who matter here
    invites: dict[int, Invite] = field(default_factory=dict)
    pinned: int = 0
    named: dict[int, list[Message]] = field(default_factory=dict)  # user → notices that name them
    taken_names: set[str] = field(default_factory=set)
    # What is to be written, and said.
    events: list[Changed] = field(default_factory=list)
    new_messages: dict[int, Message] = field(default_factory=dict)  # by seq
    changed_messages: dict[int, Message] = field(default_factory=dict)  # by seq
    changed_members: dict[int, Member] = field(default_factory=dict)  # by user
    reads: dict[int, int] = field(default_factory=dict)  # user → index of their own newest post
    mentions_added: set[tuple[int, int]] = field(default_factory=set)  # (user, index)
    mentions_dropped: set[int] = field(default_factory=set)  # indexes
    reactions_added: list[tuple[int, int, str]] = field(default_factory=list)  # (index, user, emoji)
    reactions_dropped: list[tuple[int, int, str]] = field(default_factory=list)
    reactions_cleared: set[int] = field(default_factory=set)  # indexes
    room_mentions: dict[int, int | None] = field(default_factory=dict)  # index → sender; None: not any more
    posted: dict[int, int] = field(default_factory=dict)  # user → time of their newest post, under slow mode
    bans: dict[int, Ban | None] = field(default_factory=dict)  # by user; None: not any more
    invites_used: list[int] = field(default_factory=list)
    flagged: list[Message] = field(default_factory=list)  # to be reported for the word list
    deeds: list[Deed] = field(default_factory=list)
    uninvited: set[int] = field(default_factory=set)  # users who may not invite any more: what they made ends

    def __post_init__(self) -> None:
        room = self.room
        self.head_seq, self.message_count, self.member_count = room.head_seq, room.message_count, room.member_count
        self.access_seq, self.settings_seq, self.last_at = room.access_seq, room.settings_seq, room.last_at
        self.deleted = room.deleted_at is not None

    @property
    def settings_changed(self) -> bool:
        """More of the room's row changed than its counts."""
        return self.deleted or self.settings_seq != self.room.settings_seq

    def as_it_is(self) -> Room:
        """The room with all that happened in this batch so far."""
        return replace(
            self.room,
            head_seq=self.head_seq,
            message_count=self.message_count,
            member_count=self.member_count,
            access_seq=self.access_seq,
            settings_seq=self.settings_seq,
            last_at=self.last_at,
        )

    def member(self, user: int) -> Member | None:
        """The user's row, if they are a member now."""
        member = self.members.get(user)
        return member if member is not None and member.left_at is None else None

    def require_member(self, user: int) -> Member:
        """Outsiders of a room that they may not see get the answer for one that is not there (promise 7)."""
        member = self.member(user)
        if member is not None:
            return member
        if self.room.kind is RoomKind.PUBLIC and user not in self.banned:
            raise Rejection("not_member", "Join the room first.")
        raise not_found("room")

    def rank(self, actor: int | None) -> Rank:
        """How somebody stands here; None: the server itself."""
        if actor is None:
            return Rank.SERVER
        return rights.rank(self.room.kind, self.member(actor), self.users[actor])

    def require(self, actor: int | None, act: Act) -> Rank:
        """Their rank, if they may do this; raises `not_found`, `not_member`, `direct_room` or `forbidden`."""
        rank = self.rank(actor)
        if rank is Rank.OUTSIDER and actor in self.banned:
            raise not_found("room")
        rights.require(act, self.room.kind, rank)
        return rank

    def require_over(self, actor: int | None, act: Act, user: int) -> None:
        """The same for what is done to another: only to those who stand lower."""
        rank = self.require(actor, act)
        if user == actor:
            raise Rejection("forbidden", "This is done to others, not to oneself.")
        if user not in self.users:
            raise not_found("user")
        if self.rank(user) >= rank:
            raise Rejection("forbidden", "They stand as high in this room as you do.")

    def require_open(self) -> None:
        """Raises `archived`."""
        if self.room.archived:
            raise archived()

    def note_deed(self, act: str, actor: int | None, via: str, user: int | None = None, **details: Any) -> None:
        """For the audit log."""
        self.deeds.append(Deed(act, actor, via, user, details))

    def target(self, index: int) -> Message | None:
        """A message that was asked for; rows that are too old for the room may still be there."""
        return self.targets.get(index) if index >= self.room.first_index else None

    def next_seq(self) -> int:
        """Take the next place in the room's order."""
        self.head_seq += 1
        return self.head_seq

    def say(
        self,
        ev: Literal["message", "member", "room"],
        seq: int,
        *,
        message: Message | None = None,
        members: tuple[Member, ...] = (),
        settings: Room | None = None,
        edited: bool = False,
    ) -> None:
        """One event for one change."""
        self.events.append(
            Changed(
                room=self.room.number,
                room_id=self.room.id,
                seq=seq,
                ev=ev,
                message=message,
                members=tuple((member, self.users[member.user]) for member in members) if members else (),
                settings=settings,
                member_count=self.member_count if members else None,
                edited=edited,
            )
        )

    def note(self, seq: int, notice: dict[str, Any]) -> Message:
        """A notice in the timeline, under the seq of the change it tells of."""
        message = Message(
            room=self.room.number,
            seq=seq,
            changed_seq=seq,
            index=None,
            after=self.message_count,
            id=new_id(),
            sender=None,
            kind=MessageKind.NOTICE,
            body=None,
            created_at=self.time(),
            notice=notice,
        )
        self.add_message(message)
        return message

    def time(self) -> int:
        """Now, but never before what is already in the room."""
        return max(self.last_at, self.now)

    def add_message(self, message: Message) -> None:
        """A new message or notice, the newest of the room."""
        self.new_messages[message.seq] = message
        self.last_at = message.created_at

    def put_member(self, member: Member) -> None:
        """The new state of a member; who comes can be mentioned from here on, who goes no more."""
        could = self._may_invite(member.user)
        self.members[member.user] = member
        if could and not self._may_invite(member.user):
            self._uninvite(member.user)
        self.changed_members[member.user] = member
        change_names = self.names.add if member.left_at is None else self.names.discard
        change_names(self.users[member.user])

    def _may_invite(self, user: int) -> bool:
        return rights.may(Act.INVITE, self.room.kind, self.rank(user))

    def _uninvite(self, user: int) -> None:
        self.uninvited.add(user)
        for number, invite in self.invites.items():
            if invite.by == user:
                self.invites[number] = replace(invite, revoked_at=self.now)

    def put_message(self, message: Message) -> None:
        """The new state of a message that was there before, or is new in this batch."""
        if message.index is not None:
            self.targets[message.index] = message
        if message.seq in self.new_messages:
            self.new_messages[message.seq] = message
        else:
            self.changed_messages[message.seq] = message


def person(user: User) -> dict[str, Any]:
    """A user as a notice keeps them: as they were called then."""
    named: dict[str, Any] = {"id": user.id, "number": user.number, "username": user.username}
    if user.deleted_at is not None:
        named["deleted"] = True
    if user.name:
        named["name"] = user.name
    return named
