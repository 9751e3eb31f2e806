"""The queue of webhooks finds what is next by an index, however much waits."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from support.accounts import new_database
from support.databases import ON_SQLITE
from tertulia.domain.ids import new_id
from tertulia.domain.webhooks import Audience, Delivery, Told, Webhook
from tertulia.storage import deliveries, webhooks
from tertulia.storage.database import Database

AUDIENCE = Audience(1, ("a",), room=True)
DELIVERY = Delivery(1, "id", 1, 1, "mention", "{}", AUDIENCE, 1)
PLANS: dict[str, tuple[Any, tuple[Any, ...], list[str]]] = {
    "heads": (deliveries.heads, ([(1, 2)],), ["ix_deliveries_queue (webhook=? AND room=?)"]),
    "heads of no room": (deliveries.heads, ([(1, None)],), ["ix_deliveries_queue (webhook=? AND room=?)"]),
    "lanes since": (deliveries.lanes_since, (5, 100), ["INTEGER PRIMARY KEY (rowid>?)"]),
    "dead": (deliveries.dead_page, (1, 7, 50), ["ix_deliveries_dead (webhook=? AND number<?)"]),
    "dropped": (deliveries.drop_oldest_dead, (1, 50), ["ix_deliveries_dead (webhook=?)"]),
    "concerned": (
        deliveries.concerned,
        (DELIVERY,),
        ["ix_members_joined (room=?)", "PRIMARY KEY (user=? AND blocked=?)"],
    ),
}


@pytest.fixture
def db(tmp_path: Path) -> Any:
    database = new_database(tmp_path)
    yield database
    database.close()


@ON_SQLITE
@pytest.mark.parametrize("name", PLANS)
async def test_plans(db: Database, name: str) -> None:
    work, arguments, wanted = PLANS[name]

    def look(connection: Connection) -> str:
        said: list[tuple[str, Any]] = []

        def heard(_c: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
            said.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", heard)
        work(connection, *arguments)
        event.remove(connection, "before_cursor_execute", heard)
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values) for statement, values in said]
        return "\n".join(row.detail for plan in plans for row in plan)

    plan = await db.write(look)
    assert all(part in plan for part in wanted), plan
    assert "SCAN deliveries" not in plan


async def test_what_is_recorded_comes_back(db: Database) -> None:
    def work(connection: Connection) -> list[Delivery]:
        hook = webhooks.create(connection, Webhook(0, new_id(), "https://a.example/", "s" * 20, ("mention",), 1))
        told = [Told("mention", 3, '{"a":1}', AUDIENCE), Told("message", 3, "{}"), Told("mention", None, "{}")]
        assert deliveries.record(connection, [hook], told, 7) == 2
        assert deliveries.lanes(connection) == {(hook.number, 3), (hook.number, None)}
        return list(deliveries.heads(connection, [(1, 3), (1, None), (1, 4), (2, 3)]).values())

    first, second = await db.write(work)
    assert (first.room, first.event, first.payload, first.audience) == (3, "mention", '{"a":1}', AUDIENCE)
    assert (first.created_at, first.next_at, first.attempts, first.dead_at) == (7, 7, 0, None)
    assert (second.room, second.audience) == (None, None)


async def test_a_webhook_is_removed_in_slices(db: Database) -> None:
    def work(connection: Connection) -> list[bool]:
        hook = webhooks.create(connection, Webhook(0, new_id(), "https://a.example/", "s" * 20, ("message",), 1))
        deliveries.record(connection, [hook], [Told("message", 1, "{}")] * 5, 7)
        gone = [webhooks.remove_slice(connection, hook.number, 2) for _ in range(3)]
        assert connection.scalar(text("SELECT count(*) FROM deliveries")) == 0
        return gone

    assert await db.write(work) == [False, False, True]
