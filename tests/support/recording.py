"""Histories of clients, recorded on a whole node: replayed by the Python client's models and by the JavaScript ones.

A recording holds clients; each has `steps`, as they happened to it, and in `end` what a fresh client saw afterwards.
A step is a list:

    ["in", frame, needs]              a frame came; what the model wanted to say then
    ["cut"]                           the line went down
    ["open", room, needs]             somebody looked at the room
    ["put", room, message]            the answer to a post came
    ["read", room, index]             I read up to there, on this device
    ["ask", number, room, index]      the page before `index` was asked for, which was the oldest one
    ["page", number, answer, gained]  it came; how many rows the view gained, null if it began anew meanwhile
    ["listed", rooms]                 what a fresh client sees of rooms that are only listed here
"""

import json
import re
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

from property.test_world import QUIET, SETTINGS, Talk
from support.device import Device
from support.node import Person
from tertulia.client import Model
from tertulia.client.compare import said
from tertulia.client.model import Need, Step
from tertulia.client.room import Frame, RoomModel
from tertulia.client.timeline import Page
from tertulia.domain.models import Role
from tertulia.services import rooms as rooms_service
from tertulia.storage import changes

FOLDER = Path(__file__).parents[1] / "recordings"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UNLISTED = ("cursor", "members", "mentions")
"""What a client does not know, or not exactly, of a room that is only listed."""

Draw = Callable[[Random], Any]


def _one_of(*values: Any) -> Draw:
    return lambda random: random.choice(values)


WHO, PERSON, OTHER, INDEX, FLAG = (
    _one_of(*range(6)),
    _one_of(0, 1, 2),
    _one_of(1, 2),
    _one_of(*range(1, 16)),
    _one_of(True, False),
)
ROOM, MIGHTY = _one_of(0, 0, 1, 1, 2, 3), _one_of(0, 0, 0, 0, 1, 2)

ACTS_AGAINST = ("mute", "mute", "unmute", "ban", "unban", "unban")

ACTS: dict[str, tuple[int, dict[str, Draw]]] = {
    "post": (16, {"who": WHO, "room": ROOM, "again": FLAG, "count": _one_of(1, 2, 3)}),
    "take": (16, {"who": WHO, "count": _one_of(None, None, 1, 2, 5)}),
    "cut": (2, {"who": WHO}),
    "connect": (8, {"who": WHO}),
    "look_on": (3, {"who": WHO, "room": ROOM, "seq": _one_of(None)}),
    "ask_page": (8, {"who": WHO, "room": ROOM, "limit": _one_of(1, 2, 3)}),
    "read_here": (6, {"who": WHO, "room": ROOM, "index": INDEX}),
    "settle": (8, {}),
    "edit": (4, {"who": PERSON, "room": ROOM, "index": INDEX, "edits": _one_of(1, 2)}),
    "delete": (2, {"who": PERSON, "room": ROOM, "index": INDEX}),
    "react": (2, {"who": PERSON, "room": ROOM, "index": INDEX, "emoji": _one_of("👍", "🎉"), "on": FLAG}),
    "come_and_go": (2, {"who": PERSON, "room": ROOM, "times": _one_of(1, 2, 3)}),
    "leave": (1, {"who": PERSON, "room": ROOM}),
    "add_or_remove": (5, {"who": MIGHTY, "whom": PERSON, "room": ROOM, "adds": FLAG}),
    "change": (6, {"who": MIGHTY, "room": ROOM, "wanted": _one_of(*SETTINGS, *SETTINGS[3:5])}),
    "give_role": (1, {"who": MIGHTY, "other": OTHER, "room": ROOM, "role": _one_of(*Role)}),
    "moderate": (4, {"who": MIGHTY, "other": OTHER, "room": ROOM, "act": _one_of(*ACTS_AGAINST)}),
    "pin": (3, {"who": MIGHTY, "room": ROOM, "index": INDEX, "on": FLAG}),
    "call": (3, {"who": PERSON, "whom": PERSON, "room": ROOM}),
    "block": (1, {"who": PERSON, "other": OTHER, "on": FLAG}),
    "trim": (1, {"room": ROOM, "index": INDEX}),
    "keep_quiet": (4, {"who": PERSON, "room": ROOM, "wanted": _one_of(*QUIET)}),
    "depart": (1, {"room": ROOM, "leaves": FLAG, "blank": FLAG}),
    "open_direct": (1, {"who": PERSON, "other": OTHER}),
    "delete_room": (1, {"who": MIGHTY, "room": _one_of(2, 3)}),
    "pass_time": (1, {"seconds": _one_of(0.3, 2.0)}),
}
"""How often, and with what; what each does stands in tests/property/test_world.py."""


