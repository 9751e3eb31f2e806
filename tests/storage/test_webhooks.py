import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from support.accounts import new_database
from tertulia.domain.ids import new_id
from tertulia.domain.webhooks import Webhook
from tertulia.storage import deliveries, webhooks

NEW = Webhook(0, new_id(), "https://a.example/", "s" * 20, ("message", "report"), 1)


async def test_a_webhook_as_a_row(tmp_path: Path) -> None:
    def work(connection: Connection) -> None:
        made = webhooks.create(connection, NEW)
        assert made == replace(NEW, number=made.number)
        assert webhooks.by_id(connection, NEW.id) == made
        assert webhooks.by_id(connection, "other") is None
        assert webhooks.count(connection) == 1
        changed = replace(made, url="https://b.example/", secret="t" * 20, events=("edit",))
        webhooks.save(connection, changed)
        assert webhooks.all_(connection) == [changed]
        assert webhooks.active(connection) == (changed,)
        webhooks.disable(connection, made.number, 7)
        webhooks.disable(connection, made.number, 9)  # it is disabled since the first time
        assert webhooks.all_(connection) == [replace(changed, disabled_at=7)]
        assert webhooks.active(connection) == ()

    await _in(tmp_path, work)


async def test_an_event_is_recorded_for_those_that_want_it(tmp_path: Path) -> None:
    def work(connection: Connection) -> None:
        made = webhooks.create(connection, NEW)
        webhooks.create(connection, replace(NEW, id=new_id(), events=("message",)))
        assert webhooks.record_event(connection, "report", {"report": {"id": "r"}}, at=5) == 1
        (found,) = deliveries.heads(connection, [(made.number, None)]).values()
        assert json.loads(found.payload) == {
            "event": "report", "at": "1970-01-01T00:00:00.000005Z", "report": {"id": "r"},
        }  # fmt: skip
        webhooks.disable(connection, made.number, 7)
        assert webhooks.record_event(connection, "report", {}, at=5) == 0

    await _in(tmp_path, work)


async def _in(folder: Path, work: Callable[[Connection], None]) -> None:
    database = new_database(folder)
    try:
        await database.write(work)
    finally:
        database.close()
