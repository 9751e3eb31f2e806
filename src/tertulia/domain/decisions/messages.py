"""Post, edit, delete, react, pin."""

from dataclasses import replace
from typing import Any

from tertulia.domain import rights
from tertulia.domain.changes import ERASURE, Delete, Edit, Outcome, Pin, Post, React
from tertulia.domain.decisions.state import Reactions, RoomState
from tertulia.domain.emojis import MAX_KINDS, MAX_REACTIONS, SHOWN_USERS
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.mentions import says_room
from tertulia.domain.models import Member, Message, MessageKind, RoomKind
from tertulia.domain.rights import SMALL_ROOM, Act, Rank
from tertulia.domain.times import SECOND
from tertulia.domain.voice import Voice

MAX_PINS = 50


def post(state: RoomState, change: Post) -> Outcome:
    """A message at the end of the timeline; its sender has read it."""
    if change.trusted:
        state.require_open()
        if state.users[change.actor].deleted_at is not None:
            raise not_found("user")
    else:
        _check_voice(state, change.actor)
        _check_slow_mode(state, change.actor)
    if change.refusal is not None:
        raise change.refusal
    if change.reply_to is not None and not state.room.first_index <= change.reply_to <= state.message_count:
        raise Rejection("not_found", "There is no message to reply to.", field="reply_to")
    index = state.message_count = state.message_count + 1
    seq = state.next_seq()
    message = Message(
        room=state.room.number,
        seq=seq,
        changed_seq=seq,
        index=index,
        after=index - 1,
        id=change.id,
        sender=state.users[change.actor],
        kind=MessageKind.MESSAGE,
        body=change.body,
        created_at=state.time(),
        reply_to=change.reply_to,
        client_id=change.client_id,
        metadata=change.metadata,
    )
    if change.names:
        message = _mention(state, message, change.names)
    state.add_message(message)
    state.targets[index] = message
    state.reads[change.actor] = index
    if change.flagged:
        state.flagged.append(message)
    if state.room.slow_mode:
        _remember_post(state, change.actor, message.created_at)
    state.say("message", seq, message=message)
    return Outcome(message=message)


def _check_voice(state: RoomState, actor: int) -> Member:
    """Who may say something here now: post, edit, react; in a direct room also pin."""
    member = state.require_member(actor)
    room = state.room
    blocked = room.kind is RoomKind.DIRECT and any(blocked == actor for _, blocked in state.blocks)
    if blocked or room.archived or member.muted_until is not None:
        Voice(room.archived, member.muted_until, blocked).check(state.now)
    return member


def _check_slow_mode(state: RoomState, actor: int) -> None:
    """One post in so many seconds, for those who do not moderate."""
    last = state.members[actor].last_post_at
    if not state.room.slow_mode or last is None or state.rank(actor) >= Rank.MODERATOR:
        return
    wait = last + state.room.slow_mode * SECOND - state.now
    if wait > 0:
        message = f"Slow mode: one message in {state.room.slow_mode} seconds. Wait a little."
        raise Rejection("slow_mode", message, retry_after=wait / SECOND)


def _remember_post(state: RoomState, actor: int, time: int) -> None:
    state.posted[actor] = time
    member = state.members.get(actor)
    if member is not None:
        state.members[actor] = replace(member, last_post_at=time)


def repeated(change: Post, message: Message) -> Outcome:
    """The answer to a post whose `client_id` is stored already (promise 3)."""
    untouched = message.edited_at is None and message.deleted_at is None
    if untouched and (message.body != change.body or message.reply_to != change.reply_to):
        raise Rejection(
            "client_id_reused",
            "This client_id was used for another message. Use a new random one for each message.",
            field="client_id",
        )
    return Outcome(message=message, repeated=True)


def edit(state: RoomState, change: Edit) -> Outcome:
    """New text for a message of one's own."""
    _check_voice(state, change.actor)
    message = _living(state, change.index)
    if message.sender is None or message.sender.number != change.actor:
        raise Rejection("forbidden", "Only the sender may edit a message.")
    if message.body == change.body:
        return Outcome(message=message, repeated=True)
    _forget_mentions(state, message)
    message = replace(message, body=change.body, edited_at=state.time(), mentions=(), mentions_room=False)
    outcome = _changed(state, _mention(state, message, change.names), edited=True)
    if change.flagged and outcome.message is not None:
        state.flagged.append(outcome.message)
    return outcome


def delete(state: RoomState, change: Delete) -> Outcome:
    """Only a tombstone stays. For the sender, for moderators, and for staff, who know of it from a report."""
    message = _deletable(state, change)
    if message.deleted_at is not None:
        return Outcome(message=message, repeated=True)
    sender = message.sender.number if message.sender else None
    if sender != change.actor and change.via != ERASURE:
        state.note_deed("delete_message", change.actor, change.via, sender, index=change.index)
    _forget_mentions(state, message)
    state.pinned -= message.pinned_at is not None
    state.reactions_cleared.add(change.index)
    state.reactions[change.index] = Reactions({})
    state.reactions_added = [added for added in state.reactions_added if added[0] != change.index]
    return _changed(
        state,
        message,
        body=None,
        metadata=None,
        mentions=(),
        mentions_room=False,
        reactions=(),
        pinned_at=None,
        pinned_by=None,
        deleted_at=state.time(),
    )


