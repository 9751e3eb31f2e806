"""The one writer of room changes on a node.

It takes all that waits, without a timer: while one transaction commits, the next batch gathers. Only when a batch is
committed are its items answered and its events delivered; who answers these at once shares the next one. Where the
database lets many write, rooms are spread over lanes, each with its own batches; a room is always in the same lane.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from time import perf_counter

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tertulia.clock import Clock
from tertulia.committer.batch import Batch, run
from tertulia.committer.loading import Rights
from tertulia.committer.stored import Key, key_of
from tertulia.domain.changes import Change, CreateRoom, Edit, Outcome, Post, Result
from tertulia.domain.errors import Rejection
from tertulia.domain.events import RoomBatch
from tertulia.metrics import Metrics
from tertulia.storage.engines import is_locked, is_outage, passes
from tertulia.storage.writer import LAST_TRY, PATIENCE, Writer, pause_after
from tertulia.tasks import Tasks

log = structlog.get_logger(__name__)

MAX_BATCH = 1_000
MAX_BATCH_BYTES = 1_000_000
MAX_WAITING = 20_000
MAX_WAITING_BYTES = 64_000_000
RECENT_KEYS = 10_000
ITEM_BYTES = 200
CONFLICTS = 3
"""How often a batch is tried again because somebody else wrote the same keys, where others write."""
ASIDE = 0.2
"""Seconds for which the items of a room are set aside that somebody else holds."""

_WITH_BODY = Post | Edit

Done = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How these items are tried. `careful`: look first what is stored already. `conflicts`, `pauses`: so many before.

    `skip_held`: set the items of rooms aside that somebody else holds, instead of waiting for them.
    """

    careful: bool = False
    skip_held: bool = False
    conflicts: int = 0
    pauses: int = 0


@dataclass(slots=True)
class _Item:
    """`uncertain`: an attempt failed while it committed, so it may be stored."""

    change: Change
    done: Done
    since: float
    size: int
    uncertain: bool = False


@dataclass(slots=True)
class _Lane:
    """What waits for one thread of the writer; `aside`, until it may `come_back`, what is for rooms others hold."""

    number: int
    rights: Rights
    waiting: deque[_Item] = field(default_factory=deque)
    aside: list[_Item] = field(default_factory=list)
    flying: bool = False
    come_back: bool = False

    @property
    def is_idle(self) -> bool:
        return not (self.flying or self.waiting or self.aside)


