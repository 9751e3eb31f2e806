"""What is done to a room and its members by command: as by REST, and answered with the same."""

from collections.abc import Awaitable, Callable
from typing import Any

from tertulia.domain.models import Caller, Member, Role, RoomView, User
from tertulia.protocol import commands
from tertulia.protocol.commands import RoomCommand
from tertulia.protocol.resources import member_resource, message_resource, my_room_resource
from tertulia.services import Services
from tertulia.services.rooms import Settings

Answer = dict[str, Any]
Act = Callable[[Services, Caller, Any], Awaitable[Answer]]


async def _join(services: Services, caller: Caller, command: commands.Join) -> Answer:
    await services.members.join(caller, command.room)
    return _room(await services.rooms.view(caller, command.room))


async def _leave(services: Services, caller: Caller, command: commands.Leave) -> Answer:
    await services.members.leave(caller, command.room)
    return {}


async def _add(services: Services, caller: Caller, command: commands.Add) -> Answer:
    role = None if command.role is None else Role(command.role)
    member, user, _ = await services.members.add(caller, command.room, command.user, role)
    return _member((member, user))


async def _remove(services: Services, caller: Caller, command: commands.Remove) -> Answer:
    await services.members.remove(caller, command.room, command.user)
    return {}


async def _role(services: Services, caller: Caller, command: commands.ChangeRole) -> Answer:
    return _member(await services.members.set_role(caller, command.room, command.user, Role(command.role)))


async def _transfer(services: Services, caller: Caller, command: commands.Transfer) -> Answer:
    return _member(await services.members.transfer(caller, command.room, command.user))


async def _mute(services: Services, caller: Caller, command: commands.Mute) -> Answer:
    if command.until is None and command.seconds is None:
        return _member(await services.members.unmute(caller, command.room, command.user))
    return _member(await services.members.mute(caller, command.room, command.user, command.until, command.seconds))


async def _ban(services: Services, caller: Caller, command: commands.Ban) -> Answer:
    await services.members.ban(caller, command.room, command.user, command.reason)
    return {}


async def _unban(services: Services, caller: Caller, command: commands.Unban) -> Answer:
    await services.members.unban(caller, command.room, command.user)
    return {}


async def _pin(services: Services, caller: Caller, command: commands.Pin) -> Answer:
    message = await services.messages.pin(caller, command.room, command.index, on=command.on)
    return {"message": message_resource(message)}


async def _change(services: Services, caller: Caller, command: commands.ChangeRoom) -> Answer:
    wanted = Settings(**command.model_dump(exclude={"cmd", "id", "room"}))
    return _room(await services.rooms.change(caller, command.room, wanted))


async def _delete(services: Services, caller: Caller, command: commands.DeleteRoom) -> Answer:
    await services.rooms.delete(caller, command.room)
    return {}


def _member(found: tuple[Member, User]) -> Answer:
    member, user = found
    return {"member": member_resource(member, user, positions=False)}


def _room(view: RoomView) -> Answer:
    return {"room": my_room_resource(view)}


ACTS: dict[type[RoomCommand], Act] = {
    commands.Join: _join,
    commands.Leave: _leave,
    commands.Add: _add,
    commands.Remove: _remove,
    commands.ChangeRole: _role,
    commands.Transfer: _transfer,
    commands.Mute: _mute,
    commands.Ban: _ban,
    commands.Unban: _unban,
    commands.Pin: _pin,
    commands.ChangeRoom: _change,
    commands.DeleteRoom: _delete,
}
