"""About how many bytes things take on the line, reckoned without encoding all of them: for bounds."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from tertulia.domain.events import Changed
from tertulia.domain.models import Message, Room, RoomView
from tertulia.protocol.codec import encode

T = TypeVar("T")

PAGE_BYTES = 200 * 1024
"""Of messages in a page or a snapshot: an answer must fit a write of 256 KiB."""

_ROW = 500
_ID = 40


def message_weight(message: Message) -> int:
    """A message with its body as JSON, mentions and reactions."""
    body = len(encode(message.body)) if message.body else 0
    reacted = sum(2 * _ID + _ID * len(reaction["users"]) for reaction in message.reactions)
    metadata = len((message.metadata or "").encode())
    return _ROW + body + metadata + _ID * len(message.mentions) + reacted


def change_weight(change: Changed) -> int:
    """An event."""
    settings = _room_weight(change.settings) if change.settings is not None else 0
    return _ROW + settings + (message_weight(change.message) if change.message is not None else 0)


def view_weight(view: RoomView) -> int:
    """A room in a list."""
    last = message_weight(view.last_message) if view.last_message is not None else 0
    return 2 * _ROW + _room_weight(view.room) + last


def _room_weight(room: Room) -> int:
    return len(encode(room.description)) + len((room.metadata or "").encode())


def fitting(items: Sequence[T], weight: Callable[[T], int], limit: int) -> int:
    """How many of `items`, from the first on, weigh at most `limit` together; at least one, if there is one."""
    total = 0
    for count, item in enumerate(items):
        total += weight(item)
        if total > limit:
            return max(count, 1)
    return len(items)
