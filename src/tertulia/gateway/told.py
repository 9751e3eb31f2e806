"""Texts of catch-ups that were told lately: many come back to a room at once, and most from the same place."""

from collections import OrderedDict

from tertulia.protocol.frames import Frames

MOST = 2_000
MOST_BYTES = 4 * 1024
"""A text may be so large; larger ones are made again."""

Way = tuple[int, int, int]
"""Room, from which seq, to which: what changed on it never changes."""


class Told:
    """By way; those that were used last stay."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Way, Frames] = OrderedDict()

    def get(self, way: Way) -> Frames | None:
        frames = self._kept.get(way)
        if frames is not None:
            self._kept.move_to_end(way)
        return frames

    def keep(self, way: Way, frames: Frames) -> None:
        """For everybody who asks: nobody may be removed on that way."""
        if frames.size <= MOST_BYTES:
            self._kept[way] = frames
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
