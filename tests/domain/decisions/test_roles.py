"""Roles, hand-over and muting: who may, in which order, and what is said."""

from dataclasses import replace

import pytest

from support.decisions import ANN, BOB, EVE, NOW, OUT, ROOM, done, refusal, room_state, with_roles
from tertulia.domain.changes import (
    AddMember,
    Ban,
    ChangeRoom,
    Delete,
    Depart,
    Edit,
    Join,
    Leave,
    Mute,
    Post,
    React,
    RemoveMember,
    RoomChange,
    SetRole,
    Transfer,
)
from tertulia.domain.decisions.state import RoomState
from tertulia.domain.models import Role, RoomKind

LATER = NOW + 60_000_000


def _owners(state: RoomState) -> list[int]:
    """By the members' rows; the room's row must agree."""
    owners = [number for number, member in state.members.items() if member.role is Role.OWNER]
    assert ([] if state.room.owner is None else [state.room.owner]) == owners
    return owners


# Roles.


def test_a_role_is_told_under_one_seq_with_a_notice() -> None:
    state = room_state()
    [outcome] = done(state, SetRole(ROOM, ANN, BOB, Role.MODERATOR))
    [told] = state.events
    assert outcome.member is not None
    assert (outcome.member.role, outcome.member.changed_seq) == (Role.MODERATOR, 4)
    assert [(member.user, member.role) for member, _ in told.members] == [(BOB, Role.MODERATOR)]
    assert told.message is not None
    assert told.message.notice is not None
    assert {"type", "users", "role", "by"} == told.message.notice.keys()
    assert state.access_seq == told.seq == 4
    [deed] = state.deeds
    assert (deed.act, deed.actor, deed.user, deed.details) == ("role", ANN, BOB, {"role": "moderator"})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (SetRole(ROOM, BOB, EVE, Role.MODERATOR), None),
        (SetRole(ROOM, BOB, EVE, Role.ADMIN), "forbidden"),
        (SetRole(ROOM, BOB, EVE, Role.OWNER), "forbidden"),
        (SetRole(ROOM, BOB, ANN, Role.MEMBER), "forbidden"),
        (SetRole(ROOM, BOB, BOB, Role.MEMBER), "forbidden"),
        (SetRole(ROOM, EVE, BOB, Role.MEMBER), "forbidden"),
        (SetRole(ROOM, OUT, BOB, Role.MEMBER), "not_member"),
        (SetRole(ROOM, ANN, OUT, Role.MEMBER), "not_found"),
        (SetRole(ROOM, ANN, BOB, Role.OWNER), "forbidden"),
        (SetRole(ROOM, None, BOB, Role.OWNER), "forbidden"),
        (SetRole(ROOM, None, ANN, Role.MEMBER), "forbidden"),
        (SetRole(ROOM, None, EVE, Role.ADMIN), None),
        (Transfer(ROOM, BOB, BOB), "forbidden"),
        (Transfer(ROOM, ANN, OUT), "not_found"),
        (Transfer(ROOM, OUT, BOB), "not_member"),
        (AddMember(ROOM, BOB, OUT, Role.MODERATOR), None),
        (AddMember(ROOM, BOB, OUT, Role.ADMIN), "forbidden"),
        (AddMember(ROOM, ANN, OUT, Role.OWNER), "forbidden"),
        (AddMember(ROOM, EVE, OUT, Role.MODERATOR), "forbidden"),
    ],
)
def test_bob_is_an_admin(change: RoomChange, code: str | None) -> None:
    """One gives what is below one's own rank, to those who stand below oneself; there is always one owner."""
    state = with_roles(room_state(), bob=Role.ADMIN)
    if code is None:
        done(state, change)
    else:
        assert refusal(state, change) == code
    assert _owners(state) == [ANN]


def test_a_moderator_adds_members_only() -> None:
    state = with_roles(room_state(), bob=Role.MODERATOR)
    assert refusal(state, AddMember(ROOM, BOB, OUT, Role.MODERATOR)) == "forbidden"
    [added] = done(state, AddMember(ROOM, BOB, OUT))
    assert added.member is not None
    assert added.member.role is Role.MEMBER


def test_staff_cannot_take_the_owner_away_but_may_transfer() -> None:
    state = room_state()
    state.users[OUT] = replace(state.users[OUT], is_staff=True)
    assert refusal(state, SetRole(ROOM, OUT, ANN, Role.MEMBER)) == "forbidden"
    done(state, Transfer(ROOM, OUT, BOB))
    assert _owners(state) == [BOB]
    assert state.members[ANN].role is Role.ADMIN


@pytest.mark.parametrize(
    "change",
    [
        SetRole(ROOM, ANN, BOB, Role.ADMIN),
        Transfer(ROOM, ANN, ANN),
        Mute(ROOM, ANN, BOB, None),
        Mute(ROOM, ANN, BOB, NOW),
    ],
)
def test_what_is_so_already_takes_no_seq(change: RoomChange) -> None:
    state = with_roles(room_state(), bob=Role.ADMIN)
    [outcome] = done(state, change)
    assert outcome.repeated
    assert (state.head_seq, state.events, state.deeds, state.changed_members) == (3, [], [], {})


# The owner.


def test_a_transfer_then_the_old_owner_may_leave_and_nobody_inherits() -> None:
    state = room_state()
    done(state, Transfer(ROOM, ANN, EVE))
    assert refusal(state, Transfer(ROOM, ANN, ANN)) == "forbidden"
    done(state, Leave(ROOM, ANN))
    assert _owners(state) == [EVE]
    first, second = state.events
    assert {member.user: member.role for member, _ in first.members} == {EVE: Role.OWNER, ANN: Role.ADMIN}
    assert {member.changed_seq for member, _ in first.members} == {4}
    assert [member.user for member, _ in second.members] == [ANN]


