"""Come and go: join, leave, add, remove, ban; and what becomes of a room whose owner goes.

Each alters rights, so each moves `access_seq`.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from tertulia.domain import invites
from tertulia.domain.changes import AddMember, Depart, Join, Leave, Outcome, RemoveMember, Unban
from tertulia.domain.changes import Ban as BanChange
from tertulia.domain.decisions.state import Ban, RoomState, person
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.models import Member, Message, Role, RoomKind, User
from tertulia.domain.rights import UNSEEN, Act, Rank, rank_of


def join(state: RoomState, change: Join) -> Outcome:
    """Become a member of a public room, or by an invitation; who is one stays one. Staff join all but direct ones.

    By id: of a public room, or of one that says so; to everybody, the staff and its members too, others are not there.
    """
    is_open = state.room.kind is RoomKind.PUBLIC or (change.by_id and state.room.join_by_id)
    if change.by_id and not is_open:
        raise not_found("room")
    member = state.member(change.actor)
    if member is not None:
        return Outcome(member=member, repeated=True)
    user = state.users[change.actor]
    if user.deleted_at is not None:
        raise not_found("room")
    as_staff = user.is_staff and not change.by_id and (Act.JOIN, state.room.kind) in UNSEEN
    open_to_them = is_open or as_staff
    if (change.actor in state.banned and not as_staff) or not (open_to_them or change.invite is not None):
        raise not_found("room")
    if change.invite is not None:
        _use_invite(state, change.invite)
    state.require_open()
    if as_staff and change.invite is None:
        state.note_deed("join", change.actor, "user")
    if change.actor in state.banned:
        state.banned.discard(change.actor)
        state.bans[change.actor] = None
    notice = None if change.quiet else {"type": "joined", "users": [person(user)]}
    return _come(state, change.actor, notice)


def _use_invite(state: RoomState, number: int) -> None:
    invite = invites.check_invite(state.invites.get(number), state.now)
    if invite.room != state.room.number or state.room.kind is RoomKind.DIRECT:
        raise invites.invalid()
    state.require_open()
    state.invites[number] = replace(invite, uses=invite.uses + 1)
    state.invites_used.append(number)


def add(state: RoomState, change: AddMember) -> Outcome:
    """Bring somebody in, with a role below one's own."""
    rank = state.require(change.actor, Act.ADD)
    user = require_account(state.users.get(change.user))
    member = state.member(change.user)
    if member is not None:
        return Outcome(member=member, repeated=True)
    if change.role is Role.OWNER or (
        change.role is not Role.MEMBER and rank <= max(rank_of(change.role), Rank.MODERATOR)
    ):
        raise Rejection("forbidden", "You cannot give this role.", field="role")
    if change.user in state.banned:
        raise Rejection("banned", "They are banned from this room. Lift the ban first.", field="user")
    require_unblocked(state.blocks, change.user, change.actor)
    state.require_open()
    state.note_deed("add", change.actor, change.via, change.user, role=change.role.value)
    notice = {"type": "added", "users": [person(user)], **_by(state, change.actor)}
    return _come(state, change.user, notice, change.role)


def require_account(user: User | None) -> User:
    """Who is brought into a room; `not_found` when the account is not there, or not any more."""
    if user is None or user.deleted_at is not None:
        raise not_found("user")
    return user


def require_unblocked(blocks: Collection[tuple[int, int]], user: int, actor: int | None) -> None:
    """Nobody is brought into rooms by those whom they block; raises `blocked`. `blocks`: (user, whom they block)."""
    if (user, actor) in blocks:
        raise Rejection("blocked", "They do not want to be brought into rooms by you.", field="user")


def leave(state: RoomState, change: Leave) -> Outcome:
    """Stop being a member; an owner hands over."""
    member = state.require_member(change.actor)
    state.require(change.actor, Act.LEAVE)
    return _go(state, member, {"type": "left", "users": [person(state.users[change.actor])]})


