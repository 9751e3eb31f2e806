"""HTTP of the dialect chatrooms."""

from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import override

from tertulia.dialects.chatrooms.shapes import (
    MessageShape,
    NumberedMessage,
    NumberedMessages,
    Registered,
    RoomShape,
    SignedIn,
    message_shape,
    numbered_shape,
    room_shape,
    user_shape,
)
from tertulia.dialects.entering import USERNAME_TAKEN, TokensShape, by_username, pair_of, renew, sign_in, sign_up
from tertulia.dialects.errors import Refused, invalid
from tertulia.dialects.fields import Email, Form, Integer, Text
from tertulia.dialects.routes import Ask, Auth, Routes
from tertulia.dialects.texts import room_name, taken, username, written
from tertulia.dialects.tokens import no_account
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.models import Member, Room, RoomKind
from tertulia.domain.text import MAX_BODY

routes = Routes()


class Worded(Form):
    """A form whose faults are told in other words: `said` makes the body of them."""

    def __init__(self, said: Callable[[Mapping[str, Any]], Mapping[str, Any]], /, **fields: Any) -> None:
        super().__init__(**fields)
        self._said = said

    @override
    def clean(self, data: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return super().clean(data)
        except Refused as refused:
            raise Refused(refused.status, self._said(refused.body)) from None


CREDENTIALS = {"username": Text(), "password": Text(trim=False)}
NAME_TAKEN = "chat room with this name already exists."


# Accounts


def _not_registered(faults: Mapping[str, Any]) -> Mapping[str, Any]:
    """As both revisions of the original say it."""
    return {"error": "Invalid data", "details": faults, **faults}


@routes.post(
    "/api/register/",
    "Sign up; the tokens work at once.",
    {201: Registered, 400: "What is wrong with each field."},
    form=Worded(
        _not_registered,
        username=Text(most=150, check=username),
        email=Email(required=False, blank=True),
        password=Text(most=128, trim=False),
    ),
    auth=Auth.NONE,
    throttle="register",
)
async def register(ask: Ask) -> Registered:
    refused = Refused(400, _not_registered({"username": [USERNAME_TAKEN]}))
    signed_in = await sign_up(ask, by_username(ask.form), {"username_taken": refused})
    return {"user": user_shape(signed_in.user), "tokens": pair_of(signed_in)}


@routes.post(
    "/api/token/",
    "Sign in.",
    {200: TokensShape, 400: "A field is missing.", 401: "Wrong username or password."},
    form=Form(**CREDENTIALS),
    auth=Auth.NONE,
    throttle="login",
)
async def token(ask: Ask) -> TokensShape:
    return pair_of(await sign_in(ask, ask.form["username"], ask.form["password"], "username", no_account()))


@routes.post(
    "/api/login/",
    "Sign in, as clients of the later code do.",
    {200: SignedIn, 400: "A field is missing.", 401: "Wrong username or password."},
    form=Worded(lambda faults: {"error": "Username and password are required.", **faults}, **CREDENTIALS),
    auth=Auth.NONE,
    throttle="login",
)
async def login(ask: Ask) -> SignedIn:
    usual = no_account()
    wrong = Refused(401, {"error": "Invalid username or password.", **usual.body}, usual.headers)
    signed_in = await sign_in(ask, ask.form["username"], ask.form["password"], "username", wrong)
    tokens, user = pair_of(signed_in), signed_in.user
    return {**tokens, "user": {"id": user.number, "username": user.username}, "tokens": tokens}


@routes.post(
    "/api/token/refresh/",
    "A new pair of tokens; the one that was given is used up.",
    {200: TokensShape, 400: "A field is missing.", 401: "The token is not good."},
    form=Form(refresh=Text(trim=False)),
    auth=Auth.NONE,
    throttle="login",
)
async def refresh(ask: Ask) -> TokensShape:
    return await renew(ask)


# Rooms


@routes.get("/api/chatrooms/", "Rooms that everybody may enter, and those in which one is.", {200: list[RoomShape]})
async def rooms(ask: Ask) -> list[RoomShape]:
    found = await ask.services.lookup.rooms(ask.me, ask.bounds.rooms)
    return [room_shape(view.room) for view in found]


@routes.post(
    "/api/chatrooms/",
    "Make a room that everybody may enter.",
    {201: RoomShape, 400: "What is wrong with the name."},
    form=Form(name=Text(most=255, check=room_name)),
)
async def create_room(ask: Ask) -> RoomShape:
    name = ask.form["name"]
    try:
        view = await ask.services.rooms.create(ask.me, RoomKind.PUBLIC, name, name, "")
    except Rejection as rejection:
        raise taken(rejection, {"name_taken": invalid(name=NAME_TAKEN)}) from None
    return room_shape(view.room)


@routes.delete(
    "/api/chatrooms/delete/{room:int}/",
    "Delete a room of one's own, with its messages.",
    {204: None, 403: "It is somebody else's.", 404: "There is none."},
)
async def delete_room(ask: Ask) -> None:
    room, _ = await _room(ask, _number(ask.params["room"]), "Chatroom not found.")
    if room.owner != ask.me.user:
        raise Refused(403, {"error": "You can only delete rooms you created."})
    await ask.services.rooms.delete(ask.me, room.id)


async def _room(ask: Ask, ref: int | str, missing: str) -> tuple[Room, Member | None]:
    try:
        return await ask.services.lookup.room(ask.me, ref)
    except Rejection as rejection:
        raise taken(rejection, {"not_found": Refused(404, {"error": missing})}) from None


def _number(text: str) -> int:
    return int(text) if len(text) <= len(str(MAX_INTEGER)) else MAX_INTEGER


# Messages


@routes.post(
    "/api/messages/create/",
    "Post a message.",
    {201: NumberedMessage, 400: "Something is missing.", 404: "There is no such room."},
    form=Worded(
        lambda _faults: {"error": "chatroom_id and content are required."},
        chatroom_id=Integer(),
        content=Text(trim=False),
    ),
)
async def create_message(ask: Ask) -> NumberedMessage:
    content = ask.form["content"]
    if len(content) > MAX_BODY or content.isspace():
        raise Refused(400, {"error": f"content must hold 1 to {MAX_BODY} characters, not only white space."})
    room, member = await _room(ask, ask.form["chatroom_id"], "Chatroom not found.")
    if member is None:
        await ask.services.members.join(ask.me, room.id, quiet=True)
    outcome = await ask.services.messages.post(ask.me, room.id, content)
    assert outcome.message is not None
    _, filed = await ask.services.lookup.message(ask.me, outcome.message.id)
    return numbered_shape(filed)


@routes.delete(
    "/api/messages/delete/{message:int}/",
    "Delete a message of one's own.",
    {204: None, 403: "It is somebody else's.", 404: "There is none."},
)
async def delete_message(ask: Ask) -> None:
    missing = Refused(404, {"error": "Message not found."})
    try:
        room, filed = await ask.services.lookup.message(ask.me, _number(ask.params["message"]))
    except Rejection as rejection:
        raise taken(rejection, {"not_found": missing}) from None
    message = filed.message
    if message.deleted_at is not None or message.index is None:
        raise missing
    if message.sender is None or message.sender.number != ask.me.user:
        raise Refused(403, {"error": "You can only delete your own messages."})
    await ask.services.messages.delete(ask.me, room.id, message.index)


@routes.get("/api/messages/create/", "Of a room that is called so.", {200: list[MessageShape]}, shown=False)
@routes.get(
    "/api/messages/{room}/",
    "The newest messages of a room, oldest first, by its name; by its number in the shape of the later code.",
    {200: list[MessageShape] | NumberedMessages},
)
async def history(ask: Ask) -> Any:
    try:
        room, by_number = await find_room(ask, ask.params.get("room", "create"))
    except Rejection as rejection:
        return taken(rejection, {"not_found": Refused(200, [])}).body
    found = written(await ask.services.lookup.newest(ask.me, room.number, ask.bounds.history))
    if by_number:
        return {"messages": [numbered_shape(filed) for filed in found]}
    return [message_shape(room, filed) for filed in found]


async def find_room(ask: Ask, name: str) -> tuple[Room, bool]:
    """A room by its name, else by its number, and whether it was by the number; raises `not_found`."""
    try:
        return (await ask.services.lookup.room_named(ask.me, name))[0], False
    except Rejection:
        if not (name.isascii() and name.isdecimal()):
            raise
    return (await ask.services.lookup.room(ask.me, _number(name)))[0], True
