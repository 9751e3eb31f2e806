"""What must hold in the end: what was acknowledged is there, and every client knows what a fresh fetch says."""

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from support.device import Device
from support.node import Person
from tertulia.client import Model
from tertulia.client.compare import said
from tertulia.client.room import RoomModel
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Member, Message, Room
from tertulia.protocol.resources import unread
from tertulia.services.timeline import Place
from tertulia.storage import members, messages, rooms, tables

if TYPE_CHECKING:
    from property.world import World


def check_what_was_acknowledged(world: "World") -> None:
    """In each room that is not deleted, also in one that nobody is in any more; who sees a room sees all of it."""
    for room in world.rooms:
        found = _stored(world, room)
        if found is None:
            continue
        first = found.room.first_index
        living = [message for message in found.timeline if message.index is not None and message.index >= first]
        assert [message.index for message in living] == list(range(first, found.room.message_count + 1)), "a hole"
        stored = [message.id for message in living]
        assert len(set(stored)) == len(stored)
        kept = {
            message["id"]
            for (_, key), message in world.acknowledged.items()
            if key.partition(" in ")[2] == room and message["index"] >= first
        }
        assert kept <= set(stored), "acknowledged, and not there"
        for person in world.people:
            shown = _shown(world, person, room)
            assert shown in (None, stored), "what is shown is not what is stored"


def is_trimmed(world: "World", message: dict[str, Any]) -> bool:
    """It was too old, so that it is gone with its `client_id`; or its room is."""
    found = _stored(world, message["client_id"].partition(" in ")[2])
    return found is None or bool(message["index"] < found.room.first_index)


def _shown(world: "World", person: Person, room: str) -> list[str] | None:
    """The ids of all messages that the person finds there, oldest first; None: they may not see the room."""
    shown: list[Message] = []
    place, more = Place(), True
    while more:
        try:
            page = world.run(world.node.services.messages.page(person.caller, room, place, 100))
        except Rejection:
            return None
        shown = [message for message in page.messages if message.index is not None] + shown
        more = page.more
        place = Place(before=shown[0].index if shown else None)
    return [message.id for message in shown]


def check_voices(world: "World", room: str) -> None:
    """Nobody's post is behind what took their voice: that they went, until they come again, or were muted, until then.

    Of those who were put out, all times are known from the notices; of the mutes, the last one of each.
    """
    found = _stored(world, room)
    if found is None:
        return
    out: set[str] = set()
    for message in found.timeline:
        told = message.notice or {}
        users = {user["id"] for user in told.get("users", ())}
        if told.get("type") in ("left", "removed", "banned"):
            out |= users
        elif told.get("type") in ("joined", "added"):
            out -= users
        elif message.sender is not None:
            assert message.sender.id not in out, "a post behind the end of its sender's membership"
            member = found.members[message.sender.number]
            is_later = message.seq > member.changed_seq
            assert not (is_later and member.left_at is not None), "a post of somebody who is gone"
            assert not (is_later and message.created_at < (member.muted_until or 0)), "a post of somebody who is muted"


@dataclass(frozen=True)
class _Stored:
    """What the database has of a room: all rows of its timeline, and those of all who ever came in, by user."""

    room: Room
    timeline: list[Message]
    members: dict[int, Member]


def _stored(world: "World", room_id: str) -> _Stored | None:
    """None: the room is deleted."""

    def read(connection: Connection) -> _Stored | None:
        room = rooms.by_id(connection, room_id)
        if room is None or room.deleted_at is not None:
            return None
        rows = connection.execute(select(tables.members.c.user).where(tables.members.c.room == room.number))
        pairs = [(room.number, user) for (user,) in rows]
        mine = messages.selected().where(tables.messages.c.room == room.number).order_by(tables.messages.c.seq)
        members_by_user = {member.user: member for member in members.some(connection, pairs)}
        return _Stored(room, messages.fetch(connection, mine), members_by_user)

    found: _Stored | None = world.run(world.node.app.db.read(read))
    return found


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
