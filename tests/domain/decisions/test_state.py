"""A room's state within one batch."""

from support.decisions import ANN, BOB, NOW, OUT, ROOM, done, room_state, user
from tertulia.domain.changes import ChangeRoom, Edit, Join, Leave, Post
from tertulia.domain.decisions.state import Reactions, RoomState, person
from tertulia.domain.models import User


def test_a_post_touches_no_more_than_it_must() -> None:
    """The hot path writes counts only: no settings, no members."""
    state = room_state()
    done(state, Post(ROOM, ANN, "x"))
    assert not state.settings_changed
    assert not state.changed_members
    assert list(state.new_messages) == [4]


def test_a_message_that_is_new_in_the_batch_is_written_once() -> None:
    state = room_state()
    done(state, Post(ROOM, ANN, "x"), Edit(ROOM, ANN, 1, "y"))
    assert [message.body for message in state.new_messages.values()] == ["y"]
    assert state.changed_messages == {}


def test_the_room_as_it_is_holds_everything_so_far() -> None:
    state = room_state()
    done(state, Post(ROOM, ANN, "x"), Join(ROOM, OUT), ChangeRoom(ROOM, ANN, title="New"))
    room = state.as_it_is()
    assert (room.head_seq, room.message_count, room.member_count) == (6, 1, 4)
    assert (room.access_seq, room.settings_seq, room.title, room.last_at) == (5, 6, "New", NOW)


def test_time_is_never_before_what_is_in_the_room() -> None:
    """Rule 22."""
    state = room_state()
    state.last_at = NOW + 50
    assert state.time() == NOW + 50
    late = RoomState(state.room, NOW)
    assert late.time() == NOW
    assert late.last_at == state.room.last_at, "asking for the time moves nothing"


def test_who_left_is_no_member() -> None:
    state = room_state()
    done(state, Leave(ROOM, BOB))
    assert state.member(BOB) is None
    assert state.member(OUT) is None
    assert state.members[BOB].left_at == NOW


def test_notices_keep_people_as_they_were_called() -> None:
    assert person(user(ANN)) == {"id": "id-1", "number": 1, "username": "ann"}
    named = User(7, "id-7", "zoe", first_name="Zoë", last_name="")
    assert person(named)["name"] == "Zoë"


def test_reactions_are_counted_over_all_kinds() -> None:
    assert Reactions({"👍": [1, 2], "🎉": [1], "🙂": []}).total == 3
