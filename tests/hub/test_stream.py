"""Whatever the bus does, each subscriber's stream has no hole, no repetition, and ends where its rights end."""

from collections.abc import Coroutine, Iterable
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from support.fanout import ROOM, ROOM_ID, Listener, batch, came, posted, went
from support.proving import count, stories
from tertulia.clock import SystemClock
from tertulia.domain.events import Changed
from tertulia.hub.channel import Channel
from tertulia.hub.hub import Hub
from tertulia.metrics import Metrics
from tertulia.protocol.frames import Frames

USERS = st.integers(1, 4)
Phase = Literal["out", "entered", "read", "live"]


class Reader(Listener):
    """Keeps the rules of docs/protocol.md, section 4, and fails when the hub breaks them."""

    def __init__(self, number: int, truth: "list[Changed]") -> None:
        super().__init__(number)
        self.truth = truth
        self.phase: Phase = "out"
        self.cursor = 0

    def offer(self, frames: Frames) -> None:
        assert self.phase == "live", "given something before it was live"
        super().offer(frames)
        while self.frames:
            self.take(self.frames.pop(0))

    def take(self, frame: dict[str, Any]) -> None:
        assert self.phase == "live", "given something after the end"
        if frame["ev"] == "changes":
            assert frame["from"] <= self.cursor, "a hole before changes"
            seqs = [item["seq"] for item in frame["items"]]
            assert seqs == sorted(seqs)
            told = {item["message"]["id"] for item in frame["items"] if "message" in item}
            missed = [each for each in self.truth[self.cursor : frame["to"]] if each.message is not None]
            assert {each.message.id for each in missed if each.message} <= told, "changes leave something out"
            self.cursor = max(self.cursor, frame["to"])
        else:
            assert frame["seq"] == self.cursor + 1, "a hole or a repetition"
            self.cursor = frame["seq"]

    def dropped(self, room: int, room_id: str, *, told: bool) -> None:
        if told:
            assert self.user in self.truth[self.cursor - 1].removed, "dropped before it knew, or after"
        self.phase = "out"

    def follow(self, room: int, room_id: str) -> None:
        if self.phase == "out":
            super().follow(room, room_id)

    def behind(self, room: int, room_id: str) -> None:
        self.phase = "out"
        super().follow(room, room_id)


