import pytest

from tertulia.domain.times import DAY, iso


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (1_707_998_400_123_456, "2024-02-15T12:00:00.123456Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (365 * DAY, "1971-01-01T00:00:00.000000Z"),
    ],
)
def test_times_are_told_in_utc_to_the_microsecond(micros: int, text: str) -> None:
    assert iso(micros) == text
