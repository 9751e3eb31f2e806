"""Join, leave, add, remove: who may, and what it says."""

import pytest

from support.decisions import ANN, BOB, EVE, OUT, ROOM, done, refusal, room_state
from tertulia.domain.changes import AddMember, Join, Leave, Post, RemoveMember, RoomChange
from tertulia.domain.models import Role, RoomKind


@pytest.mark.parametrize(
    ("change", "public", "private", "direct"),
    [
        (Join(ROOM, OUT), None, "not_found", "not_found"),
        (Leave(ROOM, BOB), None, None, "direct_room"),
        (Leave(ROOM, OUT), "not_member", "not_found", "not_found"),
        (AddMember(ROOM, ANN, OUT), None, None, "direct_room"),
        (AddMember(ROOM, BOB, OUT), "forbidden", "forbidden", "direct_room"),
        (AddMember(ROOM, OUT, OUT), "not_member", "not_found", "not_found"),
        (AddMember(ROOM, ANN, 99), "not_found", "not_found", "direct_room"),
        (RemoveMember(ROOM, ANN, BOB), None, None, "direct_room"),
        (RemoveMember(ROOM, BOB, EVE), "forbidden", "forbidden", "direct_room"),
        (RemoveMember(ROOM, BOB, BOB), "forbidden", "forbidden", "direct_room"),
        (RemoveMember(ROOM, ANN, ANN), "forbidden", "forbidden", "direct_room"),
        (RemoveMember(ROOM, ANN, OUT), "not_found", "not_found", "direct_room"),
        (RemoveMember(ROOM, OUT, BOB), "not_member", "not_found", "not_found"),
    ],
)
def test_who_may(change: RoomChange, public: str | None, private: str | None, direct: str | None) -> None:
    """The table of rights by kind of room; outsiders learn nothing of rooms that are not public (promise 7)."""
    for kind, code in ((RoomKind.PUBLIC, public), (RoomKind.PRIVATE, private), (RoomKind.DIRECT, direct)):
        state = room_state(kind, owner=None if kind is RoomKind.DIRECT else ANN)
        if code is None:
            done(state, change)
        else:
            assert refusal(state, change) == code, kind


def test_each_moves_access_seq_and_says_who_with_a_notice() -> None:
    """Rule 1: access_seq is the seq of the last change that can alter anyone's rights."""
    state = room_state()
    expected = [
        (Join(ROOM, OUT), "joined", 4),
        (Leave(ROOM, BOB), "left", 3),
        (AddMember(ROOM, ANN, BOB), "added", 4),
        (RemoveMember(ROOM, ANN, EVE), "removed", 3),
    ]
    for change, notice, count in expected:
        [outcome] = done(state, change)  # type: ignore[arg-type]
        told = state.events[-1]
        assert told.message is not None
        assert told.message.notice is not None
        assert told.seq == state.access_seq == state.head_seq == told.message.seq
        assert (told.ev, told.member_count, state.member_count) == ("member", count, count)
        assert [member for member, _ in told.members] == [outcome.member]
        assert told.message.notice["type"] == notice
        assert told.message.index is None
    done(state, Post(ROOM, ANN, "x"))
    assert state.access_seq == state.head_seq - 1


def test_what_is_so_already_takes_no_seq() -> None:
    state = room_state()
    outcomes = done(state, Join(ROOM, BOB), AddMember(ROOM, ANN, BOB), AddMember(ROOM, ANN, ANN))
    assert all(outcome.repeated for outcome in outcomes)
    assert (state.head_seq, state.events) == (3, [])


def test_joining_starts_at_the_end_and_takes_nothing_back() -> None:
    """Rule 5 (c): what was said before is read; coming back as well."""
    state = room_state()
    done(state, *(Post(ROOM, ANN, "x") for _ in range(5)))
    [came] = done(state, Join(ROOM, OUT))
    assert came.member is not None
    assert (came.member.read_index, came.member.delivered_index, came.member.role) == (5, 5, Role.MEMBER)
    done(state, Leave(ROOM, BOB), Post(ROOM, ANN, "x"))
    [back] = done(state, Join(ROOM, BOB))
    assert back.member is not None
    assert (back.member.read_index, back.member.left_at) == (6, None)


def test_an_owner_who_comes_back_is_a_member_like_others() -> None:
    state = room_state()
    done(state, Leave(ROOM, ANN), Join(ROOM, ANN))
    assert [state.members[user].role for user in (ANN, BOB, EVE)] == [Role.MEMBER, Role.OWNER, Role.MEMBER]
    assert state.room.owner == BOB
    assert refusal(state, RemoveMember(ROOM, ANN, EVE)) == "forbidden"


def test_ownership_goes_along_the_line_within_one_batch() -> None:
    state = room_state()
    done(state, Leave(ROOM, ANN), Leave(ROOM, BOB))
    assert state.room.owner == EVE
    assert {member.user: member.role for member, _ in state.events[-1].members} == {BOB: Role.MEMBER, EVE: Role.OWNER}
    done(state, Leave(ROOM, EVE))
    assert state.member_count == 0
    done(state, Join(ROOM, OUT))
    assert state.room.owner is None
