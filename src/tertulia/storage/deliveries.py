"""What webhooks are still to be told, as rows. A row goes when it is delivered; one that is dead stays for a while."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, func, insert, select, true, update

from tertulia.domain.ids import new_id
from tertulia.domain.models import Notify
from tertulia.domain.webhooks import MAX_OFFLINE, Audience, Delivery, Told, Webhook, wanting
from tertulia.storage.tables import blocks, deliveries, members, users, webhooks

Lane = tuple[int, int | None]
"""(webhook, room): what is told one after the other."""

_WAITS = deliveries.c.dead_at.is_(None)
_DEAD = deliveries.c.dead_at.is_not(None)


def record(connection: Connection, active: Sequence[Webhook], told: Iterable[Told], at: int) -> int:
    """Queue what is told for each of `active` that wants it; how many rows that makes."""
    rows = [
        {
            "id": new_id(),
            "webhook": webhook.number,
            "room": item.room,
            "event": item.event,
            "payload": item.payload,
            "audience": None if item.audience is None else json.dumps(asdict(item.audience)),
            "created_at": at,
            "next_at": at,
        }
        for item in told
        for webhook in wanting(active, item.event)
    ]
    if rows:
        connection.execute(insert(deliveries), rows)
    return len(rows)


def delivery_of(row: Row[Any]) -> Delivery:
    audience = None if row.audience is None else json.loads(row.audience)
    return Delivery(
        number=row.number,
        id=row.id,
        webhook=row.webhook,
        room=row.room,
        event=row.event,
        payload=row.payload,
        audience=None if audience is None else Audience(**{**audience, "users": tuple(audience["users"])}),
        created_at=row.created_at,
        attempts=row.attempts,
        next_at=row.next_at,
        dead_at=row.dead_at,
        error=row.error,
    )


# What is to be sent


def newest(connection: Connection) -> int:
    """The number of the newest row."""
    return connection.scalar(select(func.max(deliveries.c.number))) or 0


def lanes(connection: Connection) -> set[Lane]:
    """Those in which something waits, of webhooks that are not disabled."""
    query = (
        select(deliveries.c.webhook, deliveries.c.room)
        .join(webhooks, webhooks.c.number == deliveries.c.webhook)
        .where(_WAITS, webhooks.c.disabled_at.is_(None))
        .distinct()
    )
    return {(row.webhook, row.room) for row in connection.execute(query)}


def lanes_since(connection: Connection, number: int, limit: int) -> tuple[set[Lane], int]:
    """The lanes of the rows after `number`, of at most `limit` of them; and the number of the last one."""
    query = (
        select(deliveries.c.number, deliveries.c.webhook, deliveries.c.room)
        .where(deliveries.c.number > number)
        .order_by(deliveries.c.number)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return {(row.webhook, row.room) for row in rows}, rows[-1].number if rows else number


def heads(connection: Connection, wanted: Collection[Lane]) -> dict[Lane, Delivery]:
    """What comes next in each lane; those in which nothing waits are left out."""
    found: dict[Lane, Delivery] = {}
    for webhook, room in wanted:
        here = deliveries.c.room.is_(None) if room is None else deliveries.c.room == room
        query = select(deliveries).where(deliveries.c.webhook == webhook, here, _WAITS)
        row = connection.execute(query.order_by(deliveries.c.number).limit(1)).one_or_none()
        if row is not None:
            found[webhook, room] = delivery_of(row)
    return found


def concerned(connection: Connection, delivery: Delivery) -> list[tuple[int, str, str | None]] | None:
    """(number, id, external id) of those whom it concerns and who want to be told; None: it concerns nobody.

    Not the sender, nobody who blocks the sender, has left, is a bot, or wants to hear less of the room.
    """
    audience = delivery.audience
    if audience is None:
        return None
    found: dict[int, tuple[int, str, str | None]] = {}
    for which in ([users.c.id.in_(audience.users)] if audience.users else []) + ([true()] if audience.room else []):
        for row in connection.execute(_concerned(delivery.room, audience, which)):
            found[row.number] = (row.number, row.id, row.external_id)
    return list(found.values())[:MAX_OFFLINE]


def _concerned(room: int | None, audience: Audience, which: Any) -> Any:
    levels = [Notify.ALL.value, Notify.MENTIONS.value] if audience.mention else [Notify.ALL.value]
    query = (
        select(users.c.number, users.c.id, users.c.external_id)
        .join(members, members.c.user == users.c.number)
        .where(
            members.c.room == room,
            members.c.left_at.is_(None),
            members.c.notify.in_(levels),
            users.c.is_active,
            users.c.is_bot.is_(False),
            users.c.deleted_at.is_(None),
            which,
        )
        .order_by(members.c.joined_at, members.c.user)
        .limit(MAX_OFFLINE)
    )
    if audience.sender is None:
        return query
    deaf = exists().where(blocks.c.user == users.c.number, blocks.c.blocked == audience.sender)
    return query.where(users.c.number != audience.sender, ~deaf)


# What became of it


def delivered(connection: Connection, numbers: Collection[int]) -> None:
    if numbers:
        connection.execute(delete(deliveries).where(deliveries.c.number.in_(numbers)))


_FAILED = (
    update(deliveries)
    .where(deliveries.c.number == bindparam("_number"))
    .values(attempts=deliveries.c.attempts + 1, next_at=bindparam("_next"), error=bindparam("_error"))
)
_GIVEN_UP = (
    update(deliveries)
    .where(deliveries.c.number == bindparam("_number"))
    .values(attempts=deliveries.c.attempts + 1, dead_at=bindparam("_at"), error=bindparam("_error"))
)


def failed(connection: Connection, rows: Collection[tuple[int, int, str]]) -> None:
    """(number, when to try again, what went wrong)."""
    if rows:
        connection.execute(_FAILED, [{"_number": n, "_next": at, "_error": error} for n, at, error in rows])


def dead(connection: Connection, rows: Collection[tuple[int, int, str]]) -> None:
    """(number, now, what went wrong): these are not tried again."""
    if rows:
        connection.execute(_GIVEN_UP, [{"_number": n, "_at": at, "_error": error} for n, at, error in rows])


# The dead


def dead_page(connection: Connection, webhook: int, before: int | None, limit: int) -> list[Delivery]:
    """Newest first; `before`: the number of the last one of the page before."""
    query = select(deliveries).where(deliveries.c.webhook == webhook, _DEAD)
    if before is not None:
        query = query.where(deliveries.c.number < before)
    rows = connection.execute(query.order_by(deliveries.c.number.desc()).limit(limit))
    return [delivery_of(row) for row in rows]


def resend(connection: Connection, webhook: int, at: int, ids: Collection[str] | None) -> int:
    """Let dead ones wait again, all or those with these ids; how many. They keep their place in the order."""
    which = and_(deliveries.c.webhook == webhook, _DEAD)
    if ids is not None:
        which = and_(which, deliveries.c.id.in_(ids))
    values = {"dead_at": None, "attempts": 0, "next_at": at, "error": None}
    return connection.execute(update(deliveries).where(which).values(values)).rowcount


# Bounds


def counts(connection: Connection) -> dict[int, tuple[int, int]]:
    """How many wait, and how many are dead, for each webhook that has any."""
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for place, which in enumerate((_WAITS, _DEAD)):
        query = select(deliveries.c.webhook, func.count()).where(which).group_by(deliveries.c.webhook)
        for webhook, number in connection.execute(query):
            found[webhook][place] = number
    return {webhook: (waiting, given_up) for webhook, (waiting, given_up) in found.items()}


def give_up_oldest(connection: Connection, webhook: int, limit: int, at: int) -> int:
    """The oldest that wait are dead: there are too many."""
    oldest = _oldest(webhook, _WAITS, limit)
    values = {"dead_at": at, "error": "too many deliveries waited"}
    return connection.execute(update(deliveries).where(deliveries.c.number.in_(oldest)).values(values)).rowcount


def drop_oldest_dead(connection: Connection, webhook: int, limit: int) -> int:
    oldest = _oldest(webhook, _DEAD, limit)
    return connection.execute(delete(deliveries).where(deliveries.c.number.in_(oldest))).rowcount


def drop_old(connection: Connection, webhook: int, before: int, limit: int) -> int:
    """Dead ones that were made before that time, and, of a disabled webhook, waiting ones; of the `limit` oldest."""
    disabled = exists().where(webhooks.c.number == webhook, webhooks.c.disabled_at.is_not(None))
    dropped = 0
    for which in (_DEAD, and_(_WAITS, disabled)):
        old = and_(deliveries.c.number.in_(_oldest(webhook, which, limit)), deliveries.c.created_at < before)
        dropped += connection.execute(delete(deliveries).where(old)).rowcount
    return dropped


def _oldest(webhook: int, which: Any, limit: int) -> Any:
    query = select(deliveries.c.number).where(deliveries.c.webhook == webhook, which)
    return query.order_by(deliveries.c.number).limit(limit)
