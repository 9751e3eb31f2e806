"""What a committed change of a room says to everybody in it. Built by the committer, delivered by the hub."""

from typing import Literal

from tertulia.domain.models import Member, Message, Room, RoomView, User
from tertulia.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Changed:
    """One change: it took one `seq`, and carries the new state of each row it touched.

    `edited`: the message got another body now; known only of what is told live.
    """

    room: int
    room_id: str
    seq: int
    ev: Literal["message", "member", "room"]
    message: Message | None = None
    members: tuple[tuple[Member, User], ...] = ()
    settings: Room | None = None
    member_count: int | None = None
    edited: bool = False

    @property
    def removed(self) -> tuple[int, ...]:
        """Users who see nothing of the room after this."""
        if not self.members:
            return ()
        return tuple(member.user for member, _ in self.members if member.left_at is not None)

    @property
    def joined(self) -> tuple[int, ...]:
        return tuple(member.user for member, _ in self.members if member.left_at is None)


@dataclass(frozen=True, slots=True)
class RoomBatch:
    """The changes of one room in one transaction, in seq order without a hole. `gone`: then the room was deleted.

    `banned`: users who may not look on any more, either.
    """

    room: int
    room_id: str
    events: tuple[Changed, ...]
    gone: bool = False
    banned: tuple[int, ...] = ()

    @property
    def first(self) -> int:
        return self.events[0].seq

    @property
    def last(self) -> int:
        return self.events[-1].seq


@dataclass(frozen=True, slots=True)
class Positions:
    """One member's receipt, and what is needed to tell it."""

    room: int
    user: int
    read_index: int
    delivered_index: int
    user_id: str
    room_id: str
    member_count: int


@dataclass(frozen=True, slots=True)
class Receipts:
    """How far members have read and received: (user id, read_index, delivered_index). Not a change."""

    room_id: str
    positions: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Typing:
    """Who types in a room now; in a large room only how many."""

    room_id: str
    users: tuple[User, ...] | None
    count: int


@dataclass(frozen=True, slots=True)
class Typed:
    """One user has just said that they type in a room, or has stopped: for formats that tell each by itself."""

    room_id: str
    user: User
    on: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One user has just said that they have read up to a message: for formats that tell each by itself. `at`:
    microseconds.
    """

    user: User
    message_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Attended:
    """A user has come into a room with their first socket (`on`), or gone with their last: for formats that show it."""

    user: int
    username: str
    on: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """(user id, status) of people who came, went or are away."""

    users: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """How one member stands in a room, told to nobody but them."""

    view: RoomView


@dataclass(frozen=True, slots=True)
class Blocked:
    """All whom one user blocks (ids), told to nobody but them."""

    users: tuple[str, ...]


Single = Typed | Seen | Attended
"""Told each by itself, to dialects only."""
News = Receipts | Typing | Presence | Membership | Blocked | Single
"""Short-lived: the latest state replaces the one before, so any of it may be skipped."""
