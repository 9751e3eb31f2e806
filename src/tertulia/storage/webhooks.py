"""Webhooks as rows."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from tertulia.domain.times import iso
from tertulia.domain.webhooks import Told, Webhook
from tertulia.protocol.webhooks import payload_of
from tertulia.storage import deliveries
from tertulia.storage.engines import hold
from tertulia.storage.tables import deliveries as deliveries_table
from tertulia.storage.tables import webhooks


def _webhook_of(row: Row[Any]) -> Webhook:
    events = tuple(json.loads(row.events))
    return Webhook(row.number, row.id, row.url, row.secret, events, row.created_at, row.disabled_at)


def all_(connection: Connection) -> list[Webhook]:
    """In the order in which they were made; there are at most `MAX_WEBHOOKS`."""
    return [_webhook_of(row) for row in connection.execute(select(webhooks).order_by(webhooks.c.number))]


def active(connection: Connection) -> tuple[Webhook, ...]:
    """Those for which something is to be recorded."""
    return tuple(webhook for webhook in all_(connection) if webhook.disabled_at is None)


def by_id(connection: Connection, id_: str) -> Webhook | None:
    row = connection.execute(select(webhooks).where(webhooks.c.id == id_)).one_or_none()
    return _webhook_of(row) if row else None


def count(connection: Connection) -> int:
    """There will be no more until the transaction ends."""
    hold(connection, "webhooks")
    return connection.scalar(select(func.count()).select_from(webhooks)) or 0


def create(connection: Connection, webhook: Webhook) -> Webhook:
    """`webhook.number` is given here."""
    values = {
        "id": webhook.id,
        "url": webhook.url,
        "secret": webhook.secret,
        "events": json.dumps(webhook.events),
        "created_at": webhook.created_at,
    }
    return _webhook_of(connection.execute(insert(webhooks).values(values).returning(*webhooks.c)).one())


def save(connection: Connection, webhook: Webhook) -> None:
    """All that can be changed."""
    values = {
        "url": webhook.url,
        "secret": webhook.secret,
        "events": json.dumps(webhook.events),
        "disabled_at": webhook.disabled_at,
    }
    connection.execute(update(webhooks).where(webhooks.c.number == webhook.number).values(values))


def disable(connection: Connection, number: int, at: int) -> None:
    """From here on nothing is recorded for it, or sent to it; what waits stays."""
    which = (webhooks.c.number == number) & webhooks.c.disabled_at.is_(None)
    connection.execute(update(webhooks).where(which).values(disabled_at=at))


def remove_slice(connection: Connection, number: int, limit: int) -> bool:
    """Take away some of its deliveries; when none is left, the webhook itself. Whether it is gone."""
    some = select(deliveries_table.c.number).where(deliveries_table.c.webhook == number).limit(limit)
    gone = connection.execute(delete(deliveries_table).where(deliveries_table.c.number.in_(some))).rowcount
    if gone == limit:
        return False
    connection.execute(delete(webhooks).where(webhooks.c.number == number))
    return True


def record_event(
    connection: Connection, event: str, payload: Mapping[str, Any], *, at: int, room: int | None = None
) -> int:
    """Tell every webhook that wants `event`, within the transaction of what it tells; how many there are.

    `payload`: the fields beside `id`, `event` and `at`, as JSON takes them. `room`: the number of the room in whose
    order it stands; without one it stands in an order of its own.
    """
    told = Told(event, room, payload_of(event, {"at": iso(at), **payload}))
    return deliveries.record(connection, active(connection), [told], at)
