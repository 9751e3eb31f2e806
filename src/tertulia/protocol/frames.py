"""Ready-made frames: text encoded once, shared by everybody who gets it."""

from collections.abc import Sequence
from itertools import chain

from tertulia.protocol.codec import encode, text_frame


class Frames:
    """One or more text frames in order. `texts` are the payloads, `wire` all of them as WebSocket bytes."""

    __slots__ = ("_wire", "texts")

    def __init__(self, texts: tuple[bytes, ...]) -> None:
        self.texts = texts
        self._wire: bytes | None = None

    @classmethod
    def of(cls, event: object) -> "Frames":
        """A single frame that holds `event` as JSON."""
        return cls((encode(event),))

    @classmethod
    def joined(cls, parts: Sequence["Frames"]) -> "Frames":
        """All of `parts` in their order, to be written in one go."""
        frames = cls(tuple(chain.from_iterable([part.texts for part in parts])))
        frames._wire = b"".join([part._wire or part.wire for part in parts])
        return frames

    @property
    def wire(self) -> bytes:
        """Made at the first use, then shared."""
        if self._wire is None:
            self._wire = b"".join([text_frame(text) for text in self.texts])
        return self._wire

    @property
    def size(self) -> int:
        """Bytes of payload."""
        return sum(map(len, self.texts))
