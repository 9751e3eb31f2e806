"""Join, leave, add, remove: who may, and what it says."""

from dataclasses import replace

import pytest

from support.decisions import ANN, BOB, EVE, NOW, OUT, ROOM, done, message_of, refusal, room_state, with_roles
from tertulia.domain.changes import (
    AddMember,
    Ban,
    ChangeRoom,
    Depart,
    Edit,
    Join,
    Leave,
    Mute,
    Post,
    RemoveMember,
    RoomChange,
    SetRole,
    Transfer,
    Unban,
)
from tertulia.domain.decisions.state import Ban as BanOf
from tertulia.domain.models import Invite, Role, RoomKind


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


@pytest.mark.parametrize(
    ("kind", "allowed", "code"),
    [
        (RoomKind.PUBLIC, False, None),
        (RoomKind.PRIVATE, True, None),
        (RoomKind.PRIVATE, False, "not_found"),
        (RoomKind.DIRECT, False, "not_found"),
    ],
)
@pytest.mark.parametrize("staff", [False, True])
def test_by_id_one_joins_where_the_room_says_so(kind: RoomKind, allowed: bool, code: str | None, staff: bool) -> None:
    """Nothing is different for members and staff: of other rooms an id tells nothing."""
    state = room_state(kind, owner=None if kind is RoomKind.DIRECT else ANN)
    state.room = replace(state.room, join_by_id=allowed)
    state.users[OUT] = replace(state.users[OUT], is_staff=staff)
    if code is not None:
        assert [refusal(state, Join(ROOM, user, by_id=True)) for user in (OUT, BOB)] == [code, code]
        return
    came, again, member = done(state, *(Join(ROOM, user, by_id=True) for user in (OUT, OUT, BOB)))
    assert [outcome.repeated for outcome in (came, again, member)] == [False, True, True]
    assert (state.member_count, state.deeds) == (4, [])


def test_by_id_the_banned_and_the_late_do_not_come() -> None:
    state = room_state(RoomKind.PRIVATE)
    state.room = replace(state.room, join_by_id=True)
    assert refusal(state, Join(ROOM, OUT)) == "not_found", "the id is enough only for who comes by it"
    state.banned = {OUT}
    assert refusal(state, Join(ROOM, OUT, by_id=True)) == "not_found"
    state.banned = set()
    state.room = replace(state.room, archived=True)
    assert refusal(state, Join(ROOM, OUT, by_id=True)) == "archived"


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


# Ban and unban.


def test_a_ban_counts_from_its_place_in_the_batch() -> None:
    """[post, ban, post, join] in one batch: the first post is in, nothing after it."""
    state = room_state()
    done(state, Post(ROOM, BOB, "in"), Ban(ROOM, ANN, BOB, "spam"))
    assert refusal(state, Post(ROOM, BOB, "x")) == "not_found", "banned: the room is not there"
    assert refusal(state, Edit(ROOM, BOB, 1, "x")) == "not_found"
    assert refusal(state, Join(ROOM, BOB)) == "not_found"
    assert refusal(state, AddMember(ROOM, ANN, BOB)) == "banned"
    told = state.events[-1]
    assert told.removed == (BOB,)
    assert told.message is not None
    assert told.message.notice is not None
    assert told.message.notice["type"] == "banned"
    assert state.bans[BOB] == BanOf(ANN, "spam", NOW)
    done(state, Unban(ROOM, ANN, BOB), Join(ROOM, BOB), Post(ROOM, BOB, "again"))
    assert state.bans == {BOB: None}
    assert [deed.act for deed in state.deeds] == ["ban", "unban"]


