"""This node's fan-out: which connection follows which room, and what each gets, in order (design, section 2).

Every method is plain, without an `await`: so registering and delivering are atomic without a lock. A subscriber
that is live in a room has been given everything up to the room's head; nothing is delivered twice or with a hole.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from tertulia.clock import Clock
from tertulia.domain.events import Changed, RoomBatch
from tertulia.hub.channel import Channel
from tertulia.hub.digests import Digests
from tertulia.hub.news import NewsDesk
from tertulia.hub.repairs import Repair, Repaired, Repairs
from tertulia.hub.ring import Segment
from tertulia.hub.subscriber import Subscriber
from tertulia.metrics import Metrics
from tertulia.protocol.frames import Frames


def _nothing(_room: int) -> None: ...


class Hub:
    """Channels by room, subscribers by user. `repair` comes from above: the hub knows no database."""

    def __init__(
        self,
        repair: Repair,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[Any]],
        metrics: Metrics,
        clock: Clock,
        *,
        ring_bytes: int = 256 * 1024,
        rings_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._metrics = metrics
        self._repairs = Repairs(repair, spawn, metrics, clock, self._is_open, self._repaired)
        self._on_rooms: tuple[Callable[[int], None], Callable[[int], None]] = (_nothing, _nothing)
        self._channels: dict[int, Channel] = {}
        self._users: dict[int, set[Subscriber]] = {}
        self._ring_bytes = ring_bytes
        self._rings_left = rings_bytes
        self._digests = Digests()
        self.news = NewsDesk(self._channels, self._users)

    def on_rooms(self, opened: Callable[[int], None], closed: Callable[[int], None]) -> None:
        """`opened(room)` is called when somebody begins to follow a room that nobody followed here, `closed(room)` when
        nobody does any more.
        """
        self._on_rooms = opened, closed

    # Who is here.

    def attach(self, subscriber: Subscriber) -> None:
        """The connection of a user is live."""
        self._users.setdefault(subscriber.user, set()).add(subscriber)

    def detach(self, subscriber: Subscriber, rooms: Iterable[int]) -> None:
        """The connection ended; `rooms` are those it followed."""
        of_user = self._users.get(subscriber.user)
        if of_user is not None:
            of_user.discard(subscriber)
            if not of_user:
                del self._users[subscriber.user]
        for room in rooms:
            self.leave(room, subscriber)

    def of_user(self, user: int) -> tuple[Subscriber, ...]:
        """The live connections of a user."""
        return tuple(self._users.get(user, ()))

    @property
    def users(self) -> list[int]:
        """Users with a live connection here."""
        return list(self._users)

    @property
    def rooms(self) -> list[int]:
        """Rooms that somebody follows here."""
        return list(self._channels)

    # Following a room.

    def enter(self, room: int, room_id: str, subscriber: Subscriber) -> bool:
        """Register without delivery: from now on what happens is kept for `activate`. Then read, then activate.

        True: nobody follows the room here yet, so what was read before this may be old.
        """
        channel = self._channels.get(room)
        if channel is None:
            channel = self._channels[room] = Channel(room, room_id, self._ring_bytes)
            self._on_rooms[0](room)
        channel.join(subscriber)
        return channel.head is None

    def activate(self, room: int, subscriber: Subscriber, seq: int, members: int) -> list[Frames] | None:
        """Live from here on. `seq`: what the subscriber has; the frames are what it must be given before all else.

        `members`: how many the room had at `seq`. None: too much happened since `seq` was read; enter and read again.
        """
        channel = self._channels.get(room)
        if channel is None or subscriber not in channel.joining:
            return None
        missed = channel.activate(subscriber, seq)
        if missed is None:
            return None
        if not missed:
            channel.members = members
        if channel.note(seq):  # read before it was delivered here: it may have been lost on its way
            self._repairs.ask(channel)
        if not missed:
            return []
        kept, removed = until_removed(missed, subscriber.user)
        if removed:  # before it entered, and after it had read that it is a member
            self._remove(channel, subscriber)
            subscriber.dropped(room, channel.room_id, told=True)
            self._close_empty(channel)
        return [segment.frames(subscriber.wire) for segment in kept]

    def recent(self, room: int, seq: int) -> tuple[int, list[Segment]] | None:
        """(head, what came after `seq`) without the database, or None if it is not known here."""
        channel, head = self._channels.get(room), self.head(room)
        if channel is None or head is None or seq > head:
            return None
        missed = [] if seq == head else channel.ring.since(seq) or self._digests.since(channel, seq)
        return None if missed is None else (head, missed)

    def cleared(self, room: int) -> int:
        """To be asked before reading what is given to `remember`."""
        channel = self._channels.get(room)
        return 0 if channel is None else channel.ring.cleared

    def remember(self, room: int, after: int, to: int, items: Sequence[Changed], cleared: int) -> None:
        """What the database said changed after `after`, up to `to`: for others who come back from there (`recent`)."""
        channel = self._channels.get(room)
        if channel is not None:
            self._digests.keep(channel, after, to, items, cleared)

    def learn(self, room: int, head: int, members: int, last: Changed | None) -> None:
        """How the database has a room that nobody followed here and that has just been entered; its last change.

        Asked again after that, it must have had the same head.
        """
        channel = self._channels.get(room)
        if channel is not None and channel.head is None:
            channel.head, channel.members = head, members
            if channel.note(head):
                self._repairs.ask(channel)
            if last is not None:
                self._digests.keep(channel, head - 1, head, (last,), channel.ring.cleared)

    def leave(self, room: int, subscriber: Subscriber) -> None:
        """Follow no more."""
        channel = self._channels.get(room)
        if channel is not None:
            self._remove(channel, subscriber)
            self._close_empty(channel)

    def _remove(self, channel: Channel, subscriber: Subscriber) -> bool:
        """Whether it was there."""
        user = subscriber.user
        if not any(other is not subscriber and other in channel for other in self._users.get(user, ())):
            channel.people.discard(user)
        return channel.remove(subscriber)

    def _close_empty(self, channel: Channel) -> None:
        if channel.empty and self._is_open(channel):
            self._rings_left += channel.ring.size
            del self._channels[channel.room]
            self._on_rooms[1](channel.room)

    # Delivery.

    def deliver(self, batch: RoomBatch) -> None:
        """What was committed here: each batch once, in order; what other nodes did may lie between."""
        removed = _removed(batch)
        for user in batch.banned:
            if user not in removed:  # nothing of this batch is for them; members are still told that they are out
                self.drop(batch.room, user)
        channel = self._channels.get(batch.room)
        if channel is not None and batch.events:
            self._take(channel, batch.events)
        if batch.gone:
            self.close_room(batch.room, batch.room_id)
        for user in batch.banned:
            self.drop(batch.room, user)
        for event in batch.events:
            if event.members:
                self._follow_joined(event)

    def deliver_foreign(self, batch: RoomBatch) -> None:
        """What was committed on another node: may come twice, late, never, in any order.

        So what has no `seq`, who may look on, is asked of the database anew. Who joined a room that nobody follows here
        must be told otherwise.
        """
        removed = _removed(batch)
        for user in set(batch.banned).difference(removed):
            self._doubt(batch.room, user)
        channel = self._channels.get(batch.room)
        if channel is not None and batch.events:
            self._take_foreign(channel, batch)
        for user in removed.intersection(batch.banned):  # devices that only look on, or are told of it later
            self._doubt(batch.room, user)
        if batch.gone:
            self.close_room(batch.room, batch.room_id)

    def _take_foreign(self, channel: Channel, batch: RoomBatch) -> None:
        before = batch.first - 1 if channel.head is None else channel.head
        self._take(channel, batch.events)
        for event in batch.events:
            if event.members and before < event.seq <= (channel.head or 0):
                self._follow_joined(event)

    def _doubt(self, room: int, user: int) -> None:
        """They may have been banned: let them catch up, which asks."""
        channel = self._channels.get(room)
        for subscriber in self.of_user(user) if channel is not None else ():
            if channel is not None and self._remove(channel, subscriber):
                subscriber.behind(room, channel.room_id)
        if channel is not None:
            self._close_empty(channel)

    def _take(self, channel: Channel, events: tuple[Changed, ...]) -> None:
        if channel.head is None:
            channel.head = events[0].seq - 1
        if events[0].seq > channel.head + 1:
            channel.hold(events)
            self._repairs.ask(channel)
            return
        self._advance(channel, events)
        self._take_held(channel)

    def _advance(self, channel: Channel, events: tuple[Changed, ...]) -> None:
        """Give events to all; cut where somebody is removed: they get that, and nothing after it."""
        assert channel.head is not None
        start = 0
        new = events if events[0].seq > channel.head else tuple(event for event in events if event.seq > channel.head)
        for end, event in enumerate(new, 1):
            if event.members and event.removed:
                self._give(channel, new[start:end])
                start = end
                for user in event.removed:
                    self._drop_user(channel, user)
        if start < len(new):
            self._give(channel, new[start:])

    def _give(self, channel: Channel, events: tuple[Changed, ...]) -> None:
        segment = Segment(events)
        delivered = 0
        for wire, subscribers in channel.live.values():
            frames = segment.frames(wire)
            if frames.texts:
                for subscriber in subscribers:
                    subscriber.offer(frames)
                delivered += len(subscribers)
        for subscriber, seq in channel.catch_ahead(segment.last):
            if seq < segment.last:
                subscriber.offer(segment.after(seq).frames(subscriber.wire))
        channel.head = segment.last
        channel.count_members(events)
        self._metrics.deliveries.inc(delivered * len(events))
        self._keep(channel, segment)

    def _keep(self, channel: Channel, segment: Segment) -> None:
        if not self._is_open(channel):
            return  # the last subscriber was removed by what this segment follows
        before = channel.ring.size
        channel.ring.append(segment)
        self._rings_left -= channel.ring.size - before
        while self._rings_left < 0 and channel.ring.size:
            before = channel.ring.size
            channel.ring.drop_oldest()
            self._rings_left += before - channel.ring.size

    def _follow_joined(self, event: Changed) -> None:
        for user in event.joined:
            for subscriber in self._users.get(user, ()):
                subscriber.follow(event.room, event.room_id)

    def _drop_user(self, channel: Channel, user: int) -> None:
        """They were removed by what was given last. Who is ahead has read what came after it, and may still look on."""
        for subscriber in self.of_user(user):
            told = subscriber not in channel.joining
            if subscriber not in channel.ahead and self._remove(channel, subscriber):
                subscriber.dropped(channel.room, channel.room_id, told=told)
        self._close_empty(channel)

    def drop(self, room: int, user: int) -> None:
        """They may not look on any more: like those who were removed, but there is no event to tell it."""
        channel = self._channels.get(room)
        if channel is None:
            return
        for subscriber in self.of_user(user):
            if self._remove(channel, subscriber):
                subscriber.dropped(room, channel.room_id, told=False)
        self._close_empty(channel)

    def close_room(self, room: int, room_id: str) -> None:
        """The room is deleted: let go of everybody and forget it."""
        channel = self._channels.get(room)
        if channel is None:
            return
        for subscriber in channel.subscribers():
            self._remove(channel, subscriber)
            subscriber.dropped(room, room_id, told=False)
        self._close_empty(channel)

    # What is known of a room.

    def head(self, room: int) -> int | None:
        """How far a followed room is known to be; None if that is not known here."""
        channel = self._channels.get(room)
        return channel.head if channel is not None and not channel.lacks else None

    def standing(self, room: int) -> tuple[int, int] | None:
        """`head` and `member_count` of a room whose head is known here."""
        channel = self._channels.get(room)
        if channel is None or channel.head is None or channel.lacks:
            return None
        return channel.head, channel.members

    def member_count(self, room: int) -> int:
        """How many members a followed room has; 0 if that is not known here."""
        channel = self._channels.get(room)
        return channel.members if channel is not None else 0

    def companions(self, rooms: Iterable[int], large: int, limit: int) -> set[int]:
        """Connected members of those of `rooms` that are not large; at most about `limit`."""
        found: set[int] = set()
        for room in rooms:
            channel = self._channels.get(room)
            if channel is None or channel.members > large:
                continue
            # Those who still catch up too: nobody is told of them again when they are done.
            found |= channel.people
            if len(found) >= limit:
                break
        return found

    # Gaps.

    def note_head(self, room: int, head: int | None) -> None:
        """The database says how far the room is (None: it is gone); repair if that is news."""
        channel = self._channels.get(room)
        if channel is None:
            return
        if head is None:
            self.close_room(room, channel.room_id)
        elif channel.note(head):
            self._repairs.ask(channel)

    def _repaired(self, channel: Channel, after: int, found: Repaired | None) -> None:
        """What was missing after `after` was read: all have the state of then, and live delivery goes on after it."""
        if found is None:
            self.close_room(channel.room, channel.room_id)
            return
        if channel.head == after:  # else the bus was faster
            self._mended(channel, after, *found)
        self._take_held(channel)

    def _is_open(self, channel: Channel) -> bool:
        return self._channels.get(channel.room) is channel

    def _take_held(self, channel: Channel) -> None:
        while held := channel.take_held():
            self._advance(channel, held)
        if channel.lacks and self._is_open(channel):
            self._repairs.ask(channel)

    def _mended(self, channel: Channel, after: int, head: int, items: Sequence[Changed] | None) -> None:
        if head <= after:
            return
        self._rings_left += channel.ring.size
        channel.ring.clear()
        channel.head = head
        if items is None:
            for subscriber in channel.subscribers():
                self._remove(channel, subscriber)
                subscriber.behind(channel.room, channel.room_id)
            self._close_empty(channel)
            return
        channel.count_members(items)
        left = {user: item.seq for item in items for user in item.removed}
        for user, seq in left.items():
            self._give_changes(channel, after, seq, [item for item in items if item.seq <= seq], only=user)
            self._drop_user(channel, user)
        self._give_changes(channel, after, head, items)
        for item in items:
            if item.members:
                self._follow_joined(item)

    def _give_changes(
        self, channel: Channel, after: int, to: int, items: Sequence[Changed], only: int | None = None
    ) -> None:
        channel.catch_ahead(to)
        for wire, subscribers in list(channel.live.values()):
            frames = Frames(wire.mended(channel.room_id, after, to, items))
            for subscriber in list(subscribers) if frames.texts else ():
                if only is None or subscriber.user == only:
                    subscriber.offer(frames)


def _removed(batch: RoomBatch) -> set[int]:
    """Who is removed by it, if anybody is banned, too."""
    return {user for event in batch.events for user in event.removed} if batch.banned else set()


def until_removed(segments: Iterable[Segment], user: int) -> tuple[list[Segment], bool]:
    """Up to and with the change that removes `user`, and whether there is one: nothing after it is for them."""
    kept: list[Segment] = []
    for segment in segments:
        removal = next((event.seq for event in segment.events if user in event.removed), None)
        if removal is not None:
            kept.append(Segment(tuple(event for event in segment.events if event.seq <= removal)))
            return kept, True
        kept.append(segment)
    return kept, False
