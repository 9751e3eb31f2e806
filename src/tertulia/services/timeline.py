"""Which part of a room's timeline a page shows: so many messages, and no more than an answer can carry."""

from dataclasses import dataclass

from tertulia.domain.models import Message
from tertulia.services.weights import PAGE_BYTES, fitting, message_weight

Group = list[Message]
"""A message and the notices behind it; the first group of a timeline may begin with notices."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is asked for: at most one is given; none: the newest messages."""

    before: int | None = None
    after: int | None = None
    around: int | None = None

    def span(self, start: int, end: int, limit: int) -> tuple[int, int]:
        """The first and the last index of the page, of those from `start` to `end`; first > last: there is none."""
        if self.after is not None:
            first = max(start, min(self.after, end) + 1)
            return first, min(end, first + limit - 1)
        if self.around is not None:
            first = max(start, min(self.around, end) - limit // 2)
            return first, min(end, first + limit - 1)
        last = end if self.before is None else max(start - 1, min(end, self.before - 1))
        return max(start, last - limit + 1), last

    def more(self, older: bool, newer: bool) -> bool:
        """Whether there is more in the direction asked for."""
        if self.after is not None:
            return newer
        return older or (newer and self.around is not None)

    def fit(self, rows: list[Message]) -> tuple[list[Message], bool, bool]:
        """What an answer can carry of a page, and whether something was left out before it, and behind it.

        Cut between a message and the one before it, on the side that is farther from the place.
        """
        groups = _groups(rows)
        older, newer = self._sides(groups)
        limit = PAGE_BYTES // 2 if older and newer else PAGE_BYTES
        of_older = fitting(list(reversed(older)), _weight, limit)
        of_newer = fitting(newer, _weight, limit)
        kept = [row for group in [*older[len(older) - of_older :], *newer[:of_newer]] for row in group]
        return kept, of_older < len(older), of_newer < len(newer)

    def _sides(self, groups: list[Group]) -> tuple[list[Group], list[Group]]:
        if self.after is not None:
            return [], groups
        if self.around is None:
            return groups, []
        middle = sum(_index(group) < self.around for group in groups)
        return groups[:middle], groups[middle:]


def _groups(rows: list[Message]) -> list[Group]:
    groups: list[Group] = []
    for row in rows:
        if groups and (row.index is None or _index(groups[0]) == 0):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _index(group: Group) -> int:
    return max(row.index or 0 for row in group)


def _weight(group: Group) -> int:
    return sum(map(message_weight, group))
