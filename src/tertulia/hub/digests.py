"""What the database said of rooms lately: many come back to a room at once, and most from the same place."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from tertulia.domain.events import Changed
from tertulia.hub.channel import Channel
from tertulia.hub.ring import Ring, Segment

MOST = 2_000
MOST_BYTES = 8 * 1024
"""A digest may be so large; larger ones are read again."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What changed up to `to`, as it was then. Good while `ring` is the room's and has lost nothing on purpose."""

    ring: Ring
    cleared: int
    to: int
    segment: Segment


class Digests:
    """By room and cursor; those that were used last stay."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], Digest] = OrderedDict()

    def keep(self, channel: Channel, after: int, to: int, items: Sequence[Changed], cleared: int) -> None:
        """What changed after `after` up to `to`. `cleared`: that of the ring before it was read."""
        segment = Segment(tuple(items))
        segment.weigh()
        if not items or segment.size > MOST_BYTES:
            return
        self._kept[channel.room, after] = Digest(channel.ring, cleared, to, segment)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def since(self, channel: Channel, seq: int) -> list[Segment] | None:
        """What came after `seq` up to the room's head; None when it is not known here."""
        digest = self._kept.get((channel.room, seq))
        if digest is None or channel.head is None or digest.to > channel.head:
            return None
        if digest.ring is not channel.ring or digest.cleared != channel.ring.cleared:
            del self._kept[channel.room, seq]
            return None
        self._kept.move_to_end((channel.room, seq))
        later = [] if digest.to == channel.head else channel.ring.since(digest.to)
        return None if later is None else [digest.segment, *later]