class RecordedModel(Model):
    """Writes down what it is told."""

    def __init__(self, *, follow: bool) -> None:
        super().__init__(follow=follow)
        self.steps: list[list[Any]] = []

    def apply(self, frame: Frame) -> Step:
        step = super().apply(frame)
        self.steps.append(["in", frame, plain(step.needs)])
        return step

    def cut(self) -> None:
        super().cut()
        if self.steps and self.steps[-1] != ["cut"]:
            self.steps.append(["cut"])

    def open(self, room: str) -> list[Need]:
        inner, self.steps = self.steps, []  # `ready` opens rooms, too: that belongs to its frame
        needs = super().open(room)
        self.steps = inner
        return needs


class RecordedDevice(Device):
    """Besides what every device does: it takes answers to posts, asks for pages, and is read on."""

    def __init__(self, person: Person, *, follow: bool) -> None:
        super().__init__(person)
        self.recorded = self.model = RecordedModel(follow=follow)
        self.follow = follow
        self._answers = 0
        self._pages: dict[int, tuple[str, RoomModel, int, int, int]] = {}
        self._asked = 0

    def cut(self) -> None:
        super().cut()
        self._answers = 0
        self._pages.clear()

    def check_line(self) -> None:
        """Of rooms that are only listed it has no cursor, and so nothing to check."""
        if self.follow:
            super().check_line()

    def look(self, room: str) -> None:
        needs = self.model.open(room)
        self.recorded.steps.append(["open", room, plain(needs)])
        for need in needs:
            assert self.line is not None
            self.line.say(need.cmd, room=need.room)

    def take(self, count: int | None = None) -> bool:
        moved = super().take(count)
        if self.line is None or self.line.stalled:
            return moved
        for frame in self.line.frames[self._answers : self._taken]:
            if "re" in frame:
                self._answer(frame)
        self._answers = self._taken
        return moved

    def ask_page(self, room: str, limit: int) -> None:
        view = self.model.rooms.get(room)
        before = view.timeline.oldest() if view is not None else None
        if view is None or before is None or self.line is None or self.line.is_down:
            return
        self._asked += 1
        number = self.line.say("history", room=room, before=before, limit=limit)
        self._pages[number] = room, view, view.timeline.generation, before, self._asked
        self.recorded.steps.append(["ask", self._asked, room, before])

    def read_here(self, room: str, index: int) -> None:
        view = self.model.rooms.get(room)
        if view is None or view.me is None or index > view.message_count or not self.is_online:
            return
        assert self.line is not None
        view.look(index)
        view.receive(self.person.id, index, index)
        self.line.say("read", room=room, index=index)
        self.recorded.steps.append(["read", room, index])

    def _answer(self, frame: Frame) -> None:
        if "messages" in frame:
            self._page(frame)
        elif "client_id" in frame.get("message", {}):
            message = frame["message"]
            room = message["client_id"].partition(" in ")[2]
            self.recorded.steps.append(["put", room, message])
            if room in self.model.rooms:
                self.model.rooms[room].put(message)

    def _page(self, frame: Frame) -> None:
        if frame["re"] not in self._pages:
            return
        room, view, generation, before, number = self._pages.pop(frame["re"])
        answer = {"messages": frame["messages"], "more": frame["more"]}
        gained = None
        if self.model.rooms.get(room) is view:
            rows = view.put_page(Page(frame["messages"], before, frame["more"]), generation)
            gained = None if rows is None else len(rows)
        self.recorded.steps.append(["page", number, answer, gained])


