"""The one writer of room changes on a node.

It takes all that waits, without a timer: while one transaction commits, the next batch gathers. Only when a batch is
committed are its items answered and its events delivered.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import perf_counter

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tertulia.clock import Clock
from tertulia.committer.batch import Batch, run
from tertulia.committer.loading import Rights
from tertulia.committer.stored import Key, key_of
from tertulia.domain.changes import Change, Edit, Outcome, Post, Result
from tertulia.domain.errors import Rejection
from tertulia.domain.events import RoomBatch
from tertulia.metrics import Metrics
from tertulia.storage.database import is_outage
from tertulia.storage.writer import Writer

log = structlog.get_logger(__name__)

MAX_BATCH = 500
MAX_BATCH_BYTES = 1_000_000
MAX_WAITING = 20_000
MAX_WAITING_BYTES = 64_000_000
MAX_WAIT = 5.0
"""Seconds that an item may wait for its turn; then it is refused, having changed nothing."""
RECENT_KEYS = 10_000
ITEM_BYTES = 200

Done = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How often these items were tried. `careful`: look first what is stored already.

    `uncertain`: an earlier attempt of theirs failed while it committed, so it may be stored.
    """

    careful: bool = False
    uncertain: bool = False


@dataclass(slots=True)
class _Item:
    change: Change
    done: Done
    since: float
    size: int


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
        self._rights = Rights()
        self._waiting: deque[_Item] = deque()
        self._waiting_bytes = 0
        self._flying = False
        self._recent: OrderedDict[Key, None] = OrderedDict()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False

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
        size = ITEM_BYTES + (len(change.body) if isinstance(change, Post | Edit) else 0)
        if self._closing:
            self._refuse(done, "unavailable", "The server is stopping. Come back in a moment.")
        elif len(self._waiting) >= MAX_WAITING or self._waiting_bytes + size > MAX_WAITING_BYTES:
            self._refuse(done, "busy", "The server has too much to write at once. Try again shortly.")
        else:
            self._waiting.append(_Item(change, done, self._clock.monotonic(), size))
            self._waiting_bytes += size
            self._idle.clear()
            if not self._flying:
                # Not at once: what else arrives in this turn of the loop shall share the batch.
                self._flying = True
                asyncio.get_running_loop().call_soon(self._start)

    def _refuse(self, done: Done, code: str, message: str) -> None:
        asyncio.get_running_loop().call_soon(done, Rejection(code, message, retry_after=1))

    def forget_users(self, numbers: Collection[int]) -> None:
        """These users changed: load them again."""
        self._rights.forget_users(numbers)

    def forget_webhooks(self) -> None:
        """They change. To be called in the writer's thread, within the transaction that changes them."""
        self._rights.forget_webhooks()

    @property
    def waiting(self) -> int:
        """Items that wait for their batch."""
        return len(self._waiting)

    async def close(self) -> None:
        """Take nothing more; return when all that waits is committed and answered."""
        self._closing = True
        await self._idle.wait()

    # Batches.

    def _start(self) -> None:
        items = self._gather()
        if not items:
            self._flying = False
            self._idle.set()
            return
        self._fly(items, _Attempt(), self._start)

    def _gather(self) -> list[_Item]:
        items: list[_Item] = []
        size = 0
        too_old = self._clock.monotonic() - MAX_WAIT
        while self._waiting and len(items) < MAX_BATCH:
            if items and size + self._waiting[0].size > MAX_BATCH_BYTES:
                break
            item = self._waiting.popleft()
            self._waiting_bytes -= item.size
            if item.since < too_old:
                self._answer(
                    item, Rejection("unavailable", "The server is too slow right now. Try again.", retry_after=2)
                )
                continue
            items.append(item)
            size += item.size
        return items

    def _fly(self, items: list[_Item], attempt: _Attempt, then: Callable[[], None]) -> None:
        """Run `items` as one transaction, then `then`."""
        started = perf_counter()
        changes = [item.change for item in items]
        known = self._known(changes)
        now = self._clock.now()
        reached_commit = False

        def work(connection: Connection) -> Batch:
            nonlocal reached_commit
            self._rights.follow(self._writer.foreign_writes)
            batch = run(connection, changes, self._rights, now, careful=attempt.careful, known=known)
            reached_commit = True
            return batch

        def done(batch: Batch | None, error: BaseException | None) -> None:
            if error is not None or batch is None:
                self._rights.clear()
                # A row that is refused is never a commit that may have happened.
                in_commit = reached_commit and not isinstance(error, IntegrityError)
                self._failed(items, error, attempt, in_commit, then)
                return
            self._metrics.commit_seconds.observe(perf_counter() - started)
            self._metrics.commit_batch.observe(len(items))
            self._committed(items, batch)
            then()

        try:
            self._writer.batch(work, done)
        except Rejection as rejection:
            self._answer_all(items, _unknown() if attempt.uncertain else rejection)
            then()

    def _known(self, changes: list[Change]) -> frozenset[Key]:
        """Keys of these posts that were stored lately: they are looked up at once, instead of failing first."""
        keys = (key_of(change) for change in changes if isinstance(change, Post))
        return frozenset(key for key in keys if key is not None and key in self._recent)

    def _committed(self, items: list[_Item], batch: Batch) -> None:
        posts = 0
        for item, result in zip(items, batch.results, strict=True):
            if isinstance(item.change, Post) and isinstance(result, Outcome):
                posts += not result.repeated
                key = key_of(item.change)
                if key is not None:
                    self._recent[key] = None
            self._answer(item, result)
        while len(self._recent) > RECENT_KEYS:
            self._recent.popitem(last=False)
        self._metrics.posts.inc(posts)
        if not batch.delivered:
            return
        try:
            self._deliver(batch.delivered)
        except Exception:  # it is stored and answered; who misses it asks again, and the next batch must go on
            log.exception("commit.delivery_failed")

    def _failed(
        self,
        items: list[_Item],
        error: BaseException | None,
        attempt: _Attempt,
        in_commit: bool,
        then: Callable[[], None],
    ) -> None:
        """The transaction was rolled back, or nobody knows."""
        again = _Attempt(careful=True, uncertain=attempt.uncertain or in_commit)
        if not attempt.careful and (in_commit or isinstance(error, IntegrityError)):
            self._fly(items, again, then)  # once more, looking up what is there already
        elif is_outage(error):
            log.error("commit.failed", items=len(items), error=type(error).__name__, cause=_cause(error))
            self._answer_all(items, _unknown() if again.uncertain else _unavailable())
            then()
        elif len(items) == 1:
            log.error("commit.item_failed", kind=type(items[0].change).__name__, exc_info=error)
            self._answer_all(items, _unknown() if again.uncertain else _internal())
            then()
        else:  # one bad item never takes its batch down: halve until it stands alone, keeping the order
            half = len(items) // 2
            self._fly(items[:half], again, lambda: self._fly(items[half:], again, then))

    def _answer_all(self, items: list[_Item], rejection: Rejection) -> None:
        for item in items:
            self._answer(item, rejection)

    def _answer(self, item: _Item, result: Result) -> None:
        try:
            item.done(result)
        except Exception:  # one deaf client must not stop the answers of the others
            log.exception("commit.answer_failed")


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
