"""What must hold in the end: what was acknowledged is there, and every client knows what a fresh fetch says."""

from copy import copy
from typing import TYPE_CHECKING, Any

from support.device import Device
from support.node import Person
from tertulia.client import Model
from tertulia.client.compare import said
from tertulia.client.room import RoomModel
from tertulia.domain.errors import Rejection
from tertulia.protocol.resources import unread
from tertulia.services.timeline import Place

if TYPE_CHECKING:
    from property.world import World


def check_what_was_acknowledged(world: "World") -> None:
    stored: dict[str, list[Any]] = {}
    too_old: dict[str, int] = {}
    for room in world.rooms:
        for person in world.people:
            try:
                page = world.run(world.node.services.messages.page(person.caller, room, Place(), 100))
            except Rejection:
                continue
            indexes = [message.index for message in page.messages if message.index is not None]
            first = world.run(world.node.services.rooms.view(person.caller, room)).room.first_index
            if not page.more:
                assert indexes == list(range(first, first + len(indexes))), "a hole in the timeline"
            too_old[room] = first
            stored[room] = [message.id for message in page.messages]
            assert len(set(stored[room])) == len(stored[room])
            break
    everything = {message for ids in stored.values() for message in ids}
    if len(stored) == len(world.rooms):
        kept = {
            message["id"]
            for (_, key), message in world.acknowledged.items()
            if message["index"] >= too_old[key.partition(" in ")[2]]
        }
        assert kept <= everything, "acknowledged, and not there"


def check_person(world: "World", person: Person) -> None:
    """Each device knows what a fresh one learns."""
    fresh = Device(person)
    world.act(fresh.connect, world.node)
    _learn(world, fresh)
    devices = [device for device in world.devices if device.person is person]
    for room in {room for device in devices for room in _archived(device.model)}:
        for need in fresh.model.open(room):
            assert fresh.line is not None
            world.act(fresh.line.say, need.cmd, room=need.room)
    _learn(world, fresh)
    for room, model in fresh.model.rooms.items():
        view = world.run(world.node.services.rooms.view(person.caller, room))
        assert view.member is not None
        assert (model.unread, model.mentions) == (unread(view.room, view.member), view.mentions), "counts are off"
    for device in devices:
        _compare(device, fresh, is_on_many=len(world.nodes) > 1, lags=world.positions_lag)
    world.act(fresh.cut)


def _learn(world: "World", device: Device) -> None:
    for _ in range(20):
        world.settle_all()
        if not world.act(device.take):
            return


def _compare(device: Device, fresh: Device, *, is_on_many: bool, lags: bool) -> None:
    mine = {room: model for room, model in device.model.rooms.items() if model.me is not None}
    unlisted = _archived(device.model) | _archived(fresh.model)
    assert mine.keys() - unlisted == fresh.model.rooms.keys() - unlisted, "other rooms than a fresh fetch has"
    for room, known in mine.items():
        model, other = copy(known), copy(fresh.model.rooms[room])
        if not (model.members_complete and other.members_complete):  # it is, or was, large: then nobody is told
            model.members, model.settings = other.members, {**model.settings, "owner": None}
            other.settings = {**other.settings, "owner": None}
        if is_on_many:
            _forget_positions(model)
            _forget_positions(other)
        if lags and model.me is not None and other.me is not None:
            model.me = {**model.me, **{key: other.me[key] for key in _POSITIONS}}
        differences = model.differences(other)
        assert differences == [], [(name, said(model).get(name), said(other).get(name)) for name in differences]


_POSITIONS = ("read_index", "delivered_index", "unread", "mentions")


def _forget_positions(model: RoomModel) -> None:
    """How far others have read may be lost between nodes, and comes again when they read on."""
    model.members = {user: {**row, "read_index": 0, "delivered_index": 0} for user, row in model.members.items()}


def _archived(model: Model) -> set[str]:
    """My rooms that no list shows: who does not know them from before asks for them."""
    return {key for key, room in model.rooms.items() if room.me is not None and room.settings.get("archived")}
