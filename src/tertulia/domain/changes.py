"""Changes that somebody asks for, before it is decided whether they happen. The committer's items.

`room` and `actor` are numbers. Each has the answer it gets when it happens: an `Outcome`.
"""

from dataclasses import dataclass, field

from tertulia.domain.errors import Rejection
from tertulia.domain.ids import new_id
from tertulia.domain.mentions import candidates
from tertulia.domain.models import Member, Message, Room, RoomKind


@dataclass(slots=True)
class Post:
    """`refusal`: why the service would say no, were the same `client_id` not stored already."""

    room: int
    actor: int
    body: str
    client_id: str | None = None
    reply_to: int | None = None
    refusal: Rejection | None = None
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
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.names = candidates(self.body)


@dataclass(slots=True)
class Delete:
    room: int
    actor: int
    index: int


@dataclass(slots=True)
class React:
    room: int
    actor: int
    index: int
    emoji: str
    on: bool


@dataclass(slots=True)
class Join:
    room: int
    actor: int


@dataclass(slots=True)
class Leave:
    room: int
    actor: int


@dataclass(slots=True)
class AddMember:
    room: int
    actor: int
    user: int


@dataclass(slots=True)
class RemoveMember:
    room: int
    actor: int
    user: int


@dataclass(slots=True)
class ChangeRoom:
    """None: stays as it is."""

    room: int
    actor: int
    name: str | None = None
    title: str | None = None
    description: str | None = None


@dataclass(slots=True)
class DeleteRoom:
    room: int
    actor: int


@dataclass(slots=True)
class CreateRoom:
    """`actor` None: by the server itself, without an owner. A direct room has a `partner`."""

    actor: int | None
    kind: RoomKind
    name: str | None = None
    title: str = ""
    description: str = ""
    partner: int | None = None
    id: str = field(default_factory=new_id)

    @property
    def direct_key(self) -> str | None:
        """The same for both, whoever asks."""
        if self.partner is None or self.actor is None:
            return None
        return "{}:{}".format(*sorted((self.actor, self.partner)))


RoomChange = Post | Edit | Delete | React | Join | Leave | AddMember | RemoveMember | ChangeRoom | DeleteRoom
Change = RoomChange | CreateRoom


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change: the rows as they are then. `repeated`: it was there already, or changed nothing."""

    message: Message | None = None
    member: Member | None = None
    room: Room | None = None
    repeated: bool = False


Result = Outcome | Rejection