def test_a_ban_of_who_is_not_in_takes_no_seq_and_is_not_told() -> None:
    """Rule 6: what some members may not see takes no seq."""
    state = room_state()
    [first, again] = done(state, Ban(ROOM, ANN, OUT), Ban(ROOM, ANN, OUT, "other"))
    assert (first.repeated, again.repeated) == (False, True)
    assert (state.head_seq, state.events, len(state.deeds)) == (3, [], 1)
    assert refusal(state, Join(ROOM, OUT)) == "not_found"
    [lifted, nothing] = done(state, Unban(ROOM, ANN, OUT), Unban(ROOM, ANN, OUT))
    assert (lifted.repeated, nothing.repeated) == (False, True)
    assert (state.head_seq, state.events, len(state.deeds)) == (3, [], 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Ban(ROOM, BOB, ANN), "forbidden"),
        (Ban(ROOM, BOB, EVE), "forbidden"),
        (Ban(ROOM, BOB, BOB), "forbidden"),
        (Ban(ROOM, BOB, 99), "not_found"),
        (Ban(ROOM, OUT, BOB), "not_member"),
        (Unban(ROOM, OUT, BOB), "not_member"),
        (RemoveMember(ROOM, BOB, EVE), "forbidden"),
        (RemoveMember(ROOM, BOB, ANN), "forbidden"),
        (RemoveMember(ROOM, BOB, BOB), "forbidden"),
    ],
)
def test_moderators_put_out_those_below_them(change: RoomChange, code: str) -> None:
    state = with_roles(room_state(), bob=Role.MODERATOR, eve=Role.MODERATOR)
    assert refusal(state, change) == code


def test_the_server_bans_the_owner_and_the_room_is_handed_over() -> None:
    state = room_state()
    done(state, Ban(ROOM, None, ANN, via="key shop"))
    assert state.room.owner == BOB
    assert state.events[-1].message is not None
    assert "by" not in (state.events[-1].message.notice or {})
    assert (state.deeds[0].actor, state.deeds[0].via) == (None, "key shop")


# Invitations.


def test_an_invitation_is_used_until_it_is_used_up() -> None:
    state = room_state(RoomKind.PRIVATE, more=3)
    for number in (100, 101, 102):
        del state.members[number]
    state.invites[7] = Invite(7, "i", "code", ROOM, ANN, 0, max_uses=2)
    again = Join(ROOM, BOB, 7)
    assert done(state, again)[0].repeated, "who is in uses none"
    done(state, Join(ROOM, 100, 7), Join(ROOM, 101, 7))
    assert refusal(state, Join(ROOM, 102, 7)) == "invite_invalid"
    assert state.invites_used == [7, 7]


@pytest.mark.parametrize(
    ("invite", "code"),
    [
        (None, "invite_invalid"),
        (Invite(7, "i", "code", ROOM + 1, ANN, 0), "invite_invalid"),
        (Invite(7, "i", "code", None, ANN, 0), "invite_invalid"),
        (Invite(7, "i", "code", ROOM, ANN, 0, expires_at=NOW), "invite_invalid"),
        (Invite(7, "i", "code", ROOM, ANN, 0, revoked_at=1), "invite_invalid"),
        (Invite(7, "i", "code", ROOM, ANN, 0, expires_at=NOW + 1), None),
    ],
)
def test_which_invitations_are_good(invite: Invite | None, code: str | None) -> None:
    state = room_state(RoomKind.PRIVATE)
    if invite is not None:
        state.invites[7] = invite
    if code is None:
        done(state, Join(ROOM, OUT, 7))
    else:
        assert refusal(state, Join(ROOM, OUT, 7)) == code


def test_an_invitation_brings_no_banned_nobody_into_a_direct_room_and_nobody_into_an_archived_one() -> None:
    for kind, code in ((RoomKind.PRIVATE, "not_found"), (RoomKind.DIRECT, "invite_invalid")):
        state = room_state(kind, owner=None)
        state.invites[7] = Invite(7, "i", "code", ROOM, ANN, 0)
        if kind is RoomKind.PRIVATE:
            state.banned.add(OUT)
        assert refusal(state, Join(ROOM, OUT, 7)) == code
    state = room_state(RoomKind.PRIVATE)
    state.invites[7] = Invite(7, "i", "code", ROOM, ANN, 0)
    done(state, ChangeRoom(ROOM, ANN, archived=True))
    assert refusal(state, Join(ROOM, OUT, 7)) == "archived"


