from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, update
from sqlalchemy.dialects import sqlite

from support.accounts import new_database
from support.databases import ON_SQLITE
from tertulia.domain.ids import new_id
from tertulia.domain.people import SearchCursor
from tertulia.storage import people
from tertulia.storage.database import open_engine
from tertulia.storage.tables import members, rooms, users

PEOPLE = [
    ("bob", "Robert", "Annan"),
    ("Ann", "", ""),
    ("anna", "Anna", "Annasdotter"),
    ("carol", "Anne Carol", "Smith"),
    ("dave", "Dave", "Élan"),
    ("eve", "Émilie", "Östlund"),
    ("ann_of_old", "", ""),
    ("nobody", "Anna", "Nobody"),
]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = new_database(tmp_path)
    engine = open_engine(database.url, write=True)
    with engine.begin() as opened:
        rows = [
            {"id": new_id(), "username": username, "first_name": first, "last_name": last, "created_at": 1}
            for username, first, last in PEOPLE
        ]
        opened.execute(insert(users), rows)
        opened.execute(update(users).where(users.c.username == "nobody").values(is_active=False))
        yield opened
    engine.dispose()
    database.close()


def found(connection: Connection, prefix: str, limit: int) -> list[list[str]]:
    """The usernames of all pages."""
    pages, place = [], None
    while True:
        page, place = people.search(connection, prefix, place, limit)
        pages.append([user.username for user in page])
        if place is None:
            return pages


def test_usernames_come_first_then_full_names_then_last_names(connection: Connection) -> None:
    assert found(connection, "ann", 100) == [["Ann", "ann_of_old", "anna", "carol", "bob"]]
    assert found(connection, "ANN", 100) == [["Ann", "ann_of_old", "anna", "carol", "bob"]]
    assert found(connection, "anne carol s", 100) == [["carol"]]
    assert found(connection, "smi", 100) == [["carol"]]
    assert found(connection, "zed", 100) == [[]]


@pytest.mark.parametrize("prefix", ["ann", "", "a"])
def test_pages_of_any_size_hold_the_same_people_once(connection: Connection, prefix: str) -> None:
    [everybody] = found(connection, prefix, 100)
    assert len(set(everybody)) == len(everybody)
    for limit in range(1, len(everybody) + 1):
        pages = found(connection, prefix, limit)
        assert [name for page in pages for name in page] == everybody
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        assert pages[-1]


def test_without_a_prefix_all_active_people_by_username(connection: Connection) -> None:
    assert found(connection, "", 100) == [["Ann", "ann_of_old", "anna", "bob", "carol", "dave", "eve"]]


@pytest.mark.parametrize("prefix", ["émi", "Émi", "ÉMI", "öst", "ÖST"])
def test_other_alphabets_in_any_case(connection: Connection, prefix: str) -> None:
    assert found(connection, prefix, 100) == [["eve"]]


@pytest.mark.parametrize("prefix", ["%", "_nn", "a%", "ann'", '"', "\\", "*", "[a"])
def test_wildcards_mean_nothing(connection: Connection, prefix: str) -> None:
    assert found(connection, prefix, 100) == [[]]


def test_a_place_that_was_made_up_finds_nothing_or_somebody_visible(connection: Connection) -> None:
    assert people.search(connection, "ann", SearchCursor(99, "", 0), 10) == ([], None)
    names = [user.username for user in people.search(connection, "ann", SearchCursor(2, "zzz", 2**63 - 1), 10)[0]]
    assert names == []
    again = people.search(connection, "", SearchCursor(0, "anna", 2**63 - 1), 10)[0]
    assert [user.username for user in again] == ["bob", "carol", "dave", "eve"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("step", "index"),
    [(0, "ix_users_search_username"), (1, "ix_users_search_name"), (2, "ix_users_search_last_name")],
)
def test_a_page_walks_one_index_and_sorts_nothing(connection: Connection, step: int, index: str) -> None:
    query = people._page(people._steps("ann"), SearchCursor(step, "ann", 1), 10)
    sql = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    plan = " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))
    assert f"USING INDEX {index}" in plan
    assert "B-TREE" not in plan
    assert "SCAN" not in plan


