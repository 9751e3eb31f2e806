"""Commands: what a client says on the socket. docs/protocol.md is the normative text."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from tertulia.protocol.fields import (
    Body,
    ClientId,
    Emoji,
    Index,
    Metadata,
    MuteEnd,
    MuteSeconds,
    PageSize,
    Position,
    Reason,
    Role,
    RoomId,
    Seq,
    Strict,
    Text,
    UserId,
)
from tertulia.protocol.requests import ChangeMe, RoomSettings

CommandId = Annotated[int, Field(ge=0, le=2**53, description="Comes back as `re` in the reply.")]
Token = Annotated[str, Field(max_length=8192, description="An access token.")]
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
    metadata: Metadata | None = None


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


class Pin(_Command):
    """Keep a message at hand for everybody (`on`: true), or no more."""

    cmd: Literal["pin"]
    room: RoomId
    index: Index
    on: bool = True


class Join(_Command):
    """Become a member of a public room."""

    cmd: Literal["join"]
    room: RoomId


class Leave(_Command):
    """Stop being a member."""

    cmd: Literal["leave"]
    room: RoomId


class Add(_Command):
    """Bring somebody in. `role`: `member` if it is not given; a member's is changed with `role`."""

    cmd: Literal["add"]
    room: RoomId
    user: UserId
    role: Role | None = None


class Remove(_Command):
    """Put somebody out; they may come back."""

    cmd: Literal["remove"]
    room: RoomId
    user: UserId


class ChangeRole(_Command):
    """Give a member another role."""

    cmd: Literal["role"]
    room: RoomId
    user: UserId
    role: Role


class Transfer(_Command):
    """Make another member the owner."""

    cmd: Literal["transfer"]
    room: RoomId
    user: UserId


class Mute(_Command):
    """Until a time, or for so many seconds; with neither: not any more."""

    cmd: Literal["mute"]
    room: RoomId
    user: UserId
    until: MuteEnd | None = None
    seconds: MuteSeconds | None = None

    @model_validator(mode="after")
    def _says_how_long(self) -> "Mute":
        if self.until is not None and self.seconds is not None:
            raise ValueError("give `until` or `seconds`")
        return self


class Ban(_Command):
    """Put somebody out, and keep them out."""

    cmd: Literal["ban"]
    room: RoomId
    user: UserId
    reason: Reason = ""


class Unban(_Command):
    """They may come in again."""

    cmd: Literal["unban"]
    room: RoomId
    user: UserId


class ChangeRoom(RoomSettings, _Command):
    """Change the room's settings: what is given; the rest stays."""

    cmd: Literal["change"]
    room: RoomId


class DeleteRoom(_Command):
    """Delete the room with its messages."""

    cmd: Literal["delete_room"]
    room: RoomId


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


class Me(ChangeMe, _Command):
    """Change what is my own affair in a room: how much I want to be told, hide it, mark it as unread."""

    cmd: Literal["me"]
    room: RoomId


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


RoomCommand = Join | Leave | Add | Remove | ChangeRole | Transfer | Mute | Ban | Unban | Pin | ChangeRoom | DeleteRoom
"""What is done to a room and its members."""
Command = (
    Hello | Post | Edit | Delete | React | Read | Typing | History | Subscribe | Unsubscribe | Presence | Refresh | Ping
    | Me | RoomCommand
)  # fmt: skip

command_adapter: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="cmd")])
