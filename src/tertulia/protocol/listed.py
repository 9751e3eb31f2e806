"""Rooms in a list as ready-made JSON: what is the same for all who see a room is encoded once for many of them."""

from dataclasses import replace
from typing import Any

from tertulia.domain.models import RoomView
from tertulia.protocol.codec import encode
from tertulia.protocol.resources import membership_resource, my_room_resource, user_resource


class RoomTexts:
    """`my_room_resource` in JSON. For views that were read in one transaction, so that a room is the same in all."""

    def __init__(self) -> None:
        self._shared: dict[int, bytes] = {}

    def of(self, view: RoomView) -> bytes:
        """The room as its member sees it."""
        shared = self._shared.get(view.room.number)
        if shared is None:
            shared = encode(my_room_resource(replace(view, member=None, partner=None)))[:-1]
            self._shared[view.room.number] = shared
        own: dict[str, Any] = {}
        if view.member is not None:
            own["me"] = membership_resource(view.room, view.member, view.mentions)
        if view.partner is not None:
            own["partner"] = user_resource(view.partner)
        return shared + b"," + encode(own)[1:] if own else shared + b"}"
