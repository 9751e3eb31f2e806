"""What the chat is made of. Values: frozen, without behaviour, equal when their fields are."""

from enum import StrEnum
from typing import Any

from tertulia.domain.values import dataclass


class RoomKind(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


class Role(StrEnum):
    """In a room. Who may do what: domain/rights.py."""

    OWNER = "owner"
    ADMIN = "admin"
    MODERATOR = "moderator"
    MEMBER = "member"


class Notify(StrEnum):
    """What a member wants to be told of a room by push or mail."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


class MessageKind(StrEnum):
    MESSAGE = "message"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class User:
    """An account. `email` as typed; it is confirmed since `email_confirmed_at`. `avatar`: a URL.

    `claims_email`: the user signs in with the address, and nobody else can; else it is profile data, and anybody's.
    `deleted_at`: only the row is left, without anything personal.
    """

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
    avatar: str | None = None
    metadata: str | None = None
    email_confirmed_at: int | None = None
    sessions_ended_at: int | None = None
    deleted_at: int | None = None
    claims_email: bool = False

    @property
    def name(self) -> str:
        """First and last name, or nothing."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def shown_email(self) -> str:
        """The address that is the user's own to sign in with, or nothing."""
        return (self.email or "") if self.claims_email else ""


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
    """A place to talk. `access_seq` is the seq of the last change that can alter anybody's rights here.

    `slow_mode`: seconds between two posts of a member. `metadata`: JSON, as the product's backend sent it.
    `exclusive`: the name is nobody else's, though the room is private. `join_by_id`: whoever has the id may join.
    """

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
    slow_mode: int = 0
    retention_days: int | None = None
    metadata: str | None = None
    exclusive: bool = False
    join_by_id: bool = False

    @property
    def has_own_name(self) -> bool:
        """No other room with a name of its own may have the same."""
        return self.exclusive or self.kind is RoomKind.PUBLIC


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a room; stays as a row after leaving (`left_at`).

    The member's own affair: `notify`; `hidden_index` (hidden while there is no later message); `unread_from` (marked
    as unread from this message on). `last_post_at` is kept only while the room has a slow mode.
    """

    room: int
    user: int
    role: Role
    read_index: int
    delivered_index: int
    joined_at: int
    left_at: int | None
    changed_seq: int
    muted_until: int | None = None
    last_post_at: int | None = None
    notify: Notify = Notify.ALL
    hidden_index: int | None = None
    unread_from: int | None = None

    @property
    def seen_index(self) -> int:
        """What counts as read for the member: `read_index`, unless they marked something before it as unread."""
        return self.read_index if self.unread_from is None else min(self.read_index, self.unread_from - 1)


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
    mentions_room: bool = False
    pinned_at: int | None = None
    pinned_by: int | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Invite:
    """Whoever has the `code` may come in, while it is good (domain/invites.py). `room` None: to the server."""

    number: int
    id: str
    code: str
    room: int | None
    by: int | None
    created_at: int
    expires_at: int | None = None
    max_uses: int | None = None
    uses: int = 0
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a user, by a session, until `expires_at` (microseconds).

    `issued_at`: of a token of the product's own backend; it has no session here (`session` is made of the user's id).
    """

    user: int
    user_id: str
    session: str
    expires_at: int
    issued_at: int | None = None


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
    """A room afresh, at `view.room.head_seq`. `members` only in rooms that are not large.

    `positions`: with how far others have read.
    """

    view: RoomView
    messages: tuple[Message, ...]
    members: tuple[tuple[Member, User], ...] | None
    positions: bool = True
