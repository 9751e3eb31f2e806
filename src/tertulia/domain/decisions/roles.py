"""How members stand: give a role, hand the room over, mute. Each alters rights, so each moves `access_seq`."""

from dataclasses import replace
from typing import Any

from tertulia.domain.changes import Mute, Outcome, SetRole, Transfer
from tertulia.domain.decisions.state import RoomState, person
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.models import Member, Role
from tertulia.domain.rights import Act, rank_of


def set_role(state: RoomState, change: SetRole) -> Outcome:
    """A role below one's own, to somebody who stands below oneself."""
    rank = state.require(change.actor, Act.ROLE)
    member = _member(state, change.user)
    if member.role is change.role:
        return Outcome(member=member, repeated=True)
    if Role.OWNER in (change.role, member.role):
        raise Rejection("forbidden", "There is always one owner: transfer the room instead.", field="role")
    state.require_over(change.actor, Act.ROLE, change.user)
    if rank_of(change.role) >= rank:
        raise Rejection("forbidden", "You cannot give a role as high as your own.", field="role")
    state.note_deed("role", change.actor, change.via, change.user, role=change.role.value)
    return _give(state, change.actor, [replace(member, role=change.role)])


def transfer(state: RoomState, change: Transfer) -> Outcome:
    """Another member becomes the owner; the one before stays as an admin."""
    state.require(change.actor, Act.TRANSFER)
    heir = _member(state, change.user)
    if heir.role is Role.OWNER:
        return Outcome(member=heir, repeated=True)
    changed = [replace(heir, role=Role.OWNER)]
    before = state.room.owner and state.member(state.room.owner)
    if before:
        changed.append(replace(before, role=Role.ADMIN))
    state.room = replace(state.room, owner=change.user)
    state.note_deed("transfer", change.actor, change.via, change.user)
    return _give(state, change.actor, changed)


def mute(state: RoomState, change: Mute) -> Outcome:
    """Until then they read and say nothing; a time that is over ends it."""
    state.require(change.actor, Act.MUTE)
    member = _member(state, change.user)
    state.require_over(change.actor, Act.MUTE, change.user)
    until = change.until if change.until is not None and change.until > state.now else None
    if member.muted_until == until:
        return Outcome(member=member, repeated=True)
    seq = state.access_seq = state.next_seq()
    muted = replace(member, muted_until=until, changed_seq=seq)
    state.put_member(muted)
    state.note_deed("unmute" if until is None else "mute", change.actor, change.via, change.user, until=until)
    state.say("member", seq, members=(muted,))
    return Outcome(member=muted)


def _member(state: RoomState, user: int) -> Member:
    member = state.member(user)
    if member is None:
        raise not_found("member")
    return member


def _give(state: RoomState, actor: int | None, changed: list[Member]) -> Outcome:
    """New roles under one seq; the notice names the first."""
    seq = state.access_seq = state.next_seq()
    members = tuple(replace(member, changed_seq=seq) for member in changed)
    for member in members:
        state.put_member(member)
    first = members[0]
    notice: dict[str, Any] = {"type": "role", "users": [person(state.users[first.user])], "role": first.role.value}
    if actor is not None:
        notice["by"] = person(state.users[actor])
    state.say("member", seq, members=members, message=state.note(seq, notice))
    return Outcome(member=first)
