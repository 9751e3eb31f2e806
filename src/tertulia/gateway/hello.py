"""`hello`: who it is, what they have; then all their rooms, from there to live."""

from typing import TYPE_CHECKING

from tertulia.domain.errors import CloseCode, Disconnect, Rejection
from tertulia.domain.models import Caller
from tertulia.gateway.connection import Connection
from tertulia.gateway.follow import Follow
from tertulia.gateway.heartbeat import DEAD_SECONDS, PING_SECONDS
from tertulia.gateway.transport import HIGH_WATER
from tertulia.protocol.codec import encode_with
from tertulia.protocol.commands import Hello
from tertulia.protocol.frames import Frames
from tertulia.protocol.resources import user_resource
from tertulia.services.tokens import Expired
from tertulia.services.views import Followed

if TYPE_CHECKING:
    from tertulia.gateway.gateway import Gateway

SHOWN_ROOMS = 200


async def hello(gateway: "Gateway", connection: Connection, command: Hello) -> None:
    """The reply, `ready`, then each room of `resume`, then live; raises `Disconnect`."""
    try:
        await _hello(gateway, connection, command)
    except Rejection as rejection:  # busy: there is no second hello, so let it come back
        raise Disconnect(CloseCode.BUSY, rejection.message) from None


async def _hello(gateway: "Gateway", connection: Connection, command: Hello) -> None:
    caller = await _caller(gateway, connection, command)
    gateway.count_hello(caller)
    connection.welcome(caller, await gateway.services.people.user(caller.user))
    same_history = command.boot is None or await gateway.services.history.knows(command.boot)
    if connection.ended:
        return
    _check_still_welcome(gateway, caller)
    gateway.enlist(connection)
    followed, heads = await _enter_all(gateway, connection)
    # No await from here to the last room that goes live: nothing may come before `ready`, or between.
    connection.reply(command.id)
    connection.offer(Frames((_ready(gateway, connection, followed),)))
    connection.greet()
    _go_live(gateway, connection, command, followed, heads)
    await _resume(gateway, connection, command, same_history=same_history)
    if same_history:
        _advance(gateway, connection, command)
    await _tell_of_others(gateway, connection, command, {room_id for room_id, _ in followed.shown})


async def _tell_of_others(gateway: "Gateway", connection: Connection, command: Hello, shown: set[str]) -> None:
    """How the user stands in resumed rooms that `ready` did not list: on another device it may have changed."""
    follows = [connection.rooms.get(room_id) for room_id in command.resume if room_id not in shown]
    numbers = [follow.number for follow in follows if follow is not None and follow.member]
    if numbers:
        await gateway.services.membership.tell(connection.user, numbers)


def _check_still_welcome(gateway: "Gateway", caller: Caller) -> None:
    """No await between this and enlisting: sessions end, and others come, at any time."""
    if not gateway.services.sessions.is_open(caller):
        raise Disconnect(CloseCode.SESSION_ENDED, "This session has ended. Sign in again.")
    if len(gateway.hub.of_user(caller.user)) >= gateway.limits.per_user:
        raise Disconnect(CloseCode.TOO_MANY, "Too many connections of this user. Close others first.")


def _advance(gateway: "Gateway", connection: Connection, command: Hello) -> None:
    """The client's own positions; a crash may have lost them."""
    for room_id, index in command.read.items():
        follow = connection.rooms.get(room_id)
        if follow is not None and follow.member:
            gateway.services.receipts.advance(connection.user, follow.number, index, None, repeated=True)


async def _caller(gateway: "Gateway", connection: Connection, command: Hello) -> Caller:
    """Of the handshake, or of the command; a bad token ends the connection."""
    if command.token is None:
        if connection.caller is None:
            raise Disconnect(CloseCode.UNAUTHORIZED, "Give an access token, in the handshake or in `hello`.")
        if not gateway.services.sessions.is_open(connection.caller):
            raise Disconnect(CloseCode.UNAUTHORIZED, "The access token is not good.")
        return connection.caller
    try:
        return await gateway.services.sessions.identify(command.token)
    except Rejection as rejection:
        raise refused_token(rejection) from None


def refused_token(rejection: Rejection) -> Disconnect:
    """How a connection ends whose token was refused: one that has only expired can be refreshed.

    Raises `rejection` when the token may be good: nobody could tell at the moment.
    """
    if rejection.code != "unauthorized":
        raise rejection
    if isinstance(rejection, Expired):
        return Disconnect(CloseCode.TOKEN_EXPIRED, "The access token expired. Come back with a fresh one.")
    return Disconnect(CloseCode.UNAUTHORIZED, "The access token is not good.")


