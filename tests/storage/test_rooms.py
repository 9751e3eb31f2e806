"""Rooms as rows: found, listed, purged."""

from itertools import pairwise
from pathlib import Path

import pytest

from support.heart import Heart, heart
from tertulia.domain.changes import ChangeRoom, CreateRoom, DeleteRoom, Post, React
from tertulia.domain.models import RoomKind
from tertulia.storage import rooms

TABLES = ("reactions", "mentions", "messages", "members", "rooms")


def left(h: Heart, room: int) -> dict[str, int]:
    """How many rows of the room each table has."""
    return {
        table: h.scalar(f"SELECT count(*) FROM {table} WHERE {'number' if table == 'rooms' else 'room'} = :r", r=room)
        for table in TABLES
    }


async def test_purge_frees_everything_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 14: a slice is bounded, so posts pass between; at the end nothing of the room is left, and nothing else is
    gone.
    """
    monkeypatch.setattr(rooms, "PURGE_ROWS", 10)
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        gone, stays = await h.room(ann, bob, name="gone"), await h.room(ann, bob)
        for room in (gone, stays):
            await h.accepted(*(Post(room, ann, f"@bob {n}") for n in range(30)))
            await h.accepted(*(React(room, bob, n, "👍", on=True) for n in range(1, 16)))
        before = left(h, stays)
        await h.commit(DeleteRoom(gone, ann))
        sizes = [left(h, gone)]
        while await h.writer.run(rooms.purge_slice):
            sizes.append(left(h, gone))
            await h.post(stays, ann, "between")
        removed = [sum(a.values()) - sum(b.values()) for a, b in pairwise(sizes)]
        assert all(1 <= count <= 10 for count in removed)
        assert set(left(h, gone).values()) == {0}
        assert left(h, stays) == before | {"messages": before["messages"] + len(removed)}
        assert await h.writer.run(rooms.purge_slice) is False


async def test_numbers_of_purged_rooms_are_never_used_again(tmp_path: Path) -> None:
    """Rule 27: an old number must not open a new room."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.commit(DeleteRoom(room, ann))
        while await h.writer.run(rooms.purge_slice):
            pass
        assert await h.room(ann) > room


async def test_a_deleted_room_is_not_found_by_anything(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        number = await h.room(ann, name="lobby")
        room = h.row(number)
        await h.commit(DeleteRoom(number, ann))
        assert h.read(rooms.by_number, number) is None
        assert h.read(rooms.by_id, room.id) is None
        assert h.read(rooms.by_ids, [room.id]) == []
        assert h.read(rooms.taken, ["lobby"]) == set()
        assert h.read(rooms.numbers, [room.id]) == {}
        assert h.read(rooms.heads, [number]) == {}
        assert h.write(rooms.lock, [number]) == {}
        assert h.read(rooms.directory, "", ann, None, 10) == []


async def test_questions_about_nothing_are_answered(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        h.people("ann")
        assert h.read(rooms.by_ids, []) == []
        assert h.read(rooms.numbers, []) == {}
        assert h.read(rooms.heads, []) == {}
        assert h.write(rooms.lock, []) == {}
        assert h.read(rooms.taken, []) == set()


async def test_directory_shows_public_rooms_the_largest_first_page_by_page(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob, eve = h.people("ann", "bob", "eve")
        small, large = await h.room(ann, name="small"), await h.room(ann, bob, eve, name="large")
        await h.room(ann, kind=RoomKind.PRIVATE, name="secret")
        await h.commit(CreateRoom(ann, RoomKind.DIRECT, partner=bob))
        same = await h.room(ann, name="same size")
        found = h.read(rooms.directory, "", bob, None, 10)
        assert [(room.number, joined) for room, joined in found] == [(large, True), (small, False), (same, False)]
        pages, after = [], None
        while page := h.read(rooms.directory, "", bob, after, 1):
            pages.append(page[0][0].number)
            after = (page[0][0].member_count, page[0][0].number)
        assert pages == [large, small, same]


async def test_directory_finds_by_name_and_title_and_takes_signs_as_they_are(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        one, two = await h.room(ann, name="100%_sure"), await h.room(ann, name="other")
        await h.commit(ChangeRoom(two, ann, title="A Tea Room"))

        def search(query: str) -> list[int]:
            return [room.number for room, _ in h.read(rooms.directory, query, ann, None, 10)]

        assert search("100%") == search("%_S") == [one]
        assert search("tea") == [two]
        assert search("1__%") == search("\\") == search("'") == []
