"""Finding rooms and people by what they are called."""

from tertulia.client import Client, RoomModel
from tertulia.protocol.resources import RoomResource, UserResource

PAGES = 5
"""Pages of the directory that are looked through."""

SHOWN = 20


async def find_room(client: Client, name: str) -> str | None:
    """The id of a room of mine (by name, title or `@person`), or of a public one with this name."""
    name = name.strip().removeprefix("#")
    for room in client.rooms.values():
        if room.me is not None and name in _called(room):
            return room.id
    cursor: str | None = None
    for _ in range(PAGES):
        page, cursor = await client.rest.directory(name, cursor)
        for found in page:
            if found["name"] == name:
                return found["id"]
        if cursor is None:
            break
    return None


def _called(room: RoomModel) -> set[str]:
    if room.partner is not None:
        return {f"@{room.partner['username']}"}
    return {str(called) for called in (room.settings.get("name"), room.settings.get("title")) if called}


async def others(client: Client) -> list[RoomResource]:
    """The largest public rooms that I am not in."""
    page, _ = await client.rest.directory()
    mine = {room.id for room in client.rooms.values() if room.me is not None}
    return [room for room in page if room["id"] not in mine][:SHOWN]


async def find_person(client: Client, name: str) -> UserResource | None:
    """Whoever has just this name."""
    name = name.strip().removeprefix("@")
    return next((user for user in await client.rest.users(name) if user["username"] == name), None)
