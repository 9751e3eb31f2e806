"""What sockets are sent first, kept encoded: many come at once after a restart, and all of a room get the same."""

from collections import OrderedDict

from tertulia.protocol.frames import Frames

MAX_BYTES = 32 * 1024 * 1024


class Histories:
    """By room and wire format, as of one head: any change of the room makes it old. At most `MAX_BYTES`."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._kept: OrderedDict[tuple[int, str], tuple[int, list[Frames]]] = OrderedDict()
        self._left = limit

    def get(self, room: int, wire: str, head: int | None) -> list[Frames] | None:
        """The frames, if they are those of `head`."""
        found = self._kept.get((room, wire))
        return found[1] if found is not None and found[0] == head else None

    def keep(self, room: int, wire: str, head: int, frames: list[Frames]) -> None:
        """Instead of those of another head."""
        self._drop((room, wire))
        self._kept[room, wire] = head, frames
        self._left -= _size(frames)
        while self._left < 0 and self._kept:
            self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        """Somebody has another name now, or another address: anything may be old."""
        while self._kept:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[int, str]) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._left += _size(found[1])


def _size(frames: list[Frames]) -> int:
    return sum(each.size for each in frames) + 200 * (1 + len(frames))