def _deletable(state: RoomState, change: Delete) -> Message:
    actor = None if change.actor is None else state.users[change.actor]
    if actor is not None and not actor.is_staff:
        state.require_member(actor.number)
    message = state.target(change.index)
    if message is None:
        raise not_found("message")
    if actor is None or actor.is_staff:
        return message
    if message.sender is not None and message.sender.number == actor.number:
        state.require_open()
    elif not rights.may(Act.DELETE_MESSAGE, state.room.kind, state.rank(actor.number)):
        raise Rejection("forbidden", "Only the sender, or a moderator of the room, may delete a message.")
    return message


def pin(state: RoomState, change: Pin) -> Outcome:
    """Keep a message at hand for everybody, or no more; both may be repeated. A mute does not take it away."""
    state.require(change.actor, Act.PIN)
    state.require_open()
    direct = state.room.kind is RoomKind.DIRECT
    if direct and change.actor is not None:
        _check_voice(state, change.actor)
    message = _living(state, change.index)
    if (message.pinned_at is not None) == change.on:
        return Outcome(message=message, repeated=True)
    if change.on and state.pinned >= MAX_PINS:
        raise Rejection("too_many", f"A room has at most {MAX_PINS} pins. Take one off first.")
    state.pinned += 1 if change.on else -1
    if not direct or change.actor is None:
        state.note_deed("pin" if change.on else "unpin", change.actor, change.via, index=change.index)
    pinned_at = state.time() if change.on else None
    return _changed(state, message, pinned_at=pinned_at, pinned_by=change.actor if change.on else None)


def react(state: RoomState, change: React) -> Outcome:
    """Add a reaction, or take it back; both may be repeated."""
    _check_voice(state, change.actor)
    message = _living(state, change.index)
    reactions = state.reactions.setdefault(change.index, Reactions({}))
    users = reactions.users.get(change.emoji, [])
    if (change.actor in users) == change.on:
        return Outcome(message=message, repeated=True)
    entry = (change.index, change.actor, change.emoji)
    if change.on:
        _check_room_for(reactions, change.emoji)
        reactions.users[change.emoji] = [*users, change.actor]
        state.reactions_added.append(entry)
    else:
        reactions.users[change.emoji] = [user for user in users if user != change.actor]
        _take_back(state, entry)
    return _changed(state, message, reactions=_summary(state, message, reactions))


def _check_room_for(reactions: Reactions, emoji: str) -> None:
    kinds = [kind for kind, users in reactions.users.items() if users]
    if emoji not in kinds and len(kinds) >= MAX_KINDS:
        raise Rejection("too_many_reactions", f"A message takes at most {MAX_KINDS} kinds of reactions.")
    if reactions.total >= MAX_REACTIONS:
        raise Rejection("too_many_reactions", f"A message takes at most {MAX_REACTIONS:,} reactions.")


def _take_back(state: RoomState, entry: tuple[int, int, str]) -> None:
    """Rows are dropped before they are added, so one of this batch is just not added."""
    if entry in state.reactions_added:
        state.reactions_added.remove(entry)
    else:
        state.reactions_dropped.append(entry)


def _summary(state: RoomState, message: Message, reactions: Reactions) -> tuple[dict[str, Any], ...]:
    """A kind keeps its place as long as anybody has it."""
    before = [str(shown["emoji"]) for shown in message.reactions]
    return tuple(
        {"emoji": emoji, "count": len(users), "users": [state.users[user].id for user in users[:SHOWN_USERS]]}
        for emoji in dict.fromkeys([*before, *reactions.users])
        if (users := reactions.users.get(emoji))
    )


def _living(state: RoomState, index: int) -> Message:
    message = state.target(index)
    if message is None:
        raise not_found("message")
    if message.deleted_at is not None:
        raise Rejection("deleted", "The message is deleted.")
    return message


def _changed(state: RoomState, message: Message, *, edited: bool = False, **fields: Any) -> Outcome:
    seq = state.next_seq()
    message = replace(message, changed_seq=seq, **fields)
    state.put_message(message)
    state.say("message", seq, message=message, edited=edited)
    return Outcome(message=message)


def _forget_mentions(state: RoomState, message: Message) -> None:
    index = message.index
    assert index is not None
    state.mentions_dropped.add(index)
    state.mentions_added = {mention for mention in state.mentions_added if mention[1] != index}
    if message.mentions_room:
        state.room_mentions[index] = None


def _mention(state: RoomState, message: Message, names: tuple[str, ...]) -> Message:
    """Whom it mentions; who blocks the sender is not told, and not counted."""
    sender, index = message.sender, message.index
    assert sender is not None
    assert index is not None
    whole_room = says_room(names) and _may_mention_room(state, sender.number)
    if whole_room:
        state.room_mentions[index] = sender.number
    found = (state.names.longest(text) for text in names if not says_room([text]))
    users = {
        user.number: user for user in found if user is not None and (user.number, sender.number) not in state.blocks
    }
    state.mentions_added |= {(number, index) for number in users if number != sender.number}
    return replace(message, mentions=tuple(user.id for user in users.values()), mentions_room=whole_room)


def _may_mention_room(state: RoomState, actor: int) -> bool:
    if state.member_count <= SMALL_ROOM and state.member(actor) is not None:
        return True
    return rights.may(Act.MENTION_ROOM, state.room.kind, state.rank(actor))
