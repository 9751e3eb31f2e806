import json

from sqlalchemy import Connection, insert, select

from tertulia.domain.ids import new_id
from tertulia.domain.reports import Report
from tertulia.storage import reports, tables

MESSAGE = new_id()


def add(connection: Connection, at: int = 1, reporter: int | None = 5, **more: object) -> Report:
    return reports.add(connection, at=at, reporter=reporter, **more)  # type: ignore[arg-type]


def test_stored_as_it_was(connection: Connection) -> None:
    room_id = new_id()
    made = add(connection, reason="spam", user=6, room=7, room_id=room_id, index=8, message_id=MESSAGE, body="buy")
    assert reports.by_id(connection, made.id) == made
    assert made == Report(1, made.id, 7, room_id, 8, MESSAGE, 6, 5, "spam", "buy", 1)
    assert made.people == {5, 6}
    assert add(connection, reporter=None, body="bad").reason == reports.WORDS
    assert reports.by_id(connection, new_id()) is None


def test_what_somebody_reported_already(connection: Connection) -> None:
    of_message = add(connection, user=6, message_id=MESSAGE)
    of_user = add(connection, user=6)
    assert reports.of_message(connection, 5, MESSAGE) == of_message
    assert reports.of_message(connection, 9, MESSAGE) is None
    assert reports.of_message(connection, 5, new_id()) is None
    assert reports.open_of_user(connection, 5, 6) == of_user
    assert reports.open_of_user(connection, 5, 7) is None
    reports.resolve(connection, of_user.id, 2, 1, "done")
    reports.resolve(connection, of_message.id, 2, 1, "done")
    assert reports.open_of_user(connection, 5, 6) is None
    assert reports.of_message(connection, 5, MESSAGE) is not None


def test_how_much_in_a_time(connection: Connection) -> None:
    for at in (10, 20, 30):
        add(connection, at)
    add(connection, 40, reporter=9)
    assert reports.oldest_since(connection, 5, 5, 3) == 10
    assert reports.oldest_since(connection, 5, 10, 3) is None
    assert reports.oldest_since(connection, 5, 10, 2) == 20
    assert reports.oldest_since(connection, 5, 5, 4) is None


def test_page_by_page(connection: Connection) -> None:
    made = [add(connection, at) for at in range(5)]
    done = reports.resolve(connection, made[1].id, 9, 1, "deleted")
    assert done is not None
    assert (done.resolved_at, done.resolved_by, done.resolution) == (9, 1, "deleted")
    first = reports.page(connection, is_open=True, before=None, limit=2)
    assert [report.id for report in first] == [made[4].id, made[3].id]
    second = reports.page(connection, is_open=True, before=first[-1].number, limit=5)
    assert [report.id for report in second] == [made[2].id, made[0].id]
    assert reports.page(connection, is_open=False, before=None, limit=5) == [done]
    assert len(reports.page(connection, is_open=None, before=None, limit=9)) == 5


def test_resolved_once(connection: Connection) -> None:
    made = add(connection)
    assert reports.resolve(connection, made.id, 2, 1, "first") is not None
    assert reports.resolve(connection, made.id, 3, 2, "second") is None
    stored = reports.by_id(connection, made.id)
    assert stored is not None
    assert stored.resolution == "first"
    assert reports.resolve(connection, new_id(), 3, 2, "none") is None


def test_webhooks_are_told_in_the_same_transaction(connection: Connection) -> None:
    connection.execute(
        insert(tables.webhooks).values(id=new_id(), url="https://a.test", secret="s", events='["report"]', created_at=1)
    )
    connection.execute(insert(tables.users).values(number=6, id=new_id(), username="bob", created_at=1))
    made = add(connection, user=6, body="bad", reporter=None)
    [(event, payload, room)] = connection.execute(
        select(tables.deliveries.c.event, tables.deliveries.c.payload, tables.deliveries.c.room)
    )
    told = json.loads(payload)["report"]
    assert (event, room, told["id"], told["user"]["username"], told["body"]) == ("report", None, made.id, "bob", "bad")
    assert "reporter" not in told
