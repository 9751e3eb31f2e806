"""One room that somebody on this node follows."""

from collections.abc import Collection, Iterable, Iterator

from tertulia.domain.events import Changed, News
from tertulia.hub.ring import Ring, Segment
from tertulia.hub.subscriber import Subscriber
from tertulia.protocol.formats import WireFormat
from tertulia.protocol.frames import Frames

HELD_BATCHES = 64
"""Batches kept while a gap before them is filled; what is beyond comes from the database."""


class Channel:
    """Subscribers of a room by wire format, its head and its ring.

    `live` have everything up to `head`. `ahead` have more: what they read from the database is not delivered yet.
    `joining` are registered and still reading. `people`: the users of all these, as far as they are members.
    `wanted`: a seq that is known to exist.
    `gap_at`: the head behind which something is missing; `gap_until`: how long the bus may take to bring it.
    """

    __slots__ = (
        "ahead", "gap_at", "gap_until", "head", "held", "joining", "live", "members", "people", "repairing", "ring",
        "room", "room_id", "wanted",
    )  # fmt: skip

    def __init__(self, room: int, room_id: str, ring_bytes: int) -> None:
        self.room = room
        self.room_id = room_id
        self.head: int | None = None
        self.members = 0
        self.live: dict[str, tuple[WireFormat, dict[Subscriber, None]]] = {}
        self.ahead: dict[Subscriber, int] = {}
        self.joining: set[Subscriber] = set()
        self.people: set[int] = set()
        self.ring = Ring(ring_bytes)
        self.held: list[tuple[Changed, ...]] = []
        self.wanted = 0
        self.gap_at: int | None = None
        self.gap_until = 0.0
        self.repairing = False

    @property
    def empty(self) -> bool:
        return not (self.joining or self.ahead or any(subscribers for _, subscribers in self.live.values()))

    @property
    def lacks(self) -> bool:
        """Whether there is more than what is here."""
        return bool(self.held) or (self.head is not None and self.wanted > self.head)

    def note(self, seq: int) -> bool:
        """There are changes up to `seq`; whether more than what is here."""
        if self.head is None or seq > self.head:
            self.wanted = max(self.wanted, seq)
        return self.lacks

    def count_members(self, events: Iterable[Changed]) -> None:
        """Note how many members there are, if one of `events` says it."""
        for event in events:
            if event.member_count is not None:
                self.members = event.member_count

    def subscribers(self) -> list[Subscriber]:
        """Everybody, whatever their state."""
        live = [subscriber for _, subscribers in self.live.values() for subscriber in subscribers]
        return [*live, *self.ahead, *self.joining]

    def by_format(self) -> Iterable[tuple[WireFormat, Collection[Subscriber]]]:
        """Everybody whom news are told: not those who are still reading."""
        if not self.ahead:
            return self.live.values()
        found = {name: (wire, list(subscribers)) for name, (wire, subscribers) in self.live.items()}
        for subscriber in self.ahead:
            found.setdefault(subscriber.wire.name, (subscriber.wire, []))[1].append(subscriber)
        return found.values()

    def told(self, news: News, *, members_only: bool) -> Iterator[tuple[list[Subscriber], Frames]]:
        """Who is told of news, by wire format, and in which words."""
        for wire, subscribers in self.by_format():
            text, hidden = wire.news(news), wire.hidden_from(news)
            if text is not None:
                told = [
                    subscriber
                    for subscriber in subscribers
                    if (not members_only or subscriber.is_member(self.room_id))
                    and (hidden is None or subscriber.user != hidden)
                ]
                yield told, Frames((text,))

    def join(self, subscriber: Subscriber) -> None:
        """Register, without delivery."""
        if subscriber not in self.joining:
            self.remove(subscriber)
            self.joining.add(subscriber)
        self._count(subscriber)

    def _count(self, subscriber: Subscriber) -> None:
        user = subscriber.user
        if user not in self.people and subscriber.is_member(self.room_id):
            self.people.add(user)

    def __contains__(self, subscriber: Subscriber) -> bool:
        of_format = self.live.get(subscriber.wire.name)
        is_live = of_format is not None and subscriber in of_format[1]
        return is_live or subscriber in self.joining or subscriber in self.ahead

    def activate(self, subscriber: Subscriber, seq: int) -> list[Segment] | None:
        """Make a joining subscriber live; what it is to be given first, or None if that is not known here."""
        if self.head is None:
            self.head = seq
        missed: list[Segment] | None = []
        if seq < self.head:
            missed = self.ring.since(seq)
            if missed is None:
                return None
        self.joining.discard(subscriber)
        self._count(subscriber)  # again: they may have found out meanwhile that they are one
        if seq > self.head:
            self.ahead[subscriber] = seq
        else:
            self._live(subscriber)
        return missed

    def _live(self, subscriber: Subscriber) -> None:
        wire = subscriber.wire
        self.live.setdefault(wire.name, (wire, {}))[1][subscriber] = None

    def catch_ahead(self, head: int) -> list[tuple[Subscriber, int]]:
        """Those who were ahead and are not any more, with what they have; they are live from now on."""
        if not self.ahead:
            return []
        caught = [(subscriber, seq) for subscriber, seq in self.ahead.items() if seq <= head]
        for subscriber, _ in caught:
            del self.ahead[subscriber]
            self._live(subscriber)
        return caught

    def remove(self, subscriber: Subscriber) -> bool:
        """Whether it was here."""
        was = subscriber in self.joining or self.ahead.pop(subscriber, None) is not None
        self.joining.discard(subscriber)
        of_format = self.live.get(subscriber.wire.name)
        if of_format is not None and subscriber in of_format[1]:
            del of_format[1][subscriber]
            was = True
        return was

    def hold(self, events: tuple[Changed, ...]) -> None:
        """Keep a batch until what is missing before it is here."""
        if len(self.held) < HELD_BATCHES:
            self.held.append(events)
            self.held.sort(key=lambda batch: batch[0].seq)

    def take_held(self) -> tuple[Changed, ...] | None:
        """The next held batch that fits now; older ones are dropped."""
        assert self.head is not None
        while self.held and self.held[0][-1].seq <= self.head:
            self.held.pop(0)
        if self.held and self.held[0][0].seq <= self.head + 1:
            return self.held.pop(0)
        return None
