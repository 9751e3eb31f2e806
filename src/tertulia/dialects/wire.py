"""A wire format for dialects: messages, and what a dialect says of their edits, deletions and typing. Nothing else.

Encoded once for all who get it: nothing in a frame may depend on who that is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tertulia.domain.events import Changed, News, Typed
from tertulia.domain.models import Message, MessageKind
from tertulia.protocol.codec import encode

Frame = Mapping[str, Any] | None


class DialectWire:
    """A `WireFormat`. `name`: one for all whose frames are the same bytes. None for a frame: nothing is said."""

    name = ""

    def posted(self, message: Message) -> Frame:
        """A new message."""
        raise NotImplementedError

    def edited(self, message: Message, room_id: str) -> Frame:  # noqa: ARG002
        return None

    def deleted(self, message: Message, room_id: str) -> Frame:  # noqa: ARG002
        return None

    def typed(self, typed: Typed) -> Frame:  # noqa: ARG002
        """Somebody types, or stopped."""
        return None

    def other(self, news: News) -> Frame:  # noqa: ARG002
        """News of the dialect's own."""
        return None

    # What the hub calls.

    def change(self, change: Changed) -> bytes | None:
        message = change.message
        if message is None or message.kind is not MessageKind.MESSAGE:
            return None
        if message.seq == change.seq:
            return _encoded(self.posted(message))
        if message.deleted_at is not None:
            return _encoded(self.deleted(message, change.room_id))
        return _encoded(self.edited(message, change.room_id)) if change.edited else None

    def mended(self, room_id: str, after: int, to: int, items: Sequence[Changed]) -> tuple[bytes, ...]:  # noqa: ARG002
        """New messages as they are now, in their order; then what became of older ones."""
        messages = [item.message for item in items if item.message is not None]
        real = [message for message in messages if message.kind is MessageKind.MESSAGE]
        new = sorted((message for message in real if message.seq > after), key=lambda message: message.seq)
        frames = [self.posted(message) for message in new if message.deleted_at is None]
        frames += self._became([message for message in real if message.seq <= after], room_id)
        return tuple(encode(frame) for frame in frames if frame is not None)

    def _became(self, messages: Sequence[Message], room_id: str) -> Iterator[Frame]:
        for message in messages:
            if message.deleted_at is not None:
                yield self.deleted(message, room_id)
            elif message.edited_at is not None:
                yield self.edited(message, room_id)

    def news(self, news: News) -> bytes | None:
        return _encoded(self.typed(news) if isinstance(news, Typed) else self.other(news))

    def hidden_from(self, news: News) -> int | None:  # noqa: ARG002
        return None


def _encoded(frame: Frame) -> bytes | None:
    return None if frame is None else encode(frame)
