from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, update

from support.accounts import new_database
from tertulia.domain.ids import new_id
from tertulia.domain.invites import is_good, new_code
from tertulia.domain.models import Invite, Role
from tertulia.storage import invites, tables
from tertulia.storage.database import open_engine
from tertulia.storage.standing import INVITING

ROOM, OTHER = 1, 2
NUMBER = tables.users.c.number


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


def test_those_of_one_maker_end(connection: Connection) -> None:
    mine, elsewhere, to_server = make(connection, by=7), make(connection, OTHER, by=7), make(connection, None, by=7)
    others = [make(connection, by=8), make(connection)]
    invites.revoke_by(connection, [], 5)
    invites.revoke_by(connection, [(ROOM, 7)], 5)
    assert invites.open_to(connection, ROOM, 5, 0, 9) == others
    assert invites.open_to(connection, OTHER, 5, 0, 9) == [elsewhere]
    invites.revoke_all_by(connection, 7, 6)
    found = invites.load(connection, [mine.number, elsewhere.number, to_server.number])
    assert [found[one.number].revoked_at for one in (mine, elsewhere, to_server)] == [5, 6, 6]
    assert invites.open_to(connection, ROOM, 6, 0, 9) == others


def test_who_was_staff_keeps_those_to_rooms_where_they_may_invite_themselves(connection: Connection) -> None:
    user = connection.scalar(insert(tables.users).values(id=new_id(), username="ann", created_at=0).returning(NUMBER))
    rows = [
        {"room": ROOM, "user": user, "role": Role.MODERATOR.value, "joined_at": 0, "changed_seq": 1},
        {"room": OTHER, "user": user, "role": Role.MEMBER.value, "joined_at": 0, "changed_seq": 1},
    ]
    connection.execute(insert(tables.members), rows)
    moderated, joined, to_server = [make(connection, room, by=user) for room in (ROOM, OTHER, None)]
    invites.revoke_all_by(connection, user, 5, keep=INVITING)
    found = invites.load(connection, [moderated.number, joined.number, to_server.number])
    assert [found[one.number].revoked_at for one in (moderated, joined, to_server)] == [None, 5, 5]


def test_old_ones_are_removed(connection: Connection) -> None:
    for _ in range(3):
        make(connection, expires_at=10)
    make(connection, revoked_at=10)
    kept = [make(connection), make(connection, OTHER, expires_at=10)]
    invites.purge(connection, ROOM, 50, 2)
    invites.purge(connection, ROOM, 50, 2)
    assert list(invites.load(connection, range(100)).values()) == kept
