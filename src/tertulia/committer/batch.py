"""One batch in one transaction: lock, load, decide, write. Runs in the writer's thread.

The commit itself is the writer's; what is delivered afterwards is in the `Batch` that comes back.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from tertulia.committer import webhooks
from tertulia.committer.loading import Loader, Rights
from tertulia.committer.stored import Key, Stored, key_of, look_up
from tertulia.domain.audit import Entry
from tertulia.domain.changes import USER, Change, CreateRoom, Outcome, Post, Result
from tertulia.domain.decisions import decide
from tertulia.domain.decisions.members import require_account, require_unblocked
from tertulia.domain.decisions.messages import repeated
from tertulia.domain.decisions.rooms import name_taken
from tertulia.domain.decisions.state import Deed, RoomState
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.events import Changed, RoomBatch
from tertulia.domain.models import Member, Role, Room, RoomKind, User
from tertulia.storage import audit, bans, blocks, invites, members, messages, reports, rooms, users
from tertulia.storage.bans import BanRow


@dataclass(slots=True)
class Batch:
    """What a transaction did: one result an item, in order, and what is to be delivered once it is committed.

    No result: the item's room is held by somebody else, so nothing was done.
    """

    results: list[Result | None]
    delivered: list[RoomBatch] = field(default_factory=list)


def run(
    connection: Connection,
    items: list[Change],
    rights: Rights,
    now: int,
    *,
    careful: bool,
    known: frozenset[Key],
    skip_held: bool = False,
) -> Batch:
    """Decide and write `items`; with `skip_held` without those whose rooms are held by somebody else.

    `careful`: look up each client_id and message id first, because an attempt failed or its outcome is unknown.
    `known`: keys that were stored lately, so that they are looked up in any case.
    """
    loader = Loader(connection, rights, now)
    states = loader.states(items, skip_held=skip_held)
    stored = look_up(connection, items, known, careful=careful)
    batch = Batch([])
    for item in items:
        batch.results.append(_result(connection, loader, states, stored, item))
    _write(connection, states.values())
    answered = ((item, result) for item, result in zip(items, batch.results, strict=True) if result is not None)
    webhooks.record(connection, rights, states.values(), loader.created, answered, now)
    batch.delivered = [_delivered(state) for state in states.values() if state.events or state.deleted or state.bans]
    batch.delivered += loader.created
    rights.keep(states.values())
    return batch


def _result(
    connection: Connection, loader: Loader, states: dict[int, RoomState], stored: Stored, item: Change
) -> Result | None:
    try:
        if isinstance(item, CreateRoom):
            there = stored.rooms.get(item.id)
            return _create(connection, loader, item) if there is None else _created(connection, there, item)
        state = states.get(item.room)
        if state is None:
            if item.room in loader.held:
                return None
            raise not_found("room")
        if isinstance(item, Post):
            return _post(connection, state, stored, item)
        return decide(state, item)
    except Rejection as rejection:
        return rejection


def _post(connection: Connection, state: RoomState, stored: Stored, item: Post) -> Outcome:
    """A post; one whose key is stored already is answered with what is stored, whatever the limits say by now."""
    if item.id in stored.by_id:  # an earlier attempt of this very item was committed
        return Outcome(message=stored.by_id[item.id])
    key = key_of(item)
    if key is None or state.deleted:
        return decide(state, item)
    if not item.trusted:
        state.require_member(item.actor)
    before = stored.as_it_is(key, state)
    if before is not None:
        return repeated(item, before)
    try:
        outcome = decide(state, item)
    except Rejection:
        if key not in stored.looked_up:
            stored.find(connection, [key])
        before = stored.as_it_is(key, state)
        if before is None:
            raise
        return repeated(item, before)
    assert outcome.message is not None
    stored.by_key[key] = outcome.message
    return outcome


def _create(connection: Connection, loader: Loader, item: CreateRoom) -> Outcome:
    """A new room; a direct one that is there already is answered as it is."""
    there = _already(connection, item)
    if there is not None:
        return Outcome(room=there, repeated=True)
    room = _new_room(item, loader.now)
    if room.has_own_name and room.name in loader.names:
        raise name_taken()
    found = _first_people(connection, loader, item)
    room = replace(room, number=rooms.create(connection, room))
    if room.has_own_name and room.name is not None:
        loader.names.add(room.name)
    first = [_first_member(room, user, item) for user in found]
    members.save(connection, first)
    if item.via != USER:
        _record_making(connection, room, item)
    if first:
        rows = tuple((member, found[member.user]) for member in first)
        event = Changed(room.number, room.id, 1, "member", members=rows, member_count=len(rows))
        loader.created.append(RoomBatch(room.number, room.id, (event,)))
        users.bump(connection, found)
    return Outcome(room=room, member=first[0] if first else None)


def _first_people(connection: Connection, loader: Loader, item: CreateRoom) -> dict[int, User]:
    """Those with whom the room begins, by number, in their order; raises `not_found` or `blocked`."""
    others = [user for user in item.people if user != item.actor]
    pairs = [] if item.actor is None else [(user, item.actor) for user in others]
    blocking = blocks.among(connection, pairs)
    if (item.partner, item.actor) in blocking:
        raise Rejection("blocked", "They do not want to be written to by you.")
    loaded = loader.users(item.people)
    found = {user: require_account(loaded.get(user)) for user in item.people}
    for user in item.members:
        if not found[user].is_active:
            raise not_found("user")
        require_unblocked(blocking, user, item.actor)
    return found


def _record_making(connection: Connection, room: Room, item: CreateRoom) -> None:
    """By a server key; what people make for themselves is not in the audit log."""
    details = {"kind": room.kind.value, "title": room.title}
    audit.record(
        connection, at=room.created_at, actor=None, via=item.via, act="create_room",
        room=room.number, room_id=room.id, user=item.actor, details=details,
    )  # fmt: skip


def _already(connection: Connection, item: CreateRoom) -> Room | None:
    """The one room of these two, or of this `external_id`."""
    if item.direct_key is not None:
        return rooms.by_direct_key(connection, item.direct_key)
    return rooms.by_external_id(connection, item.external_id) if item.external_id is not None else None


def _created(connection: Connection, room: Room, item: CreateRoom) -> Outcome:
    """The answer to a room that an earlier attempt made."""
    member = None if item.actor is None else members.one(connection, room.number, item.actor)
    return Outcome(room=room, member=member)


def _new_room(item: CreateRoom, now: int) -> Room:
    """Its making is the first change."""
    return Room(
        number=0,
        id=item.id,
        kind=item.kind,
        name=item.name,
        title=item.title,
        description=item.description,
        owner=item.actor if item.kind is not RoomKind.DIRECT else None,
        head_seq=1,
        message_count=0,
        first_index=1,
        access_seq=1,
        settings_seq=1,
        created_at=now,
        last_at=now,
        member_count=len(item.people),
        direct_key=item.direct_key,
        external_id=item.external_id,
        metadata=item.metadata,
        exclusive=item.exclusive,
        join_by_id=item.join_by_id,
    )


def _first_member(room: Room, user: int, item: CreateRoom) -> Member:
    owner = user == item.actor and room.kind is not RoomKind.DIRECT
    return Member(room.number, user, Role.OWNER if owner else Role.MEMBER, 0, 0, room.created_at, None, 1)


def _write(connection: Connection, states: Iterable[RoomState]) -> None:
    """Everything that was decided, in few bulk statements."""
    states = list(states)
    touched = [state for state in states if state.events or state.deleted]
    messages.append(connection, (message for state in touched for message in state.new_messages.values()))
    messages.save(connection, (message for state in touched for message in state.changed_messages.values()))
    _write_beside(connection, touched)
    members.save(connection, (member for state in touched for member in state.changed_members.values()))
    members.save_reads(
        connection, ((state.room.number, user, index) for state in touched for user, index in state.reads.items())
    )
    members.save_posted(
        connection, ((state.room.number, user, time) for state in touched for user, time in state.posted.items())
    )
    only_counts = [state for state in touched if not (state.changed_members or state.settings_changed)]
    rooms.save_counts(
        connection, ((state.room.number, state.head_seq, state.message_count, state.last_at) for state in only_counts)
    )
    rooms.save(connection, (state.as_it_is() for state in touched if state.changed_members or state.settings_changed))
    users.bump(connection, {user for state in states for user in (*state.changed_members, *state.bans)})
    users.bump_members(connection, [state.room.number for state in touched if state.deleted])
    _write_moderation(connection, [state for state in states if _is_moderated(state)])


def _is_moderated(state: RoomState) -> bool:
    return bool(state.deeds or state.flagged or state.invites_used or state.uninvited)


def _write_moderation(connection: Connection, touched: list[RoomState]) -> None:
    """Bans, invitations that were used or end, reports of the word list; and the audit log."""
    changed = [(state.room.number, user, ban) for state in touched for user, ban in state.bans.items()]
    bans.save(
        connection,
        [(room, user) for room, user, ban in changed if ban is None],
        [BanRow(room, user, ban.by, ban.reason, ban.at) for room, user, ban in changed if ban is not None],
    )
    invites.count_uses(connection, Counter(number for state in touched for number in state.invites_used))
    for state in touched:
        invites.revoke_by(connection, [(state.room.number, user) for user in sorted(state.uninvited)], state.now)
        for message in state.flagged:
            sender = message.sender.number if message.sender else None
            reports.add(
                connection, at=state.now, reporter=None, user=sender, room=state.room.number, room_id=state.room.id,
                index=message.index, message_id=message.id, body=message.body,
            )  # fmt: skip
    audit.record_all(connection, [_entry(state, deed) for state in touched for deed in state.deeds])


def _entry(state: RoomState, deed: Deed) -> Entry:
    return Entry(
        number=0,
        at=state.now,
        actor=deed.actor,
        via=deed.via,
        act=deed.act,
        room=state.room.number,
        room_id=state.room.id,
        user=deed.user,
        details=deed.details,
    )


def _write_beside(connection: Connection, touched: list[RoomState]) -> None:
    """Mentions and reactions: what was dropped first, so that it can come again."""
    numbered = [(state.room.number, state) for state in touched]
    messages.drop_mentions(connection, [(room, index) for room, state in numbered for index in state.mentions_dropped])
    messages.add_mentions(
        connection, [(user, room, index) for room, state in numbered for user, index in state.mentions_added]
    )
    messages.save_room_mentions(
        connection,
        [(room, index) for room, state in numbered for index in state.room_mentions],
        [
            (room, index, sender)
            for room, state in numbered
            for index, sender in state.room_mentions.items()
            if sender is not None
        ],
    )
    messages.clear_reactions(
        connection, [(room, index) for room, state in numbered for index in state.reactions_cleared]
    )
    messages.drop_reactions(
        connection, [(room, *dropped) for room, state in numbered for dropped in state.reactions_dropped]
    )
    messages.add_reactions(connection, [(room, *added) for room, state in numbered for added in state.reactions_added])


def _delivered(state: RoomState) -> RoomBatch:
    banned = tuple(user for user, ban in state.bans.items() if ban is not None)
    return RoomBatch(state.room.number, state.room.id, tuple(state.events), gone=state.deleted, banned=banned)
