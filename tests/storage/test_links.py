from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from support.databases import new_url
from tertulia.domain.ids import new_id
from tertulia.domain.links import Link, Purpose
from tertulia.storage import accounts, links
from tertulia.storage.accounts import NewUser
from tertulia.storage.database import open_engine

LINK = Link("a" * 64, 1, Purpose.RESET, "ann@example.org", 0, 100)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = open_engine(new_url(tmp_path), write=True)
    with engine.begin() as connection:
        for name in ("ann", "bob"):
            accounts.create(connection, NewUser(new_id(), name, "hash", 0))
        yield connection
    engine.dispose()


def test_found_until_it_expires(connection: Connection) -> None:
    links.replace(connection, LINK)
    assert links.find(connection, LINK.token_hash, 99) == LINK
    assert links.find(connection, LINK.token_hash, 100) is None
    assert links.find(connection, "b" * 64, 0) is None
    assert links.take(connection, LINK.token_hash, 100) is None
    assert links.find(connection, LINK.token_hash, 99) == LINK


def test_taken_once(connection: Connection) -> None:
    links.replace(connection, LINK)
    assert links.take(connection, LINK.token_hash, 0) == LINK
    assert links.take(connection, LINK.token_hash, 0) is None
    assert links.find(connection, LINK.token_hash, 0) is None


def test_one_of_each_user_and_purpose(connection: Connection) -> None:
    others = [
        replace(LINK, token_hash="b" * 64, purpose=Purpose.CONFIRM),
        replace(LINK, token_hash="c" * 64, user=2, email=None),
    ]
    for link in (LINK, *others):
        links.replace(connection, link)
    newer = replace(LINK, token_hash="d" * 64)
    links.replace(connection, newer)
    assert links.find(connection, LINK.token_hash, 0) is None
    assert [links.find(connection, link.token_hash, 0) for link in (newer, *others)] == [newer, *others]
    links.drop(connection, 1)
    assert [links.find(connection, link.token_hash, 0) for link in (newer, *others)] == [None, None, others[1]]


def test_purged_in_slices(connection: Connection) -> None:
    for number, purpose in enumerate(Purpose):
        links.replace(connection, replace(LINK, token_hash=f"{number:064}", purpose=purpose))
    links.replace(connection, replace(LINK, token_hash="e" * 64, user=2, expires_at=101))
    assert [links.purge(connection, 100, 2) for _ in range(3)] == [2, 1, 0]
    assert links.find(connection, "e" * 64, 0) is not None