class Committer:
    """Takes changes in order, answers each once. All methods belong to the event loop.

    `deliver` is called with the changes of each committed batch, room by room, in order, right after the answers.
    """

    def __init__(
        self, writer: Writer, clock: Clock, metrics: Metrics, deliver: Callable[[list[RoomBatch]], None]
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._metrics = metrics
        self._deliver = deliver
        self._lanes = [_Lane(number, Rights(shared=writer.shared)) for number in range(writer.lanes)]
        self._waiting = self._waiting_bytes = 0
        self._recent: OrderedDict[Key, None] = OrderedDict()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._pauses = Tasks()

    async def commit(self, change: Change) -> Outcome:
        """What came of `change`, once it is stored; raises `Rejection`. If cancelled, it may happen all the same."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def done(result: Result) -> None:
            if not future.done():
                future.set_result(result)

        self.submit(change, done)
        result = await future
        if isinstance(result, Rejection):
            raise result
        return result

    def submit(self, change: Change, done: Done) -> None:
        """Queue `change`; `done(result)` is called later, never from within. Full queue: refused with `busy`."""
        size = ITEM_BYTES + (len(change.body) if isinstance(change, _WITH_BODY) else 0)
        if self._closing:
            self._refuse(done, "unavailable", "The server is stopping. Come back in a moment.")
        elif self._waiting >= MAX_WAITING or self._waiting_bytes + size > MAX_WAITING_BYTES:
            self._refuse(done, "busy", "The server has too much to write at once. Try again shortly.")
        else:
            lane = self._lanes[_place(change) % len(self._lanes)]
            self._wait(lane, _Item(change, done, self._clock.monotonic(), size))
            if not lane.flying:
                self._idle.clear()
                # Not at once: what else arrives in this turn of the loop shall share the batch.
                lane.flying = True
                asyncio.get_running_loop().call_soon(self._start, lane)

    def _refuse(self, done: Done, code: str, message: str) -> None:
        asyncio.get_running_loop().call_soon(done, Rejection(code, message, retry_after=1))

    def forget_users(self, numbers: Collection[int]) -> None:
        """These users changed: load them again."""
        for lane in self._lanes:
            lane.rights.forget_users(numbers)

    def forget_webhooks(self) -> None:
        """They change. To be called in the writer's thread, within the transaction that changes them."""
        for lane in self._lanes:
            lane.rights.forget_webhooks()

    @property
    def waiting(self) -> int:
        """Items that wait for their batch."""
        return self._waiting

    async def close(self) -> None:
        """Take nothing more; return when all that waits is committed and answered."""
        self._closing = True
        await self._idle.wait()
        await self._pauses.close()

    # Batches.

    def _start(self, lane: _Lane) -> None:
        attempt = _Attempt(skip_held=lane.come_back)
        if lane.come_back:
            self._bring_back(lane)
        items = self._gather(lane)
        if items:
            self._fly(lane, items, attempt, lambda: self._start(lane))
            return
        lane.flying = False
        if all(other.is_idle for other in self._lanes):
            self._idle.set()

    def _gather(self, lane: _Lane) -> list[_Item]:
        items: list[_Item] = []
        size = 0
        oldest = self._oldest()
        while lane.waiting and len(items) < MAX_BATCH:
            if items and size + lane.waiting[0].size > MAX_BATCH_BYTES:
                break
            item = self._take(lane)
            if item.since < oldest:
                self._answer(item, _late(item))
            else:
                items.append(item)
                size += item.size
        return items

    def _wait(self, lane: _Lane, item: _Item, *, first: bool = False) -> None:
        if first:
            lane.waiting.appendleft(item)
        else:
            lane.waiting.append(item)
        self._waiting += 1
        self._waiting_bytes += item.size

    def _take(self, lane: _Lane) -> _Item:
        item = lane.waiting.popleft()
        self._waiting -= 1
        self._waiting_bytes -= item.size
        return item

    def _oldest(self) -> float:
        """What came before this has waited too long: a try could not end in time."""
        return self._clock.monotonic() - (PATIENCE - LAST_TRY)

    def _set_aside(self, lane: _Lane, item: _Item) -> None:
        """Until somebody else lets go of its room; the others of the lane go on."""
        if not lane.aside:
            self._pauses.spawn(self._try_aside_again(lane), "commit.aside")
        lane.aside.append(item)
        self._waiting += 1
        self._waiting_bytes += item.size

    async def _try_aside_again(self, lane: _Lane) -> None:
        await self._clock.sleep(ASIDE)
        lane.come_back = True  # with the next batch: of this one, later items of the same rooms may have to fly yet
        if not lane.flying:
            lane.flying = True
            self._start(lane)

    def _bring_back(self, lane: _Lane) -> None:
        lane.come_back = False
        for item in reversed(lane.aside):
            self._waiting -= 1
            self._waiting_bytes -= item.size
            self._wait(lane, item, first=True)
        lane.aside.clear()

    def _behind_aside(self, lane: _Lane, items: list[_Item]) -> list[_Item]:
        """Without those of rooms that have items aside: these go behind them."""
        if not lane.aside:
            return items
        held = {_room_of(item) for item in lane.aside}
        for item in items:
            if _room_of(item) in held:
                self._set_aside(lane, item)
        return [item for item in items if _room_of(item) not in held]

    def _fly(self, lane: _Lane, items: list[_Item], attempt: _Attempt, then: Callable[[], None]) -> None:
        """Run `items` as one transaction, then `then`."""
        items = self._behind_aside(lane, items)
        if not items:
            then()
            return
        started = perf_counter()
        changes = [item.change for item in items]
        known = self._known(changes)
        now = self._clock.now()
        careful = attempt.careful or any(item.uncertain for item in items)
        reached_commit = False

        def work(connection: Connection) -> Batch:
            nonlocal reached_commit
            lane.rights.follow(self._writer.foreign_writes)
            batch = run(
                connection, changes, lane.rights, now, careful=careful, known=known, skip_held=attempt.skip_held
            )
            reached_commit = True
            return batch

        def done(batch: Batch | None, error: BaseException | None) -> None:
            if error is not None or batch is None:
                lane.rights.clear()
                # A row that is refused is never a commit that may have happened.
                in_commit = reached_commit and not isinstance(error, IntegrityError)
                for item in items:
                    item.uncertain |= in_commit
                self._failed(lane, items, error, replace(attempt, careful=careful), then)
                return
            self._metrics.commit_seconds.observe(perf_counter() - started)
            self._metrics.commit_batch.observe(len(items))
            self._committed(lane, items, batch)
            _after_a_look(then)

        try:
            left = items[0].since + PATIENCE - self._clock.monotonic()  # those that wait for longest come first
            self._writer.batch(work, done, lane.number, left)
        except Rejection as rejection:
            self._answer_all(items, rejection)
            then()

    def _known(self, changes: list[Change]) -> frozenset[Key]:
        """Keys of these posts that were stored lately: they are looked up at once, instead of failing first."""
        keys = (key_of(change) for change in changes if isinstance(change, Post))
        return frozenset(key for key in keys if key is not None and key in self._recent)

    def _committed(self, lane: _Lane, items: list[_Item], batch: Batch) -> None:
        posts = 0
        for item, result in zip(items, batch.results, strict=True):
            if result is None:
                self._set_aside(lane, item)
            elif isinstance(result, Outcome):
                posts += self._note_post(item.change, result)
                self._answer(item, result)
            elif item.uncertain and not isinstance(item.change, Post | CreateRoom):
                self._answer(item, _unknown())  # refused, perhaps because it has happened; those two were looked up
            else:
                self._answer(item, result)
        self._metrics.posts.inc(posts)
        while len(self._recent) > RECENT_KEYS:
            self._recent.popitem(last=False)
        if not batch.delivered:
            return
        try:
            self._deliver(batch.delivered)
        except Exception:  # it is stored and answered; who misses it asks again, and the next batch must go on
            log.exception("commit.delivery_failed")

    def _note_post(self, change: Change, outcome: Outcome) -> bool:
        """Remember the key, if it is a post; whether it is a new one."""
        if not isinstance(change, Post):
            return False
        key = key_of(change)
        if key is not None:
            self._recent[key] = None
        return not outcome.repeated

    def _failed(
        self,
        lane: _Lane,
        items: list[_Item],
        error: BaseException | None,
        attempt: _Attempt,
        then: Callable[[], None],
    ) -> None:
        """The transaction was rolled back, or nobody knows."""
        again = replace(attempt, careful=True)
        if isinstance(error, IntegrityError) and attempt.conflicts < (CONFLICTS if self._writer.shared else 1):
            # Once more, looking up what is there already.
            self._fly(lane, items, replace(again, conflicts=attempt.conflicts + 1), then)
        elif isinstance(error, Rejection):  # by the writer: not begun
            self._answer_all(items, error)
            then()
        elif passes(error):
            self._pauses.spawn(self._fly_later(lane, items, error, attempt, then), "commit.again")
        elif not attempt.careful and any(item.uncertain for item in items):
            self._fly(lane, items, again, then)
        elif is_outage(error):
            log.error("commit.failed", items=len(items), error=type(error).__name__, cause=_cause(error))
            self._answer_all(items, _unavailable())
            then()
        elif len(items) == 1:
            log.error("commit.item_failed", kind=type(items[0].change).__name__, exc_info=error)
            self._answer_all(items, _internal())
            then()
        else:  # one bad item never takes its batch down: halve until it stands alone, keeping the order
            half = len(items) // 2
            self._fly(lane, items[:half], again, lambda: self._fly(lane, items[half:], again, then))

    async def _fly_later(
        self, lane: _Lane, items: list[_Item], error: BaseException | None, attempt: _Attempt, then: Callable[[], None]
    ) -> None:
        """Once more the same batch in the same order, but for those who have waited too long."""
        if not is_locked(error) or attempt.skip_held:  # behind a room that is held, all have waited enough
            await self._clock.sleep(pause_after(attempt.pauses))
        oldest = self._oldest()
        late = [item for item in items if item.since < oldest]
        if late:
            log.error("commit.failed", items=len(late), error=type(error).__name__, cause=_cause(error))
            self._answer_all(late, _unavailable())
        items = [item for item in items if item.since >= oldest]
        if not items:
            then()
            return
        again = replace(attempt, skip_held=is_locked(error), pauses=attempt.pauses + 1)
        self._fly(lane, items, again, then)

    def _answer_all(self, items: list[_Item], rejection: Rejection) -> None:
        for item in items:
            self._answer(item, _unknown() if item.uncertain else rejection)

    def _answer(self, item: _Item, result: Result) -> None:
        try:
            item.done(result)
        except Exception:  # one deaf client must not stop the answers of the others
            log.exception("commit.answer_failed")


def _after_a_look(then: Callable[[], None]) -> None:
    """Once the loop has looked at the lines twice: who waited for this batch may have answered it, and shares the next.
    No time passes when nobody did.
    """
    loop = asyncio.get_running_loop()
    loop.call_soon(loop.call_soon, then)


def _room_of(item: _Item) -> int | None:
    return None if isinstance(item.change, CreateRoom) else item.change.room


def _place(change: Change) -> int:
    """The same for changes of the same room, and for rooms that shall be one."""
    if isinstance(change, CreateRoom):
        return hash(change.direct_key or change.external_id or change.name or change.id)
    return change.room


def _late(item: _Item) -> Rejection:
    late = Rejection("unavailable", "The server is too slow right now. Try again.", retry_after=2)
    return _unknown() if item.uncertain else late


def _cause(error: BaseException | None) -> str:
    """What the database says; it repeats nothing that people wrote."""
    return str(getattr(error, "orig", None))


def _internal() -> Rejection:
    return Rejection("internal", "Something went wrong on our side. It was logged.")


def _unavailable() -> Rejection:
    return Rejection(
        "unavailable", "The database cannot write right now; nothing was changed. Try again.", retry_after=1
    )


def _unknown() -> Rejection:
    return Rejection(
        "outcome_unknown", "It may have been stored or not. Repeat it with the same client_id.", retry_after=1
    )
