"""A whole node with people, their devices, and lines that stall and break: what happens to it, without what they say.

What people do is in test_world.py, what must hold in holding.py. There may be several nodes: each device has one, and
what people do without a line is done at one after the other.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from property import holding
from support.clock import FakeClock
from support.device import Device
from support.gates import Gate
from support.node import Node, Person, node
from support.proving import count
from tertulia.broker.broker import Broker
from tertulia.domain.errors import Rejection

PEOPLE = 3
DEVICES = 2 * PEOPLE
READS = ("changes", "snapshot", "followed", "visible", "heads")
WHO = st.integers(0, DEVICES - 1)
ROOM = st.sampled_from([0, 0, 1, 1, 2, 3])  # more happens where more people are


class World(RuleBasedStateMachine):
    """Three people with two devices each, one public and one private room, and more to come."""

    NODES = 1

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory(prefix="tertulia-world-")
        self.stack = AsyncExitStack()
        self.clock = FakeClock()
        self.gates: list[Gate] = []
        self.rooms: list[str] = []
        self.acknowledged: dict[tuple[str, str], dict[str, Any]] = {}  # (sender, client_id) → the message
        self.posted = 0
        self.departed = False
        self.positions_lag = False
        self.nodes: list[Node] = []
        self.turns = 0

    @property
    def node(self) -> Node:
        """Where something is done next."""
        self.turns += 1
        return self.nodes[self.turns % len(self.nodes)]

    def node_of(self, device: Device) -> Node:
        return self.nodes[self.devices.index(device) % len(self.nodes)]

    def connect_device(self, device: Device) -> None:
        self.act(device.connect, self.node_of(device))

    def broker(self, number: int) -> Broker | None:
        """Of that node."""
        return None

    def database(self) -> dict[str, Any]:
        """Settings that say where it is."""
        return {}

    def settle_all(self) -> None:
        for each in self.nodes:
            self.run(each.settle())

    def wait(self, seconds: float, step: float = 0.25) -> None:
        """Time passes for all."""
        passed = 0.0
        while passed < seconds:
            self.act(self.clock.advance, min(step, seconds - passed))
            passed += step
            self.settle_all()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def act(self, what: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Something plain that happens on the loop."""

        async def now() -> Any:
            return what(*args, **more)

        return self.run(now())

    @initialize(ring=st.sampled_from([16, 256]), large=st.sampled_from([2, 100]), online=st.integers(1, DEVICES))
    def start(self, ring: int, large: int, online: int) -> None:
        self.options = {"ring_room_kb": ring, "large_room": large}
        self.run(self._start())
        first = self.nodes[0]
        self.people: list[Person] = self.run(first.people("ana", "ben", "cleo"))
        ana, ben, _ = self.people
        self.rooms = [self.run(first.room(ana, ben)), self.run(first.room(ana, ben, kind="private"))]
        for room in self.rooms:
            self.do(*(self.node.post(person, room, "first") for person in (ana, ben, ben)))
        self.devices = [Device(self.people[number % PEOPLE]) for number in range(DEVICES)]
        for device in self.devices[:online]:
            self.connect_device(device)
        self.quiet()

    async def _start(self) -> None:
        folder, options = Path(self.folder.name), {**self.options, **self.database()}
        self.nodes = [
            await self.stack.enter_async_context(node(folder, self.clock, broker=self.broker(number), **options))
            for number in range(self.NODES)
        ]
        self.gates = [Gate(each.services.rooms, name, shut=False) for name in READS for each in self.nodes]

    # What people do: by the services or on a line; nobody waits for the answer.

    async def attempt(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Rejection:
            return

    def do(self, *works: Coroutine[Any, Any, Any], wait: bool = True) -> None:
        """All at once: what is asked for in one turn of the loop shares a transaction."""

        async def together() -> None:
            tasks = [self.loop.create_task(self.attempt(work)) for work in works]
            if wait:
                await asyncio.wait(tasks)

        self.run(together())

    def other(self, who: int, other: int) -> Person:
        return self.people[(who + other) % PEOPLE]

    def room(self, number: int) -> str:
        return self.rooms[number % len(self.rooms)]

    # Lines.

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        self.connect_device(self.devices[who])

    @rule(who=WHO)
    def cut(self, who: int) -> None:
        self.act(self.devices[who].cut)

    @rule(who=WHO, count=st.one_of(st.none(), st.integers(1, 5)))
    def take(self, who: int, count: int | None) -> None:
        self.act(self.devices[who].take, count)

    @rule(who=WHO)
    def stall(self, who: int) -> None:
        line = self.devices[who].line
        if line is not None and not line.is_down:
            line.stalled = True
            self.act(line._fill, 70_000)

    @rule(who=WHO)
    def drain(self, who: int) -> None:
        line = self.devices[who].line
        if line is not None and line.stalled and not line.is_down:
            self.act(line.drain)

    @rule(who=WHO, room=ROOM, seq=st.one_of(st.none(), st.integers(0, 20)))
    def look_on(self, who: int, room: int, seq: int | None) -> None:
        device = self.devices[who]
        if device.is_online and device.model.user is not None:
            for need in device.model.open(self.room(room)):
                assert device.line is not None
                self.act(device.line.say, need.cmd, room=need.room)

    # The node.

    @rule(which=st.sets(st.sampled_from(range(len(READS)))))
    def hold_reads(self, which: set[int]) -> None:
        """What is read from now on grows old before it is used."""
        for number in which:
            self.gates[number * self.NODES + self.turns % self.NODES].shut()

    @rule()
    def let_reads_go(self) -> None:
        for gate in self.gates:
            gate.open()
        self.settle_all()

    @rule(turns=st.integers(1, 20))
    def let_run(self, turns: int) -> None:
        async def some_turns() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)  # noqa: TID251 - as far as it gets

        self.run(some_turns())

    @rule()
    def settle(self) -> None:
        if not any(gate.waiting for gate in self.gates):
            self.settle_all()

    @rule(seconds=st.sampled_from([0.3, 2.0]))
    def pass_time(self, seconds: float) -> None:
        self.let_reads_go()
        self.wait(seconds)

    @rule()
    def restart(self) -> None:
        self.let_reads_go()
        self.collect()
        for device in self.devices:
            self.act(device.cut)
        self.run(self.stack.aclose())
        self.run(self._start())
        self.people = [self.run(self.nodes[0].sign_in(person.name)) for person in self.people]
        for number, device in enumerate(self.devices):
            device.person = self.people[number % PEOPLE]

    # The end.

    def collect(self) -> None:
        """Remember what was acknowledged: it must be there for ever, once (promises 1 and 3)."""
        for line in [line for each in self.nodes for line in each.lines]:
            for frame in line.frames:
                message = frame.get("message", {})
                if "re" in frame and "client_id" in message:
                    key = (message["sender"]["id"], message["client_id"])
                    known = self.acknowledged.setdefault(key, message)
                    if known["id"] != message["id"]:
                        assert holding.is_trimmed(self, known), "one client_id, two messages"
                        self.acknowledged[key] = message

    def quiet(self) -> None:
        """Everybody takes everything, and asks for what is missing, until nothing happens any more."""
        for _ in range(30):
            self.settle_all()
            moved = [self.act(device.take) for device in self.devices]
            if not any(moved):
                return
        raise AssertionError("it never comes to rest")

    def come_together(self) -> None:
        """What one node knows, all know."""

    def come_back(self) -> None:
        """All who are offline."""
        for device in self.devices:
            if not device.is_online:
                self.connect_device(device)
        self.quiet()
        self.wait(1)
        self.quiet()

    def check_everybody(self) -> None:
        for person in self.people:
            holding.check_person(self, person)

    def teardown(self) -> None:
        if not hasattr(self, "devices"):
            self.loop.close()
            return
        try:
            self.let_reads_go()
            for device in self.devices:
                if device.line is not None and device.line.stalled and not device.line.is_down:
                    self.act(device.line.drain)
            self.come_back()
            self.come_together()
            self.come_back()  # who was signed out elsewhere, and heard of it only now
            self.collect()
            holding.check_what_was_acknowledged(self)
            for room in self.rooms:
                holding.check_voices(self, room)
            self.check_everybody()
            count("histories of a server")
        finally:
            for device in self.devices:
                self.act(device.cut)
            self.run(self.stack.aclose())
            self.loop.close()
            self.folder.cleanup()
