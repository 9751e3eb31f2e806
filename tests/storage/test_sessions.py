import pytest
from sqlalchemy import Connection

from tertulia.domain.ids import new_id
from tertulia.domain.models import Session, User
from tertulia.storage import accounts, sessions, users
from tertulia.storage.accounts import NewUser


@pytest.fixture
def ann(connection: Connection) -> User:
    return accounts.create(connection, NewUser(new_id(), "ann", "hash", 1))


@pytest.fixture
def bob(connection: Connection) -> User:
    return accounts.create(connection, NewUser(new_id(), "bob", "hash", 1))


def start(connection: Connection, user: User, at: int = 100, expires_at: int = 1000) -> Session:
    values = {"id": new_id(), "user": user.number, "device": "laptop", "address": "192.0.2.1"}
    return sessions.create(connection, {**values, "created_at": at, "expires_at": expires_at})


def ids(found: list[Session]) -> list[str]:
    return [session.id for session in found]


def test_create_and_rotate(connection: Connection, ann: User) -> None:
    session = start(connection, ann)
    assert (session.generation, session.rotated_at, session.last_used_at) == (0, 100, 100)
    rotated = sessions.rotate(connection, session, 200, 2000, "192.0.2.9")
    assert (rotated.generation, rotated.rotated_at, rotated.expires_at) == (1, 200, 2000)
    assert (rotated.last_used_at, rotated.address, rotated.created_at) == (200, "192.0.2.9", 100)
    assert sessions.lock(connection, session.id) == rotated
    assert sessions.lock(connection, new_id()) is None


def test_a_session_with_its_user(connection: Connection, ann: User, bob: User) -> None:
    start(connection, bob)
    session = start(connection, ann)
    assert sessions.with_user(connection, session.id) == (session, ann)
    sessions.end(connection, ann.number, session.id, 200)
    found = sessions.with_user(connection, session.id)
    assert found is not None
    assert (found[0].revoked_at, found[1].version) == (200, ann.version + 1)
    assert sessions.with_user(connection, new_id()) is None


def test_open_sessions_last_used_first(connection: Connection, ann: User, bob: User) -> None:
    old, expired, new = start(connection, ann), start(connection, ann, 100, 150), start(connection, ann, 200)
    start(connection, bob)
    assert ids(sessions.open_of(connection, ann.number, 500, 10)) == [new.id, old.id]
    sessions.touch(connection, [(old.id, 300), (new.id, 50), (new_id(), 300)])
    assert ids(sessions.open_of(connection, ann.number, 500, 10)) == [old.id, new.id]
    assert ids(sessions.open_of(connection, ann.number, 500, 1)) == [old.id]
    assert expired.id in ids(sessions.open_of(connection, ann.number, 120, 10))


def test_ending_one(connection: Connection, ann: User, bob: User) -> None:
    mine, other, his = start(connection, ann), start(connection, ann), start(connection, bob)
    assert sessions.end(connection, ann.number, his.id, 300) == []
    assert users.versions(connection, [ann.number]) == {ann.number: 0}
    assert sessions.end(connection, ann.number, mine.id, 300) == [mine.id]
    assert users.versions(connection, [ann.number, bob.number]) == {ann.number: 1, bob.number: 0}
    assert sessions.end(connection, ann.number, mine.id, 400) == []
    assert [sessions.is_open(connection, one.id) for one in (mine, other, his)] == [False, True, True]
    assert sessions.ended_since(connection, 299) == {mine.id: 300}
    assert sessions.ended_since(connection, 300) == {}


def test_ending_all_and_all_but_one(connection: Connection, ann: User, bob: User) -> None:
    first, second, third = (start(connection, ann) for _ in range(3))
    his = start(connection, bob)
    assert set(sessions.end_all(connection, ann.number, 300, but=second.id)) == {first.id, third.id}
    assert sessions.end_all(connection, ann.number, 300) == [second.id]
    assert sessions.end_all(connection, ann.number, 300) == []
    assert sessions.is_open(connection, his.id)


def test_ending_the_oldest(connection: Connection, ann: User) -> None:
    started = [start(connection, ann, at) for at in (100, 300, 200)]
    assert sessions.end_oldest(connection, ann.number, 400, keep=3) == []
    assert sessions.end_oldest(connection, ann.number, 400, keep=1) == [started[0].id, started[2].id]


def test_removing_what_is_old(connection: Connection, ann: User) -> None:
    ended, expired, alive = start(connection, ann), start(connection, ann, 100, 150), start(connection, ann)
    sessions.end(connection, ann.number, ended.id, 300)
    assert sessions.old(connection, 100, 10) == []
    assert sorted(sessions.old(connection, 301, 10)) == [ended.number, expired.number]
    assert len(sessions.old(connection, 301, 1)) == 1
    sessions.remove(connection, [ended.number, expired.number])
    assert sessions.old(connection, 301, 10) == []
    assert sessions.lock(connection, alive.id) is not None
