"""What a hub delivers, and to whom: changes of a room, and subscribers that remember."""

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from tertulia.clock import Clock, SystemClock
from tertulia.domain.events import Changed, RoomBatch
from tertulia.domain.models import Member, Message, MessageKind, Role, User
from tertulia.hub.hub import Hub
from tertulia.metrics import Metrics
from tertulia.protocol.formats import V1
from tertulia.protocol.frames import Frames
from tertulia.tasks import Tasks

ROOM = 7
ROOM_ID = "room-7"


def user(number: int) -> User:
    return User(number, f"user-{number}", f"name{number}")


def posted(seq: int, body: str | None = "hello", *, room: int = ROOM, deleted: bool = False) -> Changed:
    """A message's event; with `deleted`, the tombstone's."""
    message = Message(
        room=room,
        seq=seq,
        changed_seq=seq,
        index=seq,
        after=seq - 1,
        id=f"message-{seq}",
        sender=user(1),
        kind=MessageKind.MESSAGE,
        body=None if deleted else body,
        created_at=0,
        deleted_at=1 if deleted else None,
    )
    return Changed(room, f"room-{room}", seq, "message", message=message)


def came(seq: int, number: int, count: int = 1) -> Changed:
    return _member(seq, number, None, count)


def went(seq: int, number: int, count: int = 1) -> Changed:
    return _member(seq, number, 1, count)


def _member(seq: int, number: int, left_at: int | None, count: int) -> Changed:
    member = Member(ROOM, number, Role.MEMBER, 0, 0, 0, left_at, seq)
    return Changed(ROOM, ROOM_ID, seq, "member", members=((member, user(number)),), member_count=count)


def batch(*events: Changed, gone: bool = False) -> RoomBatch:
    return RoomBatch(ROOM, ROOM_ID, events, gone=gone)


def posts(first: int, last: int) -> RoomBatch:
    return batch(*(posted(seq) for seq in range(first, last + 1)))


class Listener:
    """A subscriber that remembers what it was given, and keeps a cursor by the rules of the protocol."""

    def __init__(self, number: int, *, member: bool = True) -> None:
        self.user = number
        self.wire = V1()
        self.member = member
        self.frames: list[dict[str, Any]] = []
        self.latest: list[tuple[tuple[str, str], dict[str, Any]]] = []
        self.in_one_go: list[int] = []
        self.told: list[Any] = []
        self.on_offer: Callable[[], None] = lambda: None

    def offer(self, frames: Frames) -> None:
        self.frames += [json.loads(text) for text in frames.texts]
        self.on_offer()

    def offer_latest(self, key: tuple[str, str], frames: Frames) -> None:
        self.latest += [(key, json.loads(text)) for text in frames.texts]

    def offer_all_latest(self, news: Sequence[tuple[tuple[str, str], Frames]]) -> None:
        self.in_one_go.append(len(news))
        for key, frames in news:
            self.offer_latest(key, frames)

    def follow(self, room: int, room_id: str) -> None:
        self.told.append(("follow", room))

    def dropped(self, room: int, room_id: str, *, told: bool) -> None:
        self.told.append(("dropped", told))

    def behind(self, room: int, room_id: str) -> None:
        self.told.append(("behind", room))

    def is_member(self, room_id: str) -> bool:
        return self.member

    @property
    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in self.frames if "seq" in frame]


class Repairs:
    """Stands for the database behind a hub: answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.answer: tuple[int, Sequence[Changed] | None] | None = None
        self.error: Exception | None = None
        self.before: Callable[[], Coroutine[Any, Any, None]] | None = None

    async def __call__(self, room: int, after: int) -> tuple[int, Sequence[Changed] | None] | None:
        self.asked.append((room, after))
        if self.before is not None:
            await self.before()
        if self.error is not None:
            raise self.error
        return self.answer


def new_hub(
    repairs: Repairs | None = None, tasks: Tasks | None = None, clock: Clock | None = None, **bounds: int
) -> Hub:
    tasks = tasks or Tasks()
    return Hub(repairs or Repairs(), tasks.spawn, Metrics(), clock or SystemClock(), **bounds)


def join(hub: Hub, listener: Listener, seq: int = 0, *, members: int = 1) -> None:
    """Attached and live from `seq` on; what it missed is given to it."""
    hub.attach(listener)
    hub.enter(ROOM, ROOM_ID, listener)
    activate(hub, listener, seq, members=members)


def activate(hub: Hub, listener: Listener, seq: int, *, members: int = 1) -> None:
    missed = hub.activate(ROOM, listener, seq, members)
    assert missed is not None
    for frames in missed:
        listener.offer(frames)
