"""What is printed. Pure: rows of the timeline in, lines of styled text out.

A line is a list of (style, text) as prompt_toolkit takes it; `plain` makes text of it. Everything that others wrote
has gone through `escape`. `width` is the terminal's in columns, None for no terminal: then one row is one line.
"""

from collections.abc import Sequence
from datetime import date, datetime

from tertulia.cli.chat.escape import escaped, lines_of, one_line
from tertulia.cli.chat.wrap import Line, wrapped
from tertulia.client import RoomModel
from tertulia.protocol.resources import MessageResource, RoomResource, UserResource

QUIET = "class:quiet"
MOST_LINES = 40
"""Lines of one message that are shown unasked; `/show` shows all."""

COLOURS = 6


def plain(line: Line) -> str:
    return "".join(text for _, text in line)


def quiet(text: str) -> Line:
    """What the program itself says."""
    return [(QUIET, f"· {text}")]


def warning(text: str) -> Line:
    """What went wrong."""
    return [("class:warning", f"! {text}")]


# Rows of the timeline.


def day_of(row: MessageResource) -> date:
    return _local(row).date()


def day_line(day: date) -> Line:
    return [(QUIET, f"── {day:%A} {day.day} {day:%B %Y} ──")]


def row_lines(row: MessageResource, me: str, width: int | None = None, most: int = MOST_LINES) -> list[Line]:
    """A message or a notice, as it is now."""
    if row["index"] is None:
        return wrapped([], [quiet(f"{_local(row):%H:%M} {notice_text(row)}")], width, most)
    sender = row["sender"]
    head: Line = [
        (QUIET, f"#{row['index']} {_local(row):%H:%M} "),
        (_name_style(sender, me), name_of(sender)),
        ("", ": "),
    ]
    return wrapped(head, _body(row, me, on_one_line=width is None), width, most)


def _body(row: MessageResource, me: str, *, on_one_line: bool) -> list[Line]:
    if row["body"] is None:
        return [[(QUIET, "(deleted)")]]
    is_mine = row["sender"] is not None and row["sender"]["id"] == me
    calls_me = not is_mine and me in row.get("mentions", ())
    texts = [one_line(row["body"])] if on_one_line else lines_of(row["body"])
    body: list[Line] = [[("class:mention" if calls_me else "", text)] for text in texts]
    if calls_me:
        body[0].insert(0, ("class:mention", "▸ "))
    if "reply_to" in row:
        body[0].insert(0, (QUIET, f"(to #{row['reply_to']}) "))
    if "edited_at" in row:
        body[-1].append((QUIET, " (edited)"))
    if reactions := reactions_text(row):
        body[-1].append((QUIET, f" [{reactions}]"))
    return body


def change_lines(
    before: MessageResource, now: MessageResource, me: str, width: int | None = None, most: int = MOST_LINES
) -> list[Line]:
    """What became of a row that is on the screen; nothing when it looks as before."""
    number, name = f"#{now['index']}", name_of(now["sender"])
    if now["body"] is None:
        return [] if before["body"] is None else [quiet(f"{number} from {name} was deleted")]
    lines: list[Line] = []
    if now["body"] != before["body"]:
        texts = [one_line(now["body"])] if width is None else lines_of(now["body"])
        style = "class:mention" if me in now.get("mentions", ()) else ""
        lines += wrapped(quiet(f"{name} edited {number}: "), [[(style, text)] for text in texts], width, most)
    if reactions_text(now) != reactions_text(before):
        lines.append(quiet(f"{number} from {name}: {reactions_text(now) or 'no reaction any more'}"))
    return lines


def reactions_text(row: MessageResource) -> str:
    """`👍 2, 🎉 1`."""
    return ", ".join(f"{escaped(one['emoji'])} {one['count']}" for one in row.get("reactions", ()))


def notice_text(row: MessageResource) -> str:
    notice = row.get("notice")
    if notice is None:
        return "something happened"
    users = notice.get("users", [])
    people, were = names_text([name_of(user) for user in users]), "were" if len(users) > 1 else "was"
    by = f" by {name_of(notice['by'])}" if "by" in notice else ""
    match notice["type"]:
        case "renamed":
            return f"the room was renamed{by}: {escaped(notice.get('title', ''))}"
        case "added" | "removed" as what:
            return f"{people} {were} {what}{by}"
        case what:
            return f"{people} {what}"


# Rooms and people.


def room_name(room: RoomModel) -> str:
    """`general`, `@ben` for the direct room with ben, else the title."""
    if room.partner is not None:
        return f"@{name_of(room.partner)}"
    return escaped(str(room.settings.get("name") or room.title))


def header_lines(room: RoomModel, width: int | None = None) -> list[Line]:
    """The room that one enters."""
    name, title = room_name(room), escaped(str(room.settings.get("title") or ""))
    about = [f"{name} · {title}" if title and title != name else name]
    if room.partner is None:
        about.append("1 member" if room.member_count == 1 else f"{room.member_count:,} members")
    return wrapped([], [[("class:header", f"── {', '.join(about)} ──")]], width, 3)


def room_line(room: RoomModel) -> Line:
    """A room of mine in the list."""
    line: Line = [("", f"  {room_name(room)}")]
    if room.unread:
        line.append(("class:mention", f"  {room.unread:,} new"))
    if room.mentions:
        line.append(("class:mention", f", {room.mentions} for you"))
    return line


def directory_line(room: RoomResource) -> Line:
    """A public room that one may join."""
    title = escaped(room["title"])
    about = f"  {title}" if title and title != room["name"] else ""
    count = room["member_count"]
    return [("", f"  {escaped(room['name'] or '')}"), (QUIET, f"{about}  {count:,} member{'s' if count != 1 else ''}")]


def who_lines(room: RoomModel, presence: dict[str, str], width: int | None = None) -> list[Line]:
    """Who is there; in rooms too large for that, how many there are."""
    if not room.members_complete:
        return [quiet(f"{room.member_count:,} members; in large rooms nobody sees who is there")]
    groups: dict[str, list[str]] = {"online": [], "away": [], "offline": []}
    for member in room.present:
        groups[presence.get(member["user"]["id"], "offline")].append(name_of(member["user"]))
    words = {"online": "here", "away": "away", "offline": "not here"}
    told = [(words[status], ", ".join(sorted(names))) for status, names in groups.items() if names]
    return [line for word, names in told for line in wrapped(quiet(f"{word}: "), [[("", names)]], width, MOST_LINES)]


def help_lines(usage: str, does: str, width: int | None = None) -> list[Line]:
    """A command and what it does, in two columns where there is room."""
    padded = f"{usage:18}  " if width is None or width >= 60 else f"{usage}  "
    return wrapped([("", padded)], [[(QUIET, does)]], width, 3)


def name_of(user: UserResource | None) -> str:
    return escaped(user["username"]) if user is not None else "somebody who left"


def names_text(names: Sequence[str]) -> str:
    """`ana, ben and cleo`."""
    if len(names) > 5:
        return f"{', '.join(names[:4])} and {len(names) - 4} others"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _name_style(user: UserResource | None, me: str) -> str:
    if user is None:
        return QUIET
    return "class:me" if user["id"] == me else f"class:name{user['number'] % COLOURS}"


def _local(row: MessageResource) -> datetime:
    return datetime.fromisoformat(row["created_at"]).astimezone()
