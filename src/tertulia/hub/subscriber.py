"""A connection, as the hub sees it."""

from collections.abc import Sequence
from typing import Protocol

from tertulia.protocol.formats import WireFormat
from tertulia.protocol.frames import Frames


class Subscriber(Protocol):
    """No method may raise, await, or call the hub back."""

    @property
    def user(self) -> int: ...

    @property
    def wire(self) -> WireFormat: ...

    def offer(self, frames: Frames) -> None:
        """Durable: must reach the client, or the connection ends."""

    def offer_latest(self, key: tuple[str, str], frames: Frames) -> None:
        """News: only the latest of each `key` matters."""

    def offer_all_latest(self, news: Sequence[tuple[tuple[str, str], Frames]]) -> None:
        """`offer_latest` for each (key, frames), in this order and if possible in one go."""

    def follow(self, room: int, room_id: str) -> None:
        """The user is a member of `room` now: catch up with it."""

    def dropped(self, room: int, room_id: str, *, told: bool) -> None:
        """The hub let go of the subscription: removed, or the room is gone. `told`: it was given the removal."""

    def behind(self, room: int, room_id: str) -> None:
        """Too much was missed: catch up with the room afresh."""

    def is_member(self, room_id: str) -> bool:
        """Not only looking on."""
