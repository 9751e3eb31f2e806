"""Tells the server how far I have read and received: now and then, not for every message."""

from tertulia.client.errors import ApiError, ConnectionLost, Stopped
from tertulia.client.link import Link
from tertulia.client.model import Model
from tertulia.client.room import RoomModel
from tertulia.clock import Clock
from tertulia.tasks import Tasks

PAUSE = 0.3
"""Seconds during which positions are gathered."""


class Positions:
    """Gathers rooms whose positions moved, and says the newest ones, room after room.

    What a lost line swallowed is not repeated here: read positions go into the next hello.
    """

    def __init__(self, model: Model, link: Link, clock: Clock, tasks: Tasks) -> None:
        self._model = model
        self._link = link
        self._clock = clock
        self._tasks = tasks
        self._moved: dict[str, int] = {}  # how far I read; 0: something was received, and that is all
        self._running = False

    def read(self, room: RoomModel, index: int) -> None:
        """I have read up to `index`; less than before is nothing, unless something is marked as unread."""
        index = min(index, room.message_count)
        if room.me is None:
            return
        again = room.look(index)
        if again or index > room.me["read_index"]:
            room.receive(self._user, index, index)
            self._note(room, index)

    def received(self, room: RoomModel) -> None:
        """Everything up to the cursor arrived; worth saying only where somebody may see it."""
        if room.me is not None and room.members_complete and room.message_count > room.me["delivered_index"]:
            room.receive(self._user, 0, room.message_count)
            self._note(room, 0)

    async def say_now(self, room: str) -> None:
        """What I have read there is on its way when this returns: before what is said next."""
        if room in self._moved:
            await self._say_one(room)

    @property
    def _user(self) -> str:
        return self._model.user["id"] if self._model.user is not None else ""

    def _note(self, room: RoomModel, index: int) -> None:
        self._moved[room.id] = max(self._moved.get(room.id, 0), index)
        if not self._running:
            self._running = True
            self._tasks.spawn(self._say(), "client.positions")

    async def _say(self) -> None:
        try:
            while self._moved:
                await self._clock.sleep(PAUSE)
                for room_id in list(self._moved):
                    await self._say_one(room_id)
        except Stopped:
            return
        finally:
            self._running = False

    async def _say_one(self, room_id: str) -> None:
        index, room = self._moved.pop(room_id, None), self._model.rooms.get(room_id)
        if index is None or room is None or room.me is None:
            return
        fields = {"delivered": room.me["delivered_index"]} | ({"index": index} if index else {})
        try:
            await self._link.command("read", room=room_id, **fields)
        except ConnectionLost:
            return
        except ApiError as error:
            if error.code == "rate_limited":
                self._note(room, index)
                await self._clock.sleep(error.retry_after or 1.0)
