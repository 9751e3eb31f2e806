"""What is stored already of a batch: by an earlier post with the same key, or by an earlier attempt."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from tertulia.domain.changes import Change, CreateRoom, Post
from tertulia.domain.decisions.state import RoomState
from tertulia.domain.models import Message, Room
from tertulia.storage import messages, rooms

Key = tuple[int, int, str]
"""(room, sender, client_id)"""


def key_of(post: Post) -> Key | None:
    return None if post.client_id is None else (post.room, post.actor, post.client_id)


@dataclass(slots=True)
class Stored:
    """Messages by id and by key, rooms by id; `looked_up` says for which keys that is the whole truth."""

    by_id: dict[str, Message] = field(default_factory=dict)
    by_key: dict[Key, Message] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    looked_up: set[Key] = field(default_factory=set)

    def find(self, connection: Connection, keys: Collection[Key]) -> None:
        """Look up messages by their keys; in a statement after the lock."""
        self.looked_up.update(keys)
        for message in messages.by_client_ids(connection, keys):
            if message.sender is not None and message.client_id is not None:
                self.by_key[message.room, message.sender.number, message.client_id] = message

    def as_it_is(self, key: Key, state: RoomState) -> Message | None:
        """The message with this key, with what this batch has made of it so far."""
        message = self.by_key.get(key)
        return message if message is None or message.index is None else state.targets.get(message.index, message)


def look_up(connection: Connection, items: Iterable[Change], known: Collection[Key], *, careful: bool) -> Stored:
    """What may be there already: keys that are `known`, and those of posts that are to be refused.

    `careful`: every key, and every id of this very batch.
    """
    posts: list[Post] = []
    created: list[str] = []
    for item in items:
        if isinstance(item, Post):
            posts.append(item)
        elif isinstance(item, CreateRoom):
            created.append(item.id)
    keys = {key for post in posts if (key := key_of(post)) and (careful or key in known or post.refusal is not None)}
    stored = Stored()
    if careful:
        stored.by_id = {message.id: message for message in messages.by_ids(connection, [post.id for post in posts])}
        stored.rooms = {room.id: room for room in rooms.by_ids(connection, created)}
    stored.find(connection, keys)
    return stored
