"""Webhooks as staff and the command line manage them. Each act is in the audit log, without address or secret."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import Connection

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.ids import canonical_id, new_id
from tertulia.domain.times import iso
from tertulia.domain.webhooks import MAX_WEBHOOKS, TEST, Delivery, Webhook, check_events, check_secret, check_url
from tertulia.protocol.webhooks import body_of, payload_of
from tertulia.services.calls import Answer, Calls
from tertulia.services.targets import TargetError
from tertulia.storage import audit, deliveries, webhooks
from tertulia.storage.database import Database

SLICE = 1_000
"""Deliveries that are taken away in one transaction."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does it: a user's number, or None and `via` says what."""

    actor: int | None
    via: str = "user"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be changed of a webhook; None stays as it is."""

    url: str | None = None
    events: Collection[str] | None = None
    secret: str | None = None
    enabled: bool | None = None


T = TypeVar("T")


def _nothing() -> None: ...


class Webhooks:
    """`forget` is called in the transaction that changes something, in the writer's thread; `refresh` after it."""

    def __init__(
        self,
        db: Database,
        calls: Calls,
        clock: Clock,
        *,
        forget: Callable[[], None] = _nothing,
        refresh: Callable[[], None] = _nothing,
    ) -> None:
        self._db = db
        self._calls = calls
        self._clock = clock
        self._forget = forget
        self._refresh = refresh
        self._on_changed: list[Callable[[], None]] = []

    def on_changed(self, callback: Callable[[], None]) -> None:
        """`callback()` is called when any of them was changed here."""
        self._on_changed.append(callback)

    async def all(self) -> list[tuple[Webhook, tuple[int, int]]]:
        """Each with how many deliveries wait, and how many are dead."""
        return await self._db.read(self._all)

    def _all(self, connection: Connection) -> list[tuple[Webhook, tuple[int, int]]]:
        counts = deliveries.counts(connection)
        return [(webhook, counts.get(webhook.number, (0, 0))) for webhook in webhooks.all_(connection)]

    async def create(self, by: By, url: str, events: Collection[str], secret: str | None = None) -> Webhook:
        """Raises `invalid`, also for an address that may not be reached, and `too_many`."""
        new = Webhook(0, new_id(), check_url(url), check_secret(secret), check_events(events), self._clock.now())
        await self._check_target(url)
        return await self._write(self._create, by, new)

    def _create(self, connection: Connection, by: By, new: Webhook) -> Webhook:
        if webhooks.count(connection) >= MAX_WEBHOOKS:
            raise Rejection("too_many", f"There are at most {MAX_WEBHOOKS} webhooks. Remove one first.")
        made = webhooks.create(connection, new)
        self._audit(connection, by, "webhook_create", made)
        return made

    async def change(self, by: By, id_: str, wanted: Wanted) -> Webhook:
        """Raises `not_found`, and what `create` raises."""
        if wanted.url is not None:
            await self._check_target(check_url(wanted.url))
        return await self._write(self._change, by, id_, wanted)

    def _change(self, connection: Connection, by: By, id_: str, wanted: Wanted) -> Webhook:
        before = _find(connection, id_)
        disabled_at = before.disabled_at
        if wanted.enabled is not None:
            disabled_at = None if wanted.enabled else disabled_at or self._clock.now()
        changed = replace(
            before,
            url=before.url if wanted.url is None else wanted.url,
            events=before.events if wanted.events is None else check_events(wanted.events),
            secret=before.secret if wanted.secret is None else check_secret(wanted.secret),
            disabled_at=disabled_at,
        )
        if changed != before:
            webhooks.save(connection, changed)
            self._audit(connection, by, "webhook_change", changed, enabled=changed.disabled_at is None)
        return changed

    async def remove(self, by: By, id_: str) -> None:
        """And all that waits for it. Nothing is sent to it from here on; raises `not_found`."""
        webhook = await self._write(self._begin_removal, by, id_)
        while not await self._write(webhooks.remove_slice, webhook.number, SLICE):
            pass  # in slices, so that posts come between

    def _begin_removal(self, connection: Connection, by: By, id_: str) -> Webhook:
        webhook = _find(connection, id_)
        webhooks.disable(connection, webhook.number, self._clock.now())
        self._audit(connection, by, "webhook_remove", webhook)
        return webhook

    async def dead(self, id_: str, before: int | None, limit: int) -> list[Delivery]:
        """What was given up, newest first; `before`: the number of the last one of the page before."""
        return await self._db.read(self._dead, id_, before, limit)

    def _dead(self, connection: Connection, id_: str, before: int | None, limit: int) -> list[Delivery]:
        return deliveries.dead_page(connection, _find(connection, id_).number, before, limit)

    async def resend(self, by: By, id_: str, ids: Collection[str] | None = None) -> int:
        """Send dead deliveries again, all of them or those with these ids; how many."""
        return await self._write(self._resend, by, id_, ids)

    def _resend(self, connection: Connection, by: By, id_: str, ids: Collection[str] | None) -> int:
        webhook = _find(connection, id_)
        number = deliveries.resend(connection, webhook.number, self._clock.now(), ids)
        self._audit(connection, by, "webhook_resend", webhook, deliveries=number)
        return number

    async def test(self, by: By, id_: str) -> Answer:
        """Send a `test` now, once; how it was answered."""
        webhook = await self._db.write(self._note_test, by, id_)
        delivery = Delivery(
            0, new_id(), webhook.number, None, TEST, payload_of(TEST, {"at": iso(self._clock.now())}), None, 0
        )
        return await self._calls.send(webhook, delivery.id, TEST, body_of(delivery, None))

    def _note_test(self, connection: Connection, by: By, id_: str) -> Webhook:
        webhook = _find(connection, id_)
        self._audit(connection, by, "webhook_test", webhook)
        return webhook

    async def _check_target(self, url: str) -> None:
        try:
            await self._calls.check(url)
        except TargetError as error:
            message = f"This address cannot be used: {error}."
            raise Rejection("invalid", message, field="url") from None

    async def _write(self, work: Callable[..., T], *args: object) -> T:
        def write(connection: Connection) -> T:
            result = work(connection, *args)
            self._forget()
            return result

        result = await self._db.write(write)
        self._refresh()
        for callback in self._on_changed:
            callback()
        return result

    def _audit(self, connection: Connection, by: By, act: str, webhook: Webhook, **more: object) -> None:
        details = {"webhook": webhook.id, "host": webhook.host, "events": ", ".join(webhook.events), **more}
        audit.record(connection, at=self._clock.now(), actor=by.actor, via=by.via, act=act, details=details)


def _find(connection: Connection, id_: str) -> Webhook:
    wanted = canonical_id(id_)
    webhook = webhooks.by_id(connection, wanted) if wanted else None
    if webhook is None:
        raise not_found("webhook")
    return webhook
