"""Who may do what in a room: the one table. docs/protocol.md shows it, and each of its cells has a test."""

from enum import IntEnum, StrEnum

from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.models import Member, Role, RoomKind, User

SMALL_ROOM = 20
"""In a room of so many members everybody may say @room."""


class Rank(IntEnum):
    """How somebody stands in a room; each may do what those before may, too."""

    OUTSIDER = 0
    MEMBER = 1
    MODERATOR = 2
    ADMIN = 3
    OWNER = 4
    STAFF = 5
    SERVER = 6
    """The product's backend by a server key, and the command line."""


class Act(StrEnum):
    """`TALK`: post, edit and delete one's own, react, type, read position."""

    SEE = "see"
    JOIN = "join"
    TALK = "talk"
    LEAVE = "leave"
    MENTION_ROOM = "mention the room"
    PIN = "pin"
    DELETE_MESSAGE = "delete a message of others"
    INVITE = "invite"
    ADD = "add a member"
    REMOVE = "remove a member"
    MUTE = "mute"
    BAN = "ban"
    SLOW_MODE = "set slow mode"
    CHANGE = "change the room"
    ARCHIVE = "archive"
    ROLE = "give a role"
    RETENTION = "set retention"
    TRANSFER = "transfer the room"
    DELETE = "delete the room"


_NEEDED: dict[Act, tuple[Rank, Rank, Rank | None]] = {
    # act: the least rank in a public, a private, and a direct room (None: not possible there)
    Act.SEE: (Rank.OUTSIDER, Rank.MEMBER, Rank.MEMBER),
    Act.JOIN: (Rank.OUTSIDER, Rank.MEMBER, Rank.MEMBER),
    Act.TALK: (Rank.MEMBER, Rank.MEMBER, Rank.MEMBER),
    Act.LEAVE: (Rank.MEMBER, Rank.MEMBER, None),
    Act.MENTION_ROOM: (Rank.MODERATOR, Rank.MODERATOR, Rank.MEMBER),
    Act.PIN: (Rank.MODERATOR, Rank.MODERATOR, Rank.MEMBER),
    Act.DELETE_MESSAGE: (Rank.MODERATOR, Rank.MODERATOR, Rank.STAFF),
    Act.INVITE: (Rank.MODERATOR, Rank.MODERATOR, None),
    Act.ADD: (Rank.MODERATOR, Rank.MODERATOR, None),
    Act.REMOVE: (Rank.MODERATOR, Rank.MODERATOR, None),
    Act.MUTE: (Rank.MODERATOR, Rank.MODERATOR, None),
    Act.BAN: (Rank.MODERATOR, Rank.MODERATOR, None),
    Act.SLOW_MODE: (Rank.MODERATOR, Rank.MODERATOR, None),
    Act.CHANGE: (Rank.ADMIN, Rank.ADMIN, None),
    Act.ARCHIVE: (Rank.ADMIN, Rank.ADMIN, None),
    Act.ROLE: (Rank.ADMIN, Rank.ADMIN, None),
    Act.RETENTION: (Rank.OWNER, Rank.OWNER, None),
    Act.TRANSFER: (Rank.OWNER, Rank.OWNER, None),
    Act.DELETE: (Rank.OWNER, Rank.OWNER, None),
}
AS_MEMBER = frozenset({Act.TALK, Act.LEAVE, Act.MENTION_ROOM})
"""What one does as a member; staff who only look on join first."""
UNSEEN = frozenset(
    {(Act.JOIN, RoomKind.PRIVATE), (Act.DELETE_MESSAGE, RoomKind.PRIVATE), (Act.DELETE_MESSAGE, RoomKind.DIRECT)}
)
"""What staff may do in rooms that they cannot see: come in, which all are told; take away what was reported."""
_KINDS = (RoomKind.PUBLIC, RoomKind.PRIVATE, RoomKind.DIRECT)
_RANKS = {
    Role.OWNER: Rank.OWNER,
    Role.ADMIN: Rank.ADMIN,
    Role.MODERATOR: Rank.MODERATOR,
    Role.MEMBER: Rank.MEMBER,
}
_IN_WORDS = {
    Rank.MODERATOR: "moderators, admins and the owner",
    Rank.ADMIN: "admins and the owner",
    Rank.OWNER: "the room's owner",
    Rank.STAFF: "the server's staff",
}


def needed(act: Act, kind: RoomKind) -> Rank | None:
    """The least rank that may do it in a room of this kind; None: nobody, it is not possible there."""
    return _NEEDED[act][_KINDS.index(kind)]


def rank(kind: RoomKind, member: Member | None, user: User | None) -> Rank:
    """How a user stands; `member`: their row, if they are a member now; `user` None: the server itself.

    Staff stand above the owner wherever they can see; what is private or direct they cannot see unasked.
    """
    if user is None:
        return Rank.SERVER
    if kind is RoomKind.DIRECT:
        return Rank.MEMBER if member is not None else Rank.OUTSIDER
    if user.is_staff and (member is not None or kind is RoomKind.PUBLIC):
        return Rank.STAFF
    return _RANKS[member.role] if member is not None else Rank.OUTSIDER


def rank_of(role: Role) -> Rank:
    return _RANKS[role]


def may(act: Act, kind: RoomKind, rank: Rank) -> bool:
    least = needed(act, kind)
    return least is not None and rank >= least


def require(act: Act, kind: RoomKind, rank: Rank) -> None:
    """Raises what somebody is told who may not; outsiders cannot tell what they may not see (promise 7)."""
    least = needed(act, kind)
    if rank is Rank.OUTSIDER and not may(Act.SEE, kind, rank):
        raise not_found("room")
    if least is None:
        raise Rejection("direct_room", "A direct room belongs to both and cannot be changed.")
    if rank >= least:
        return
    if rank is Rank.OUTSIDER:
        raise Rejection("not_member", "Join the room first.")
    raise Rejection("forbidden", f"Only {_IN_WORDS[least]} may do this.")
