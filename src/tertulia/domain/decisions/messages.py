"""Post, edit, delete, react."""

from dataclasses import replace
from typing import Any

from tertulia.domain.changes import Delete, Edit, Outcome, Post, React
from tertulia.domain.decisions.state import Reactions, RoomState
from tertulia.domain.emojis import MAX_KINDS, MAX_REACTIONS, SHOWN_USERS
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.models import Message, MessageKind, Role, RoomKind


def post(state: RoomState, change: Post) -> Outcome:
    """A message at the end of the timeline; its sender has read it."""
    state.require_member(change.actor)
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
        mentions=_mention(state, change.names, index, change.actor) if change.names else (),
    )
    state.add_message(message)
    state.targets[index] = message
    state.reads[change.actor] = index
    state.say("message", seq, message=message)
    return Outcome(message=message)


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
    state.require_member(change.actor)
    message = _living(state, change.index)
    if message.sender is None or message.sender.number != change.actor:
        raise Rejection("forbidden", "Only the sender may edit a message.")
    if message.body == change.body:
        return Outcome(message=message, repeated=True)
    state.mentions_dropped.add(change.index)
    state.mentions_added = {mention for mention in state.mentions_added if mention[1] != change.index}
    mentioned = _mention(state, change.names, change.index, change.actor)
    return _changed(state, message, body=change.body, mentions=mentioned, edited_at=state.time())


def delete(state: RoomState, change: Delete) -> Outcome:
    """Only a tombstone stays. For the sender, and for the owner of a room that is not direct."""
    member = state.require_member(change.actor)
    message = state.targets.get(change.index)
    if message is None:
        raise not_found("message")
    owner = member.role is Role.OWNER and state.room.kind is not RoomKind.DIRECT
    if not owner and (message.sender is None or message.sender.number != change.actor):
        raise Rejection("forbidden", "Only the sender or the room's owner may delete a message.")
    if message.deleted_at is not None:
        return Outcome(message=message, repeated=True)
    state.mentions_dropped.add(change.index)
    state.mentions_added = {mention for mention in state.mentions_added if mention[1] != change.index}
    state.reactions_cleared.add(change.index)
    state.reactions[change.index] = Reactions({})
    state.reactions_added = [added for added in state.reactions_added if added[0] != change.index]
    return _changed(state, message, body=None, mentions=(), reactions=(), deleted_at=state.time())


def react(state: RoomState, change: React) -> Outcome:
    """Add a reaction, or take it back; both may be repeated."""
    state.require_member(change.actor)
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
    message = state.targets.get(index)
    if message is None:
        raise not_found("message")
    if message.deleted_at is not None:
        raise Rejection("deleted", "The message is deleted.")
    return message


def _changed(state: RoomState, message: Message, **fields: Any) -> Outcome:
    seq = state.next_seq()
    message = replace(message, changed_seq=seq, **fields)
    state.put_message(message)
    state.say("message", seq, message=message)
    return Outcome(message=message)


def _mention(state: RoomState, names: tuple[str, ...], index: int, actor: int) -> tuple[str, ...]:
    found = (state.names.longest(text) for text in names)
    users = list(dict.fromkeys(user for user in found if user is not None))
    state.mentions_added |= {(user.number, index) for user in users if user.number != actor}
    return tuple(user.id for user in users)
