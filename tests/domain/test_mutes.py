import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.mutes import MAX_SECONDS, end_of_mute
from tertulia.domain.times import SECOND, iso

NOW = 1_700_000_000 * SECOND
LAST = NOW + MAX_SECONDS * SECOND


@pytest.mark.parametrize("seconds", [1, 60, MAX_SECONDS])
def test_for_so_many_seconds(seconds: int) -> None:
    assert end_of_mute(NOW, None, seconds) == NOW + seconds * SECOND


@pytest.mark.parametrize("end", [NOW + 1, NOW + SECOND, LAST])
def test_until_a_time(end: int) -> None:
    assert end_of_mute(NOW, iso(end), None) == end


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        (None, None),
        (iso(NOW + SECOND), 1),
        (iso(NOW), None),
        (iso(0), None),
        (iso(LAST + 1), None),
        ("9999-12-31T23:59:59-23:59", None),
        ("2030-01-01T00:00:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_what_is_no_time_to_come(until: str | None, seconds: int | None) -> None:
    with pytest.raises(Rejection) as refused:
        end_of_mute(NOW, until, seconds)
    assert (refused.value.code, set(refused.value.fields)) == ("invalid", {"until"})
