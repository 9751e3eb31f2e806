"""Change and delete a room."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.decisions import ANN, BOB, OUT, ROOM, done, message_of, refusal, room_state, with_roles
from tertulia.domain.changes import ChangeRoom, Delete, DeleteRoom, Edit, Join, Pin, Post, React, RoomChange, Trim
from tertulia.domain.models import Role, RoomKind


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


@pytest.mark.parametrize(
    ("kind", "exclusive", "own"),
    [(RoomKind.PUBLIC, False, True), (RoomKind.PRIVATE, True, True), (RoomKind.PRIVATE, False, False)],
)
def test_a_name_is_taken_where_it_is_the_rooms_own(kind: RoomKind, exclusive: bool, own: bool) -> None:
    """What other private rooms are called is their own affair, and nobody is told."""
    state = room_state(kind)
    state.room = replace(state.room, exclusive=exclusive)
    state.taken_names = {"taken"}
    if own:
        assert refusal(state, ChangeRoom(ROOM, ANN, name="taken")) == "name_taken"
    else:
        done(state, ChangeRoom(ROOM, ANN, name="taken"))
    done(state, ChangeRoom(ROOM, ANN, name="free"))
    assert ("free" in state.taken_names) == own


def test_a_deleted_room_is_not_there_for_anybody() -> None:
    state = room_state()
    done(state, DeleteRoom(ROOM, ANN))
    assert state.settings_changed
    assert state.as_it_is().name is None
    for change in (Post(ROOM, ANN, "x"), Join(ROOM, OUT), DeleteRoom(ROOM, ANN), ChangeRoom(ROOM, ANN, title="x")):
        assert refusal(state, change) == "not_found"
    assert state.events == []


@pytest.mark.parametrize(
    ("fields", "least"),
    [
        ({"title": "x"}, Role.ADMIN),
        ({"name": "x"}, Role.ADMIN),
        ({"description": "x"}, Role.ADMIN),
        ({"metadata": "{}"}, Role.ADMIN),
        ({"archived": True}, Role.ADMIN),
        ({"slow_mode": 10}, Role.MODERATOR),
        ({"retention_days": 10}, Role.OWNER),
        ({"slow_mode": 10, "title": "x"}, Role.ADMIN),
        ({"slow_mode": 10, "retention_days": 10}, Role.OWNER),
        ({}, Role.ADMIN),
    ],
)
def test_each_field_has_its_right(fields: dict[str, Any], least: Role) -> None:
    """Who may set each of the fields that are given; one that is not allowed refuses all."""
    ranks = [Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.OWNER]
    for role in ranks:
        state = room_state() if role is Role.OWNER else with_roles(room_state(), bob=role)
        change = ChangeRoom(ROOM, ANN if role is Role.OWNER else BOB, **fields)
        if ranks.index(role) < ranks.index(least):
            assert refusal(state, change) == "forbidden"
        else:
            done(state, change)


def test_archiving_is_told_and_repeating_it_is_not() -> None:
    state = room_state()
    outcomes = done(state, *(ChangeRoom(ROOM, ANN, archived=on) for on in (True, True, False, False)))
    assert [outcome.repeated for outcome in outcomes] == [False, True, False, True]
    assert [event.message and event.message.notice and event.message.notice["type"] for event in state.events] == [
        "archived",
        "unarchived",
    ]
    assert [event.settings and event.settings.archived for event in state.events] == [True, False]


def test_retention_zero_means_for_ever() -> None:
    state = room_state()
    done(state, ChangeRoom(ROOM, ANN, retention_days=30))
    assert state.as_it_is().retention_days == 30
    [done_, again] = done(state, ChangeRoom(ROOM, ANN, retention_days=0), ChangeRoom(ROOM, ANN, retention_days=0))
    assert (state.as_it_is().retention_days, done_.repeated, again.repeated) == (None, False, True)
    assert [deed.details for deed in state.deeds] == [{"retention_days": 30}, {"retention_days": None}]


def test_what_is_too_old_is_gone_and_the_counts_stay() -> None:
    state = room_state()
    done(state, *(Post(ROOM, ANN, f"{n}") for n in range(1, 6)), Trim(ROOM, 3))
    told = state.events[-1]
    assert told.settings is not None
    assert (told.settings.first_index, told.settings.message_count, told.settings.settings_seq) == (3, 5, told.seq)
    assert told.message is None
    refused: list[RoomChange] = [
        Edit(ROOM, ANN, 2, "x"),
        Delete(ROOM, ANN, 2),
        React(ROOM, ANN, 2, "👍", on=True),
        Pin(ROOM, ANN, 2, on=True),
        Post(ROOM, ANN, "x", reply_to=2),
    ]
    assert [refusal(state, change) for change in refused] == ["not_found"] * len(refused)
    done(state, Edit(ROOM, ANN, 3, "x"), Post(ROOM, ANN, "x", reply_to=3))
    assert done(state, Trim(ROOM, 3))[0].repeated
    assert done(state, Trim(ROOM, 1))[0].repeated
    done(state, Trim(ROOM, 99))
    assert (state.room.first_index, state.message_count) == (7, 6)
    assert message_of(done(state, Post(ROOM, ANN, "new"))[0]).index == 7
