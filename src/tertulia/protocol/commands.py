"""Commands: what a client says on the socket. docs/protocol.md is the normative text."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from tertulia.protocol.fields import (
    Body,
    ClientId,
    Emoji,
    Index,
    PageSize,
    Position,
    RoomId,
    Seq,
    Strict,
    Text,
)

CommandId = Annotated[int, Field(ge=0, le=2**53, description="Comes back as `re` in the reply.")]
Token = Annotated[str, Field(max_length=4096, description="An access token.")]
MAX_CURSORS = 2_000


class _Command(Strict):
    id: CommandId | None = None


class Hello(_Command):
    """The first command of every connection."""

    cmd: Literal["hello"]
    token: Token | None = None
    boot: Annotated[Text, Field(max_length=64)] | None = None
    resume: Annotated[dict[RoomId, Seq], Field(max_length=MAX_CURSORS)] = {}
    read: Annotated[dict[RoomId, Position], Field(max_length=MAX_CURSORS)] = {}


class Post(_Command):
    """Post a message."""

    cmd: Literal["post"]
    room: RoomId
    body: Body
    client_id: ClientId | None = None
    reply_to: Index | None = None


class Edit(_Command):
    """Replace the text of a message of one's own."""

    cmd: Literal["edit"]
    room: RoomId
    index: Index
    body: Body


class Delete(_Command):
    """Delete a message; a tombstone stays."""

    cmd: Literal["delete"]
    room: RoomId
    index: Index


class React(_Command):
    """Add (`on`: true) or take back a reaction."""

    cmd: Literal["react"]
    room: RoomId
    index: Index
    emoji: Emoji
    on: bool = True


class Read(_Command):
    """Say how far one has read, or received. Positions only grow."""

    cmd: Literal["read"]
    room: RoomId
    index: Position | None = None
    delivered: Position | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Read":
        if self.index is None and self.delivered is None:
            raise ValueError("give `index`, `delivered` or both")
        return self


class Typing(_Command):
    """Say that one types; repeat every 3 seconds while it lasts."""

    cmd: Literal["typing"]
    room: RoomId
    on: bool = True


class History(_Command):
    """A page of the timeline: before, after or around an index; without any, the newest."""

    cmd: Literal["history"]
    room: RoomId
    before: Index | None = None
    after: Position | None = None
    around: Index | None = None
    limit: PageSize = 50

    @model_validator(mode="after")
    def _one_place(self) -> "History":
        if sum(place is not None for place in (self.before, self.after, self.around)) > 1:
            raise ValueError("give only one of `before`, `after` and `around`")
        return self


class Subscribe(_Command):
    """Follow a public room without joining it, or a room again after a gap or `unsubscribe`."""

    cmd: Literal["subscribe"]
    room: RoomId
    seq: Seq | None = None


class Unsubscribe(_Command):
    """Stop following a room on this connection."""

    cmd: Literal["unsubscribe"]
    room: RoomId


class Presence(_Command):
    """Say that one is away, or back."""

    cmd: Literal["presence"]
    status: Literal["online", "away"]


class Refresh(_Command):
    """A new access token of the same user and session for this connection."""

    cmd: Literal["refresh"]
    token: Token


class Ping(_Command):
    """Answered at once."""

    cmd: Literal["ping"]


Command = (
    Hello | Post | Edit | Delete | React | Read | Typing | History | Subscribe | Unsubscribe | Presence | Refresh | Ping
)

command_adapter: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="cmd")])
