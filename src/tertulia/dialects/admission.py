"""What dialects ask of a socket that wants to open: its token, the user, the room."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from tertulia.dialects.dialect import Hail
from tertulia.dialects.lines import refuse
from tertulia.domain.errors import Rejection
from tertulia.domain.ids import MAX_INTEGER, canonical_id
from tertulia.domain.models import Caller, Member, Room, RoomKind, User
from tertulia.gateway.admission import Refuse, UpgradeRequest

MAX_PARAMS = 50
HIDDEN = frozenset({"not_found", "unauthorized", "forbidden", "archived"})
"""Codes of what must not be told apart: whose token, which room."""


def token_in_query(request: UpgradeRequest) -> str:
    """`?token=`, decoded; of several the first one, "" without."""
    try:
        pairs = parse_qsl(request.query, keep_blank_values=True, max_num_fields=MAX_PARAMS)
    except ValueError:
        return ""
    return next((value for name, value in pairs if name == "token"), "")


def token_in_header(request: UpgradeRequest | Request) -> str:
    """`Authorization: Bearer`, its first word in any case; "" without."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def who(hail: Hail, token: str) -> tuple[Caller, User]:
    """Whose access token it is; raises `unauthorized` (see services/tokens.py for its kinds)."""
    services = hail.ground.services
    caller = await services.sessions.identify(token)
    return caller, await services.people.me(caller)


async def room_by_name_or_number(hail: Hail, caller: Caller) -> tuple[Room, Member | None]:
    """By name, else by number if it is all digits; raises `not_found`."""
    lookup, name = hail.ground.services.lookup, hail.room
    try:
        return await lookup.room_named(caller, name)
    except Rejection:
        if not (name.isascii() and name.isdecimal()):
            raise
    return await lookup.room(caller, int(name[: len(str(MAX_INTEGER)) + 1]))


async def room_by_name_or_id(hail: Hail, caller: Caller) -> tuple[Room, Member | None]:
    """By name, else by its UUID; raises `not_found`."""
    lookup = hail.ground.services.lookup
    try:
        return await lookup.room_named(caller, hail.room)
    except Rejection:
        return await lookup.room(caller, hail.room)


async def room_by_id_or_name(hail: Hail, caller: Caller) -> tuple[Room, Member | None]:
    """By its UUID, else by name; raises `not_found`."""
    lookup = hail.ground.services.lookup
    if canonical_id(hail.room):
        with suppress(Rejection):
            return await lookup.room(caller, hail.room)
    return await lookup.room_named(caller, hail.room)


async def enter(hail: Hail, caller: Caller, room: Room, member: Member | None) -> Room:
    """Connecting to a public room is joining it."""
    if member is None and room.kind is RoomKind.PUBLIC:
        await hail.ground.services.members.join(caller, room.id, quiet=True)
    return room


def not_for_them(rejection: Rejection) -> Refuse:
    """HTTP 403 instead of a socket; raises what is about the server (`busy` and its like) again."""
    if rejection.code not in HIDDEN:
        raise rejection
    return refuse()


def frame_of(text: str) -> dict[str, Any] | None:
    """The JSON object in a frame; None when it holds anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
