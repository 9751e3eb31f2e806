"""What a client knows: all its rooms, and who is there. Pure: frames in, state out, and what to say next."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tertulia.client.room import Frame, Outcome, RoomModel
from tertulia.protocol.commands import MAX_CURSORS
from tertulia.protocol.resources import MyRoomResource, UserResource


@dataclass(frozen=True, slots=True)
class Need:
    """A command that the server has to be told so that a room becomes right again."""

    cmd: str  # subscribe, unsubscribe
    room: str
    seq: int | None = None


@dataclass(slots=True)
class Step:
    """What a frame led to: the `events` that were applied, in order (`changes` comes as its items), and `needs`."""

    events: list[Frame] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)


class Model:
    """All rooms of one user. Feed it every frame of every connection, in order; `cut` between connections.

    `follow`: ask for a snapshot of every room of the list, so that nothing is missed in any of them; otherwise rooms
    are only listed (counts, last message) until `open`.
    """

    def __init__(self, *, follow: bool = True) -> None:
        self.user: UserResource | None = None
        self.epoch: str | None = None
        self.boot: str | None = None
        self.rooms: dict[str, RoomModel] = {}
        self.presence: dict[str, str] = {}
        self.blocked: frozenset[str] = frozenset()
        self.wanted: set[str] = set()
        self._left_rooms: set[str] = set()
        self._follow = follow

    # For hello.

    def resume(self) -> dict[str, int]:
        """Room → cursor, at most 2,000."""
        followed = [(room.id, room.cursor) for room in self.rooms.values() if room.cursor is not None]
        return dict(followed[:MAX_CURSORS])

    def positions(self) -> dict[str, int]:
        """Room → how far I have read; the server may have forgotten the last second of it."""
        read = [(room.id, int(room.me["read_index"])) for room in self.rooms.values() if room.me is not None]
        return dict(read[:MAX_CURSORS])

    # Frames.

    def apply(self, frame: Frame) -> Step:
        """Any event; unknown ones are left out, so that a newer server does not break an older client."""
        match frame["ev"]:
            case "ready":
                return self._ready(frame)
            case "presence":
                for one in frame["users"]:
                    self._see(one["user"], one["status"])
                return Step([frame])
            case "blocked":
                self._block(frame["users"])
                return Step([frame])
            case "message" | "member" | "room" | "changes" | "reload" | "gone" | "receipt" | "typing" | "me":
                return self._room(frame)
        return Step()

    def cut(self) -> None:
        """The line is down: what is short-lived is forgotten, everything durable stays."""
        self.presence.clear()
        self._left_rooms.clear()
        for room in self.rooms.values():
            room.cut()

    def want(self, room: str) -> None:
        """Follow this room from now on: if it does not come by itself (join, create), the next `ready` asks for it."""
        self.wanted.add(room)
        self._left_rooms.discard(room)

    def open(self, room: str) -> list[Need]:
        """What to say so that this room is followed; nothing when it is, or is about to be."""
        self.want(room)
        model = self._known(room)
        return self._catch_up(model) if model.cursor is None else []

    def give_up(self, room: str) -> None:
        """The server refused to catch this room up; the next event of it tries again."""
        self.wanted.discard(room)
        if (model := self.rooms.get(room)) is not None:
            model.catching_up = False

    def forget(self, room: str) -> None:
        """The room is not followed any more, and not listed."""
        self.wanted.discard(room)
        self.rooms.pop(room, None)

    def listed(self, rooms: Iterable[MyRoomResource]) -> list[Need]:
        """My rooms as REST has them; moves no cursor."""
        needs: list[Need] = []
        for resource in rooms:
            room = self._known(resource["id"])
            room.listed(resource)
            if room.cursor is None and (self._follow or room.id in self.wanted):
                needs += self._catch_up(room)
        return needs

    def _ready(self, frame: Frame) -> Step:
        another = self.epoch is not None and self.epoch != frame["epoch"]
        self.user, self.epoch, self.boot = frame["user"], frame["epoch"], frame["boot"]
        self._block(frame.get("blocked", ()))
        self.presence = {}
        for one in frame["presence"]:
            self._see(one["user"], one["status"])
        for room in self.rooms.values():
            room.user = frame["user"]["id"]
            resumed = room.cursor is not None
            if another or not resumed:  # numbers of another history must not be compared
                room.forget()
            room.catching_up = resumed  # its changes, reload or gone come next, unasked
        listed = {resource["id"] for resource in frame["rooms"]}
        if not frame["more"]:
            kept = listed | self.wanted
            self.rooms = {key: room for key, room in self.rooms.items() if room.catching_up or key in kept}
        needs = self.listed(frame["rooms"])
        for room_id in self.wanted - listed:
            needs += self.open(room_id)
        return Step([frame], needs)

    def _room(self, frame: Frame) -> Step:
        name, ev = frame["room"], frame["ev"]
        if ev == "reload":
            self._left_rooms.discard(name)
        if name in self._left_rooms:
            return Step()  # came before the server heard our `unsubscribe`
        if name not in self.rooms and ev in ("receipt", "typing", "me"):
            return Step()
        if ev == "gone":
            self.forget(name)
            return Step([frame])
        return self._applied(self._known(name), frame)

    def _applied(self, room: RoomModel, frame: Frame) -> Step:
        match room.apply(frame):
            case Outcome.APPLIED:
                return Step(_items(frame))
            case Outcome.LEFT:
                return self._left(room, frame)
            case Outcome.GAP if self._is_to_follow(room):
                return Step([], self._catch_up(room))
            case Outcome.GAP:
                return Step(_items(frame))
        return Step()

    def _is_to_follow(self, room: RoomModel) -> bool:
        """A room that no list has told of is followed, too: nothing else would tell how I stand there."""
        return room.cursor is not None or self._follow or room.id in self.wanted or room.me is None

    def _left(self, room: RoomModel, frame: Frame) -> Step:
        self.forget(room.id)
        if frame["ev"] != "changes":
            return Step([frame])
        self._left_rooms.add(room.id)  # after a resume the server goes on with a public room
        return Step(frame["items"], [Need("unsubscribe", room.id)])

    def _catch_up(self, room: RoomModel) -> list[Need]:
        if room.catching_up:
            return []
        room.catching_up = True
        return [Need("subscribe", room.id, room.cursor)]

    def _known(self, room: str) -> RoomModel:
        if room not in self.rooms:
            self.rooms[room] = RoomModel(room, self.user["id"] if self.user else None)
            self.rooms[room].blocked = self.blocked
        return self.rooms[room]

    def _block(self, users: Iterable[str]) -> None:
        """All whom I block: their @room does not count for me."""
        self.blocked = frozenset(users)
        for room in self.rooms.values():
            room.blocked = self.blocked

    def _see(self, user: str, status: str) -> None:
        if status == "offline":
            self.presence.pop(user, None)
        else:
            self.presence[user] = status


def _items(frame: Frame) -> list[Frame]:
    """What a frame holds, as it would have come live."""
    return list(frame["items"]) if frame["ev"] == "changes" else [frame]
