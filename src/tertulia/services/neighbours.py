"""The other nodes: what services tell them, and what becomes of what they tell."""

from collections.abc import Awaitable, Callable, Collection, Iterable

from tertulia.broker.broker import Broker
from tertulia.broker.letters import Attends, Batch, Head, Here, Hint, Read, Sees, Types
from tertulia.broker.local import LocalBroker
from tertulia.clock import Clock
from tertulia.domain.events import Positions, RoomBatch
from tertulia.domain.ids import new_id
from tertulia.domain.models import User
from tertulia.hub.hub import Hub
from tertulia.services import Services
from tertulia.services.presence import Said
from tertulia.services.relay import Relay
from tertulia.services.sweep import Learn, Sweep
from tertulia.storage.database import Database
from tertulia.tasks import Tasks


class Neighbours:
    """Wires services and hub to a relay and a sweep. `forget(users)`: they changed; `refresh()`: webhooks did.

    Without a `broker` there are no others in this process.
    """

    def __init__(  # noqa: PLR0913 - everything has to do with the others
        self,
        broker: Broker | None,
        hub: Hub,
        db: Database,
        clock: Clock,
        tasks: Tasks,
        services: Services,
        *,
        resync: Callable[[int], Awaitable[None]],
        version: Callable[[int], int | None],
        forget: Callable[[Collection[int]], None],
        refresh: Callable[[], None],
    ) -> None:
        self._hub = hub
        self._services = services
        self._forget_here = forget
        self._refresh = refresh
        self.sweep = Sweep(
            db,
            hub,
            clock,
            tasks,
            shared=db.writer.shared,
            learners=self._learners(),
            forget=self._forget,
            resync=resync,
            version=version,
            stands=services.membership.tell,
        )
        sweep = self.sweep
        self._relay = Relay(
            broker or LocalBroker(), hub, new_id(), looks_again=sweep.sweep_soon, compares=sweep.compare_soon
        )
        services.lease.watch(
            recover=lambda: sweep.sweep(everybody=True),
            matters=lambda: db.writer.shared or not self._relay.is_alone,
        )
        self._listen()
        self._speak()

    async def start(self) -> None:
        """Hear the others, and be heard."""
        await self._relay.start()

    async def leave(self) -> None:
        """This node stops: nobody is here any more."""
        self._relay.tell(Here(whole=True))
        self._relay.tell(Attends(part=1, parts=1))
        await self._relay.stop()

    def _learners(self) -> dict[str, Learn]:
        services = self._services

        async def learn_webhooks() -> None:
            self._refresh()

        return {
            "sessions": services.sessions.catch_up,
            "keys": services.keys.catch_up,
            "words": services.words.catch_up,
            "voices": services.voices.catch_up,
            "webhooks": learn_webhooks,
        }

    def _forget(self, numbers: Collection[int] | None) -> None:
        """They changed, or anybody may have; the committer sees by itself when it must ask about everybody."""
        if numbers is None:
            self._services.people.clear()
        else:
            self._services.people.forget(numbers)
            self._forget_here(numbers)

    def _listen(self) -> None:
        relay, services, lease = self._relay, self._services, self._services.lease
        relay.on(Batch, lambda _node, letter: lease.when_held(lambda: self._take(letter.batch)))
        relay.on(Head, lambda _node, letter: lease.when_held(lambda: self._take_head(letter)))
        relay.on(Hint, lambda _node, letter: self._take_hint(letter))
        relay.on(Here, self._take_here)
        relay.on(Attends, self._take_attends)
        services.presence.elsewhere.on_silent(services.attendance.forget)
        relay.on(Read, lambda _node, letter: services.receipts.heard(letter.positions, letter.own))
        relay.on(Types, lambda _node, letter: self._types(letter))
        relay.on(Sees, lambda _node, letter: services.receipts.heard_seen(letter.room, letter.members, letter.seen))

    def deliver(self, batches: list[RoomBatch]) -> None:
        """What a transaction did here, to everybody on this node, and to the other nodes."""
        self._services.lease.when_held(lambda: self._deliver(batches))
        self._relay.publish(batches)

    def _deliver(self, batches: list[RoomBatch]) -> None:
        for batch in batches:
            self._hub.deliver(batch)
            self._delivered(batch)

    def _take(self, batch: RoomBatch) -> None:
        self._hub.deliver_foreign(batch)
        self._delivered(batch)
        # It may come late: they may have joined again since, in a batch that was lost, and nobody follows the room now.
        self.sweep.follow_soon({user for event in batch.events for user in event.removed})

    def _delivered(self, batch: RoomBatch) -> None:
        """A batch of whatever node."""
        self._services.voices.heard(batch)
        self._services.blocks.heard(batch)
        self._services.presence.heard(batch)

    def _take_head(self, letter: Head) -> None:
        self._services.voices.forget(letter.room)
        self._take(RoomBatch(letter.room, letter.room_id, (), gone=letter.gone, banned=letter.banned))
        if not letter.gone:
            self._hub.note_head(letter.room, letter.head)

    def _take_hint(self, letter: Hint) -> None:
        self.sweep.hinted(letter)
        if "presence" in letter.about:
            self._services.presence.say_all()

    def _take_here(self, node: str, letter: Here) -> None:
        self._meet(node)
        self._services.presence.elsewhere.heard(node, letter)

    def _take_attends(self, node: str, letter: Attends) -> None:
        self._meet(node)
        self._services.attendance.heard(node, letter)

    def _meet(self, node: str) -> None:
        """One of which nothing is known, or nothing any more since it fell silent, is asked who is there."""
        if not self._services.presence.elsewhere.lives(node):
            self._relay.tell(Hint(about=("presence",)))

    def _types(self, letter: Types) -> None:
        self._services.typing.heard(letter.room, letter.room_id, letter.members, letter.user, on=letter.on)

    def _speak(self) -> None:
        relay, services = self._relay, self._services
        services.people.on_changed(lambda numbers: relay.tell(Hint(users=tuple(numbers))))
        services.sessions.on_changed(lambda numbers: relay.tell(Hint(users=tuple(numbers))))
        services.sessions.on_ended_here(lambda: relay.tell(Hint(about=("sessions",))))
        services.blocks.on_changed(lambda user, _other: relay.tell(Hint(users=(user,), about=("voices",))))
        services.words.on_changed(lambda: relay.tell(Hint(about=("words",))))
        services.webhooks.on_changed(lambda: relay.tell(Hint(about=("webhooks",))))
        services.membership.on_changed(lambda user, room: relay.tell(Hint(standing=((user, room),))))
        services.receipts.on_written(self._tell_read)
        services.typing.on_said(self._tell_typing)
        services.receipts.on_seen(lambda room, members, seen: relay.tell_room(room, Sees(room, members, seen)))
        services.presence.on_here(self._tell_here)
        services.attendance.on_changed(relay.tell)

    def _tell_read(self, positions: Iterable[Positions], own: Iterable[Positions]) -> None:
        self._relay.tell(Read(tuple(positions), tuple(own)))

    def _tell_here(self, people: tuple[Said, ...], whole: bool) -> None:
        self._relay.tell(Here(people, whole))
        for letter in self._services.attendance.letters() if whole and not self._relay.is_alone else ():
            self._relay.tell(letter)

    def _tell_typing(self, room: int, room_id: str, members: int, user: User, on: bool) -> None:
        self._relay.tell_room(room, Types(room, room_id, members, user, on))
