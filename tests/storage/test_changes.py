"""Promise 4: what changed since a seq, by state. Rules 6 and 7."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from support.databases import current
from support.heart import Heart, heart, plain
from support.proving import count, examples
from tertulia.domain.changes import (
    AddMember,
    ChangeRoom,
    Delete,
    DeleteRoom,
    Edit,
    Join,
    Leave,
    Post,
    React,
    RemoveMember,
    RoomChange,
)
from tertulia.domain.events import Changed
from tertulia.domain.models import Member, Message, Room
from tertulia.storage import changes, members, rooms
from tertulia.storage.tables import members as members_table


async def test_every_kind_of_row_is_told(tmp_path: Path) -> None:
    """Rule 6: posts, edits, deletions, reactions put and taken, comings, goings, new owners, settings."""
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        room = await h.room(ann, bob)
        await h.accepted(Post(room, ann, "1"), Post(room, bob, "2"), React(room, bob, 1, "👍", on=True))
        expected: list[tuple[RoomChange, list[str]]] = [
            (Post(room, bob, "3"), ["message"]),
            (Edit(room, ann, 1, "new"), ["message"]),
            (Delete(room, bob, 2), ["message"]),
            (React(room, ann, 1, "👍", on=True), ["message"]),
            (React(room, bob, 1, "👍", on=False), ["message"]),
            (Join(room, eve), ["message", "member"]),
            (RemoveMember(room, ann, eve), ["message", "member"]),
            (AddMember(room, ann, eve), ["message", "member"]),
            (ChangeRoom(room, ann, description="x"), ["room"]),
            (ChangeRoom(room, ann, title="x"), ["message", "room"]),
            (Leave(room, ann), ["message", "member", "member"]),
        ]
        for change, told in expected:
            before = h.row(room).head_seq
            await h.commit(change)
            found = h.since(room, before)
            assert found is not None
            assert [event.ev for event in found] == told, change
            assert {event.seq for event in found} == {before + 1} == {h.row(room).head_seq}
            assert h.since(room, before + 1) == []


async def test_a_row_that_changed_often_is_told_once_as_it_is_now(tmp_path: Path) -> None:
    """Design 5: a message edited ten times is sent once, and its text that was deleted is never sent again."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        await h.accepted(Post(room, ann, "secret"), Post(room, ann, "other"))
        await h.accepted(*(Edit(room, ann, 1, f"secret {n}") for n in range(10)), Delete(room, ann, 1))
        await h.accepted(Join(room, bob), Leave(room, bob), Join(room, bob))
        found = h.since(room, 1)
        assert found is not None
        assert len([event for event in found if event.message and event.message.index == 1]) == 1
        assert len([event for event in found if event.ev == "member"]) == 1
        assert "secret" not in repr(found)
        assert [event.seq for event in found] == sorted(event.seq for event in found)


async def test_too_many_rows_are_not_told_in_part(tmp_path: Path) -> None:
    """Rule 7: more than 2,000 rows are none of them (the caller sends `reload`), never a part."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        room = await h.room(ann)
        await h.accepted(*(Post(room, ann, str(n)) for n in range(changes.MAX_ROWS)))
        head = h.row(room).head_seq
        found = h.since(room, head - changes.MAX_ROWS)
        assert found is not None
        assert [event.seq for event in found] == list(range(2, head + 1))
        await h.commit(Edit(room, ann, 1, "still as many rows"))
        assert len(h.since(room, 1) or []) == changes.MAX_ROWS
        await h.commit(Join(room, bob))
        assert h.since(room, 1) is None
        assert h.since(room, 3) is None, "2,000 rows of the timeline and one member"
        assert h.since(room, 4) is not None
        await h.accepted(*(Edit(room, ann, index, "new") for index in range(1, changes.MAX_ROWS + 1)))
        assert h.since(room, h.row(room).head_seq - changes.MAX_ROWS) is not None
        assert h.since(room, head) is None


async def test_changes_are_complete_up_to_the_head_that_was_read_with_them(tmp_path: Path) -> None:
    """Rule 7: head and rows are of one snapshot; what is committed between the statements is not half seen."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.accepted(Post(room, ann, "1"), Post(room, ann, "2"))
        with h.reading.connect() as connection, connection.begin():
            row = rooms.by_number(connection, room)
            assert row is not None
            await h.accepted(Post(room, ann, "3"), Edit(room, ann, 1, "new"))
            found = changes.since(connection, row, 1)
        assert found is not None
        assert [(event.seq, event.message and event.message.body) for event in found] == [(2, "1"), (3, "2")]


