"""What nodes say to each other, and how it is written down.

A letter says everything that any wire format may need of a change, so that who gets it asks no database; or it is a
hint where to look. Written as a line (version of this page, sender, number, kind) and JSON, defaults left out.
"""

from functools import cache
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from tertulia.broker.broker import MAX_PAYLOAD
from tertulia.domain.events import Positions, RoomBatch, Seen
from tertulia.domain.models import User
from tertulia.domain.values import dataclass

VERSION = 1
"""To be raised when a field changes its meaning or its default. New fields with a default need no new version."""

MAX_BATCH = 300
"""Changes in one letter: more of them are a hint."""
MAX_WEIGHT = MAX_PAYLOAD // 8
"""Characters of text in one letter, each of which may take six bytes."""

MAX_HEAD = 200

About = Literal["sessions", "words", "webhooks", "voices", "presence"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a transaction did in a room."""

    batch: RoomBatch


@dataclass(frozen=True, slots=True)
class Head:
    """The room has changes up to `head`; they were too much for a letter. `banned`, `gone`: as in a `RoomBatch`."""

    room: int
    room_id: str
    head: int
    gone: bool = False
    banned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Types:
    """Somebody types in a room, or stopped."""

    room: int
    room_id: str
    members: int
    user: User
    on: bool


@dataclass(frozen=True, slots=True)
class Hint:
    """Look again: at these users (their rooms, names, sessions), at `about`, at a room (id) that a user may have come
    into, at how a user stands in a room.
    """

    users: tuple[int, ...] = ()
    about: tuple[About, ...] = ()
    joined: tuple[tuple[int, str], ...] = ()
    standing: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """How far members have read and received. `own`: told to nobody but them."""

    positions: tuple[Positions, ...] = ()
    own: tuple[Positions, ...] = ()


@dataclass(frozen=True, slots=True)
class Here:
    """How users are on the sender's node: (number, id, status, their small rooms). `whole`: and nobody else is there.

    Also a sign of life, when it names nobody.
    """

    users: tuple[tuple[int, str, str, tuple[int, ...]], ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Sees:
    """Somebody says in a room that they have read up to a message."""

    room: int
    members: int
    seen: Seen


@dataclass(frozen=True, slots=True)
class Attends:
    """Who came into rooms (room, user, username) with their first socket on the sender's node, or went with their last.

    Of `parts`, one after the other: all together, who came is there, and nobody else.
    """

    came: tuple[tuple[int, int, str], ...] = ()
    gone: tuple[tuple[int, int], ...] = ()
    part: int = 0
    parts: int = 0


Letter = Batch | Head | Types | Hint | Read | Here | Sees | Attends
_KINDS: dict[str, type[Letter]] = {
    kind.__name__.lower(): kind for kind in (Batch, Head, Types, Hint, Read, Here, Sees, Attends)
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """`number`: of the letters of this sender to all nodes, without a hole; 0: it is not one of them."""

    node: str
    number: int
    kind: str
    text: bytes

    def open(self) -> Letter:
        """Raises `UnreadableError`, also for a kind of letter that only later versions know."""
        if self.kind not in _KINDS:
            raise UnreadableError
        try:
            return _adapter(self.kind).validate_json(self.text)
        except ValidationError:
            raise UnreadableError from None


class UnreadableError(ValueError):
    """Not a letter, or one of another version."""


@cache
def _adapter(kind: str) -> TypeAdapter[Letter]:
    return TypeAdapter(_KINDS[kind])


def write(node: str, letter: Letter, number: int = 0) -> bytes | None:
    """The payload; None: too large."""
    if isinstance(letter, Batch) and not _fits(letter.batch):
        return None
    kind = type(letter).__name__.lower()
    head = f"{VERSION} {node} {number} {kind}\n".encode("ascii")
    payload = head + _adapter(kind).dump_json(letter, exclude_defaults=True)
    return payload if len(payload) <= MAX_PAYLOAD else None


def _fits(batch: RoomBatch) -> bool:
    """Cheaply, before anything large is written."""
    texts = (len(event.message.body or "") for event in batch.events if event.message is not None)
    return len(batch.events) <= MAX_BATCH and sum(texts) <= MAX_WEIGHT


def read(payload: bytes) -> Envelope:
    """Raises `UnreadableError`."""
    head, _, text = payload.partition(b"\n")
    parts = head[:MAX_HEAD].decode("ascii", "replace").split(" ")
    if len(parts) != 4 or parts[0] != str(VERSION) or not parts[2].isdecimal():
        raise UnreadableError
    return Envelope(parts[1], int(parts[2]), parts[3], text)
