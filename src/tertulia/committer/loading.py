"""What a batch needs to know before it decides, loaded after its rooms are locked; and what may be kept of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import Connection

from tertulia.domain import mentions
from tertulia.domain.changes import (
    AddMember,
    Ban,
    Change,
    ChangeRoom,
    CreateRoom,
    Depart,
    Edit,
    Going,
    Join,
    Leave,
    MessageChange,
    Pin,
    Post,
    React,
    RoomChange,
    Transfer,
    Unban,
    UserChange,
)
from tertulia.domain.decisions.state import Reactions, RoomState
from tertulia.domain.events import RoomBatch
from tertulia.domain.mentions import Names
from tertulia.domain.models import Member, RoomKind, User
from tertulia.domain.webhooks import Webhook
from tertulia.storage import bans, blocks, erasure, invites, members, messages, rooms, users, webhooks

KEPT = 200_000
"""Members and users kept in memory; beyond, all are forgotten and loaded again as needed."""

KEPT_NAMES = 1_000
"""Members of a room whose names are kept for mentions; in larger rooms they are looked up."""


_COMING = Join | AddMember
# Made once: making a union takes longer than asking it.
_REWRITING = Join | Leave | UserChange
_NAMING = ChangeRoom | CreateRoom
_OF_BANS = AddMember | Ban | Unban
_WRITING = Post | Edit
_SAYING = _WRITING | React | Pin


class Rights:
    """Members and users as they were at a room's `access_seq`; a member counts only if that is still the same.

    Used by one thread of the writer; `forget_users` may be called from any thread. `shared`: other processes write all
    the time, so users, names and webhooks are asked again for each batch.
    """

    def __init__(self, *, shared: bool = False) -> None:
        self.shared = shared
        self._members: dict[int, tuple[int, dict[int, Member], int]] = {}
        self._users: dict[int, User] = {}
        self._changed: set[int] = set()
        self._names: dict[int, tuple[int, Names]] = {}
        self._webhooks: tuple[Webhook, ...] | None = None
        self._count = 0
        self._generation = 0

    def members(self, room: int, access_seq: int) -> dict[int, Member]:
        """Those known of the room at `access_seq`."""
        known = self._members.get(room)
        return known[1] if known is not None and known[0] == access_seq else {}

    def users(self) -> dict[int, User]:
        return self._users

    def names(self, room: int, access_seq: int) -> Names | None:
        """Who may be mentioned, if that is known for this `access_seq`."""
        known = self._names.get(room)
        return known[1] if known is not None and known[0] == access_seq else None

    def keep_names(self, room: int, access_seq: int, names: Names) -> None:
        self._names[room] = (access_seq, names)
        self._count += len(names)

    def keep(self, states: Iterable[RoomState]) -> None:
        """Remember what was loaded and decided. Call it last: a batch that is rolled back must `clear`."""
        for state in states:
            before = self._members.get(state.room.number)
            self._members[state.room.number] = (state.access_seq, state.members, len(state.members))
            self._count += len(state.members) - (before[2] if before else 0)
            self._keep_names_of(state)
        if self._count > KEPT or len(self._users) > KEPT:
            self.clear()

    def _keep_names_of(self, state: RoomState) -> None:
        """Who came and who went is in the names already."""
        known = self._names.get(state.room.number)
        if known is None or known[1] is not state.names:
            return
        if len(state.names) > KEPT_NAMES:
            del self._names[state.room.number]
        else:
            self._names[state.room.number] = (state.access_seq, state.names)

    def webhooks(self, connection: Connection) -> tuple[Webhook, ...]:
        """Those that are to be told; asked once."""
        if self._webhooks is None:
            self._webhooks = webhooks.active(connection)
        return self._webhooks

    def forget_webhooks(self) -> None:
        """In the writer's thread, in the transaction that changes them: no batch may go by what was before."""
        self._webhooks = None

    def forget_users(self, numbers: Collection[int]) -> None:
        """From the next batch on: one that runs right now has looked already."""
        self._changed.update(numbers)

    def clear(self) -> None:
        """Forget everything: another process wrote, or a transaction was rolled back."""
        self._webhooks = None
        self._members, self._users, self._names, self._count = {}, {}, {}, 0

    def follow(self, generation: int) -> None:
        """Begin a batch: forget what changed, and everything when the count of foreign writes moved."""
        while self._changed:
            self._users.pop(self._changed.pop(), None)
        if self.shared:  # members are known by the room's `access_seq`, which was read under its lock
            self._webhooks, self._users = None, {}
        elif generation != self._generation:
            self._generation = generation
            self.clear()


