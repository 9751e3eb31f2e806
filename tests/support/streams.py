"""The rules of the cursor (docs/protocol.md, section 4), as strict as a server has to keep them."""

from collections.abc import Iterable
from typing import Any

Frame = dict[str, Any]


class Stream:
    """What a connection hears of one room. Fails at a hole, a repetition, or anything after the end.

    `seen`: the messages by index, as they are now. `cursor` None: the room is not followed, or `ready` did not list it:
    archived rooms of the user's are followed, and begin with whatever happens first.
    """

    def __init__(self, room: str, user: str) -> None:
        self.room = room
        self.user = user
        self.cursor: int | None = None
        self.unlisted = False
        self.seen: dict[int, Frame] = {}

    def feed(self, frames: Iterable[Frame]) -> "Stream":
        for frame in frames:
            if frame.get("ev") == "ready":
                self._ready(frame)
            elif frame.get("room") == self.room:
                getattr(self, f"_{frame['ev']}", lambda frame: None)(frame)
        return self

    def resumed(self, cursor: int) -> "Stream":
        """On a new connection, from what was there before."""
        self.cursor = cursor
        return self

    def _ready(self, frame: Frame) -> None:
        listed = {room["id"]: room for room in frame["rooms"]}
        if self.cursor is None and self.room in listed:
            self.cursor = listed[self.room]["head_seq"]
        self.unlisted = self.cursor is None

    def _begin(self, cursor: int) -> None:
        if self.unlisted:
            self.cursor, self.unlisted = cursor, False

    def _changes(self, frame: Frame) -> None:
        self._begin(frame["from"])
        assert self.cursor is not None, "changes of a room that is not followed"
        assert frame["from"] <= self.cursor, f"a hole before {frame['from']}"
        seqs = [item["seq"] for item in frame["items"]]
        assert seqs == sorted(seqs)
        self.cursor = max(self.cursor, frame["to"])
        for item in frame["items"]:
            self._take(item)

    def _reload(self, frame: Frame) -> None:
        self.cursor, self.unlisted, self.seen = frame["seq"], False, {}
        for message in frame["snapshot"]["messages"]:
            self._put(message)

    def _gone(self, _frame: Frame) -> None:
        self.cursor, self.unlisted = None, False

    def _live(self, frame: Frame) -> None:
        self._begin(frame["seq"] - 1)
        assert self.cursor is not None, f"something after the end: {frame}"
        assert frame["seq"] == self.cursor + 1, f"{frame['seq']} after {self.cursor}"
        self.cursor = frame["seq"]
        self._take(frame)

    _message = _member = _room = _live

    def _take(self, event: Frame) -> None:
        if "message" in event:
            self._put(event["message"])
        members = event.get("members", ())
        if any(member["user"]["id"] == self.user and "left_at" in member for member in members):
            self.cursor = None

    def _put(self, message: Frame) -> None:
        index = message["index"]
        if index is not None and message["changed_seq"] >= self.seen.get(index, message)["changed_seq"]:
            self.seen[index] = message

    @property
    def bodies(self) -> list[Any]:
        return [self.seen[index]["body"] for index in sorted(self.seen)]