class Recorder(Talk):
    """A world that is driven by a seed, and whose devices are recorded."""

    devices: list[RecordedDevice]  # type: ignore[assignment]

    def ask_page(self, who: int, room: int, limit: int) -> None:
        self.act(self.devices[who].ask_page, self.room(room), limit)

    def read_here(self, who: int, room: int, index: int) -> None:
        self.act(self.devices[who].read_here, self.room(room), index)

    def look_on(self, who: int, room: int, seq: int | None) -> None:
        device = self.devices[who]
        if device.is_online and device.model.user is not None:
            self.act(device.look, self.room(room))

    def record(self, seed: int, *, large: int = 100, acts: int = 200) -> dict[str, Any]:
        """What happened to the devices of this story."""
        random = Random(seed)
        self.start(ring=16, large=large, online=0)
        self.devices = [RecordedDevice(self.people[number % 3], follow=number < 3) for number in range(6)]
        for number in range(8):
            self.do(*(self.node.post(self.people[number % 2], room, f"earlier {number}") for room in self.rooms))
        for device in self.devices[:4]:
            self.act(device.connect, self.node)
        self.quiet()
        names = list(ACTS)
        for name in random.choices(names, [ACTS[name][0] for name in names], k=acts):
            if self._may(name):
                getattr(self, name)(**{key: draw(random) for key, draw in ACTS[name][1].items()})
        self._rest()
        clients = [self._client(device) for device in self.devices[:5]]
        return {"seed": seed, "large": large, "clients": clients}

    def _may(self, name: str) -> bool:
        return {
            "depart": not self.departed,
            "open_direct": len(self.rooms) < 4,
            "delete_room": len(self.rooms) > 2,
        }.get(name, True)

    def _rest(self) -> None:
        for device in self.devices:
            if not device.is_online:
                self.act(device.connect, self.node)
        self.quiet()
        self.run(self.node.pass_time(1))
        self.quiet()

    def _client(self, device: RecordedDevice) -> dict[str, Any]:
        fresh = Device(device.person)
        self.act(fresh.connect, self.node)
        self._learn(fresh)
        if not device.follow:
            device.recorded.steps.append(["listed", self._listed(device, fresh)])
        for room in [*device.model.rooms.values()]:
            if room.me is not None:
                self.act(device.look, room.id)
                self.act(self._ask, fresh, room.id)
        self.quiet()
        self._learn(fresh)
        end = {room: seen(view) for room, view in fresh.model.rooms.items() if room in device.model.rooms}
        self.act(fresh.cut)
        return {"follow": device.follow, "steps": device.recorded.steps, "end": end}

    def _listed(self, device: RecordedDevice, fresh: Device) -> dict[str, Any]:
        rooms = [room for room in device.model.rooms.values() if room.me is not None and room.cursor is None]
        return {
            room.id: {key: value for key, value in seen(fresh.model.rooms[room.id]).items() if key not in UNLISTED}
            for room in rooms
            if room.id in fresh.model.rooms
        }

    def _ask(self, device: Device, room: str) -> None:
        for need in device.model.open(room):
            assert device.line is not None
            device.line.say(need.cmd, room=need.room)

    def _learn(self, device: Device) -> None:
        for _ in range(20):
            self.run(self.node.settle())
            if not self.act(device.take):
                return

    def close(self) -> None:
        for device in self.devices:
            self.act(device.cut)
        self.run(self.stack.aclose())
        self.loop.close()
        self.folder.cleanup()


def seen(view: RoomModel) -> dict[str, Any]:
    """All that a view says, as JSON. `members_complete` false: what is known of members and owner is chance."""
    floor = {"floor": view.timeline.floor, "messages": view.messages, "members_complete": view.members_complete}
    return {**said(view), **floor, "title": view.title}


def plain(needs: list[Need]) -> list[list[Any]]:
    """In an order that is the same everywhere."""
    return sorted(([need.cmd, need.room, need.seq] for need in needs), key=str)


@contextmanager
def _small_pages() -> Any:
    """So that little has to happen until a page, or a reload, is needed."""
    with ExitStack() as stack:
        for module, name, value in ((rooms_service, "SNAPSHOT_MESSAGES", 4), (changes, "MAX_ROWS", 14)):
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, value)
        yield


def record(seed: int, *, large: int = 100, acts: int = 200) -> str:
    """A recording as it stands in a file: one step a line, short ids."""
    recorder = Recorder()
    with _small_pages():
        try:
            story = recorder.record(seed, large=large, acts=acts)
        finally:
            recorder.close()
    return _shortened(_written(story))


def _written(story: dict[str, Any]) -> str:
    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    clients = [
        f'{{"follow":{line(client["follow"])},"steps":[\n'
        + ",\n".join(map(line, client["steps"]))
        + f'\n],"end":{line(client["end"])}}}'
        for client in story["clients"]
    ]
    return f'{{"seed":{story["seed"]},"large":{story["large"]},"clients":[\n' + ",\n".join(clients) + "\n]}\n"


def _shortened(text: str) -> str:
    names: dict[str, str] = {}
    return UUID.sub(lambda found: names.setdefault(found.group(), f"id-{len(names) + 1}"), text)
