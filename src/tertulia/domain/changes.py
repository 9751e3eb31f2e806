"""Changes that somebody asks for, before it is decided whether they happen. The committer's items.

`room`, `actor` and `user` are numbers; `actor` None is the server itself: a key of the product's backend, or the
command line; `via` says which, for the audit log. Each has the answer it gets when it happens: an `Outcome`.
"""

from dataclasses import field

from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.mentions import candidates
from tertulia.domain.models import Member, Message, Role, Room, RoomKind
from tertulia.domain.rooms import direct_key
from tertulia.domain.values import dataclass

USER = "user"
ERASURE = "erasure"
"""`via` of what follows from the deletion of an account: it is no deed of anybody's."""


@dataclass(slots=True)
class Post:
    """`refusal`: why the service would say no, were the same `client_id` not stored already.

    `flagged`: the word list wants it reported. `trusted`: by a server key, which may speak as anybody anywhere.
    """

    room: int
    actor: int
    body: str
    client_id: str | None = None
    reply_to: int | None = None
    refusal: Rejection | None = None
    metadata: str | None = None
    flagged: bool = False
    trusted: bool = False
    id: str = field(default_factory=new_id)  # before the first attempt, so that a repeated one finds it
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.names = candidates(self.body)


@dataclass(slots=True)
class Edit:
    room: int
    actor: int
    index: int
    body: str
    flagged: bool = False
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.names = candidates(self.body)


@dataclass(slots=True)
class Delete:
    room: int
    actor: int | None
    index: int
    via: str = USER


@dataclass(slots=True)
class React:
    room: int
    actor: int
    index: int
    emoji: str
    on: bool


@dataclass(slots=True)
class Pin:
    room: int
    actor: int | None
    index: int
    on: bool
    via: str = USER


@dataclass(slots=True)
class Join:
    """`invite`: the number of the invitation by which they come. `by_id`: only where the room's id is enough.
    `quiet`: the timeline does not tell of it.
    """

    room: int
    actor: int
    invite: int | None = None
    by_id: bool = False
    quiet: bool = False


@dataclass(slots=True)
class Leave:
    room: int
    actor: int


@dataclass(slots=True)
class AddMember:
    room: int
    actor: int | None
    user: int
    role: Role = Role.MEMBER
    via: str = USER


@dataclass(slots=True)
class RemoveMember:
    room: int
    actor: int | None
    user: int
    via: str = USER


@dataclass(slots=True)
class Ban:
    room: int
    actor: int | None
    user: int
    reason: str = ""
    via: str = USER


@dataclass(slots=True)
class Unban:
    room: int
    actor: int | None
    user: int
    via: str = USER


@dataclass(slots=True)
class Mute:
    """`until` None: not muted any more."""

    room: int
    actor: int | None
    user: int
    until: int | None
    via: str = USER


@dataclass(slots=True)
class SetRole:
    """Any role but the owner's, which is transferred."""

    room: int
    actor: int | None
    user: int
    role: Role
    via: str = USER


@dataclass(slots=True)
class Transfer:
    """`user` becomes the owner, who was it an admin."""

    room: int
    actor: int | None
    user: int
    via: str = USER


@dataclass(slots=True)
class ChangeRoom:
    """None: stays as it is. `retention_days` 0: for ever."""

    room: int
    actor: int | None
    name: str | None = None
    title: str | None = None
    description: str | None = None
    slow_mode: int | None = None
    archived: bool | None = None
    retention_days: int | None = None
    metadata: str | None = None
    via: str = USER


@dataclass(slots=True)
class DeleteRoom:
    room: int
    actor: int | None
    via: str = USER


@dataclass(slots=True)
class Trim:
    """The messages before `first_index` are too old (retention). By the server."""

    room: int
    first_index: int
    actor: None = None


@dataclass(slots=True)
class Depart:
    """The account of `user` was deleted: they leave, whatever the room, and are shown as deleted, also in notices.

    By the server. Some notices at a time: repeat it, with `again`, until its outcome is `repeated`.
    """

    room: int
    user: int
    again: bool = False
    actor: None = None


@dataclass(slots=True)
class CreateRoom:
    """`actor` None: by the server itself, without an owner. A direct room has a `partner`.

    With `external_id` it is made once, and answered as it is from then on. What a key makes stands in the audit log.
    `members`: who else is in it from the start, if it is not direct. `exclusive`, `join_by_id`: as of a `Room`.
    """

    actor: int | None
    kind: RoomKind
    name: str | None = None
    title: str = ""
    description: str = ""
    partner: int | None = None
    external_id: str | None = None
    metadata: str | None = None
    via: str = USER
    exclusive: bool = False
    join_by_id: bool = False
    members: tuple[int, ...] = ()
    id: str = field(default_factory=new_id)

    @property
    def direct_key(self) -> str | None:
        """The same for both, whoever asks."""
        if self.partner is None or self.actor is None:
            return None
        return direct_key(self.actor, self.partner)

    @property
    def people(self) -> tuple[int, ...]:
        """Who is in it from the start, each once."""
        wanted = (self.actor, self.partner, *self.members)
        return tuple(dict.fromkeys(user for user in wanted if user is not None))


UserChange = AddMember | RemoveMember | Ban | Unban | Mute | SetRole | Transfer | Depart
"""About another user."""
Going = Leave | RemoveMember | Ban | Depart
"""Somebody may stop being a member."""
MessageChange = Edit | Delete | React | Pin
"""About a message that is there."""
RoomChange = Post | MessageChange | Join | Leave | UserChange | ChangeRoom | DeleteRoom | Trim
Change = RoomChange | CreateRoom


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change: the rows as they are then. `repeated`: it was there already, or changed nothing."""

    message: Message | None = None
    member: Member | None = None
    room: Room | None = None
    repeated: bool = False


Result = Outcome | Rejection
