"""Rooms as their members see them, read for many members at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tertulia.domain.events import Changed
from tertulia.domain.models import Member, Room, RoomKind, RoomView
from tertulia.protocol.listed import RoomTexts
from tertulia.services.blocks import BlockList, lists
from tertulia.services.weights import PAGE_BYTES
from tertulia.storage import changes, members, messages

FOLLOWED_ROOMS = 2_000


@dataclass(frozen=True, slots=True)
class Followed:
    """All rooms that a user follows, and whom they block. `shown`: the rooms of a list that fit, in JSON, with ids;
    `listed`: how many there are to show; `last`: by the number of a room (of whomever), its last change, if that is
    one of the last message.
    """

    rooms: list[Room]
    shown: list[tuple[str, bytes]]
    listed: int
    last: Mapping[int, Changed]
    blocked: BlockList


def followed(connection: Connection, keys: Collection[tuple[int, int]]) -> dict[tuple[int, int], Followed]:
    """By (user, how many rooms to show)."""
    found = members.followed(connection, {user for user, _ in keys}, FOLLOWED_ROOMS)
    listed = {user: [each for each in rooms_of if not each[0].archived] for user, rooms_of in found.items()}
    shown = max(shown for _, shown in keys)
    mentioned = members.mention_counts_for(connection, listed)
    views = views_of(connection, {user: rooms_of[:shown] for user, rooms_of in listed.items()}, mentioned)
    blocked = lists(connection, {user for user, _ in keys})
    texts, last = RoomTexts(), {view.room.number: view for seen in views.values() for view in seen}
    changed = {number: change for number, view in last.items() if (change := _last_change(view)) is not None}
    return {
        (user, most): Followed(
            [room for room, _ in found.get(user, ())],
            _shown(texts, views.get(user, ())[:most]),
            len(listed.get(user, ())),
            changed,
            blocked[user],
        )
        for user, most in keys
    }


def _shown(texts: RoomTexts, views: Sequence[RoomView]) -> list[tuple[str, bytes]]:
    """As many as fit an answer, at least one: not more, as it is done for many users at once."""
    shown: list[tuple[str, bytes]] = []
    size = 0
    for view in views:
        text = texts.of(view)
        size += len(text)
        if shown and size > PAGE_BYTES:
            break
        shown.append((view.room.id, text))
    return shown


def _last_change(view: RoomView) -> Changed | None:
    room, message = view.room, view.last_message
    return changes.of_message(room, message) if message is not None and message.changed_seq == room.head_seq else None


def views_of(
    connection: Connection,
    found: Mapping[int, Sequence[tuple[Room, Member | None]]],
    mentioned: Mapping[tuple[int, int], int],
) -> dict[int, list[RoomView]]:
    """Rooms, by user, with all that a list shows of them, in a few statements however many they are."""
    pairs = [(room, user) for user, rooms_of in found.items() for room, _ in rooms_of]
    counts = {room.number: room.message_count for room, _ in pairs if room.message_count >= room.first_index}
    last = messages.last_of(connection, counts)
    direct = [(room.number, user) for room, user in pairs if room.kind is RoomKind.DIRECT]
    partners = members.partners_of(connection, direct)
    return {
        user: [
            RoomView(
                room,
                member,
                mentioned.get((room.number, user), 0),
                last.get(room.number),
                partners.get((room.number, user)),
            )
            for room, member in rooms_of
        ]
        for user, rooms_of in found.items()
    }
