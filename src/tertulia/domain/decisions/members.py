"""Join, leave, add, remove. Each alters rights, so each moves `access_seq`."""

from dataclasses import replace
from typing import Any

from tertulia.domain.changes import AddMember, Join, Leave, Outcome, RemoveMember
from tertulia.domain.decisions.state import RoomState, person
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.models import Member, Role, RoomKind


def join(state: RoomState, change: Join) -> Outcome:
    """Become a member of a public room; who is one already stays one."""
    member = state.member(change.actor)
    if member is not None:
        return Outcome(member=member, repeated=True)
    if state.room.kind is not RoomKind.PUBLIC:
        raise not_found("room")
    return _come(state, change.actor, {"type": "joined", "users": [person(state.users[change.actor])]})


def add(state: RoomState, change: AddMember) -> Outcome:
    """The owner brings somebody in."""
    state.require_owner(change.actor)
    if change.user not in state.users:
        raise not_found("user")
    member = state.member(change.user)
    if member is not None:
        return Outcome(member=member, repeated=True)
    by, user = state.users[change.actor], state.users[change.user]
    return _come(state, change.user, {"type": "added", "users": [person(user)], "by": person(by)})


def leave(state: RoomState, change: Leave) -> Outcome:
    """Stop being a member; an owner hands over to who has been a member longest."""
    member = state.require_member(change.actor)
    if state.room.kind is RoomKind.DIRECT:
        raise Rejection("direct_room", "A direct room cannot be left.")
    return _go(state, member, {"type": "left", "users": [person(state.users[change.actor])]})


def remove(state: RoomState, change: RemoveMember) -> Outcome:
    """The owner puts somebody out."""
    state.require_owner(change.actor)
    if change.user == change.actor:
        raise Rejection("forbidden", "Use leave to leave a room yourself.")
    member = state.member(change.user)
    if member is None:
        raise not_found("member")
    by, user = state.users[change.actor], state.users[change.user]
    return _go(state, member, {"type": "removed", "users": [person(user)], "by": person(by)})


def _come(state: RoomState, user: int, notice: dict[str, Any]) -> Outcome:
    """Joining starts at the end: what was said before is read."""
    now = state.time()
    seq = state.access_seq = state.next_seq()
    state.member_count += 1
    end = state.message_count
    before = state.members.get(user)
    member = Member(
        room=state.room.number,
        user=user,
        role=Role.MEMBER,
        read_index=max(end, before.read_index if before else 0),
        delivered_index=max(end, before.delivered_index if before else 0),
        joined_at=now,
        left_at=None,
        changed_seq=seq,
    )
    state.put_member(member)
    state.say("member", seq, members=(member,), message=state.note(seq, notice))
    return Outcome(member=member)


def _go(state: RoomState, member: Member, notice: dict[str, Any]) -> Outcome:
    now = state.time()
    seq = state.access_seq = state.next_seq()
    state.member_count -= 1
    gone = replace(member, role=Role.MEMBER, left_at=now, changed_seq=seq)
    state.put_member(gone)
    touched = [gone]
    if member.role is Role.OWNER:
        touched += _hand_over(state, seq)
    state.say("member", seq, members=tuple(touched), message=state.note(seq, notice))
    return Outcome(member=gone)


def _hand_over(state: RoomState, seq: int) -> list[Member]:
    """The room's next owner: the longest member that is still there."""
    heir = next((member for user in state.heirs if (member := state.member(user)) is not None), None)
    if heir is None:
        heir = min(
            (member for member in state.members.values() if member.left_at is None),
            key=lambda member: (member.joined_at, member.user),
            default=None,
        )
    if heir is None:
        state.room = replace(state.room, owner=None)
        return []
    heir = replace(heir, role=Role.OWNER, changed_seq=seq)
    state.put_member(heir)
    state.room = replace(state.room, owner=heir.user)
    return [heir]
