"""Rooms of the dialect channels. Without a credential one sees those that are open to everybody."""

from collections.abc import Sequence

from tertulia.dialects.channels.shapes import Links, RoomShape, number_or_id, room_shape
from tertulia.dialects.errors import NOT_ALLOWED, Refused, detail, invalid, no_such
from tertulia.dialects.fields import Form, Text, Texts
from tertulia.dialects.routes import Ask, Auth, Routes
from tertulia.dialects.texts import room_name, taken
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Member, Room, RoomKind
from tertulia.services.rooms import FIRST_MEMBERS, Settings

routes = Routes()

ONE = "/api/rooms/{room}/"
CHANGED = {200: RoomShape, 403: "It is somebody else's.", 404: "There is none."}
SHOWN_USERS = 200
"""Of each room, the first who came."""
MAX_NAME = 100


@routes.get("/api/", "Where rooms and messages are.", {200: Links}, auth=Auth.OPTIONAL)
async def links(ask: Ask) -> Links:
    return {"rooms": f"{ask.base}/api/rooms/", "messages": f"{ask.base}/api/messages/"}


@routes.get("/api/rooms/", "Open rooms and one's own, oldest first.", {200: list[RoomShape]}, auth=Auth.OPTIONAL)
async def rooms(ask: Ask) -> list[RoomShape]:
    found = await ask.services.lookup.rooms(ask.caller, ask.bounds.rooms)
    return await _shapes(ask, [view.room for view in found])


@routes.post(
    "/api/rooms/",
    "Make a room: open to everybody, or with `users` only for these and oneself.",
    {201: RoomShape, 400: "What is wrong with each field."},
    form=Form(room_name=Text(most=MAX_NAME, check=room_name), users=Texts(Text(most=150), most=FIRST_MEMBERS)),
)
async def create_room(ask: Ask) -> RoomShape:
    name, names = ask.form["room_name"], ask.form.get("users")
    others = await _numbers(ask, names or [])
    kind = RoomKind.PUBLIC if names is None else RoomKind.PRIVATE
    try:
        view = await ask.services.rooms.create(
            ask.me, kind, name, name, "", exclusive=names is not None, members=others
        )
    except Rejection as rejection:
        if rejection.code in ("not_found", "blocked", "too_many"):
            raise invalid(users=rejection.message) from None
        raise taken(rejection, {"name_taken": _name_taken()}) from None
    return await _shape(ask, view.room)


async def _numbers(ask: Ask, names: Sequence[str]) -> list[int]:
    """The others' numbers; raises `Refused` for names that are nobody's."""
    found = await ask.services.people.named(ask.me, names)
    unknown = [f"There is no user {name}." for name in names if name not in found]
    if unknown:
        raise invalid(users=unknown)
    return list({user.number for user in found.values()} - {ask.me.user})


@routes.get(
    ONE,
    "One room, by its UUID or its number.",
    {200: RoomShape, 404: "There is none."},
    auth=Auth.OPTIONAL,
)
async def one_room(ask: Ask) -> RoomShape:
    return await _shape(ask, (await _room(ask))[0])


@routes.on(
    ("PUT",), ONE, "Rename a room of one's own.", CHANGED, form=Form(room_name=Text(most=MAX_NAME, check=room_name))
)
@routes.on(
    ("PATCH",),
    ONE,
    "The same, if anything is given.",
    CHANGED,
    form=Form(room_name=Text(required=False, most=MAX_NAME, check=room_name)),
)
async def change_room(ask: Ask) -> RoomShape:
    room = await _own_room(ask)
    name = ask.form.get("room_name")
    if name is None:
        return await _shape(ask, room)
    title = name if room.title == room.name else None  # it may have been given another one elsewhere
    try:
        view = await ask.services.rooms.change(ask.me, room.id, Settings(name=name, title=title))
    except Rejection as rejection:
        raise taken(rejection, {"name_taken": _name_taken(), "not_found": no_such("Room")}) from None
    return await _shape(ask, view.room)


def _name_taken() -> Refused:
    return invalid(room_name="room with this room name already exists.")


@routes.delete(
    ONE,
    "Delete a room of one's own, with its messages.",
    {204: None, 403: "It is somebody else's.", 404: "There is none."},
)
async def delete_room(ask: Ask) -> None:
    room = await _own_room(ask)
    try:
        await ask.services.rooms.delete(ask.me, room.id)
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("Room")}) from None


async def _own_room(ask: Ask) -> Room:
    """Of the path; raises `Refused` unless who asks has made it."""
    room, _ = await _room(ask)
    if room.owner != ask.me.user:
        raise detail(403, NOT_ALLOWED)
    return room


async def _room(ask: Ask) -> tuple[Room, Member | None]:
    try:
        return await ask.services.lookup.room(ask.caller, number_or_id(ask.params["room"]))
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("Room")}) from None


async def _shapes(ask: Ask, found: Sequence[Room]) -> list[RoomShape]:
    people = await ask.services.lookup.member_users([room.number for room in found], SHOWN_USERS)
    return [room_shape(room, people[room.number]) for room in found]


async def _shape(ask: Ask, room: Room) -> RoomShape:
    [shape] = await _shapes(ask, [room])
    return shape