async def test_a_deleted_room_is_gone(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        found = h.read(changes.refresh, room, 0)
        assert found is not None
        await h.commit(DeleteRoom(room, ann))
        assert h.read(changes.refresh, room, 0) is None


# Whatever happens: the changes since any seq, put onto the state at that seq, make the state of now.


@dataclass
class State:
    """A room as a client holds it."""

    messages: dict[int, Message] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    settings: Room | None = None
    member_count: int = 0

    def copy(self) -> "State":
        return State(dict(self.messages), dict(self.members), self.settings, self.member_count)

    def apply(self, event: Changed) -> None:
        if event.message is not None:
            self.messages[event.message.seq] = plain(event.message)
        for member, _ in event.members:
            self.members[member.user] = _without_positions(member)
        if event.settings is not None:
            self.settings = _settings(event.settings)
        if event.member_count is not None:
            self.member_count = event.member_count


def _without_positions(member: Member) -> Member:
    """Receipts are no changes."""
    return replace(member, read_index=0, delivered_index=0)


def _settings(room: Room) -> Room:
    """What settings are, without what messages and members move."""
    return replace(room, head_seq=0, message_count=0, access_seq=0, last_at=0, member_count=0, owner=None)


def _fresh(h: Heart, room: int) -> State:
    def look(connection: Connection) -> dict[int, Member]:
        query = select(*members.COLUMNS).where(members_table.c.room == room)
        return {row.user: _without_positions(members.member_of(row)) for row in connection.execute(query)}

    row = h.row(room)
    timeline = {message.seq: message for message in h.timeline(room)}
    return State(timeline, h.read(look), _settings(row), row.member_count)


ROOM, PEOPLE = 0, 4
actors = st.integers(0, PEOPLE - 1)
indexes = st.integers(1, 6)
moves = st.one_of(
    st.builds(Post, st.just(ROOM), actors, st.sampled_from(["x", "@user1", "y"]), st.sampled_from([None, "a", "b"])),
    st.builds(Edit, st.just(ROOM), actors, indexes, st.sampled_from(["a", "b @user2"])),
    st.builds(Delete, st.just(ROOM), actors, indexes),
    st.builds(React, st.just(ROOM), actors, indexes, st.sampled_from("👍🎉"), on=st.booleans()),
    st.builds(Join, st.just(ROOM), actors),
    st.builds(Leave, st.just(ROOM), actors),
    st.builds(AddMember, st.just(ROOM), actors, actors),
    st.builds(RemoveMember, st.just(ROOM), actors, actors),
    st.builds(ChangeRoom, st.just(ROOM), actors, title=st.sampled_from("ab"), description=st.sampled_from("ab")),
)
batches = st.lists(st.lists(moves, min_size=1, max_size=6), max_size=8)


def test_replaying_the_changes_since_any_seq_gives_the_state_of_now(tmp_path: Path) -> None:
    """Promise 4, for every cursor; and the live events alone give it too (promise 2)."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        h = runner.run(stack.enter_async_context(heart(tmp_path)))
        people = h.people(*(f"user{n}" for n in range(PEOPLE)))

        @examples(60 if current() == "sqlite" else 20, 1, many=2_000)
        @given(batches)
        def holds(drawn: list[list[RoomChange]]) -> None:
            runner.run(_replay(h, people, drawn))

        try:
            holds()
        finally:
            runner.run(stack.aclose())


async def _replay(h: Heart, people: list[int], drawn: list[list[RoomChange]]) -> None:
    room = await h.room(people[0], people[1])
    for batch in drawn:
        await h.together(*(_real(change, room, people) for change in batch))
    live = State(settings=_settings(h.row(room)) if h.row(room).settings_seq == 1 else None)
    states = [State()]
    for event in h.events(room):
        live.apply(event)
        states.append(live.copy())
    fresh = _fresh(h, room)
    assert len(states) == h.row(room).head_seq + 1
    assert live == fresh
    for seq, state in enumerate(states):
        found = h.since(room, seq)
        assert found is not None
        assert all(seq < event.seq <= h.row(room).head_seq for event in found)
        for event in found:
            state.apply(event)
        assert replace(state, settings=state.settings or fresh.settings) == fresh
    count("histories of a part")


def _real(change: RoomChange, room: int, people: list[int]) -> RoomChange:
    """With the numbers of this example. A copy, with an id of its own."""
    values = {name: getattr(change, name) for name in change.__slots__ if name not in ("id", "names")}
    assert change.actor is not None
    values |= {"room": room, "actor": people[change.actor]}
    if isinstance(change, AddMember | RemoveMember):
        values["user"] = people[change.user]
    return type(change)(**values)


@pytest.mark.parametrize("seq", [-1, 10**6, 2**62])
async def test_any_cursor_is_answered(tmp_path: Path, seq: int) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        found = h.since(room, seq)
        assert found is not None
        assert len(found) == (2 if seq < 0 else 0)
