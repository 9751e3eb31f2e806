"""Between this node and the others: what happened here is told there, what happened there is brought to the hub.

What the broker loses, the hub finds by `seq` where there is one. Letters to all nodes have a number of their sender
instead: a hole in the numbers, or the broker's own word that it was deaf, and everything is looked at again.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

import structlog

from tertulia.broker.broker import Broker
from tertulia.broker.letters import Attends, Batch, Envelope, Head, Here, Hint, Letter, UnreadableError, read, write
from tertulia.domain.events import RoomBatch
from tertulia.hub.hub import Hub

log = structlog.get_logger(__name__)

L = TypeVar("L", bound=Letter)

ALL = "nodes"
"""The channel of letters to all nodes."""
ROOM = "room:"
MAX_NAMED = 500
"""Users in one hint."""
MAX_NODES = 1_000
"""Senders whose numbers are remembered."""


class Relay:
    """The `Listener` of the broker. `node` names this one; `looks_again` is called when anything may have been missed,
    `compares` with rooms in which that may be so.
    """

    def __init__(
        self,
        broker: Broker,
        hub: Hub,
        node: str,
        *,
        looks_again: Callable[[], None],
        compares: Callable[[Collection[int]], None],
    ) -> None:
        self._broker = broker
        self._node = node
        self._looks_again = looks_again
        self._compares = compares
        self._takers: dict[type, Callable[[str, Any], None]] = {}
        self._number = 0
        self._heard: dict[str, int] = {}
        hub.on_rooms(self._room_opened, self._room_closed)

    def on(self, kind: type[L], take: Callable[[str, L], None]) -> None:
        """`take(node, letter)` is called for each letter of this kind from another node."""
        self._takers[kind] = take

    async def start(self) -> None:
        await self._broker.start(self)
        self._broker.follow(ALL)

    async def stop(self) -> None:
        """What was told before still goes out."""
        await self._broker.stop()

    @property
    def is_alone(self) -> bool:
        """There is certainly no other node: nothing needs to be written down."""
        return not self._broker.is_heard(ALL)

    # Out.

    def publish(self, batches: Iterable[RoomBatch]) -> None:
        """What a transaction did here, to all nodes where somebody follows the room, or has just come into it."""
        if self.is_alone:
            return
        for batch in batches:
            if self._broker.is_heard(of_room(batch.room)):
                self._publish(of_room(batch.room), Batch(batch), _head(batch))
            joined = [(user, batch.room_id) for event in batch.events for user in event.joined if event.members]
            for start in range(0, len(joined), MAX_NAMED):
                self.tell(Hint(joined=tuple(joined[start : start + MAX_NAMED])))

    def _publish(self, channel: str, letter: Letter, instead: Letter) -> None:
        payload = write(self._node, letter) or write(self._node, instead)
        if payload is not None:
            self._broker.publish(channel, payload)

    def tell(self, letter: Letter) -> None:
        """To all nodes. What is too large to be told, they find by themselves: it is a hole to them."""
        if self.is_alone:
            return
        self._number += 1
        payload = write(self._node, letter, self._number)
        if payload is not None:
            self._broker.publish(ALL, payload)

    def tell_room(self, room: int, letter: Letter) -> None:
        """To all nodes where somebody follows the room; nobody notices if it is lost."""
        if self._broker.is_heard(of_room(room)):
            payload = write(self._node, letter)
            if payload is not None:
                self._broker.publish(of_room(room), payload)

    # In: what the broker says.

    def received(self, channel: str, payload: bytes) -> None:
        try:
            envelope = read(payload)
            if envelope.node == self._node:
                return
            in_order = not envelope.number or self._follows(envelope)
            letter = envelope.open()
        except UnreadableError:
            log.warning("relay.unreadable", channel=channel, bytes=len(payload))
            self._looks_again()  # of another version: what it says stands in the database
            return
        take = self._takers.get(type(letter))
        if take is not None and (in_order or not isinstance(letter, ORDERED)):
            take(envelope.node, letter)

    def _follows(self, envelope: Envelope) -> bool:
        """Whether nothing later came before it; what is missing before it is looked for."""
        last = self._heard.get(envelope.node)
        if last is not None and envelope.number <= last:
            return False
        if last is None and len(self._heard) >= MAX_NODES:
            self._heard.clear()
        self._heard[envelope.node] = envelope.number
        if last is not None and envelope.number > last + 1:
            self._looks_again()
        if last is None or envelope.number > last + 1:
            self.tell(Hint(about=("presence",)))
        return True

    def confirmed(self, channels: Collection[str]) -> None:
        if self.is_alone:
            return
        if ALL in channels:
            self._looks_again()
        rooms = [int(channel.removeprefix(ROOM)) for channel in channels if channel.startswith(ROOM)]
        if rooms:
            self._compares(rooms)

    def deaf(self) -> None:
        log.warning("relay.deaf")
        self._looks_again()

    def _room_opened(self, room: int) -> None:
        self._broker.follow(of_room(room))

    def _room_closed(self, room: int) -> None:
        self._broker.leave(of_room(room))


ORDERED = (Here, Attends)
"""Letters of which an older one must not come after a newer one."""


def of_room(room: int) -> str:
    """The channel of a room."""
    return f"{ROOM}{room}"


def _head(batch: RoomBatch) -> Head:
    """What is told of a batch that is too large."""
    last = batch.last if batch.events else 0
    return Head(batch.room, batch.room_id, last, gone=batch.gone, banned=batch.banned)
