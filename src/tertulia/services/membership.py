"""My own affair in a room: how much I want to be told, hiding it until something new comes, marking it as unread.

Nobody but my own devices is told, and at once. Order counts: what a member read before they mark is written before
the mark, what they read after it ends it.
"""

from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.events import Positions
from tertulia.domain.models import Caller, Notify, Room, RoomView
from tertulia.hub.hub import Hub
from tertulia.protocol.requests import ChangeMe
from tertulia.services.access import joined, member_in
from tertulia.services.pace import Pace
from tertulia.services.receipts import Gathered, Receipts, tell_me, write_gathered
from tertulia.storage import membership, rooms, users
from tertulia.storage.database import Database


@dataclass(frozen=True, slots=True)
class Quiet:
    """What may be changed; None: stays. `unread_from` 0: nothing is marked."""

    notify: Notify | None = None
    hidden: bool | None = None
    unread_from: int | None = None

    @classmethod
    def of(cls, body: ChangeMe) -> "Quiet":
        notify = None if body.notify is None else Notify(body.notify)
        return cls(notify, body.hidden, 0 if body.takes_mark_back else body.unread_from)


class Membership:
    """`pace`: how many changes a user may make."""

    def __init__(self, db: Database, hub: Hub, receipts: Receipts, pace: Pace) -> None:
        self._db = db
        self._hub = hub
        self._receipts = receipts
        self._pace = pace
        self._on_changed: list[Callable[[int, int], None]] = []
        receipts.on_mark(self._changed)

    def on_changed(self, callback: Callable[[int, int], None]) -> None:
        """`callback(user, room)`: how they stand there was changed here."""
        self._on_changed.append(callback)

    def _changed(self, user: int, room: int) -> None:
        for callback in self._on_changed:
            callback(user, room)

    async def change(self, caller: Caller, room_id: str, wanted: Quiet) -> RoomView:
        """How the caller stands in the room then; raises `not_found`, `not_member`, or `invalid` for a mark from a
        message that is not there.
        """
        self._pace.check(caller)
        room, _ = await self._db.read(joined, room_id, caller.user)
        return await self._write(caller, room.number, wanted, self._receipts.hold(caller.user, room.number))

    def change_followed(self, caller: Caller, room: int, wanted: Quiet) -> Coroutine[Any, Any, RoomView]:
        """The same on a socket, in order with `read`: plain up to where it is decided what was said before."""
        self._pace.check(caller)
        return self._write(caller, room, wanted, self._receipts.hold(caller.user, room))

    async def _write(self, caller: Caller, room: int, wanted: Quiet, said: list[Gathered]) -> RoomView:
        try:
            written, view, changed = await self._db.write(_change, caller.user, room, wanted, said)
        except Exception:
            self._receipts.gather(said)
            raise
        finally:
            self._receipts.release(caller.user, room)
        # No await between the write and this: who is told of two writes is told in their order.
        self._receipts.tell_held(written)
        if changed:
            tell_me(self._hub, view)
            self._changed(caller.user, room)
        return view

    async def tell(self, user: int, numbers: Collection[int]) -> None:
        """How the user stands in those of these rooms of which they are a member."""
        for view in await self._db.write(membership.views, user, numbers):
            tell_me(self._hub, view)

    async def tell_again(self, user: int, shown: int) -> None:
        """How the user stands in the `shown` most recently active rooms: another process may have changed it."""
        # By the writer, so that nothing that is written meanwhile is told before it.
        for view in await self._db.write(membership.recent, user, shown):
            tell_me(self._hub, view)


def _change(
    connection: Connection, user: int, number: int, wanted: Quiet, said: list[Gathered]
) -> tuple[list[Positions], RoomView, bool]:
    written, _ = write_gathered(connection, said)
    room = rooms.by_number(connection, number)
    if room is None:
        raise not_found("room")
    before = member_in(connection, room, user)
    if before is None:
        raise Rejection("not_member", "Join the room first.")
    if wanted.notify is not None:
        membership.set_notify(connection, number, user, wanted.notify)
    if wanted.hidden is not None:
        membership.set_hidden(connection, number, user, hidden=wanted.hidden)
    if wanted.unread_from is not None:
        membership.set_unread_from(connection, number, user, _mark(room, wanted.unread_from))
    [view] = membership.views(connection, user, [number])
    moved = view.member != before
    if moved:
        users.bump(connection, [user])
    return written, view, moved or bool(said)


def _mark(room: Room, index: int) -> int | None:
    """From the oldest message that is there, at the earliest."""
    if index > room.message_count:
        raise Rejection("invalid", "There is no such message yet. Mark one that is there.", field="unread_from")
    return max(index, room.first_index) if index else None