class ManualHub(Hub):
    """Repairs when it is told to, at once."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.pending: list[Channel] = []
        self._repairs.ask = self._ask  # type: ignore[method-assign]

    def _ask(self, channel: Channel, *, retry: bool = False) -> None:
        if channel not in self.pending:
            self.pending.append(channel)

    def mend(self) -> Coroutine[Any, Any, None]:
        return self._repairs.wait_and_read(self.pending.pop(0))


class Streams(RuleBasedStateMachine):
    """Commits, batches that come late, twice or never, joiners at every stage, and repairs."""

    def __init__(self) -> None:
        super().__init__()
        self.truth: list[Changed] = []
        self.members: set[int] = set()
        self.found: list[Changed] = []
        self.bus: list[tuple[Changed, ...]] = []
        self.readers: list[Reader] = []
        self.hub = ManualHub(self.repair, self.run_now, Metrics(), SystemClock(), ring_bytes=4_000)
        for number in (1, 2):
            self.commit([number], False)
            self.come(number)
        for _ in range(3):  # one is live from the start: more happens to those who are
            self.go_on(self.readers[0])

    # The database.

    def since(self, after: int) -> list[Changed] | None:
        rows: dict[object, Changed] = {}
        for event in self.truth[after:]:
            key = ("user", event.members[0][0].user) if event.members else ("post", event.seq)
            rows[key] = event
        return None if len(rows) > 25 else sorted(rows.values(), key=lambda event: event.seq)

    async def repair(self, _room: int, after: int) -> tuple[int, list[Changed] | None]:
        items = self.since(after)
        self.found = items or []
        return len(self.truth), items

    def run_now(self, work: Any, _name: str) -> Any:
        try:
            work.send(None)
        except StopIteration:
            return
        raise AssertionError("a repair that waits for something")

    # What happens.

    @rule(who=st.lists(st.integers(0, 4), min_size=1, max_size=6), lost=st.booleans())
    def commit(self, who: list[int], lost: bool) -> None:
        """0: a post; otherwise that user comes or goes. One transaction, one batch, which may be lost."""
        events: list[Changed] = []
        for number in who:
            seq = len(self.truth) + len(events) + 1
            if number == 0:
                events.append(posted(seq))
            elif number in self.members:
                self.members.discard(number)
                events.append(went(seq, number))
            else:
                self.members.add(number)
                events.append(came(seq, number))
        self.truth += events
        if not lost:
            self.bus.append(tuple(events))

    @precondition(lambda self: self.bus)
    @rule(place=st.integers(0, 5), again=st.booleans(), foreign=st.booleans())
    def deliver(self, place: int, again: bool, foreign: bool) -> None:
        events = self.bus[place % len(self.bus)]
        if not again:
            self.bus.remove(events)
        (self.hub.deliver_foreign if foreign else self.hub.deliver)(batch(*events))
        if not foreign:
            self.check_told(events)

    @precondition(lambda self: len(self.readers) < 6)
    @rule(number=USERS)
    def come(self, number: int) -> None:
        """One more device. Its user's rooms are read, then it enters: see `hello`."""
        reader = Reader(number, self.truth)
        self.hub.attach(reader)
        self.readers.append(reader)
        reader.told.append(("follow", ROOM))

    @precondition(lambda self: self.readers)
    @rule(place=st.integers(0, 5))
    def leave(self, place: int) -> None:
        reader = self.readers.pop(place % len(self.readers))
        reader.phase = "out"
        self.hub.detach(reader, [ROOM])

    @rule(place=st.integers(0, 5), skip=st.integers(0, 2))
    def step(self, place: int, skip: int) -> None:
        """One reader goes on: enter, read, go live."""
        if self.readers:
            self.go_on(self.readers[place % len(self.readers)])

    def go_on(self, reader: Reader) -> None:
        if reader.phase == "out" and reader.told:
            reader.told.clear()
            self.hub.enter(ROOM, ROOM_ID, reader)
            reader.phase = "entered"
        elif reader.phase == "entered":
            if reader.user not in self.members:  # gone
                self.hub.leave(ROOM, reader)
                reader.phase = "out"
                return
            reader.cursor = len(self.truth)
            reader.phase = "read"
        elif reader.phase == "read":
            self.go_live(reader)

    def go_live(self, reader: Reader) -> None:
        missed = self.hub.activate(ROOM, reader, reader.cursor, len(self.members))
        if missed is None:
            self.hub.enter(ROOM, ROOM_ID, reader)
            reader.phase = "entered"
            return
        was, reader.phase = reader.phase, "live"
        for frames in missed:
            reader.offer(frames)
        if was == "out":
            reader.phase = "out"

    @precondition(lambda self: self.hub.pending)
    @rule()
    def mend(self) -> None:
        self.found = []
        self.run_now(self.hub.mend(), "repair")
        self.check_told(self.found)

    def check_told(self, events: Iterable[Changed]) -> None:
        """Who joined by these is told to follow."""
        joined = {user for event in events for user in event.joined}
        assert all(reader.told for reader in self.readers if reader.user in joined and reader.phase == "out")

    @rule()
    def sweep(self) -> None:
        self.hub.note_head(ROOM, len(self.truth))

    def sweep_users(self) -> None:
        """Who joined a room that nobody followed here is told by others than the hub: see services/sweep.py."""
        for reader in self.readers:
            if reader.user in self.members:
                reader.follow(ROOM, ROOM_ID)

    @invariant()
    def nobody_is_ahead_of_the_truth(self) -> None:
        assert all(reader.cursor <= len(self.truth) for reader in self.readers)

    @invariant()
    def memory_is_accounted_for(self) -> None:
        held = sum(channel.ring.size for channel in self.hub._channels.values())
        assert self.hub._rings_left + held == 64 * 1024 * 1024

    def teardown(self) -> None:
        """Once everything is quiet, each device of a member has everything, and no other one follows."""
        for _ in range(8):
            self.sweep()
            self.sweep_users()
            while self.hub.pending:
                self.mend()
            for reader in self.readers:
                self.go_on(reader)
        for reader in self.readers:
            assert (reader.phase == "live") == (reader.user in self.members)
            if reader.phase == "live":
                assert reader.cursor == len(self.truth)
        count("histories of a part")


test_streams = stories(Streams, 80, 40, many=60_000, chapter=2_500)
