"""Telling webhooks what was recorded for them: at least once, one after the other in each room, whatever fails.

A row stays until its receiver has answered with 2xx or it is given up; so what a killed process had under way is sent
again by the next one, with the same id.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.domain.times import DAY, SECOND
from tertulia.domain.webhooks import MAX_DELAY, Delivery, Webhook, delay
from tertulia.metrics import Metrics
from tertulia.protocol.webhooks import body_of
from tertulia.services.calls import PER_WEBHOOK, Answer, Calls
from tertulia.services.duty import Duty
from tertulia.services.lanes import Lanes
from tertulia.storage import audit, deliveries, webhooks
from tertulia.storage.database import Database
from tertulia.storage.deliveries import Lane
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

EVERY = 1.0
"""Seconds: how long what nobody told us of may lie there."""
UPKEEP = 10
"""Turns between two looks at the bounds."""
PAGE = 1_000
MAX_DEAD = 10_000
"""Dead deliveries kept for each webhook."""
KEPT = 30 * DAY
"""How long dead deliveries are kept, and those that wait for a disabled webhook: they repeat what people wrote."""
LAST_WORDS = 2.0
"""Seconds that what is under way may take when the server stops."""

Concerned = list[tuple[int, str, str | None]]


@dataclass(frozen=True, slots=True)
class Rules:
    """`attempts` before a delivery is dead; `waiting`: deliveries that may wait for one webhook."""

    attempts: int = 16
    waiting: int = 100_000


@dataclass(slots=True)
class _Outcomes:
    """What is to be written down together."""

    delivered: list[int] = field(default_factory=list)
    failed: list[tuple[int, int, str]] = field(default_factory=list)
    dead: list[tuple[int, int, str]] = field(default_factory=list)
    gone: dict[int, str] = field(default_factory=dict)  # number → id of webhooks that want to hear nothing more
    written: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, connection: Connection, now: int) -> None:
        deliveries.delivered(connection, self.delivered)
        deliveries.failed(connection, self.failed)
        deliveries.dead(connection, self.dead)
        for number, id_ in self.gone.items():
            webhooks.disable(connection, number, now)
            details = {"webhook": id_, "reason": "status 410"}
            audit.record(connection, at=now, actor=None, via="server", act="webhook_disable", details=details)


class Deliveries:
    """The one sender of this process, which sends while it has the duty. `is_there(user)`: they have a connection."""

    def __init__(
        self,
        db: Database,
        calls: Calls,
        clock: Clock,
        tasks: Tasks,
        metrics: Metrics,
        rules: Rules,
        is_there: Callable[[int], bool] = lambda user: False,
    ) -> None:
        self._db = db
        self._duty = Duty(db, clock, "webhooks")
        self._calls = calls
        self._clock = clock
        self._tasks = tasks
        self._metrics = metrics
        self._rules = rules
        self._is_there = is_there
        self._forget: Callable[[], None] = lambda: None
        self._random = Random()  # noqa: S311 - jitter
        self._wake = asyncio.Event()
        self._webhooks: dict[int, Webhook] = {}
        self._lanes: dict[int, Lanes] = {}
        self._failing: set[int] = set()
        self._seen = 0
        self._foreign = -1
        self._outcomes: _Outcomes | None = None
        self._writing = asyncio.Lock()
        self._sending: set[asyncio.Task[None]] = set()
        self._gone: set[int] = set()  # answered 410, which is not stored yet
        self._closing = False

    def on_disable(self, forget: Callable[[], None]) -> None:
        """`forget()` is called in the writer's thread, in the transaction that disables a webhook."""
        self._forget = forget

    def nudge(self) -> None:
        """Something may have been recorded."""
        if self._webhooks:
            self._wake.set()

    def refresh(self) -> None:
        """Webhooks changed, or dead deliveries are to be sent again."""
        self._foreign = -1
        self._wake.set()

    async def run(self) -> None:
        """Send, until cancelled."""
        self._tasks.spawn(self._tick(), "webhooks tick")
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._safely(self._turn)

    async def _tick(self) -> None:
        turns = 0
        while True:
            self._wake.set()
            if turns % UPKEEP == 0:
                await self._safely(self.upkeep)
            turns += 1
            await self._clock.sleep(EVERY)

    async def _safely(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (SQLAlchemyError, Rejection) as error:  # the next turn looks again
            log.warning("webhooks.failed", error=type(error).__name__)

    async def close(self) -> None:
        """Begin nothing more; what is under way may end, for a moment."""
        self._closing = True
        if self._sending:
            await asyncio.wait(self._sending, timeout=LAST_WORDS)
        await self._calls.close()
        with suppress(TimeoutError):  # then another node waits until nothing was heard of this one
            async with asyncio.timeout(LAST_WORDS):
                await self._safely(self._duty.let_go)

    # Whose turn it is

    async def _turn(self) -> None:
        await self._look()
        if self._webhooks:
            await self._duty.hold()
        while self._duty.is_held and not self._closing and (wanted := self._next()):
            try:
                found = await self._db.read(_heads, wanted)
            except BaseException:
                for webhook, room in wanted:
                    self._lanes[webhook].back(room)
                raise
            for lane in wanted:
                self._begin(lane, found.get(lane))

    async def _look(self) -> None:
        """What is new; everything, when webhooks may have changed or another process wrote."""
        while (foreign := self._db.writer.foreign_writes) != self._foreign:
            self._foreign = foreign
            try:
                found = await self._db.read(_load)
            except BaseException:
                self._foreign = -1
                raise
            if self._foreign == foreign:  # else it may be old already
                self._start_over(found)
                await self._calls.keep(list(self._webhooks.values()))
        if self._webhooks:  # after starting over too: what came meanwhile was not nudged about
            await self._look_further()

    async def _look_further(self) -> None:
        seen = self._seen
        fresh, self._seen = await self._db.read(deliveries.lanes_since, seen, PAGE)
        for webhook, room in fresh:
            if webhook in self._webhooks:
                self._lanes[webhook].add(room)
        if self._seen - seen >= PAGE:
            self._wake.set()

    def _start_over(self, found: "_Found") -> None:
        self._webhooks = {webhook.number: webhook for webhook in found.active}
        self._seen = found.newest
        self._failing &= self._webhooks.keys()
        rooms: dict[int, set[int | None]] = defaultdict(set)
        for webhook, room in found.lanes:
            rooms[webhook].add(room)
        for number in [*self._webhooks, *self._lanes]:
            self._lanes.setdefault(number, Lanes()).restart(rooms[number] if number in self._webhooks else set())
        for number in [number for number in self._lanes if number not in self._webhooks]:
            if not self._lanes[number].under_way:
                del self._lanes[number]

    def _next(self) -> list[Lane]:
        now = self._clock.monotonic()
        return [
            (number, room)
            for number in self._webhooks
            for room in self._lanes[number].take(PER_WEBHOOK - self._lanes[number].under_way, now)
        ]

    def _begin(self, lane: Lane, found: "_Head | None") -> None:
        number, room = lane
        lanes, webhook = self._lanes[number], self._webhooks.get(number)
        if found is None or webhook is None or number in self._gone:
            lanes.forget(room)
            return
        # Should the clock have been put back meanwhile, no delivery waits longer than it ever could.
        wait = min((found[0].next_at - self._clock.now()) / SECOND, MAX_DELAY)
        if wait > 0 and not lanes.has_waited(room):
            lanes.wait(room, self._clock.monotonic() + wait)
            return
        task = self._tasks.spawn(self._deliver(webhook, lanes, *found), "webhooks deliver")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    # One delivery

    async def _deliver(self, webhook: Webhook, lanes: Lanes, delivery: Delivery, concerned: Concerned | None) -> None:
        wait = EVERY  # should something unforeseen be raised
        try:
            body = body_of(delivery, self._offline(concerned))
            answer = await self._calls.send(webhook, delivery.id, delivery.event, body)
            wait = await self._note(webhook, delivery, answer)
        finally:
            if wait > 0:
                lanes.wait(delivery.room, self._clock.monotonic() + wait)
            else:
                lanes.back(delivery.room)
            self._wake.set()

    def _offline(self, concerned: Concerned | None) -> list[tuple[str, str | None]] | None:
        if concerned is None:
            return None
        return [(id_, external_id) for number, id_, external_id in concerned if not self._is_there(number)]

    async def _note(self, webhook: Webhook, delivery: Delivery, answer: Answer) -> float:
        """Write down what became of it; seconds until the next one of its room may go."""
        now, attempts = self._clock.now(), delivery.attempts + 1
        again = delay(attempts, self._random)
        outcomes = self._gathering()
        if answer.delivered:
            outcome, again = "delivered", 0.0
            outcomes.delivered.append(delivery.number)
        elif answer.gone or attempts >= self._rules.attempts:
            outcome, again = "dead", 0.0
            outcomes.dead.append((delivery.number, now, answer.reason))
            if answer.gone:
                outcomes.gone[webhook.number] = webhook.id
                self._gone.add(webhook.number)  # not one more, also while that is written
        else:
            outcome = "failed"
            outcomes.failed.append((delivery.number, now + int(again * SECOND), answer.reason))
        self._metrics.webhooks.labels(outcome).inc()
        self._log(webhook, answer)
        await outcomes.written.wait()
        return again

    def _log(self, webhook: Webhook, answer: Answer) -> None:
        """Once when it begins to fail, and once when it is over; the metrics count."""
        if answer.delivered and webhook.number in self._failing:
            self._failing.discard(webhook.number)
            log.info("webhook.works_again", webhook=webhook.id, host=webhook.host)
        elif not answer.delivered and webhook.number not in self._failing:
            self._failing.add(webhook.number)
            log.warning("webhook.fails", webhook=webhook.id, host=webhook.host, reason=answer.reason)

    def _gathering(self) -> _Outcomes:
        """Where outcomes are gathered while those before are written."""
        if self._outcomes is None:
            self._outcomes = _Outcomes()
            self._tasks.spawn(self._write(self._outcomes), "webhooks outcomes")
        return self._outcomes

    async def _write(self, outcomes: _Outcomes) -> None:
        try:
            async with self._writing:
                self._outcomes = None
                while not await self._written(outcomes):
                    await self._clock.sleep(EVERY)
        finally:
            outcomes.written.set()
        if outcomes.gone:
            log.warning("webhook.disabled", count=len(outcomes.gone), reason="status 410")
            for number in outcomes.gone:
                self._webhooks.pop(number, None)
            self._gone -= outcomes.gone.keys()
            self.refresh()

    async def _written(self, outcomes: _Outcomes) -> bool:
        now = self._clock.now()

        def write(connection: Connection) -> None:
            outcomes.write(connection, now)
            if outcomes.gone:
                self._forget()

        try:
            await self._db.write(write)
        except (SQLAlchemyError, Rejection) as error:
            log.warning("webhooks.outcomes_not_written", error=type(error).__name__)
            return False
        return True

    # Bounds

    async def upkeep(self) -> None:
        """Keep the queues bounded, and count them."""
        counts = await self._db.read(deliveries.counts)
        self._metrics.queue_depth.labels("webhooks").set(sum(waiting for waiting, _ in counts.values()))
        if counts and await self._duty.hold():
            for webhook, (waiting, dead) in counts.items():
                await self._bound(webhook, waiting - self._rules.waiting, dead)

    async def _bound(self, webhook: int, excess: int, dead: int) -> None:
        now, dropped = self._clock.now(), 0
        while excess > 0:
            given_up = await self._db.write(deliveries.give_up_oldest, webhook, min(excess, PAGE), now)
            log.warning("webhook.queue_full", given_up=given_up)
            self._metrics.webhooks.labels("dead").inc(given_up)
            excess, dead = excess - PAGE, dead + given_up
        while dead > MAX_DEAD:
            dropped += await self._db.write(deliveries.drop_oldest_dead, webhook, min(dead - MAX_DEAD, PAGE))
            dead -= PAGE
        dropped += await self._db.write(deliveries.drop_old, webhook, now - KEPT, PAGE)
        self._metrics.webhooks.labels("dropped").inc(dropped)


_Head = tuple[Delivery, Concerned | None]


@dataclass(frozen=True, slots=True)
class _Found:
    active: tuple[Webhook, ...]
    newest: int
    lanes: set[Lane]


def _load(connection: Connection) -> _Found:
    return _Found(webhooks.active(connection), deliveries.newest(connection), deliveries.lanes(connection))


def _heads(connection: Connection, wanted: list[Lane]) -> dict[Lane, _Head]:
    """What comes next in each lane, and whom it concerns."""
    found = deliveries.heads(connection, wanted)
    return {lane: (delivery, deliveries.concerned(connection, delivery)) for lane, delivery in found.items()}
