from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, update

from support.accounts import new_database
from tertulia.domain.ids import new_id
from tertulia.domain.invites import is_good, new_code
from tertulia.domain.models import Invite
from tertulia.storage import invites, tables
from tertulia.storage.database import open_engine

ROOM, OTHER = 1, 2


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = new_database(tmp_path)
    engine = open_engine(database.url, write=True)
    with engine.begin() as opened:
        rooms = [{"number": n, "id": new_id(), "kind": "private", "created_at": 0, "last_at": 0} for n in (ROOM, OTHER)]
        opened.execute(insert(tables.rooms), rooms)
        yield opened
    engine.dispose()
    database.close()


def make(connection: Connection, room: int | None = ROOM, **more: int | None) -> Invite:
    wanted = Invite(0, new_id(), new_code(), room, None, created_at=1, expires_at=100)
    return invites.create(connection, replace(wanted, **more))  # type: ignore[arg-type]


def test_stored_as_it_was(connection: Connection) -> None:
    made = make(connection, max_uses=3)
    assert invites.by_code(connection, made.code) == made
    assert invites.load(connection, [made.number, 99]) == {made.number: made}
    assert invites.load(connection, []) == {}
    assert invites.by_code(connection, "no such") is None


def test_uses_are_counted(connection: Connection) -> None:
    one, two = make(connection), make(connection)
    invites.count_uses(connection, {one.number: 2, two.number: 1})
    invites.count_uses(connection, {one.number: 1})
    invites.count_uses(connection, {})
    found = invites.load(connection, [one.number, two.number])
    assert [found[one.number].uses, found[two.number].uses] == [3, 1]


@pytest.mark.parametrize(
    ("more", "now"),
    [({}, 99), ({}, 100), ({"max_uses": 1}, 5), ({"max_uses": 1, "uses": 1}, 5), ({"revoked_at": 2}, 5),
     ({"expires_at": None}, 10**15)],
)  # fmt: skip
def test_good_as_the_domain_says(connection: Connection, more: dict[str, int | None], now: int) -> None:
    made = make(connection, **more)
    assert invites.count_open(connection, ROOM, now) == is_good(made, now)
    assert bool(invites.open_to(connection, ROOM, now, 0, 5)) == is_good(made, now)
    assert (invites.revoke(connection, ROOM, made.id, now) is not None) == is_good(made, now)


def test_each_place_has_its_own(connection: Connection) -> None:
    to_room, to_server = make(connection), make(connection, None)
    make(connection, OTHER)
    assert invites.open_to(connection, ROOM, 1, 0, 5) == [to_room]
    assert invites.open_to(connection, None, 1, 0, 5) == [to_server]
    assert invites.revoke(connection, OTHER, to_room.id, 1) is None
    assert invites.revoke(connection, None, to_room.id, 1) is None
    assert invites.revoke(connection, ROOM, to_server.id, 1) is None
    revoked = invites.revoke(connection, ROOM, to_room.id, 1)
    assert revoked == replace(to_room, revoked_at=1)


def test_page_by_page(connection: Connection) -> None:
    made = [make(connection) for _ in range(5)]
    assert invites.open_to(connection, ROOM, 1, 0, 2) == made[:2]
    assert invites.open_to(connection, ROOM, 1, made[1].number, 5) == made[2:]


def test_of_a_deleted_room_there_is_none(connection: Connection) -> None:
    made = make(connection)
    connection.execute(update(tables.rooms).where(tables.rooms.c.number == ROOM).values(deleted_at=1))
    assert invites.by_code(connection, made.code) is None


def test_old_ones_are_removed(connection: Connection) -> None:
    for _ in range(3):
        make(connection, expires_at=10)
    make(connection, revoked_at=10)
    kept = [make(connection), make(connection, OTHER, expires_at=10)]
    invites.purge(connection, ROOM, 50, 2)
    invites.purge(connection, ROOM, 50, 2)
    assert list(invites.load(connection, range(100)).values()) == kept
