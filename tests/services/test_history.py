"""Which history this is (rule 15)."""

from pathlib import Path

from support.clock import FakeClock
from support.node import node
from tertulia.domain.ids import new_id


async def test_a_start_is_known_for_ever_and_others_are_not(tmp_path: Path) -> None:
    async with node(tmp_path, FakeClock()) as running:
        first = running.services.history
        assert await first.knows(first.boot)
    async with node(tmp_path, FakeClock()) as running:
        second = running.services.history
        assert second.boot != first.boot
        assert second.epoch == first.epoch
        assert await second.knows(first.boot)
        assert await second.knows(first.boot.upper())
        for other in (new_id(), "", "x", "\x00", first.boot[:-1], first.boot * 10):
            assert not await second.knows(other)


async def test_another_database_is_another_history(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with node(tmp_path / "a") as one, node(tmp_path / "b") as other:
        assert not await other.services.history.knows(one.services.history.boot)


async def test_what_is_done_once_stays_done(tmp_path: Path) -> None:
    for _ in range(2):
        async with node(tmp_path) as running:
            [ana] = await running.people(new_id())
            found, _ = await running.services.rooms.directory(ana.caller, "general", None, 10)
            assert [room.name for room, _ in found] == ["general"]
            assert await running.services.history.is_done("room general")
            assert not await running.services.history.is_done("anything else")


async def test_the_first_room_is_not_made_again_after_it_was_deleted_or_renamed(tmp_path: Path) -> None:
    from sqlalchemy import text

    async with node(tmp_path) as running:
        await running.app.db.write(lambda c: c.execute(text("UPDATE rooms SET name = 'other' WHERE name = 'general'")))
    async with node(tmp_path) as running:
        [ana] = await running.people(new_id())
        found, _ = await running.services.rooms.directory(ana.caller, "general", None, 10)
        assert [room.name for room, _ in found] == ["other"]  # found by its title
