"""Rule 15: starts of the server, and the name of the history."""

from pathlib import Path

from support.heart import heart
from tertulia.domain.ids import new_id
from tertulia.storage import boots

FIRST, SECOND = new_id(), new_id()


async def test_boots_of_this_history_are_known_and_others_are_not(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        await h.writer.run(boots.add, FIRST, 1)
        await h.writer.run(boots.add, SECOND, 2)
        known = [h.read(boots.has, boot) for boot in (FIRST, SECOND, new_id(), "not even an id")]
        assert known == [True, True, False, False]


async def test_epoch_is_made_once_and_stays(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        epoch = await h.writer.run(boots.epoch)
        assert epoch == await h.writer.run(boots.epoch) == h.read(boots.epoch)
    (tmp_path / "other").mkdir()
    async with heart(tmp_path / "other") as other:
        assert await other.writer.run(boots.epoch) != epoch


async def test_what_is_done_once_stays_done(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        assert not h.read(boots.is_done, "room general")
        await h.writer.run(boots.mark_done, "room general")
        await h.writer.run(boots.mark_done, "room general")
        assert h.read(boots.is_done, "room general")
        assert not h.read(boots.is_done, "another")
