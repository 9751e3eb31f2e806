"""Whether two views of a room say the same: for tests and tools."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tertulia.client.room import RoomModel

_QUIET = ("notify", "hidden", "unread_from", "muted_until")


def differences(one: "RoomModel", other: "RoomModel") -> list[str]:
    """Names of what differs; empty when they say the same.

    Timelines are compared from the greater of the two floors on: how far back one has read is no difference.
    """
    mine, theirs = said(one), said(other)
    found = [key for key in mine if mine[key] != theirs[key]]
    floor = max(one.timeline.floor or 0, other.timeline.floor or 0)
    if [row for row in one.messages if row["seq"] >= floor] != [row for row in other.messages if row["seq"] >= floor]:
        found.append("messages")
    return found


def said(view: "RoomModel") -> dict[str, Any]:
    """By name, without the timeline."""
    return {
        "cursor": view.cursor,
        "settings": view.settings,
        "message_count": view.message_count,
        "member_count": view.member_count,
        "first_index": view.first_index,
        "role": view.me and view.me["role"],
        "read_index": view.me and view.me["read_index"],
        "unread": view.unread,
        "mentions": view.mentions,
        "quiet": view.me and {key: view.me.get(key) for key in _QUIET},
        "last_message": view.last_message,
        "partner": view.partner,
        "members": {user: row for user, row in view.members.items() if "left_at" not in row},
    }
