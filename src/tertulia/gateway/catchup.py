"""Catching up with a room: from a cursor to live, without a hole and without a repetition.

Register with the hub, without delivery; read; go live in one step without an await, from what the hub kept
meanwhile. If it kept too little, read on.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tertulia.domain.errors import CloseCode, Disconnect, Rejection
from tertulia.domain.events import Changed
from tertulia.domain.models import Snapshot
from tertulia.gateway.connection import MAX_WRITE, Connection
from tertulia.gateway.follow import Follow
from tertulia.hub.hub import until_removed
from tertulia.protocol.codec import encode
from tertulia.protocol.frames import Frames
from tertulia.protocol.resources import snapshot_resource
from tertulia.services.rooms import Changes
from tertulia.services.weights import change_weight

if TYPE_CHECKING:
    from tertulia.gateway.gateway import Gateway

ROUNDS = 10
"""So often a room may run ahead of its catch-up; then the connection had better come back."""
MAX_CHANGES_BYTES = 1_000_000


class CatchUp:
    """One catch-up of one room of one connection. It is over as soon as the connection lets go of `follow`."""

    def __init__(self, gateway: "Gateway", connection: Connection, room_id: str, follow: Follow) -> None:
        self._gateway = gateway
        self._connection = connection
        self._room_id = room_id
        self._follow = follow
        self._members = 0
        self._over = False
        self._is_afresh = False

    async def run(self, cursor: int | None) -> None:
        """Bring the room from `cursor` to live; None: send it afresh. Ends with `gone` if it is not there for the user.

        Raises `Disconnect` when the line is down, or too slow for the room.
        """
        for _ in range(ROUNDS):
            async with self._connection.paging:
                await self._connection.writable()
                if self._is_current:
                    self._gateway.hub.enter(self._follow.number, self._room_id, self._connection)
                    cursor = await (self._reload() if cursor is None else self._changes(cursor))
            if self._over or not self._is_current or (cursor is not None and self._go_live(cursor)):
                return
        raise Disconnect(CloseCode.SLOW, "A room ran ahead of you again and again. Come back and resume.")

    @property
    def _is_current(self) -> bool:
        connection = self._connection
        return connection.rooms.get(self._room_id) is self._follow and not connection.ended

    def _go_live(self, seq: int) -> bool:
        live = self._gateway.go_live(self._connection, self._room_id, self._follow, seq, self._members)
        if live and self._is_afresh and self._is_current and self._follow.member:
            self._gateway.tell_presence(self._connection, self._room_id, self._follow)
        return live

    # Changes: each step gives the seq it has brought the client to.

    async def _changes(self, cursor: int) -> int | None:
        """None: too much for changes."""
        was_member = self._follow.member
        try:
            found = await self._look(cursor)
        except Rejection as rejection:
            self._refused(rejection)
            return None
        if isinstance(found, int):
            return found
        items, head, left = found.items, found.room.head_seq, None
        if items is not None and not found.member:
            left = next((item.seq for item in items if self._connection.user in item.removed), None)
        if items is not None and left is not None:  # the last they get of the room
            items, head = [item for item in items if item.seq <= left], left
        if items is None or (pages := in_pages(items)) is None:
            return None
        if was_member and not found.member and left is None:
            self._gone()
            return None
        self._note(found.room.member_count, member=found.member)
        self._gateway.metrics.resumes.labels("database").inc()
        await self._write_pages(cursor, head, pages)
        if left is not None:
            self._leave()
        return head

    async def _look(self, cursor: int) -> Changes | int:
        """What the database says; a seq: up to there it was told from memory."""
        head = self._from_ring(cursor)
        if head is None:
            async with self._gateway.reading:
                head = self._from_ring(cursor)  # others may have read it while this one waited
                if head is None:
                    return await self._read(cursor)
        return head

    async def _read(self, cursor: int) -> Changes:
        """And leave it with the hub, for others who come back from there."""
        number, hub = self._follow.number, self._gateway.hub
        cleared = hub.cleared(number)
        found = await self._gateway.rooms.changes(number, cursor, self._connection.user)
        if found.items is not None:
            hub.remember(number, cursor, found.room.head_seq, found.items, cleared)
        return found

    def _from_ring(self, cursor: int) -> int | None:
        """Without the database: up to where it could be told."""
        found = _known(self._gateway, self._connection, self._room_id, self._follow, cursor)
        if found is None:
            return None
        head, self._members, frames = found
        self._gateway.metrics.resumes.labels("ring").inc()
        self._connection.offer(frames)
        return head

    async def _write_pages(self, cursor: int, head: int, pages: list[list[Changed]]) -> None:
        for page in pages:
            last = page is pages[-1]
            to = head if last else page[-1].seq
            text = self._gateway.wire.changes(self._room_id, cursor, to, page, more=not last)
            await self._connection.writable()
            if not self._is_current:
                return
            self._connection.offer(Frames((text,)))
            cursor = to

    # Afresh.

    async def _reload(self) -> int | None:
        was_member = self._follow.member
        try:
            async with self._gateway.reading:
                snapshot = await self._gateway.rooms.snapshot(self._follow.number, self._connection.user)
        except Rejection as rejection:
            self._refused(rejection)
            return None
        member = snapshot.view.member is not None
        if was_member and not member:
            self._gone()
            return None
        self._note(snapshot.view.room.member_count, member=member)
        await self._connection.writable()
        if self._is_current:
            self._write_snapshot(snapshot)
        return snapshot.view.room.head_seq

    def _write_snapshot(self, snapshot: Snapshot) -> None:
        self._is_afresh = True
        seq = snapshot.view.room.head_seq
        event = {"ev": "reload", "room": self._room_id, "seq": seq, "snapshot": snapshot_resource(snapshot)}
        self._connection.offer(Frames((encode(event),)))
        self._gateway.metrics.resumes.labels("reload").inc()

    # What was found out.

    def _note(self, members: int, *, member: bool) -> None:
        self._members = members
        if member:
            self._follow.member = True  # never back: who is removed is dropped

    def _refused(self, rejection: Rejection) -> None:
        if rejection.code != "not_found":
            raise rejection
        self._gone()

    def _gone(self) -> None:
        """Not there for the user; unless they came back meanwhile, which asks for another catch-up."""
        self._over = True
        if self._is_current and not self._follow.again:
            self._gateway.gone(self._connection, self._room_id)

    def _leave(self) -> None:
        """The last thing that was sent is that they left: it is the last they get of the room."""
        self._over = True
        if self._is_current and not self._follow.again:
            self._gateway.unfollow(self._connection, self._room_id)


def at_once(gateway: "Gateway", connection: Connection, room_id: str, follow: Follow, cursor: int) -> Frames | None:
    """Live from `cursor` on without waiting, if the hub has the room entered: what must be written before all else.

    None: it takes a `CatchUp`.
    """
    if connection.is_congested or connection.ended:
        return None
    found = _known(gateway, connection, room_id, follow, cursor)
    if found is None:
        return None
    head, members, frames = found
    return frames if gateway.go_live(connection, room_id, follow, head, members) else None


def _known(
    gateway: "Gateway", connection: Connection, room_id: str, follow: Follow, cursor: int
) -> tuple[int, int, Frames] | None:
    """Without the database: the room's head, how many members it has, and what changed after `cursor` up to there."""
    if not follow.member:
        return None  # whether a stranger may still see the room is asked of the database
    number = follow.number
    standing = gateway.hub.standing(number)
    if standing is None:
        return None
    head, members = standing
    frames = gateway.told.get((number, cursor, head)) or _retell(gateway, connection.user, room_id, number, cursor)
    return None if frames is None else (head, members, frames)


def _retell(gateway: "Gateway", user: int, room_id: str, number: int, cursor: int) -> Frames | None:
    """What changed after `cursor`, if the hub remembers it all."""
    recent = gateway.hub.recent(number, cursor)
    if recent is None:
        return None
    head, segments = recent
    if until_removed(segments, user)[1]:
        return None
    items = [event for segment in segments for event in segment.events]
    frames = Frames((gateway.wire.changes(room_id, cursor, head, items),))
    if frames.size > MAX_WRITE:
        return None
    if not any(item.removed for item in items):
        gateway.told.keep((number, cursor, head), frames)
    return frames


def in_pages(items: Sequence[Changed]) -> list[list[Changed]] | None:
    """Items in pages that fit a write, cut only between seqs; None: too many bytes in all."""
    pages: list[list[Changed]] = [[]]
    size = total = 0
    for item in items:
        weight = change_weight(item)
        total += weight
        if total > MAX_CHANGES_BYTES:
            return None
        if size + weight > MAX_WRITE // 2 and pages[-1] and pages[-1][-1].seq != item.seq:
            pages.append([])
            size = 0
        pages[-1].append(item)
        size += weight
    return pages
