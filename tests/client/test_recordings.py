"""Recorded histories, replayed: tests/web/client/recordings.test.js does the same with the JavaScript models."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.examples import frames
from support.recording import FOLDER, plain, record, seen
from tertulia.client.model import Model
from tertulia.client.room import Frame, RoomModel
from tertulia.client.timeline import Page

STORIES = sorted(path for path in FOLDER.glob("*.json") if path.name != "frames.json")
MUST_COME_BY = {
    *("edited_at", "deleted_at", "pinned_at", "reactions", "mentions", "mentions_room", "muted_until", "left_at"),
    *("deleted", "hidden", "unread_from", "gone", "reload", "changes", "cut", "page", "blocked", "receipt", "put"),
    *("joined", "left", "added", "removed", "banned", "role", "renamed", "archived", "unarchived", "retention_days"),
}


class Replay:
    """One client of a recording."""

    def __init__(self, client: dict[str, Any]) -> None:
        self.client = client
        self.model = Model(follow=client["follow"])
        self.pages: dict[int, tuple[RoomModel, int, int]] = {}

    def steps(self) -> None:
        for number, (what, *rest) in enumerate(self.client["steps"]):
            try:
                getattr(self, f"_{what}")(*rest)
            except AssertionError as error:
                error.add_note(f"step {number}: {what}")
                raise

    def end(self) -> None:
        for room, end in self.client["end"].items():
            self._same(seen(self.model.rooms[room]), end)
        assert {key for key, room in self.model.rooms.items() if room.me is not None} == set(self.client["end"])

    def _in(self, frame: Frame, needs: list[Any]) -> None:
        assert plain(self.model.apply(frame).needs) == sorted(needs, key=str)

    def _cut(self) -> None:
        self.model.cut()
        self.pages.clear()

    def _open(self, room: str, needs: list[Any]) -> None:
        assert plain(self.model.open(room)) == sorted(needs, key=str)

    def _put(self, room: str, message: Any) -> None:
        if room in self.model.rooms:
            self.model.rooms[room].put(message)

    def _read(self, room: str, index: int) -> None:
        view = self.model.rooms[room]
        view.look(index)
        view.receive(view.user or "", index, index)

    def _ask(self, number: int, room: str, before: int) -> None:
        view = self.model.rooms[room]
        assert view.timeline.oldest() == before
        self.pages[number] = view, view.timeline.generation, before

    def _page(self, number: int, answer: Any, gained: int | None) -> None:
        view, generation, before = self.pages.pop(number)
        rows = None
        if self.model.rooms.get(view.id) is view:
            rows = view.put_page(Page(answer["messages"], before, answer["more"]), generation)
        assert (None if rows is None else len(rows)) == gained

    def _listed(self, rooms: dict[str, Any]) -> None:
        for room, expected in rooms.items():
            found = seen(self.model.rooms[room])
            for name in (name for name in expected if name not in ("floor", "messages", "members_complete")):
                assert _without_owner(name, found[name]) == _without_owner(name, expected[name]), name

    def _same(self, found: dict[str, Any], end: dict[str, Any]) -> None:
        floor = max(found.pop("floor") or 0, end["floor"] or 0)
        both = found["members_complete"] and end["members_complete"]
        for name in end.keys() - {"floor", "members_complete"}:
            if name == "messages":
                assert [row for row in found[name] if row["seq"] >= floor] == [
                    row for row in end[name] if row["seq"] >= floor
                ]
            elif both or name not in ("members", "settings"):
                assert found[name] == end[name], name
            elif name == "settings":
                assert _without_owner(name, found[name]) == _without_owner(name, end[name])


def _without_owner(name: str, value: Any) -> Any:
    """Only the list of members tells it."""
    return {key: value[key] for key in value if key != "owner"} if name == "settings" else value


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_recorded_history_ends_as_a_fresh_client_sees_it(path: Path) -> None:
    for client in json.loads(path.read_text())["clients"]:
        replay = Replay(client)
        replay.steps()
        replay.end()


def test_the_recordings_are_small_and_nothing_is_missing_in_them() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000
    met = {word for path in STORIES for word in _words(json.loads(path.read_text())["clients"])}
    assert MUST_COME_BY - met == set()


def test_the_recorded_frames_are_those_of_the_document() -> None:
    assert (FOLDER / "frames.json").read_text() == frames(), "run `python tools/record.py frames`"


def test_a_history_can_be_recorded_anew() -> None:
    for client in json.loads(record(99, acts=40))["clients"]:
        Replay(client).steps()


def _words(value: Any) -> Iterator[str]:
    """All keys of truth, and the words that name a kind of event, notice or step."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if inner or inner == 0:
                yield key
            if key in ("ev", "type"):
                yield str(inner)
            yield from _words(inner)
    elif isinstance(value, list):
        if value and isinstance(value[0], str):
            yield value[0]
        for inner in value:
            yield from _words(inner)
