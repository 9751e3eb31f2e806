"""What each command does. A handler is plain: it answers at once, or starts work that answers later."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tertulia.domain.changes import Result
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller, Message, RoomView
from tertulia.gateway.acts import ACTS, Act
from tertulia.gateway.connection import Connection
from tertulia.gateway.follow import Follow
from tertulia.gateway.hello import hello
from tertulia.protocol import commands
from tertulia.protocol.commands import Command, RoomCommand
from tertulia.protocol.resources import membership_resource, message_resource
from tertulia.services.membership import Quiet
from tertulia.services.timeline import Place

if TYPE_CHECKING:
    from tertulia.gateway.gateway import Gateway

Handler = Callable[["Gateway", Connection, Any], None]


MAX_FOLLOWED = 4_000
"""Rooms that a connection may follow when it asks for one more."""


def _caller(connection: Connection) -> Caller:
    assert connection.caller is not None
    return connection.caller


def say_hello(gateway: "Gateway", connection: Connection, command: commands.Hello) -> None:
    if connection.said_hello:
        raise Rejection("hello_repeated", "`hello` is said once in a connection.")
    connection.said_hello = True
    gateway.work(connection, command.id, hello(gateway, connection, command))


def post(gateway: "Gateway", connection: Connection, command: commands.Post) -> None:
    follow = connection.rooms.get(command.room)
    number = follow.number if follow is not None else gateway.services.numbers.known(command.room)
    if number is None:
        gateway.work(connection, command.id, _post_to_unknown(gateway, connection, command))
        return
    done = partial(_posted, gateway, connection, number, command.id)
    connection.begin()
    try:
        gateway.services.messages.submit(
            _caller(connection), number, command.body, command.client_id, command.reply_to, done, command.metadata
        )
    except Rejection:
        connection.finish()
        raise


def _posted(gateway: "Gateway", connection: Connection, room: int, number: int | None, result: Result) -> None:
    connection.finish()
    if isinstance(result, Rejection):
        connection.refuse(number, result)
        if result.code == "client_id_reused":
            connection.count_repeated()
        return
    assert result.message is not None
    if number is not None:
        repeated = {"duplicate": True} if result.repeated else {}
        connection.reply_soon(number, message=message_resource(result.message), **repeated)
    if result.repeated:
        connection.count_repeated()
    gateway.services.typing.stop(room, connection.user)


async def _post_to_unknown(gateway: "Gateway", connection: Connection, command: commands.Post) -> None:
    """A room that nobody has named yet since the start."""
    outcome = await gateway.services.messages.post(
        _caller(connection), command.room, command.body, command.client_id, command.reply_to, command.metadata
    )
    assert outcome.message is not None
    repeated = {"duplicate": True} if outcome.repeated else {}
    connection.reply(command.id, message=message_resource(outcome.message), **repeated)
    gateway.services.typing.stop(outcome.message.room, connection.user)


def edit(gateway: "Gateway", connection: Connection, command: commands.Edit) -> None:
    work = gateway.services.messages.edit(_caller(connection), command.room, command.index, command.body)
    gateway.work(connection, command.id, _answer_message(connection, command, work))


def delete(gateway: "Gateway", connection: Connection, command: commands.Delete) -> None:
    work = gateway.services.messages.delete(_caller(connection), command.room, command.index)
    gateway.work(connection, command.id, _answer_message(connection, command, work))


def react(gateway: "Gateway", connection: Connection, command: commands.React) -> None:
    work = gateway.services.messages.react(
        _caller(connection), command.room, command.index, command.emoji, on=command.on
    )
    gateway.work(connection, command.id, _answer_message(connection, command, work))


async def _answer_message(connection: Connection, command: Command, work: Any) -> None:
    message: Message = await work
    connection.reply(command.id, message=message_resource(message))


def read(gateway: "Gateway", connection: Connection, command: commands.Read) -> None:
    follow = connection.rooms.get(command.room)
    if follow is not None and follow.member:
        gateway.services.receipts.advance(connection.user, follow.number, command.index, command.delivered)
        connection.reply(command.id)
    else:
        gateway.work(connection, command.id, _read_elsewhere(gateway, connection, command))


async def _read_elsewhere(gateway: "Gateway", connection: Connection, command: commands.Read) -> None:
    """A room that this connection does not follow."""
    room = await gateway.rooms.joined(_caller(connection), command.room)
    gateway.services.receipts.advance(connection.user, room.number, command.index, command.delivered)
    connection.reply(command.id)


def me(gateway: "Gateway", connection: Connection, command: commands.Me) -> None:
    wanted, follow = Quiet.of(command), connection.rooms.get(command.room)
    if follow is not None and follow.member:
        work = gateway.services.membership.change_followed(_caller(connection), follow.number, wanted)
    else:
        work = gateway.services.membership.change(_caller(connection), command.room, wanted)
    gateway.work(connection, command.id, _answer_me(connection, command, work))


async def _answer_me(connection: Connection, command: commands.Me, work: Awaitable[RoomView]) -> None:
    view = await work
    assert view.member is not None
    connection.reply(command.id, me=membership_resource(view.room, view.member, view.mentions))


def typing(gateway: "Gateway", connection: Connection, command: commands.Typing) -> None:
    follow = connection.rooms.get(command.room)
    if follow is None or not follow.member:
        gateway.work(connection, command.id, _typing_elsewhere(gateway, connection, command))
    elif not command.on:
        gateway.services.typing.stop(follow.number, connection.user)
        connection.reply(command.id)
    elif gateway.services.voices.knows(follow.number, connection.user):
        gateway.services.voices.check(follow.number, connection.user)
        _types(gateway, connection, command, follow.number)
    else:
        gateway.work(connection, command.id, _typing(gateway, connection, command, follow.number))


async def _typing(gateway: "Gateway", connection: Connection, command: commands.Typing, number: int) -> None:
    await gateway.services.voices.ask(number, connection.user)
    _types(gateway, connection, command, number)


async def _typing_elsewhere(gateway: "Gateway", connection: Connection, command: commands.Typing) -> None:
    """In a room that this connection does not follow."""
    await _typing(gateway, connection, command, await gateway.services.numbers.number(command.room))


def _types(gateway: "Gateway", connection: Connection, command: commands.Typing, number: int) -> None:
    assert connection.user_details is not None
    members = gateway.hub.member_count(number)
    gateway.services.typing.say(number, command.room, members, connection.user_details, on=command.on)
    connection.reply(command.id)


def history(gateway: "Gateway", connection: Connection, command: commands.History) -> None:
    gateway.work(connection, command.id, _history(gateway, connection, command))


async def _history(gateway: "Gateway", connection: Connection, command: commands.History) -> None:
    place = Place(command.before, command.after, command.around)
    async with connection.paging:
        await connection.writable()
        page = await gateway.services.messages.page(_caller(connection), command.room, place, command.limit)
        await connection.writable()
        messages = [message_resource(message) for message in page.messages]
        connection.reply(command.id, messages=messages, more=page.more)


def subscribe(gateway: "Gateway", connection: Connection, command: commands.Subscribe) -> None:
    gateway.work(connection, command.id, _subscribe(gateway, connection, command))


async def _subscribe(gateway: "Gateway", connection: Connection, command: commands.Subscribe) -> None:
    found = None
    if command.room not in connection.rooms:
        if len(connection.rooms) >= MAX_FOLLOWED:
            raise Rejection("too_many_rooms", "This connection follows too many rooms. Unsubscribe from some first.")
        found = (await gateway.rooms.visible(connection.user, [command.room])).get(command.room)
    connection.reply(command.id)
    follow = connection.rooms.get(command.room)  # behind the reading: they may have been added meanwhile
    if follow is None and found is not None:
        room, member = found
        follow = Follow(room.number, member=member)
    if follow is None:
        gateway.gone(connection, command.room)
    else:
        gateway.start_catching(connection, command.room, follow, command.seq)


def unsubscribe(gateway: "Gateway", connection: Connection, command: commands.Unsubscribe) -> None:
    gateway.unfollow(connection, command.room)
    connection.reply(command.id)


def presence(gateway: "Gateway", connection: Connection, command: commands.Presence) -> None:
    gateway.services.presence.says(connection.user, connection, away=command.status == "away")
    connection.reply(command.id)


def refresh(gateway: "Gateway", connection: Connection, command: commands.Refresh) -> None:
    gateway.work(connection, command.id, _refresh(gateway, connection, command))


async def _refresh(gateway: "Gateway", connection: Connection, command: commands.Refresh) -> None:
    try:
        caller = await gateway.services.sessions.identify(command.token)
    except Rejection as rejection:
        if rejection.code != "unauthorized":
            raise
        raise Rejection("unauthorized", "The new access token is not good.", field="token") from None
    before = _caller(connection)
    if (caller.user, caller.session) != (before.user, before.session):
        raise Rejection("unauthorized", "The new token must be of the same user and session.", field="token")
    connection.expire_with(caller)
    connection.reply(command.id, expires_in=int(gateway.seconds_left(caller)))


def ping(_gateway: "Gateway", connection: Connection, command: commands.Ping) -> None:
    connection.reply(command.id)


def room_act(act: Act, gateway: "Gateway", connection: Connection, command: RoomCommand) -> None:
    gateway.work(connection, command.id, _room_act(act, gateway, connection, command))


async def _room_act(act: Act, gateway: "Gateway", connection: Connection, command: RoomCommand) -> None:
    connection.reply(command.id, **await act(gateway.services, _caller(connection), command))


COMMANDS: dict[type[Command], Handler] = {
    **{kind: partial(room_act, work) for kind, work in ACTS.items()},
    commands.Hello: say_hello,
    commands.Post: post,
    commands.Edit: edit,
    commands.Delete: delete,
    commands.React: react,
    commands.Read: read,
    commands.Me: me,
    commands.Typing: typing,
    commands.History: history,
    commands.Subscribe: subscribe,
    commands.Unsubscribe: unsubscribe,
    commands.Presence: presence,
    commands.Refresh: refresh,
    commands.Ping: ping,
}
