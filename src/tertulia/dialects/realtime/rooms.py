"""HTTP of the dialect realtime: rooms, direct rooms, members."""

from typing import Any

from tertulia.dialects.errors import NOT_ALLOWED, Refused, detail, invalid, no_such
from tertulia.dialects.fields import Anything, Boolean, Form, Text
from tertulia.dialects.realtime.shapes import RoomShape, room_shape
from tertulia.dialects.routes import Ask, Auth, Reply, Routes
from tertulia.dialects.texts import MAX_DESCRIPTION, MAX_NAME, name_of, ref_of, room_name, taken
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Room, RoomKind, User
from tertulia.services.rooms import Settings

routes = Routes()

NAME = Text(most=MAX_NAME, check=room_name)
NEW_NAME = Text(required=False, most=MAX_NAME, check=room_name)
DESCRIPTION = Text(required=False, nullable=True, blank=True, most=MAX_DESCRIPTION)
WHOLE, PARTS = Form(room_name=NAME, description=DESCRIPTION), Form(room_name=NEW_NAME, description=DESCRIPTION)
TEXT = {"type": "string"}
NOT_MANAGER = "You do not have permission to add members to this room."


# Rooms


@routes.get(
    "/chat/rooms/",
    "Open rooms, and those in which one is, by name.",
    {200: list[RoomShape]},
    auth=Auth.LENIENT,
)
async def rooms(ask: Ask) -> list[RoomShape]:
    found = [view.room for view in await ask.services.lookup.rooms(ask.caller, ask.bounds.rooms)]
    owners = await ask.services.lookup.owners(found)
    return [room_shape(room, owners) for room in sorted(found, key=name_of)]


@routes.post(
    "/chat/rooms/create/",
    "Make a room.",
    {201: RoomShape, 400: "What is wrong with each field."},
    form=Form(room_name=NAME, description=DESCRIPTION, is_private=Boolean(required=False)),
)
async def create_room(ask: Ask) -> RoomShape:
    name, description = ask.form["room_name"], ask.form.get("description") or ""
    private = ask.form.get("is_private", False)
    kind = RoomKind.PRIVATE if private else RoomKind.PUBLIC
    try:
        view = await ask.services.rooms.create(ask.me, kind, name, name, description, exclusive=private)
    except Rejection as rejection:
        raise taken(rejection, _name_taken()) from None
    return await _shown(ask, view.room)


@routes.get("/chat/rooms/{room}/", "One room.", {200: RoomShape, 404: "There is none."})
async def room(ask: Ask) -> RoomShape:
    return await _shown(ask, await _room(ask))


@routes.on(
    ("PUT", "PATCH"),
    "/chat/rooms/{room}/",
    "Change a room of one's own. PUT needs the name.",
    {200: RoomShape, 400: "What is wrong with each field.", 403: "It is somebody else's.", 404: "There is none."},
    form=Form(room_name=Anything(nullable=False, kind=TEXT), description=Anything(kind=TEXT)),
)
async def change_room(ask: Ask) -> RoomShape:
    found = await _room(ask)
    _check_creator(ask, found, NOT_ALLOWED)
    form = (WHOLE if ask.request.method == "PUT" else PARTS).clean(ask.form)
    name = form.get("room_name")
    description = form["description"] or "" if "description" in form else None
    try:
        view = await ask.services.rooms.change(ask.me, found.id, Settings(name, name, description))
    except Rejection as rejection:
        raise taken(rejection, {**_name_taken(), "not_found": no_such("ChatRoom")}) from None
    return await _shown(ask, view.room)


@routes.delete(
    "/chat/rooms/{room}/",
    "Delete a room of one's own, with its messages.",
    {204: None, 403: "It is somebody else's.", 404: "There is none."},
)
async def delete_room(ask: Ask) -> None:
    found = await _room(ask)
    _check_creator(ask, found, "You do not have permission to delete this room.")
    try:
        await ask.services.rooms.delete(ask.me, found.id)
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("ChatRoom")}) from None


async def _room(ask: Ask) -> Room:
    """The room in the path, by its UUID or number."""
    try:
        found, _ = await ask.services.lookup.room(ask.me, ref_of(ask.params["room"]))
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("ChatRoom")}) from None
    return found


async def _shown(ask: Ask, found: Room) -> RoomShape:
    return room_shape(found, await ask.services.lookup.owners([found]))


def _check_creator(ask: Ask, found: Room, refusal: str) -> None:
    if found.owner != ask.me.user:
        raise detail(403, refusal)


def _name_taken() -> dict[str, Refused]:
    return {"name_taken": invalid(room_name="chat room with this room name already exists.")}


# Direct rooms


@routes.get(
    "/chat/dm/{user}",
    "The direct room with somebody, by their number or UUID; it is made if there is none.",
    {200: RoomShape, 400: "It is oneself.", 404: "There is nobody."},
)
async def direct_room(ask: Ask) -> Any:
    partner = ref_of(ask.params["user"])
    if partner in (ask.me.user, ask.me.user_id):
        return Reply("Cannot create or direct message with yourself.", 400)
    try:
        view, _ = await ask.services.rooms.open_direct(ask.me, partner)
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("CustomUser")}) from None
    return await _shown(ask, view.room)


# Members


@routes.post(
    "/chat/rooms/{room}/members/add/",
    "Bring somebody into a private room of one's own.",
    {
        200: RoomShape,
        400: "Not here, not given, or in already.",
        403: "It is somebody else's.",
        404: "No such room, or user.",
    },
    form=Form(user_id=Anything(kind={"type": "integer"})),
)
async def add_member(ask: Ask) -> RoomShape:
    found = await _managed(ask, "Members can only be added to private chat rooms.")
    given = ask.form.get("user_id")
    if given is None or given == "" or not isinstance(given, int | str) or isinstance(given, bool):
        raise detail(400, "User ID to add is required.")
    user = await _user(ask, given)
    try:
        _, _, came = await ask.services.members.add(ask.me, found.id, user.id)
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("ChatRoom")}) from None
    if not came:
        raise detail(400, f"{user.username} is already a member of this room.")
    return await _shown(ask, found)


@routes.delete(
    "/chat/rooms/{room}/members/remove/{user}/",
    "Put somebody out of a private room of one's own, by their number or UUID.",
    {200: RoomShape, 400: "Not here, or not a member.", 403: "It is somebody else's.", 404: "No such room, or user."},
)
async def remove_member(ask: Ask) -> RoomShape:
    found = await _managed(ask, "Members can only be removed from private chat rooms.")
    user = await _user(ask, ask.params["user"])
    if user.number == found.owner:
        raise detail(400, "The creator of a room cannot be removed from it.")
    try:
        await ask.services.members.remove(ask.me, found.id, user.id)
    except Rejection as rejection:
        missing = detail(400, f"{user.username} is not a member of this room.")
        raise taken(rejection, {"not_found": missing}) from None
    return await _shown(ask, found)


async def _managed(ask: Ask, not_private: str) -> Room:
    """The room in the path, if it is the caller's own private one."""
    found = await _room(ask)
    if found.kind is not RoomKind.DIRECT:
        _check_creator(ask, found, NOT_MANAGER)
    if found.kind is not RoomKind.PRIVATE:
        raise detail(400, not_private)
    return found


async def _user(ask: Ask, ref: int | str) -> User:
    try:
        return await ask.services.people.active(ask.me, ref_of(ref) if isinstance(ref, str) else ref)
    except Rejection as rejection:
        raise taken(rejection, {"not_found": no_such("CustomUser")}) from None