def test_who_blocks_somebody_is_not_brought_in_by_them() -> None:
    state = room_state()
    state.blocks.add((OUT, ANN))
    assert refusal(state, AddMember(ROOM, ANN, OUT)) == "blocked"
    done(state, AddMember(ROOM, None, OUT))


def test_a_deleted_account_does_not_come_back() -> None:
    state = room_state()
    state.users[OUT] = replace(state.users[OUT], deleted_at=NOW)
    assert refusal(state, Join(ROOM, OUT)) == "not_found"
    assert refusal(state, AddMember(ROOM, ANN, OUT)) == "not_found"


# Invitations of those who may not invite any more.


@pytest.mark.parametrize(
    "change",
    [
        Leave(ROOM, BOB),
        RemoveMember(ROOM, ANN, BOB),
        Ban(ROOM, ANN, BOB),
        SetRole(ROOM, ANN, BOB, Role.MEMBER),
        Depart(ROOM, BOB),
    ],
)
def test_who_may_not_invite_any_more_leaves_no_good_invitation(change: RoomChange) -> None:
    """Not even to who comes in the same batch."""
    state = with_roles(room_state(RoomKind.PRIVATE), bob=Role.MODERATOR)
    for number, by in ((1, BOB), (2, EVE)):
        state.invites[number] = Invite(number, "i", "code", ROOM, by, NOW)
    done(state, change)
    assert state.uninvited == {BOB}
    assert refusal(state, Join(ROOM, OUT, 1)) == "invite_invalid"
    done(state, Join(ROOM, OUT, 2))


@pytest.mark.parametrize(
    "change",
    [
        Leave(ROOM, EVE),  # never might
        SetRole(ROOM, ANN, BOB, Role.ADMIN),
        Transfer(ROOM, ANN, BOB),  # the owner before is an admin
        Mute(ROOM, ANN, BOB, NOW + 1),
        Join(ROOM, OUT),
    ],
)
def test_who_may_invite_still_keeps_theirs(change: RoomChange) -> None:
    state = with_roles(room_state(), bob=Role.MODERATOR)
    done(state, change)
    assert state.uninvited == set()


def test_staff_who_leave_a_public_room_may_still_invite() -> None:
    for kind, ended in ((RoomKind.PUBLIC, set()), (RoomKind.PRIVATE, {BOB})):
        state = room_state(kind)
        state.users[BOB] = replace(state.users[BOB], is_staff=True)
        done(state, Leave(ROOM, BOB))
        assert state.uninvited == ended


# Deleted accounts.


@pytest.mark.parametrize("kind", RoomKind)
def test_who_departs_leaves_any_room(kind: RoomKind) -> None:
    state = room_state(kind, owner=None if kind is RoomKind.DIRECT else ANN)
    state.users[BOB] = replace(state.users[BOB], username="deleted-2", deleted_at=NOW)
    done(state, Depart(ROOM, BOB))
    assert state.member(BOB) is None
    assert state.member_count == 2
    assert state.events[-1].removed == (BOB,)
    assert message_of(done(state, Post(ROOM, ANN, "@bob"))[0]).mentions == (), "nobody is called so any more"
    assert done(state, Depart(ROOM, OUT))[0].repeated
    assert refusal(state, Post(ROOM, BOB, "x")) in ("not_member", "not_found")


def test_of_who_had_left_before_the_row_is_told_again() -> None:
    """So that everybody shows their messages as of a deleted user."""
    state = room_state()
    done(state, Leave(ROOM, BOB), Depart(ROOM, BOB))
    left, gone = state.events
    assert (left.seq, gone.seq, gone.removed, gone.message) == (4, 5, (BOB,), None)
    assert state.member_count == 2