def remove(state: RoomState, change: RemoveMember) -> Outcome:
    """Put somebody out; they may come back."""
    if change.user == change.actor:
        state.require(change.actor, Act.REMOVE)
        raise Rejection("forbidden", "Use leave to leave a room yourself.")
    state.require(change.actor, Act.REMOVE)
    member = state.member(change.user)
    if member is None:
        raise not_found("member")
    state.require_over(change.actor, Act.REMOVE, change.user)
    state.note_deed("remove", change.actor, change.via, change.user)
    notice = {"type": "removed", "users": [person(state.users[change.user])], **_by(state, change.actor)}
    return _go(state, member, notice)


def ban(state: RoomState, change: BanChange) -> Outcome:
    """Put somebody out for good; who was never in does not come in. Only a removal takes a seq: bans are not told."""
    state.require_over(change.actor, Act.BAN, change.user)
    member = state.member(change.user)
    if change.user in state.banned and member is None:
        return Outcome(repeated=True)
    state.banned.add(change.user)
    state.bans[change.user] = Ban(change.actor, change.reason, state.now)
    state.note_deed("ban", change.actor, change.via, change.user, reason=change.reason)
    if member is None:
        return Outcome()
    notice = {"type": "banned", "users": [person(state.users[change.user])], **_by(state, change.actor)}
    return _go(state, member, notice)


def unban(state: RoomState, change: Unban) -> Outcome:
    """They may come in again."""
    state.require(change.actor, Act.BAN)
    if change.user not in state.banned:
        return Outcome(repeated=True)
    state.banned.discard(change.user)
    state.bans[change.user] = None
    state.note_deed("unban", change.actor, change.via, change.user)
    return Outcome()


def depart(state: RoomState, change: Depart) -> Outcome:
    """The account is deleted: everybody here is told, also of those who had left, and notices forget the name."""
    member = state.members.get(change.user)
    notices = state.named.pop(change.user, [])
    if member is not None and member.left_at is None:
        _go(state, member, {"type": "left", "users": [person(state.users[change.user])]})
    elif member is not None and not change.again:
        seq = state.access_seq = state.next_seq()
        gone = replace(member, changed_seq=seq)
        state.put_member(gone)
        state.say("member", seq, members=(gone,))
    elif not notices:
        return Outcome(repeated=True)
    for notice in notices:
        _rename_in(state, notice, change.user)
    return Outcome()


def _rename_in(state: RoomState, notice: Message, user: int) -> None:
    """The notice keeps what happened, and names the person as deleted."""
    deleted = person(state.users[user])
    told = dict(notice.notice or {})
    told["users"] = [deleted if named["id"] == deleted["id"] else named for named in told.get("users", ())]
    if told.get("by", {}).get("id") == deleted["id"]:
        told["by"] = deleted
    if not told["users"]:
        del told["users"]
    seq = state.next_seq()
    notice = replace(notice, notice=told, changed_seq=seq)
    state.put_message(notice)
    state.say("message", seq, message=notice)


def _by(state: RoomState, actor: int | None) -> dict[str, Any]:
    return {} if actor is None else {"by": person(state.users[actor])}


def _come(state: RoomState, user: int, notice: dict[str, Any] | None, role: Role = Role.MEMBER) -> Outcome:
    """Joining starts at the end: what was said before is read. Who was muted still is."""
    now = state.time()
    seq = state.access_seq = state.next_seq()
    state.member_count += 1
    end = state.message_count
    before = state.members.get(user)
    member = Member(
        room=state.room.number,
        user=user,
        role=role,
        read_index=max(end, before.read_index if before else 0),
        delivered_index=max(end, before.delivered_index if before else 0),
        joined_at=now,
        left_at=None,
        changed_seq=seq,
        muted_until=before.muted_until if before else None,
        last_post_at=before.last_post_at if before else None,
    )
    state.put_member(member)
    told = None if notice is None else state.note(seq, notice)
    state.say("member", seq, members=(member,), message=told)
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
    """The room's next owner: the oldest admin, else the oldest member."""
    heir = min(
        (member for member in state.members.values() if member.left_at is None and member.user in state.users),
        key=lambda member: (member.role is not Role.ADMIN, member.joined_at, member.user),
        default=None,
    )
    if heir is None:
        state.room = replace(state.room, owner=None)
        return []
    heir = replace(heir, role=Role.OWNER, changed_seq=seq)
    state.put_member(heir)
    state.room = replace(state.room, owner=heir.user)
    return [heir]