async def _enter_all(gateway: "Gateway", connection: Connection) -> tuple[Followed, dict[int, int]]:
    """Register all rooms with the hub: those rooms; heads read afterwards.

    A room that nobody followed here may have moved between the reading and the registering, unseen: its head is
    read again. If it has none any more, it was deleted then, and nobody was there to be dropped.
    """
    with gateway.services.blocks.arriving(connection.user) as keep:
        followed = await gateway.rooms.followed(connection.user, SHOWN_ROOMS)
        keep(followed.blocked)
    if connection.ended:
        raise Disconnect(CloseCode.NORMAL, "The line is down.")
    unseen: dict[int, str] = {}
    for room in followed.rooms:
        follow = connection.rooms.setdefault(room.id, Follow(room.number, member=True))
        if not follow.catching and gateway.hub.enter(room.number, room.id, connection):
            unseen[room.number] = room.id
    heads = await gateway.rooms.heads(unseen) if unseen else {}
    for number in unseen.keys() - heads.keys():
        gateway.unfollow(connection, unseen[number])
    return followed, heads


def _go_live(
    gateway: "Gateway", connection: Connection, command: Hello, followed: Followed, heads: dict[int, int]
) -> None:
    """Rooms that are not resumed are live from what `ready` said; those that moved meanwhile catch up.

    Of the others the hub learns what was read, if nobody followed them: most who come back missed little or nothing.
    """
    for room in followed.rooms:
        if connection.ended:
            return
        if room.id in command.resume:
            if heads.get(room.number) == room.head_seq:
                gateway.hub.learn(room.number, room.head_seq, room.member_count, followed.last.get(room.number))
            continue
        follow = connection.rooms.get(room.id)
        if follow is None:  # dropped since it was read
            gateway.gone(connection, room.id)
        elif not follow.catching:
            moved = heads.get(room.number, room.head_seq) != room.head_seq
            if moved or not gateway.go_live(connection, room.id, follow, room.head_seq, room.member_count):
                gateway.start_catching(connection, room.id, follow, room.head_seq)


def _ready(gateway: "Gateway", connection: Connection, followed: Followed) -> bytes:
    assert connection.caller is not None
    assert connection.user_details is not None
    event = {
        "ev": "ready",
        "user": user_resource(connection.user_details),
        "epoch": gateway.services.history.epoch,
        "boot": gateway.services.history.boot,
        "heartbeat": {"interval": PING_SECONDS, "timeout": DEAD_SECONDS},
        "expires_in": int(gateway.seconds_left(connection.caller)),
        "more": len(followed.shown) < followed.listed,
        "blocked": followed.blocked.ids,
    }
    return encode_with(event, rooms=[text for _, text in followed.shown], presence=gateway.presence_of(connection))


async def _resume(gateway: "Gateway", connection: Connection, command: Hello, *, same_history: bool) -> None:
    """Each room of `resume`, one after the other: `changes`, `reload` or `gone`."""
    connection.resuming = set(command.resume)
    strangers = [room_id for room_id in command.resume if room_id not in connection.rooms]
    visible = await gateway.rooms.visible(connection.user, strangers) if strangers else {}
    known = _Known(gateway, connection)
    for room_id, cursor in command.resume.items():
        if room_id not in connection.resuming:  # they came in and were put out while this waited: that was told
            continue
        follow = connection.rooms.get(room_id)
        if follow is None and room_id in visible:
            room, member = visible[room_id]
            follow = Follow(room.number, member=member)
        since = cursor if same_history else None
        if follow is not None and known.take(gateway.catch_at_once(connection, room_id, follow, since)):
            continue
        known.write()
        if follow is None:
            gateway.gone(connection, room_id)
        else:
            await gateway.catch_now(connection, room_id, follow, since)
        if connection.ended:
            return
    known.write()
    connection.resuming = None


class _Known:
    """What rooms could be told without waiting, to be written in one go: before anything is waited for."""

    def __init__(self, gateway: "Gateway", connection: Connection) -> None:
        self._gateway = gateway
        self._connection = connection
        self._frames: list[Frames] = []
        self._size = 0

    def take(self, frames: Frames | None) -> bool:
        """Whether there is something to take."""
        if frames is None:
            return False
        self._frames.append(frames)
        self._size += len(frames.wire)
        if self._size > HIGH_WATER:
            self.write()
        return True

    def write(self) -> None:
        if self._frames:
            self._gateway.metrics.resumes.labels("ring").inc(len(self._frames))
            self._connection.offer(Frames.joined(self._frames))
            self._frames, self._size = [], 0
