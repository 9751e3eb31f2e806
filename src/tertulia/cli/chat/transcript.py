"""What of a room is on the screen, so that each row is printed once. Pure."""

from collections.abc import Sequence
from datetime import date

from tertulia.cli.chat import view
from tertulia.cli.chat.wrap import Line
from tertulia.protocol.resources import MessageResource

LIMIT = 5_000
"""Rows whose changes are still told; older ones have scrolled away."""


class Transcript:
    """Rows from the oldest to the newest `seq` on the screen are printed; each call returns what to add.

    Rows come in order. `width` as for `view`.
    """

    def __init__(self, me: str) -> None:
        self._me = me
        self._oldest = 0
        self._newest = 0
        self._read_index = 0
        self._shown: dict[int, MessageResource] = {}
        self._day: date | None = None

    @property
    def read_index(self) -> int:
        """The index of the newest message on the screen."""
        return self._read_index

    def begin(self, rows: Sequence[MessageResource], cursor: int, most: int, width: int | None) -> list[Line]:
        """The newest `most` rows of those up to `cursor`."""
        rows = [row for row in rows if row["seq"] <= cursor]
        shown = rows[-most:]
        self._oldest = shown[0]["seq"] if shown else cursor + 1
        self._newest = cursor
        lines = self._added(shown, width)
        return [view.quiet("/more shows what was before"), *lines] if len(rows) > most else lines

    def missing(self, rows: Sequence[MessageResource]) -> int:
        """How many messages lie between the newest on the screen and the oldest of `rows`."""
        if not rows or rows[0]["seq"] <= self._newest:
            return 0
        first = next((row["index"] for row in rows if row["index"] is not None), 0)
        return max(0, first - self._read_index - 1)

    def news(self, rows: Sequence[MessageResource], cursor: int, width: int | None) -> list[Line]:
        """Rows after the newest on the screen, up to `cursor`: what comes later may still have a gap before it."""
        lines = self._added([row for row in rows if self._newest < row["seq"] <= cursor], width)
        self._newest = max(self._newest, cursor)
        return lines

    def changes(self, rows: Sequence[MessageResource], width: int | None) -> list[Line]:
        """Short lines about rows that are on the screen and look different now."""
        lines: list[Line] = []
        for row in rows:
            before = self._shown.get(row["seq"])
            if before is not None and row["changed_seq"] > before["changed_seq"]:
                lines += view.change_lines(before, row, self._me, width)
                self._shown[row["seq"]] = row
        return lines

    def older(self, rows: Sequence[MessageResource], most: int, width: int | None) -> list[Line]:
        """The newest `most` of the rows before the oldest on the screen; nothing when there are none."""
        found = [row for row in rows if row["seq"] < self._oldest][-most:]
        if not found:
            return []
        self._oldest = found[0]["seq"]
        day, self._day = self._day, None
        lines = self._added(found, width)
        self._day = day
        return [view.quiet("before that:"), *lines, view.quiet("up to here")]

    def _added(self, rows: Sequence[MessageResource], width: int | None) -> list[Line]:
        lines: list[Line] = []
        for row in rows:
            if (day := view.day_of(row)) != self._day:
                lines.append(view.day_line(day))
                self._day = day
            lines += view.row_lines(row, self._me, width)
            self._shown[row["seq"]] = row
            self._read_index = max(self._read_index, row["index"] or 0)
        while len(self._shown) > LIMIT:
            del self._shown[next(iter(self._shown))]
        return lines
