"""Users as rows."""

from pathlib import Path

from support.heart import heart
from tertulia.storage import users


async def test_found_by_number_id_and_name(tmp_path: Path) -> None:
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        assert set(h.read(users.by_numbers, [ann, bob, 99])) == {ann, bob}
        assert h.read(users.by_id, h.user(ann).id) == h.user(ann)
        assert h.read(users.by_id, "nobody") is None
        assert set(h.read(users.by_usernames, ["ann", "Ann", "an", "zed"])) == {ann}
        assert h.read(users.by_numbers, []) == h.read(users.by_usernames, []) == {}


async def test_any_number_of_users_is_found_in_one_statement(tmp_path: Path) -> None:
    """Some builds of SQLite take 32,766 values in a statement; a reaction list may be longer."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        assert set(h.read(users.by_numbers, range(300_000))) == {ann}
        assert set(h.read(users.by_usernames, ["ann", *map(str, range(300_000))])) == {ann}


async def test_versions_rise_one_by_one(tmp_path: Path) -> None:
    """Rule 9."""
    async with heart(tmp_path) as h:
        ann, bob = h.people("ann", "bob")
        await h.writer.run(users.bump, [ann])
        await h.writer.run(users.bump, {ann, bob, 99})
        await h.writer.run(users.bump, [])
        await h.writer.run(users.bump_members, [])
        assert h.read(users.versions, [ann, bob, 99]) == {ann: 2, bob: 1}
