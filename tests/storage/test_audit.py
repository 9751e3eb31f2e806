import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tertulia.domain.ids import new_id
from tertulia.storage import audit

ROOM = new_id()


def test_newest_first_page_by_page(connection: Connection) -> None:
    for number in range(5):
        audit.record(connection, at=number, actor=1, via="user", act="ban", user=number)
    first = audit.page(connection, limit=2)
    assert [entry.user for entry in first] == [4, 3]
    second = audit.page(connection, before=first[-1].number, limit=3)
    assert [entry.user for entry in second] == [2, 1, 0]
    assert audit.page(connection, before=second[-1].number, limit=3) == []


def test_of_a_room_about_somebody_by_somebody(connection: Connection) -> None:
    audit.record(connection, at=1, actor=1, via="user", act="ban", room=7, room_id=ROOM, user=2)
    audit.record(connection, at=2, actor=None, via="key shop", act="add", room=8, room_id=new_id(), user=2)
    audit.record(connection, at=3, actor=1, via="user", act="invite", details={"max_uses": None})
    assert [entry.act for entry in audit.page(connection, room_id=ROOM)] == ["ban"]
    assert [entry.act for entry in audit.page(connection, user=2)] == ["add", "ban"]
    assert [entry.act for entry in audit.page(connection, actor=1)] == ["invite", "ban"]
    assert [entry.act for entry in audit.page(connection, actor=1, user=2)] == ["ban"]
    [newest] = audit.page(connection, limit=1)
    assert (newest.details, newest.room, newest.actor, newest.via) == ({"max_uses": None}, None, 1, "user")


def test_long_details_are_cut(connection: Connection) -> None:
    audit.record(connection, at=1, actor=1, via="v" * 500, act="change", details={"a": "x" * 5_000, "b": 1, "c": None})
    [entry] = audit.page(connection)
    assert entry.details == {"a": "x" * audit.CUT, "b": 1, "c": None}
    assert len(entry.via) == 128


@pytest.mark.parametrize("statement", ["UPDATE audit SET act = 'other'", "DELETE FROM audit"])
def test_append_only(connection: Connection, statement: str) -> None:
    audit.record(connection, at=1, actor=1, via="user", act="ban")
    with pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(statement))
