"""What stands around the input: posts on their way above it, the bar below it. Pure."""

from collections.abc import Iterable, Sequence

from tertulia.cli.chat.escape import one_line
from tertulia.cli.chat.view import QUIET, name_of, names_text, room_name
from tertulia.cli.chat.wrap import Line, shortened
from tertulia.client import RoomModel

SHOWN = 3


def toolbar(connection: str, room: RoomModel | None, rooms: Iterable[RoomModel], presence: dict[str, str]) -> str:
    """The most important first. `connection` is empty while all is well."""
    parts = [connection, typing_text(room) if room is not None else ""]
    parts.append(unread_text(other for other in rooms if other is not room))
    if room is not None and not connection:
        parts.append(here_text(room, presence))
    return " " + " │ ".join(filter(None, parts))


def typing_text(room: RoomModel) -> str:
    names = [name_of(user) for user in room.typing if user["id"] != room.user]
    count = room.typing_count - (len(room.typing) - len(names))
    if count <= 0:
        return ""
    if not names or count > SHOWN:
        return "somebody is typing…" if count == 1 else f"{count:,} people are typing…"
    return f"{names_text(names)} {'is' if count == 1 else 'are'} typing…"


def unread_text(rooms: Iterable[RoomModel]) -> str:
    """Where there is something new, mentions (`@`) first."""
    new = sorted((room for room in rooms if room.unread), key=lambda room: (-room.mentions, -room.unread))
    told = [f"{room_name(room)} {room.unread:,}{'@' if room.mentions else ''}" for room in new[:SHOWN]]
    if len(new) > SHOWN:
        told.append(f"and {len(new) - SHOWN} more")
    return f"new: {', '.join(told)}" if told else ""


def here_text(room: RoomModel, presence: dict[str, str]) -> str:
    """Who else is there, those at their devices first."""
    if not room.members_complete:
        return f"{room.member_count:,} members"
    others = [member["user"] for member in room.present if member["user"]["id"] != room.user]
    there = [user for user in others if user["id"] in presence]
    there.sort(key=lambda user: (presence[user["id"]] != "online", user["username"]))
    names = [name_of(user) + (" (away)" if presence[user["id"]] == "away" else "") for user in there]
    return f"here: {', '.join(names)}" if names else "nobody else is here"


def waiting_lines(bodies: Sequence[str], width: int) -> list[Line]:
    """My posts that are on their way: the newest three."""
    lines: list[Line] = []
    if len(bodies) > SHOWN:
        lines.append([(QUIET, f"… {len(bodies) - SHOWN:,} more on their way")])
    return lines + [[(QUIET, shortened(f"… {one_line(body)}", width - 1))] for body in bodies[-SHOWN:]]
