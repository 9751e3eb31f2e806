"""Whom one blocks, and the direct rooms that are silent for it."""

from pathlib import Path

from support.heart import heart
from tertulia.domain.changes import CreateRoom
from tertulia.domain.models import RoomKind
from tertulia.storage import blocks, rooms


async def test_add_remove_count_list(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ana, ben, cleo = h.people("ana", "ben", "cleo")
        assert h.write(blocks.add, ana, cleo, 5)
        assert h.write(blocks.add, ana, ben, 6)
        assert not h.write(blocks.add, ana, ben, 7)
        assert h.write(blocks.count, ana) == 2
        assert [user.number for user in h.write(blocks.of, ana, 0, 5)] == [ben, cleo]
        assert [user.number for user in h.write(blocks.of, ana, ben, 5)] == [cleo]
        assert h.write(blocks.among, [(ana, ben), (ben, ana), (ben, cleo)]) == {(ana, ben)}
        assert h.write(blocks.among, []) == set()
        assert h.write(blocks.remove, ana, ben)
        assert not h.write(blocks.remove, ana, ben)


async def test_direct_rooms_with_those_who_are_blocked(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ana, ben, cleo = h.people("ana", "ben", "cleo")
        made = [
            (await h.commit(CreateRoom(one, RoomKind.DIRECT, partner=other))).room
            for one, other in ((ben, ana), (ana, cleo))
        ]
        with_ben, with_cleo = (room.number for room in made if room is not None)
        assert h.write(blocks.direct_rooms, ana) == {}
        h.write(blocks.add, ana, ben, 1)
        h.write(blocks.add, ana, cleo, 1)
        assert h.write(blocks.direct_rooms, ana) == {with_ben: ben, with_cleo: cleo}
        assert h.write(blocks.direct_rooms, ben) == {}
        silent = h.write(rooms.by_number, with_ben)
        assert silent is not None
        assert h.write(blocks.is_silent, silent)
        h.write(blocks.remove, ana, ben)
        assert not h.write(blocks.is_silent, silent)
        group = await h.room(ana, ben)
        there = h.write(rooms.by_number, group)
        assert there is not None
        assert not h.write(blocks.is_silent, there)
