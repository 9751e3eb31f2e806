"""What is my own affair in a room, and whom I block: all my devices hear it, and nobody else."""

from typing import Literal

from tertulia.client.link import Link
from tertulia.client.positions import Positions
from tertulia.client.rest import Rest


class Membership:
    """A part of `Client`. What changed is in its view a moment later, when the server has told it."""

    rest: Rest
    _link: Link
    _positions: Positions

    async def set_notify(self, room: str, level: Literal["all", "mentions", "none"]) -> None:
        """How much I want to be told of this room by push or mail."""
        await self._link.ask("me", room=room, notify=level)

    async def hide(self, room: str, on: bool = True) -> None:
        """Until a message comes."""
        await self._link.ask("me", room=room, hidden=on)

    async def mark_unread(self, room: str, index: int | None) -> None:
        """From this message on, until I `read` it again or post; None: not any more."""
        await self._positions.say_now(room)
        await self._link.ask("me", room=room, unread_from=index)

    async def block(self, user: str, on: bool = True) -> None:
        """Hear no more of somebody (an id), or again; see `model.blocked`."""
        await (self.rest.block(user) if on else self.rest.unblock(user))
