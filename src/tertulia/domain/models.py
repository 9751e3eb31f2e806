"""What the chat is made of. Values: frozen, without behaviour, equal when their fields are."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class RoomKind(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


class Role(StrEnum):
    OWNER = "owner"
    MEMBER = "member"


class MessageKind(StrEnum):
    MESSAGE = "message"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class User:
    """An account. `email` is set only when it was claimed as a login."""

    number: int
    id: str
    username: str
    email: str | None = None
    first_name: str = ""
    last_name: str = ""
    is_staff: bool = False
    is_active: bool = True
    is_bot: bool = False
    version: int = 0
    created_at: int = 0
    last_seen_at: int | None = None
    external_id: str | None = None

    @property
    def name(self) -> str:
        """First and last name, or nothing."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in device. `generation` counts its refreshes; its newest tokens were made at `rotated_at`."""

    number: int
    id: str
    user: int
    device: str
    address: str
    created_at: int
    last_used_at: int
    expires_at: int
    generation: int = 0
    rotated_at: int = 0
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A place to talk. `access_seq` is the seq of the last change that can alter anybody's rights here."""

    number: int
    id: str
    kind: RoomKind
    name: str | None
    title: str
    description: str
    owner: int | None
    head_seq: int
    message_count: int
    first_index: int
    access_seq: int
    settings_seq: int
    created_at: int
    last_at: int
    member_count: int = 0
    direct_key: str | None = None
    external_id: str | None = None
    archived: bool = False
    deleted_at: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a room; stays as a row after leaving (`left_at`)."""

    room: int
    user: int
    role: Role
    read_index: int
    delivered_index: int
    joined_at: int
    left_at: int | None
    changed_seq: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message (with an `index`) or a notice (without, placed `after` one) in a room's timeline."""

    room: int
    seq: int
    changed_seq: int
    index: int | None
    after: int
    id: str
    sender: User | None
    kind: MessageKind
    body: str | None
    created_at: int
    notice: dict[str, Any] | None = None
    reply_to: int | None = None
    client_id: str | None = None
    mentions: tuple[str, ...] = ()
    reactions: tuple[dict[str, Any], ...] = ()
    edited_at: int | None = None
    deleted_at: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a user, by a session, until `expires_at` (microseconds)."""

    user: int
    user_id: str
    session: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room as one user sees it. `partner`: the other person of a direct room."""

    room: Room
    member: Member | None = None
    mentions: int = 0
    last_message: Message | None = None
    partner: User | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a room's timeline, in seq order. `more`: there is more in the direction asked for."""

    messages: tuple[Message, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A room afresh, at `view.room.head_seq`. `members` only in rooms that are not large."""

    view: RoomView
    messages: tuple[Message, ...]
    members: tuple[tuple[Member, User], ...] | None
