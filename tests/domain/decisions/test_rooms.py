"""Change and delete a room."""

from collections.abc import Callable

import pytest

from support.decisions import ANN, BOB, OUT, ROOM, done, refusal, room_state
from tertulia.domain.changes import ChangeRoom, DeleteRoom, Join, Post, RoomChange
from tertulia.domain.models import RoomKind


@pytest.mark.parametrize(
    "change", [lambda actor: ChangeRoom(ROOM, actor, title="x"), lambda actor: DeleteRoom(ROOM, actor)]
)
def test_only_the_owner(change: Callable[[int], RoomChange]) -> None:
    for kind, member, outsider in (
        (RoomKind.PUBLIC, "forbidden", "not_member"),
        (RoomKind.PRIVATE, "forbidden", "not_found"),
        (RoomKind.DIRECT, "direct_room", "not_found"),
    ):
        state = room_state(kind, owner=None if kind is RoomKind.DIRECT else ANN)
        assert refusal(state, change(BOB)) == member
        assert refusal(state, change(OUT)) == outsider


def test_settings_take_one_seq_and_a_new_title_is_told_in_the_timeline() -> None:
    state = room_state()
    done(state, Post(ROOM, ANN, "x"), ChangeRoom(ROOM, ANN, description="about"), ChangeRoom(ROOM, ANN, title="New"))
    quiet, told = state.events[1:]
    assert (quiet.ev, quiet.message) == ("room", None)
    assert told.settings is not None
    assert told.message is not None
    assert told.message.notice is not None
    assert (told.settings.title, told.settings.description, told.settings.settings_seq) == ("New", "about", 6)
    assert (told.message.after, told.message.notice["type"], told.message.notice["title"]) == (1, "renamed", "New")
    assert told.seq == told.message.seq == state.settings_seq
    assert state.access_seq == 3, "no rights were changed"


def test_what_is_so_already_takes_no_seq() -> None:
    state = room_state()
    [same] = done(state, ChangeRoom(ROOM, ANN, name="name", title="Title", description=""))
    [nothing] = done(state, ChangeRoom(ROOM, ANN))
    assert same.repeated
    assert nothing.repeated
    assert (state.head_seq, state.settings_changed) == (3, False)


def test_a_taken_name_is_refused_and_the_own_one_is_not() -> None:
    state = room_state()
    state.taken_names = {"name", "other"}
    assert refusal(state, ChangeRoom(ROOM, ANN, name="other", title="x")) == "name_taken"
    done(state, ChangeRoom(ROOM, ANN, name="name", title="x"), ChangeRoom(ROOM, ANN, name="new"))
    assert "new" in state.taken_names, "for the other rooms of the batch"


def test_a_deleted_room_is_not_there_for_anybody() -> None:
    state = room_state()
    done(state, DeleteRoom(ROOM, ANN))
    assert state.settings_changed
    assert state.as_it_is().name is None
    for change in (Post(ROOM, ANN, "x"), Join(ROOM, OUT), DeleteRoom(ROOM, ANN), ChangeRoom(ROOM, ANN, title="x")):
        assert refusal(state, change) == "not_found"
    assert state.events == []