class Loader:
    """Loads for one batch. `created` collects the rooms that it makes, `names` holds the taken ones of those wanted,
    `held` the rooms that somebody else holds.
    """

    def __init__(self, connection: Connection, rights: Rights, now: int) -> None:
        self._connection = connection
        self._rights = rights
        self.now = now
        self.created: list[RoomBatch] = []
        self.names: set[str] = set()
        self.held: set[int] = set()

    def users(self, numbers: Collection[int]) -> dict[int, User]:
        """Those of `numbers` that are there, from memory or the database."""
        known = self._rights.users()
        missing = [number for number in numbers if number not in known]
        if missing:
            known.update(users.by_numbers(self._connection, missing))
        return {number: known[number] for number in numbers if number in known}

    def states(self, items: list[Change], *, skip_held: bool = False) -> dict[int, RoomState]:
        """A state for each room that is there, locked first, with all that the items ask for."""
        by_room: dict[int, list[RoomChange]] = defaultdict(list)
        for item in items:
            if not isinstance(item, CreateRoom):
                by_room[item.room].append(item)
        locked = rooms.lock(self._connection, list(by_room), skip_held=skip_held) if by_room else {}
        if skip_held:
            self.held = rooms.there(self._connection, by_room.keys() - locked.keys())
        states = {number: RoomState(locked[number], self.now) for number in by_room if number in locked}
        for number, state in states.items():
            state.members = self._rights.members(number, state.access_seq)
            state.names = self._rights.names(number, state.access_seq) or state.names
        present = {number: by_room[number] for number in states}
        others = _without_posts(present)
        self._load_members(states, present)
        self._load_users(states, present, others)
        self._load_targets(states, others)
        self._load_notices(states, others)
        self._load_bans(states, present, others)
        self._load_invites(states, others)
        self.names = self._taken_names(items)
        if self._rights.shared:
            self._find_names(states, present)
        for number, state in states.items():
            state.taken_names = self.names
            if not self._rights.shared:
                self._load_names(state, present[number])
        self._load_heirs(states, others)
        self._load_blocks(states, present)
        return states

    def _taken_names(self, items: list[Change]) -> set[str]:
        """Those of the names that the items want which some room has; the decisions add theirs."""
        wanted = {item.name for item in items if isinstance(item, _NAMING) and item.name is not None}
        return rooms.taken(self._connection, wanted) if wanted else set()

    def _load_members(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        missing: set[tuple[int, int]] = set()
        for room, items in by_room.items():
            known = states[room].members
            for item in items:
                if not isinstance(item, Post) and isinstance(item, _REWRITING):
                    # Changed rows are written whole, so their positions must be fresh.
                    missing.update((room, user) for user in _people(item))
                    if isinstance(item, Transfer) and states[room].room.owner is not None:
                        missing.add((room, states[room].room.owner or 0))
                elif item.actor is not None and (item.actor not in known or _is_slowed(states[room], item)):
                    missing.add((room, item.actor))
        for member in members.some(self._connection, missing) if missing else ():
            states[member.room].members[member.user] = member

    def _load_users(
        self,
        states: dict[int, RoomState],
        by_room: dict[int, list[RoomChange]],
        others: dict[int, list[RoomChange]],
    ) -> None:
        """Who acts, upon whom, and who owns a room that is transferred."""
        wanted = {item.actor for items in by_room.values() for item in items}
        wanted |= {user for items in others.values() for item in items for user in _people(item)}
        wanted |= {
            states[room].room.owner for room, items in others.items() if any(isinstance(i, Transfer) for i in items)
        }
        found = self.users({user for user in wanted if user is not None})
        for state in states.values():
            state.users = found

    def _load_targets(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        touching = [item for items in by_room.values() for item in items if isinstance(item, MessageChange)]
        if not touching:
            return
        wanted = {(item.room, item.index) for item in touching}
        for message in messages.by_indexes(self._connection, wanted):
            assert message.index is not None
            states[message.room].targets[message.index] = message
        for room, items in by_room.items():
            if any(isinstance(item, Pin) for item in items):
                states[room].pinned = messages.count_pinned(self._connection, room, states[room].room.first_index)
        self._load_reactions(states, {(item.room, item.index) for item in touching if isinstance(item, React)})

    def _load_reactions(self, states: dict[int, RoomState], wanted: set[tuple[int, int]]) -> None:
        reacted: set[int] = set()
        for room, index, emoji, user in messages.reactions_of(self._connection, wanted) if wanted else ():
            reactions = states[room].reactions.setdefault(index, Reactions({}))
            reactions.users.setdefault(emoji, []).append(user)
            reacted.add(user)
        for state in states.values():
            if reacted:
                state.users = {**state.users, **self.users(reacted)}

    def _load_notices(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        """Those that name somebody whose account is deleted."""
        for room, items in by_room.items():
            state = states[room]
            for item in items:
                if isinstance(item, Depart):
                    state.named[item.user] = erasure.notices_naming(self._connection, room, state.users[item.user])

    def _load_bans(
        self,
        states: dict[int, RoomState],
        by_room: dict[int, list[RoomChange]],
        others: dict[int, list[RoomChange]],
    ) -> None:
        """Of those whose ban is spoken of, and of those who act without being members: they see nothing."""
        wanted = {(room, item.user) for room, items in others.items() for item in items if isinstance(item, _OF_BANS)}
        wanted |= {
            (room, item.actor)
            for room, items in by_room.items()
            for item in items
            if item.actor is not None and states[room].member(item.actor) is None
        }
        for room, user in bans.among(self._connection, wanted) if wanted else ():
            states[room].banned.add(user)

    def _load_invites(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        coming = [item for items in by_room.values() for item in items if isinstance(item, Join)]
        wanted = {item.invite for item in coming if item.invite is not None}
        found = invites.load(self._connection, wanted) if wanted else {}
        for item in coming:
            if item.invite in found:
                states[item.room].invites[item.invite] = found[item.invite]

    def _load_blocks(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        """Whether those block the actor who are written to, mentioned, or brought in."""
        by_pair: dict[tuple[int, int], list[RoomState]] = defaultdict(list)
        for room, items in by_room.items():
            state = states[room]
            is_direct = state.room.kind is RoomKind.DIRECT
            aimed = [item for item in items if is_direct or not isinstance(item, Post) or item.names]
            coming = _coming(state, items) if aimed else Names()
            for item in aimed:
                for pair in _blocking(state, item, coming):
                    by_pair[pair].append(state)
        for pair in blocks.among(self._connection, by_pair.keys()) if by_pair else ():
            for state in by_pair[pair]:
                state.blocks.add(pair)

    def _load_names(self, state: RoomState, items: list[RoomChange]) -> None:
        mentioning = [item for item in items if isinstance(item, _WRITING) and item.names]
        if mentioning:
            state.names = self._names(state, mentioning)

    def _find_names(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        """Who may be mentioned, of all rooms at once: those whose names begin as it is written."""
        wanted = {
            room: set().union(*(mentions.prefixes(item.names) for item in items if isinstance(item, _WRITING)))
            for room, items in by_room.items()
        }
        found = users.by_usernames(self._connection, set().union(*wanted.values())).values()
        pairs = [(room, user.number) for room, names in wanted.items() for user in found if user.username in names]
        found_here = members.some(self._connection, pairs)
        here = {(member.room, member.user) for member in found_here if member.left_at is None}
        for room, names in wanted.items():
            if names:
                states[room].names = Names(user for user in found if (room, user.number) in here)

    def _load_heirs(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        """Who may become the owner, if the owner goes: more than may go, or lose their role, in this batch."""
        for room, items in by_room.items():
            self._load_heirs_of(states[room], items)

    def _load_heirs_of(self, state: RoomState, items: list[RoomChange]) -> None:
        going = {item.actor if isinstance(item, Leave) else item.user for item in items if isinstance(item, Going)}
        if not going or not (state.room.owner in going or any(isinstance(item, Transfer) for item in items)):
            return
        heirs = members.heirs(self._connection, state.room.number, len(items) + 1)
        unknown = [(state.room.number, user) for user in heirs if user not in state.members]
        state.members.update((member.user, member) for member in members.some(self._connection, unknown))
        state.users = {**state.users, **self.users(heirs)}

    def _names(self, state: RoomState, mentioning: list[Post | Edit]) -> Names:
        """Whom `@` may mean here: everybody in a room that is not too large, else those whose names begin so."""
        if state.member_count > KEPT_NAMES:
            found = set().union(*(mentions.prefixes(item.names) for item in mentioning))
            return Names(members.named(self._connection, state.room.number, found))
        names = self._rights.names(state.room.number, state.access_seq)
        if names is None:
            page = members.page(self._connection, state.room.number, None, KEPT_NAMES)
            names = Names(user for _, user in page)
            self._rights.keep_names(state.room.number, state.access_seq, names)
        return names


def _without_posts(by_room: dict[int, list[RoomChange]]) -> dict[int, list[RoomChange]]:
    """The other changes, of the rooms that have any: in most batches there are none, and posts ask for little."""
    found: dict[int, list[RoomChange]] = {}
    for room, items in by_room.items():
        others: list[RoomChange] = [item for item in items if not isinstance(item, Post)]
        if others:
            found[room] = others
    return found


def _people(item: RoomChange) -> tuple[int, ...]:
    """Who acts, and upon whom; the server itself is nobody."""
    actor = () if item.actor is None else (item.actor,)
    return (*actor, item.user) if isinstance(item, UserChange) else actor


def _is_slowed(state: RoomState, item: RoomChange) -> bool:
    """Whether it counts when the actor posted last: that alters no rights, so another node may know it better."""
    return bool(state.room.slow_mode) and isinstance(item, Post)


def _coming(state: RoomState, items: list[RoomChange]) -> Names:
    """Who may come in in this batch, and be mentioned then."""
    numbers = {item.user if isinstance(item, AddMember) else item.actor for item in items if isinstance(item, _COMING)}
    return Names(state.users[number] for number in numbers if number in state.users)


def _blocking(state: RoomState, item: RoomChange, coming: Names) -> list[tuple[int, int]]:
    """(who may block, whom): the other person of a direct room, those who may be mentioned, who is brought in."""
    actor = item.actor
    if actor is None:
        return []
    if isinstance(item, AddMember):
        return [(item.user, actor)]
    if not isinstance(item, _SAYING):
        return []
    pairs: list[tuple[int, int]] = []
    if state.room.kind is RoomKind.DIRECT and state.room.direct_key is not None:
        pairs = [(int(user), actor) for user in state.room.direct_key.split(":") if int(user) != actor]
    if isinstance(item, _WRITING):
        found = [user for name in item.names for names in (state.names, coming) for user in names.every(name)]
        pairs += [(user.number, actor) for user in found if user.number != actor]
    return pairs
