"""The promises, end to end: people who talk, come and go, and lose their lines, on a whole node.

Whatever happens in whatever order: what was acknowledged is there once, everything that the server says keeps the rules
of the cursor, and in the end every client knows what a fresh fetch says.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from support.clock import FakeClock
from support.device import Device
from support.gates import Gate
from support.node import Node, Person, node
from support.proving import examples
from tertulia.client import Model
from tertulia.client.compare import said
from tertulia.domain.changes import Trim
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Notify, Role
from tertulia.protocol.resources import unread
from tertulia.services.membership import Quiet
from tertulia.services.rooms import Settings
from tertulia.services.timeline import Place
from tertulia.storage import retention

PEOPLE = 3
DEVICES = 2 * PEOPLE
READS = ("changes", "snapshot", "followed", "visible", "heads")
WHO = st.integers(0, DEVICES - 1)
PERSON = st.integers(0, PEOPLE - 1)
ROOM = st.sampled_from([0, 0, 1, 1, 2, 3])  # more happens where more people are
INDEX = st.integers(1, 7)
MIGHTY = st.sampled_from([0, 0, 0, 0, 1, 2])  # what only few may do is done mostly by who begins as the owner
OTHER = st.integers(1, PEOPLE - 1)
EMOJI = st.sampled_from("👍🎉")
SETTINGS = [
    Settings(title="title 1"),
    Settings(title="title 2", description="about"),
    Settings(archived=True),
    Settings(archived=False),
    Settings(archived=False, slow_mode=0),
    Settings(slow_mode=1),
    Settings(slow_mode=0),
    Settings(retention_days=9, metadata={"a": 1}),
    Settings(retention_days=0),
]
QUIET = [
    Quiet(notify=Notify.NONE),
    Quiet(hidden=True),
    Quiet(unread_from=1),
    Quiet(unread_from=3),
    Quiet(unread_from=0),
]


class World(RuleBasedStateMachine):
    """Three people with two devices each, one public and one private room, and more to come."""

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
        self.people: list[Person] = self.run(self.node.people("ana", "ben", "cleo"))
        ana, ben, _ = self.people
        self.rooms = [self.run(self.node.room(ana, ben)), self.run(self.node.room(ana, ben, kind="private"))]
        for room in self.rooms:
            self.do(*(self.node.post(person, room, "first") for person in (ana, ben, ben)))
        self.devices = [Device(self.people[number % PEOPLE]) for number in range(DEVICES)]
        for device in self.devices[:online]:
            self.act(device.connect, self.node)
        self.quiet()

    async def _start(self) -> None:
        self.node: Node = await self.stack.enter_async_context(node(Path(self.folder.name), self.clock, **self.options))
        self.gates = [Gate(self.node.services.rooms, name, shut=False) for name in READS]

    # People do something, by the services or on a line; nobody waits for the answer.

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

    @rule(who=WHO, room=ROOM, again=st.booleans(), count=st.integers(1, 4))
    def post(self, who: int, room: int, again: bool, count: int) -> None:
        device = self.devices[who]
        for _ in range(count):
            self.posted += not again
            if device.is_online and device.line is not None:
                key = f"key {self.posted} in {self.room(room)}"
                self.act(device.line.say, "post", room=self.room(room), body=f"body of {key}", client_id=key)

    @rule(who=PERSON, room=ROOM, index=INDEX, edits=st.integers(1, 3))
    def edit(self, who: int, room: int, index: int, edits: int) -> None:
        services, caller = self.node.services.messages, self.people[who].caller
        self.do(*(services.edit(caller, self.room(room), index, f"edit {n} of {self.posted}") for n in range(edits)))

    @rule(who=PERSON, room=ROOM, index=INDEX)
    def delete(self, who: int, room: int, index: int) -> None:
        self.do(self.node.services.messages.delete(self.people[who].caller, self.room(room), index))

    @rule(who=PERSON, room=ROOM, index=INDEX, emoji=EMOJI, on=st.booleans())
    def react(self, who: int, room: int, index: int, emoji: str, on: bool) -> None:
        self.do(self.node.services.messages.react(self.people[who].caller, self.room(room), index, emoji, on=on))

    @rule(who=PERSON, room=ROOM, times=st.integers(1, 3))
    def come_and_go(self, who: int, room: int, times: int) -> None:
        members, caller = self.node.services.members, self.people[who].caller
        works = [(members.join, members.leave)[n % 2](caller, self.room(room)) for n in range(times)]
        self.do(*works)

    @rule(who=PERSON, room=ROOM)
    def leave(self, who: int, room: int) -> None:
        self.do(self.node.services.members.leave(self.people[who].caller, self.room(room)))

    @rule(who=MIGHTY, whom=PERSON, room=ROOM, adds=st.booleans())
    def add_or_remove(self, who: int, whom: int, room: int, adds: bool) -> None:
        members = self.node.services.members
        change = members.add if adds else members.remove
        self.do(change(self.people[who].caller, self.room(room), self.people[whom].id))

    @rule(who=MIGHTY, room=ROOM, wanted=st.sampled_from(SETTINGS))
    def change(self, who: int, room: int, wanted: Settings) -> None:
        self.do(self.node.services.rooms.change(self.people[who].caller, self.room(room), wanted))

    @rule(who=MIGHTY, other=OTHER, room=ROOM, role=st.sampled_from(Role))
    def give_role(self, who: int, other: int, room: int, role: Role) -> None:
        members, caller, user = self.node.services.members, self.people[who].caller, self.other(who, other).id
        if role is Role.OWNER:
            self.do(members.transfer(caller, self.room(room), user))
        else:
            self.do(members.set_role(caller, self.room(room), user, role))

    @rule(who=MIGHTY, other=OTHER, room=ROOM, act=st.sampled_from(["mute", "unmute", "ban", "unban"]))
    def moderate(self, who: int, other: int, room: int, act: str) -> None:
        """With posts of theirs around it, in one transaction."""
        services, caller, user = self.node.services, self.people[who].caller, self.other(who, other)
        until = (None, 1) if act == "mute" else ()
        self.do(
            services.messages.post(user.caller, self.room(room), f"before the {act}"),
            getattr(services.members, act)(caller, self.room(room), user.id, *until),
            services.messages.post(user.caller, self.room(room), f"after the {act}"),
        )

    @rule(who=MIGHTY, room=ROOM, index=INDEX, on=st.booleans())
    def pin(self, who: int, room: int, index: int, on: bool) -> None:
        self.do(self.node.services.messages.pin(self.people[who].caller, self.room(room), index, on=on))

    @rule(who=PERSON, whom=PERSON, room=ROOM)
    def call(self, who: int, whom: int, room: int) -> None:
        body = f"@room and @{self.people[whom].name}"
        self.do(self.node.services.messages.post(self.people[who].caller, self.room(room), body))

    @rule(who=PERSON, other=OTHER, on=st.booleans())
    def block(self, who: int, other: int, on: bool) -> None:
        blocks, caller, user = self.node.services.blocks, self.people[who].caller, self.other(who, other).id
        self.do(blocks.add(caller, user) if on else blocks.remove(caller, user))

    @rule(room=ROOM, index=INDEX)
    def trim(self, room: int, index: int) -> None:
        """What is too old goes; whether its rows are gone yet makes no difference."""

        async def forget() -> None:
            number = await self.node.services.numbers.number(self.room(room))
            await self.node.app.committer.commit(Trim(number, index))
            if index % 2:
                await self.node.app.db.write(retention.purge_slice, number)

        self.do(forget())

    @rule(who=PERSON, room=ROOM, wanted=st.sampled_from(QUIET))
    def keep_quiet(self, who: int, room: int, wanted: Quiet) -> None:
        self.do(self.node.services.membership.change(self.people[who].caller, self.room(room), wanted))

    @precondition(lambda self: not self.departed)
    @rule(room=ROOM, leaves=st.booleans(), blank=st.booleans())
    def depart(self, room: int, leaves: bool, blank: bool) -> None:
        """Somebody who was here deletes their account: they talked, and are shown as deleted from then on."""
        self.departed = True
        dan = self.run(self.node.person("dan"))
        services, room_id = self.node.services, self.room(room)
        self.do(
            services.members.add(self.people[0].caller, room_id, dan.id), services.members.join(dan.caller, room_id)
        )
        self.do(services.messages.post(dan.caller, room_id, "my last words"))
        if leaves:
            self.do(services.members.leave(dan.caller, room_id))
        self.run(self.node.settle())
        self.run(services.erasure.delete_own(dan.caller, None, blank=blank))
        self.run(services.erasure.tell_rooms())

    @rule(who=PERSON, room=ROOM)
    def kick_between_posts(self, who: int, room: int) -> None:
        """All in one transaction (rule 8)."""
        services, ana = self.node.services, self.people[0].caller
        self.do(
            services.messages.post(ana, self.room(room), "before"),
            services.members.remove(ana, self.room(room), self.people[who].id),
            services.messages.post(ana, self.room(room), "after"),
        )

    @precondition(lambda self: len(self.rooms) < 4)
    @rule(who=PERSON, other=OTHER)
    def open_direct(self, who: int, other: int) -> None:
        async def opened() -> None:
            view, _ = await self.node.services.rooms.open_direct(self.people[who].caller, self.other(who, other).id)
            if view.room.id not in self.rooms:
                self.rooms.append(view.room.id)

        self.do(opened())

    @precondition(lambda self: len(self.rooms) > 2)
    @rule(who=MIGHTY, room=st.integers(0, 3))
    def delete_room(self, who: int, room: int) -> None:
        self.do(self.node.services.rooms.delete(self.people[who].caller, self.room(room)))

    @rule(who=PERSON, room=ROOM, index=INDEX)
    def read(self, who: int, room: int, index: int) -> None:
        for device in self.devices:
            if device.person is self.people[who] and device.line is not None:
                self.act(device.line.say, "read", room=self.room(room), index=index)

    # Lines.

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        self.act(self.devices[who].connect, self.node)

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
            self.gates[number].shut()

    @rule()
    def let_reads_go(self) -> None:
        for gate in self.gates:
            gate.open()
        self.run(self.node.settle())

    @rule(turns=st.integers(1, 20))
    def let_run(self, turns: int) -> None:
        async def some_turns() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)  # noqa: TID251 - as far as it gets

        self.run(some_turns())

    @rule()
    def settle(self) -> None:
        if not any(gate.waiting for gate in self.gates):
            self.run(self.node.settle())

    @rule(seconds=st.sampled_from([0.3, 2.0]))
    def pass_time(self, seconds: float) -> None:
        self.let_reads_go()
        self.run(self.node.pass_time(seconds))

    @rule()
    def restart(self) -> None:
        self.let_reads_go()
        self.collect()
        for device in self.devices:
            self.act(device.cut)
        self.run(self.stack.aclose())
        self.run(self._start())
        self.people = [self.run(self.node.sign_in(person.name)) for person in self.people]
        for number, device in enumerate(self.devices):
            device.person = self.people[number % PEOPLE]

    # What must hold.

    def collect(self) -> None:
        """Remember what was acknowledged: it must be there for ever, once (promises 1 and 3)."""
        for line in self.node.lines:
            for frame in line.frames:
                message = frame.get("message", {})
                if "re" in frame and "client_id" in message:
                    key = (message["sender"]["id"], message["client_id"])
                    known = self.acknowledged.setdefault(key, message)
                    assert known["id"] == message["id"], "one client_id, two messages"

    def quiet(self) -> None:
        """Everybody takes everything, and asks for what is missing, until nothing happens any more."""
        for _ in range(30):
            self.run(self.node.settle())
            moved = [self.act(device.take) for device in self.devices]
            if not any(moved):
                return
        raise AssertionError("it never comes to rest")

    def teardown(self) -> None:
        if not hasattr(self, "devices"):
            self.loop.close()
            return
        try:
            self.let_reads_go()
            for device in self.devices:
                if device.line is not None and device.line.stalled and not device.line.is_down:
                    self.act(device.line.drain)
                if not device.is_online:
                    self.act(device.connect, self.node)
            self.quiet()
            self.run(self.node.pass_time(1))
            self.quiet()
            self.collect()
            self.check_what_was_acknowledged()
            for person in self.people:
                self.check_person(person)
        finally:
            for device in self.devices:
                self.act(device.cut)
            self.run(self.stack.aclose())
            self.loop.close()
            self.folder.cleanup()

    def check_what_was_acknowledged(self) -> None:
        stored: dict[str, list[Any]] = {}
        self.too_old: dict[str, int] = {}
        for room in self.rooms:
            for person in self.people:
                try:
                    page = self.run(self.node.services.messages.page(person.caller, room, Place(), 100))
                except Rejection:
                    continue
                indexes = [message.index for message in page.messages if message.index is not None]
                first = self.run(self.node.services.rooms.view(person.caller, room)).room.first_index
                if not page.more:
                    assert indexes == list(range(first, first + len(indexes))), "a hole in the timeline"
                self.too_old[room] = first
                stored[room] = [message.id for message in page.messages]
                assert len(set(stored[room])) == len(stored[room])
                break
        everything = {message for ids in stored.values() for message in ids}
        if len(stored) == len(self.rooms):
            kept = {
                message["id"]
                for (_, key), message in self.acknowledged.items()
                if message["index"] >= self.too_old[key.partition(" in ")[2]]
            }
            assert kept <= everything, "acknowledged, and not there"

    def check_person(self, person: Person) -> None:
        """Each device knows what a fresh one learns."""
        fresh = Device(person)
        self.act(fresh.connect, self.node)
        self.learn(fresh)
        devices = [device for device in self.devices if device.person is person]
        for room in {room for device in devices for room in archived(device.model)}:
            for need in fresh.model.open(room):
                assert fresh.line is not None
                self.act(fresh.line.say, need.cmd, room=need.room)
        self.learn(fresh)
        for room, model in fresh.model.rooms.items():
            view = self.run(self.node.services.rooms.view(person.caller, room))
            assert view.member is not None
            assert (model.unread, model.mentions) == (unread(view.room, view.member), view.mentions), "counts are off"
        for device in devices:
            self.compare(device, fresh)
        self.act(fresh.cut)

    def learn(self, device: Device) -> None:
        for _ in range(20):
            self.run(self.node.settle())
            if not self.act(device.take):
                return

    def compare(self, device: Device, fresh: Device) -> None:
        mine = {room: model for room, model in device.model.rooms.items() if model.me is not None}
        unlisted = archived(device.model) | archived(fresh.model)
        assert mine.keys() - unlisted == fresh.model.rooms.keys() - unlisted, "other rooms than a fresh fetch has"
        for room, model in mine.items():
            other = fresh.model.rooms[room]
            if not (model.members_complete and other.members_complete):  # it is, or was, large: then nobody is told
                model.members, model.settings = other.members, {**model.settings, "owner": None}
                other.settings = {**other.settings, "owner": None}
            differences = model.differences(other)
            assert differences == [], [(name, said(model).get(name), said(other).get(name)) for name in differences]


def archived(model: Model) -> set[str]:
    """My rooms that no list shows: who does not know them from before asks for them."""
    return {key for key, room in model.rooms.items() if room.me is not None and room.settings.get("archived")}


TestWorld = World.TestCase
TestWorld.settings = examples(45, 35, many=1_000)
