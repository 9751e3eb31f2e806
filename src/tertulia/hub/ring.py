"""Recent changes of a room, kept encoded, so that who comes a moment late needs no database."""

from collections import deque
from dataclasses import dataclass, field

from tertulia.domain.events import Changed
from tertulia.protocol.formats import WireFormat
from tertulia.protocol.frames import Frames

UNENCODED = 400
"""Bytes to reckon for a change that nobody needed encoded yet."""


@dataclass(slots=True)
class Segment:
    """Changes that follow each other without a hole, encoded once per format at its first use."""

    events: tuple[Changed, ...]
    size: int = 0
    _frames: dict[str, Frames] = field(default_factory=dict)

    @property
    def first(self) -> int:
        return self.events[0].seq

    @property
    def last(self) -> int:
        return self.events[-1].seq

    def frames(self, wire: WireFormat) -> Frames:
        """All of it in one format."""
        frames = self._frames.get(wire.name)
        if frames is None:
            texts = [text for event in self.events if (text := wire.change(event)) is not None]
            frames = self._frames[wire.name] = Frames(tuple(texts))
        return frames

    def weigh(self) -> None:
        """Take its size for the bounds of the rings, once."""
        sizes = [frames.size for frames in self._frames.values()]
        self.size = max(sizes) if sizes else sum(map(_guess, self.events))

    def after(self, seq: int) -> "Segment":
        """The part above `seq`."""
        return self if seq < self.first else Segment(tuple(event for event in self.events if event.seq > seq))


class Ring:
    """The newest segments, at most `limit` bytes of them; without a hole from `first` to the room's head."""

    def __init__(self, limit: int) -> None:
        self._segments: deque[Segment] = deque()
        self._limit = limit
        self.size = 0
        self.cleared = 0
        """How often it was emptied, so that what was told of the room must not be told again."""

    def append(self, segment: Segment) -> None:
        """`segment` follows what is here. A deleted message's text must not be told again."""
        deletion = max([event.seq for event in segment.events if _deletes(event)], default=None)
        if deletion is not None:
            self.clear()
            segment = segment.after(deletion - 1)
        segment.weigh()
        self._segments.append(segment)
        self.size += segment.size
        while self.size > self._limit:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        if self._segments:
            self.size -= self._segments.popleft().size

    def clear(self) -> None:
        self._segments.clear()
        self.size = 0
        self.cleared += 1

    def since(self, seq: int) -> list[Segment] | None:
        """What came after `seq`; None when it does not reach back so far."""
        if not self._segments or self._segments[0].first > seq + 1:
            return None
        return [segment.after(seq) for segment in self._segments if segment.last > seq]


def _deletes(event: Changed) -> bool:
    return event.message is not None and event.message.deleted_at is not None


def _guess(event: Changed) -> int:
    return UNENCODED + len(event.message.body or "") if event.message is not None else UNENCODED
