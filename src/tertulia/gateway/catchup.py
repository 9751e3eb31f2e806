"""Catching up with a room: from a cursor to live, without a hole and without a repetition (rules 7 and 8).

Register with the hub, without delivery; read; go live in one step without an await, from what the hub kept
meanwhile. If it kept too little, read on.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tertulia.domain.errors import Rejection
from tertulia.domain.events import Changed
from tertulia.gateway.connection import MAX_WRITE, Connection
from tertulia.gateway.follow import Follow
from tertulia.protocol.codec import encode
from tertulia.protocol.frames import Frames
from tertulia.protocol.resources import snapshot_resource

if TYPE_CHECKING:
    from tertulia.gateway.gateway import Gateway

ROUNDS = 5
"""So often a room may run ahead of its catch-up, before it is sent afresh."""
MAX_CHANGES_BYTES = 1_000_000


async def catch_up(
    gateway: "Gateway", connection: Connection, room_id: str, follow: Follow, cursor: int | None
) -> None:
    """Bring a room from `cursor` to live; None: send it afresh. Ends with `gone` if it is not there for the user.

    Raises `Disconnect` when the line is down.
    """
    gateway.hub.enter(follow.number, room_id, connection, None)
    if cursor is not None and await _changes(gateway, connection, room_id, follow, cursor):
        return
    await _reload(gateway, connection, room_id, follow)


async def _changes(gateway: "Gateway", connection: Connection, room_id: str, follow: Follow, cursor: int) -> bool:
    """Whether `changes` were enough."""
    for _ in range(ROUNDS):
        if _from_ring(gateway, connection, room_id, follow, cursor):
            return True
        async with gateway.reading:
            try:
                room, items = await gateway.rooms.changes(follow.number, cursor, connection.user)
            except Rejection as rejection:
                if rejection.code != "not_found":
                    raise
                gateway.gone(connection, room_id)
                return True
        if items is None or (pages := _pages(items)) is None:
            return False
        gateway.metrics.resumes.labels("database").inc()
        await _write_pages(gateway, connection, room_id, cursor, room.head_seq, pages)
        cursor = room.head_seq
        if gateway.go_live(connection, room_id, follow, cursor):
            return True
    return False


def _from_ring(gateway: "Gateway", connection: Connection, room_id: str, follow: Follow, cursor: int) -> bool:
    """Without the database: what the hub remembers, and live, in one step."""
    if not follow.member:
        return False  # whether a stranger may still see the room is asked of the database
    recent = gateway.hub.recent(follow.number, cursor)
    if recent is None:
        return False
    head, segments = recent
    items = [event for segment in segments for event in segment.events]
    text = gateway.wire.changes(room_id, cursor, head, items)
    if len(text) > MAX_WRITE:
        return False
    connection.offer(Frames((text,)))
    gateway.metrics.resumes.labels("ring").inc()
    return gateway.go_live(connection, room_id, follow, head)


def _pages(items: Sequence[Changed]) -> list[list[Changed]] | None:
    """Items in pages that fit a write, cut only between seqs; None: too many bytes in all."""
    pages: list[list[Changed]] = [[]]
    size = total = 0
    for item in items:
        weight = _weight(item)
        total += weight
        if total > MAX_CHANGES_BYTES:
            return None
        if size + weight > MAX_WRITE // 2 and pages[-1] and pages[-1][-1].seq != item.seq:
            pages.append([])
            size = 0
        pages[-1].append(item)
        size += weight
    return pages


def _weight(item: Changed) -> int:
    """About how many bytes it takes."""
    text = item.message.body if item.message is not None else None
    return 400 + (len(text.encode()) if text else 0)


async def _write_pages(
    gateway: "Gateway", connection: Connection, room_id: str, cursor: int, head: int, pages: list[list[Changed]]
) -> None:
    for page in pages:
        last = page is pages[-1]
        to = head if last else page[-1].seq
        text = gateway.wire.changes(room_id, cursor, to, page, more=not last)
        await connection.writable()
        connection.offer(Frames((text,)))
        cursor = to


async def _reload(gateway: "Gateway", connection: Connection, room_id: str, follow: Follow) -> None:
    for _ in range(ROUNDS):
        async with gateway.reading:
            try:
                snapshot = await gateway.rooms.snapshot(follow.number, connection.user)
            except Rejection as rejection:
                if rejection.code != "not_found":
                    raise
                gateway.gone(connection, room_id)
                return
        room = snapshot.view.room
        follow.member = snapshot.view.member is not None
        await connection.writable()
        event = {"ev": "reload", "room": room_id, "seq": room.head_seq, "snapshot": snapshot_resource(snapshot)}
        connection.offer(Frames((encode(event),)))
        gateway.metrics.resumes.labels("reload").inc()
        if gateway.go_live(connection, room_id, follow, room.head_seq):
            return
        if await _changes(gateway, connection, room_id, follow, room.head_seq):
            return
