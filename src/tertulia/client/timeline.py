"""The rows of a room: messages and notices, by `seq`. Pure."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tertulia.protocol.resources import MessageResource

MAX_ROWS = 5_000


class Page(NamedTuple):
    """Rows without a hole between them, in order; `upto` the index before which they end, if they were asked so."""

    rows: Sequence[MessageResource]
    upto: int | None = None
    more: bool = True


class Timeline:
    """Of two versions of a row the greater `changed_seq` wins, in whatever order they come.

    Complete from `floor` (a seq) upwards. Rows below it (old messages that changed) are kept, but not shown, so that
    a page that was asked for earlier cannot bring back their old version. At most `limit` rows: beyond, the oldest
    are dropped, and `generation` rises: a page asked for in an older generation must be asked for again.
    """

    def __init__(self, limit: int = MAX_ROWS) -> None:
        self.floor: int | None = None
        self.complete = False
        self.generation = 0
        self._limit = limit
        self._rows: dict[int, MessageResource] = {}
        self._order: list[int] = []
        self._seq_of: dict[int, int] = {}

    @property
    def rows(self) -> list[MessageResource]:
        """In order, without a hole, up to the newest."""
        if self.floor is None:
            return []
        start = bisect_left(self._order, self.floor)
        return [self._rows[seq] for seq in self._order[start:]]

    def __len__(self) -> int:
        return len(self._order) - (bisect_left(self._order, self.floor) if self.floor is not None else 0)

    def at(self, index: int) -> MessageResource | None:
        """The message with this index, if it is known."""
        seq = self._seq_of.get(index)
        return None if seq is None else self._rows[seq]

    def oldest(self) -> int | None:
        """The index to ask `before` for the next older page; None when there is nothing older."""
        if self.complete or self.floor is None:
            return None
        for row in self.rows:
            if row["index"] is not None:
                return row["index"]
        return self.rows[-1].get("after", 0) + 1 if self._order else None

    def forget(self) -> None:
        """Know nothing."""
        self._rows.clear()
        self._order.clear()
        self._seq_of.clear()
        self.floor, self.complete = None, False
        self.generation += 1

    def start(self, rows: Sequence[MessageResource]) -> None:
        """Forget everything; these are the newest rows."""
        self.forget()
        for row in rows:
            self._insert(row)
        self.floor = rows[0]["seq"] if rows else 0
        self.complete = self.floor <= 1

    def put(self, row: MessageResource) -> bool:
        """A row as it is now, or was; says whether it was news."""
        known = self._rows.get(row["seq"])
        if known is not None and known["changed_seq"] >= row["changed_seq"]:
            return False
        self._insert(row)
        self._trim()
        return True

    def put_page(self, page: Page) -> list[MessageResource]:
        """A page of history; the rows that it added to `rows`. A page for which there is no room is left out."""
        if self.floor is None or len(self._order) + len(page.rows) > self._limit:
            return []
        floor = self.floor
        for row in page.rows:
            self.put(row)
        if not self._connects(page):
            return []
        first = page.rows[0]["seq"] if page.rows else floor
        self.floor = min(floor, first)
        if not page.more and page.upto is not None:
            self.floor, self.complete = 0, True
        return [row for row in self.rows if row["seq"] < floor]

    def _connects(self, page: Page) -> bool:
        assert self.floor is not None
        if page.upto is not None:
            end = self.at(page.upto)
            return end["seq"] >= self.floor if end else bool(page.rows) and page.rows[-1]["seq"] >= self.floor
        return bool(page.rows) and page.rows[-1]["seq"] >= self.floor

    def drop_below(self, index: int) -> None:
        """The room keeps nothing below this index any more."""
        gone = [seq for seq, row in self._rows.items() if place(row) < index]
        if gone:
            self._drop(gone)

    def update(self, change: Callable[[MessageResource], MessageResource]) -> None:
        """Show all rows as `change` makes them; they stay what they are otherwise."""
        self._rows = {seq: change(row) for seq, row in self._rows.items()}

    def _insert(self, row: MessageResource) -> None:
        seq = row["seq"]
        if seq not in self._rows:
            insort(self._order, seq)
        self._rows[seq] = row
        if row["index"] is not None:
            self._seq_of[row["index"]] = seq

    def _trim(self) -> None:
        if len(self._order) <= self._limit:
            return
        keep = self._limit - self._limit // 10  # not one by one
        self._drop(self._order[:-keep])
        self.floor = max(self.floor or 0, self._order[0])
        self.complete = False

    def _drop(self, seqs: Iterable[int]) -> None:
        for seq in seqs:
            row = self._rows.pop(seq)
            if row["index"] is not None:
                self._seq_of.pop(row["index"], None)
        self._order = sorted(self._rows)
        self.generation += 1


def place(row: MessageResource) -> int:
    """The index of a message, or of the one before which a notice stands."""
    return row["index"] if row["index"] is not None else row.get("after", 0) + 1