def test_the_room_goes_to_the_oldest_admin_then_the_oldest_member() -> None:
    state = with_roles(room_state(more=3), eve=Role.ADMIN)
    done(state, Leave(ROOM, ANN))
    assert _owners(state) == [EVE]
    done(state, Depart(ROOM, EVE))
    assert _owners(state) == [BOB]


def test_who_is_demoted_in_the_same_batch_does_not_inherit() -> None:
    state = with_roles(room_state(), eve=Role.ADMIN)
    done(state, SetRole(ROOM, ANN, EVE, Role.MEMBER), Leave(ROOM, ANN))
    assert _owners(state) == [BOB]


def test_who_is_promoted_in_the_same_batch_inherits() -> None:
    state = room_state()
    done(state, SetRole(ROOM, ANN, EVE, Role.ADMIN), Leave(ROOM, ANN))
    assert _owners(state) == [EVE]


def test_several_hand_over_in_one_batch_until_nobody_is_left() -> None:
    state = with_roles(room_state(), eve=Role.MODERATOR)
    done(state, Leave(ROOM, ANN))
    assert _owners(state) == [BOB], "moderators come with the members, the oldest first"
    done(state, Ban(ROOM, None, BOB), RemoveMember(ROOM, None, EVE))
    assert _owners(state) == []
    done(state, Join(ROOM, OUT))
    assert _owners(state) == []
    assert state.member_count == 1


def test_a_room_without_owner_can_be_given_one_by_the_server() -> None:
    state = room_state(owner=None)
    done(state, Transfer(ROOM, None, BOB))
    assert _owners(state) == [BOB]


def test_direct_rooms_have_no_roles() -> None:
    state = room_state(RoomKind.DIRECT, owner=None)
    for change in (SetRole(ROOM, ANN, BOB, Role.ADMIN), Transfer(ROOM, ANN, BOB), Mute(ROOM, ANN, BOB, LATER)):
        assert refusal(state, change) == "direct_room"
    done(state, Depart(ROOM, BOB))
    assert (state.room.owner, state.member_count) == (None, 2)


# Mute.


def test_the_muted_say_nothing_until_it_is_over() -> None:
    state = room_state()
    done(state, Post(ROOM, BOB, "before"), Mute(ROOM, ANN, BOB, LATER))
    for change in (
        Post(ROOM, BOB, "x"),
        Edit(ROOM, BOB, 1, "y"),
        React(ROOM, BOB, 1, "👍", on=True),
        React(ROOM, BOB, 1, "👍", on=False),
    ):
        assert refusal(state, change) == "muted"
    state.now = LATER
    done(state, Post(ROOM, BOB, "after"))


def test_the_muted_may_delete_leave_and_come_back_muted() -> None:
    state = room_state()
    done(state, Post(ROOM, BOB, "x"), Mute(ROOM, ANN, BOB, LATER), Delete(ROOM, BOB, 1), Leave(ROOM, BOB))
    done(state, Join(ROOM, BOB))
    assert refusal(state, Post(ROOM, BOB, "x")) == "muted"
    done(state, Mute(ROOM, ANN, BOB, None), Post(ROOM, BOB, "x"))
    assert [deed.act for deed in state.deeds] == ["mute", "unmute"]


def test_a_mute_is_told_as_a_change_of_the_member_without_a_notice() -> None:
    state = room_state()
    done(state, Mute(ROOM, ANN, BOB, LATER))
    [told] = state.events
    assert (told.ev, told.message, [member.muted_until for member, _ in told.members]) == ("member", None, [LATER])
    assert state.access_seq == told.seq


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Mute(ROOM, BOB, ANN, LATER), "forbidden"),
        (Mute(ROOM, BOB, EVE, LATER), "forbidden"),
        (Mute(ROOM, BOB, BOB, LATER), "forbidden"),
        (Mute(ROOM, EVE, OUT, LATER), "not_found"),
        (Mute(ROOM, OUT, BOB, LATER), "not_member"),
    ],
)
def test_only_those_above_mute(change: RoomChange, code: str) -> None:
    state = with_roles(room_state(), bob=Role.MODERATOR, eve=Role.MODERATOR)
    assert refusal(state, change) == code


# Slow mode.


def test_slow_mode_is_for_those_who_do_not_moderate() -> None:
    state = with_roles(room_state(), eve=Role.MODERATOR)
    done(state, ChangeRoom(ROOM, EVE, slow_mode=10), Post(ROOM, BOB, "1"))
    assert refusal(state, Post(ROOM, BOB, "2")) == "slow_mode"
    done(state, Post(ROOM, EVE, "1"), Post(ROOM, EVE, "2"), Post(ROOM, ANN, "1"), Edit(ROOM, BOB, 1, "edits are free"))
    done(state, Post(ROOM, BOB, "by the product's backend", trusted=True))
    state.now += 10_000_000
    done(state, Post(ROOM, BOB, "2"))
    assert refusal(state, Post(ROOM, BOB, "3")) == "slow_mode"
    done(state, ChangeRoom(ROOM, EVE, slow_mode=0), Post(ROOM, BOB, "3"), Post(ROOM, BOB, "4"))
    assert state.posted.keys() == {ANN, BOB, EVE}
