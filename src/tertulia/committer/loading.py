"""What a batch needs to know before it decides, loaded after its rooms are locked; and what may be kept of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import Connection

from tertulia.domain import mentions
from tertulia.domain.changes import (
    AddMember,
    Change,
    ChangeRoom,
    CreateRoom,
    Delete,
    Edit,
    Join,
    Leave,
    Post,
    React,
    RemoveMember,
    RoomChange,
)
from tertulia.domain.decisions.state import Reactions, RoomState
from tertulia.domain.events import RoomBatch
from tertulia.domain.mentions import Names
from tertulia.domain.models import Member, User
from tertulia.storage import members, messages, rooms, users

KEPT = 200_000
"""Members and users kept in memory; beyond, all are forgotten and loaded again as needed."""

KEPT_NAMES = 1_000
"""Members of a room whose names are kept for mentions; in larger rooms they are looked up."""


class Rights:
    """Members and users as they were at a room's `access_seq`; a member counts only if that is still the same.

    Used by the writer's thread; `forget_users` may be called from any thread.
    """

    def __init__(self) -> None:
        self._members: dict[int, tuple[int, dict[int, Member], int]] = {}
        self._users: dict[int, User] = {}
        self._changed: set[int] = set()
        self._names: dict[int, tuple[int, Names]] = {}
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

    def forget_users(self, numbers: Collection[int]) -> None:
        """From the next batch on: one that runs right now has looked already."""
        self._changed.update(numbers)

    def clear(self) -> None:
        """Forget everything: another process wrote, or a transaction was rolled back."""
        self._members, self._users, self._names, self._count = {}, {}, {}, 0

    def follow(self, generation: int) -> None:
        """Begin a batch: forget what changed, and everything when the count of foreign writes moved."""
        while self._changed:
            self._users.pop(self._changed.pop(), None)
        if generation != self._generation:
            self._generation = generation
            self.clear()


class Loader:
    """Loads for one batch. `created` collects the rooms that it makes, `names` holds the taken ones of those wanted."""

    def __init__(self, connection: Connection, rights: Rights, now: int) -> None:
        self._connection = connection
        self._rights = rights
        self.now = now
        self.created: list[RoomBatch] = []
        self.names: set[str] = set()

    def users(self, numbers: Collection[int]) -> dict[int, User]:
        """Those of `numbers` that are there, from memory or the database."""
        known = self._rights.users()
        missing = [number for number in numbers if number not in known]
        if missing:
            known.update(users.by_numbers(self._connection, missing))
        return {number: known[number] for number in numbers if number in known}

    def states(self, items: list[Change]) -> dict[int, RoomState]:
        """A state for each room that is there, locked first, with all that the items ask for."""
        by_room: dict[int, list[RoomChange]] = defaultdict(list)
        for item in items:
            if not isinstance(item, CreateRoom):
                by_room[item.room].append(item)
        locked = rooms.lock(self._connection, list(by_room)) if by_room else {}
        states = {number: RoomState(locked[number], self.now) for number in by_room if number in locked}
        for number, state in states.items():
            state.members = self._rights.members(number, state.access_seq)
            state.names = self._rights.names(number, state.access_seq) or state.names
        present = {number: by_room[number] for number in states}
        self._load_members(states, present)
        self._load_users(states, present)
        self._load_targets(states, present)
        self.names = self._taken_names(items)
        for number, state in states.items():
            state.taken_names = self.names
            self._load_names(state, present[number])
            self._load_heirs(state, present[number])
        return states

    def _taken_names(self, items: list[Change]) -> set[str]:
        """Those of the names that the items want which some room has; the decisions add theirs."""
        wanted = {item.name for item in items if isinstance(item, ChangeRoom | CreateRoom) and item.name is not None}
        return rooms.taken(self._connection, wanted) if wanted else set()

    def _load_members(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        missing: set[tuple[int, int]] = set()
        for room, items in by_room.items():
            known = states[room].members
            for item in items:
                if isinstance(item, Join | Leave | AddMember | RemoveMember):
                    # Changed rows are written whole, so their positions must be fresh.
                    missing.update((room, user) for user in _people(item))
                elif item.actor not in known:
                    missing.add((room, item.actor))
        for member in members.some(self._connection, missing) if missing else ():
            states[member.room].members[member.user] = member

    def _load_users(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        wanted = {user for items in by_room.values() for item in items for user in _people(item)}
        found = self.users(wanted)
        for state in states.values():
            state.users = found

    def _load_targets(self, states: dict[int, RoomState], by_room: dict[int, list[RoomChange]]) -> None:
        touching = [item for items in by_room.values() for item in items if isinstance(item, Edit | Delete | React)]
        if not touching:
            return
        wanted = {(item.room, item.index) for item in touching}
        for message in messages.by_indexes(self._connection, wanted):
            assert message.index is not None
            states[message.room].targets[message.index] = message
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

    def _load_names(self, state: RoomState, items: list[RoomChange]) -> None:
        mentioning = [item for item in items if isinstance(item, Post | Edit) and item.names]
        if mentioning:
            state.names = self._names(state, mentioning)

    def _load_heirs(self, state: RoomState, items: list[RoomChange]) -> None:
        """Who may become the owner, if the owner goes: the longest members, one more than may go in this batch."""
        going = [item for item in items if isinstance(item, Leave | RemoveMember)]
        if any(isinstance(item, Leave) and item.actor == state.room.owner for item in going):
            state.heirs = members.heirs(self._connection, state.room.number, len(going) + 1)
            heirs = [(state.room.number, user) for user in state.heirs if user not in state.members]
            state.members.update((member.user, member) for member in members.some(self._connection, heirs))
            state.users = {**state.users, **self.users(state.heirs)}

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


def _people(item: RoomChange) -> tuple[int, ...]:
    if isinstance(item, AddMember | RemoveMember):
        return (item.actor, item.user)
    return (item.actor,)