@ON_SQLITE
def test_inactive_users_are_found_by_an_index_of_their_own(connection: Connection) -> None:
    sql = "EXPLAIN QUERY PLAN SELECT number FROM users WHERE users.is_active = 0"
    assert "ix_users_inactive" in " ".join(row[3] for row in connection.exec_driver_sql(sql))


# Among people with whom one shares a room.

ME, OTHERS = 1, (2, 3, 4, 5)  # bob; Ann, anna, carol, dave


def share(connection: Connection, *others: int, left: int | None = None, deleted: int | None = None) -> int:
    """A room of bob and others; its number."""
    count = 1 + len(others)
    values = {"id": new_id(), "kind": "private", "created_at": 0, "last_at": 0, "deleted_at": deleted}
    made = connection.execute(insert(rooms).values(**values, member_count=count).returning(rooms.c.number))
    room: int = made.scalar_one()
    row = {"room": room, "role": "member", "joined_at": 0, "changed_seq": 1, "left_at": None}
    connection.execute(insert(members), [{**row, "user": ME}, *({**row, "user": n, "left_at": left} for n in others)])
    return room


def shared(connection: Connection, prefix: str, limit: int, few: int) -> list[str]:
    """Everybody found, page by page."""
    names: list[str] = []
    place: SearchCursor | None = None
    for _ in range(50):
        found, place = people.search_shared(connection, ME, prefix, place, limit, few=few)
        assert len(found) <= limit
        names += [user.username for user in found]
        if place is None:
            return names
    raise AssertionError("no end")


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize("few", [0, 100])
def test_only_people_of_my_rooms_and_myself(connection: Connection, few: int, limit: int) -> None:
    share(connection, 2, 4)
    share(connection, 4, 8)  # nobody is not active
    share(connection, 3, left=5)
    share(connection, 5, deleted=5)
    assert shared(connection, "", limit, few) == ["Ann", "bob", "carol"]
    assert shared(connection, "an", limit, few) == ["Ann", "carol", "bob"]
    assert shared(connection, "x", limit, few) == []


@pytest.mark.parametrize("few", [0, 100])
def test_alone_one_finds_oneself(connection: Connection, few: int) -> None:
    assert shared(connection, "", 5, few) == ["bob"]


def test_a_page_among_many_looks_at_so_many(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "CHUNK", 2)
    monkeypatch.setattr(people, "LOOKED_AT", 2)
    share(connection, 5)
    found, place = people.search_shared(connection, ME, "", None, 5, few=0)
    assert (found, place is not None) == ([], True)
    assert shared(connection, "", 5, 0) == ["bob", "dave"]


@pytest.mark.parametrize("few", [0, 100])
def test_a_place_that_nobody_was_given(connection: Connection, few: int) -> None:
    assert people.search_shared(connection, ME, "an", SearchCursor(99, "zzz", 7), 5, few=few) == ([], None)


def test_everybody_but_oneself_by_number(connection: Connection) -> None:
    assert [user.number for user in people.everybody(connection, 4, 50)] == [1, 2, 3, 5, 6, 7]  # 8 is not active
    assert [user.number for user in people.everybody(connection, 1, 3)] == [2, 3, 4]


def test_everybody_of_my_rooms(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    share(connection, 6, 2)
    share(connection, 2, 4, 8)  # nobody is not active
    share(connection, 3, left=5)
    share(connection, 5, deleted=5)
    assert [user.number for user in people.everybody_shared(connection, ME, 50)] == [2, 4, 6]
    assert [user.number for user in people.everybody_shared(connection, ME, 2)] == [2, 4]
    assert people.everybody_shared(connection, 7, 50) == []
    monkeypatch.setattr(people, "LOOKED_AT_SHARED", 2)
    assert len(people.everybody_shared(connection, ME, 50)) <= 2


def test_sharing_a_room(connection: Connection) -> None:
    share(connection, 2)
    share(connection, 3, left=5)
    share(connection, 4, deleted=5)
    assert [people.share_room(connection, ME, other) for other in OTHERS] == [True, False, False, False]
    assert people.share_room(connection, 2, ME)
    assert not people.share_room(connection, 2, 3)
    connection.execute(insert(rooms).values(id=new_id(), kind="direct", created_at=0, last_at=0, direct_key="2:5"))
    assert people.have_direct_room(connection, 5, 2)
    assert not people.have_direct_room(connection, 5, 1)
