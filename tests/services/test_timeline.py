"""Which part of a timeline a page shows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fanout import posted
from tertulia.domain.models import Message, MessageKind
from tertulia.services.timeline import Place
from tertulia.services.weights import PAGE_BYTES

INDEX = st.integers(1, 40)
PLACES = st.one_of(
    st.just(Place()), st.builds(Place, before=INDEX), st.builds(Place, after=INDEX), st.builds(Place, around=INDEX)
)


def row(index: int, body: str = "hi") -> Message:
    message = posted(index, body).message
    assert message is not None
    return message


def notice(after: int) -> Message:
    return replace(row(after), index=None, after=after, kind=MessageKind.NOTICE, body=None)


def indexes(rows: list[Message]) -> list[int | None]:
    return [each.index for each in rows]


@given(PLACES, st.integers(0, 40), st.integers(1, 100))
def test_a_span_is_within_the_timeline_and_no_longer_than_asked(place: Place, end: int, limit: int) -> None:
    first, last = place.span(1, end, limit)
    assert first >= 1
    assert last <= end
    assert last - first + 1 <= limit


@given(st.integers(1, 40), st.integers(1, 10))
def test_going_back_page_by_page_shows_each_message_once(end: int, limit: int) -> None:
    seen: list[int] = []
    place, more = Place(), True
    while more:
        first, last = place.span(1, end, limit)
        seen = [*range(first, last + 1), *seen]
        more = place.more(first > 1, last < end)
        place = Place(before=first)
    assert seen == list(range(1, end + 1))


@given(st.integers(1, 40), st.integers(1, 10))
def test_going_forward_page_by_page_shows_each_message_once(end: int, limit: int) -> None:
    seen: list[int] = []
    place, more = Place(after=0), True
    while more:
        first, last = place.span(1, end, limit)
        seen += range(first, last + 1)
        more = place.more(first > 1, last < end)
        place = Place(after=last)
    assert seen == list(range(1, end + 1))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 10))
def test_around_a_message_it_is_there(end: int, index: int, limit: int) -> None:
    first, last = Place(around=index).span(1, end, limit)
    assert first <= min(index, end) <= last


def test_what_fits_stays_whole() -> None:
    rows = [notice(0), row(1), notice(1), row(2)]
    for place in (Place(), Place(before=3), Place(after=0), Place(around=1)):
        assert place.fit(rows) == (rows, False, False)
    assert Place().fit([]) == ([], False, False)
    assert Place(around=7).fit([notice(0)]) == ([notice(0)], False, False)


LONG = "x" * (PAGE_BYTES // 4)


@pytest.mark.parametrize(
    ("place", "kept", "older", "newer"),
    [
        (Place(), [6, None, 7, 8], True, False),
        (Place(before=9), [6, None, 7, 8], True, False),
        (Place(after=0), [None, 1, None, 2, 3], False, True),
        (Place(around=4), [3, 4], True, True),
        (Place(around=1), [None, 1, None, 2, 3], False, True),
        (Place(around=99), [6, None, 7, 8], True, False),
    ],
)
def test_long_messages_are_cut_on_the_far_side(place: Place, kept: list[int | None], older: bool, newer: bool) -> None:
    rows = [notice(0), row(1, LONG), notice(1), *(row(n, LONG) for n in range(2, 7)), notice(6)]
    rows += [row(7, LONG), row(8, LONG)]
    found, cut_older, cut_newer = place.fit(rows)
    assert (indexes(found), cut_older, cut_newer) == (kept, older, newer)


def test_one_message_is_always_there_however_long() -> None:
    rows = [row(1, 5 * LONG), row(2, 5 * LONG)]
    assert indexes(Place().fit(rows)[0]) == [2]
    assert indexes(Place(after=0).fit(rows)[0]) == [1]


@pytest.mark.parametrize("index", [-(2**63), -1, 0, 1, 5, 6, 2**63 - 1])
@pytest.mark.parametrize("where", ["before", "after", "around"])
def test_whatever_the_index_the_database_can_be_asked(where: str, index: int) -> None:
    """The largest number that a column holds has no next one."""
    first, last = Place(**{where: index}).span(1, 5, 3)
    assert 0 <= last <= 5 or first > last
    assert all(-(2**63) <= bound < 2**63 for bound in (first, last))
