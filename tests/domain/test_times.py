import pytest

from tertulia.domain.times import DAY, iso, parse_iso


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


@pytest.mark.parametrize("text", ["2024-02-15T12:00:00.123456Z", "2024-02-15T14:00:00.123456+02:00"])
def test_times_are_read_with_their_zone(text: str) -> None:
    assert parse_iso(text) == 1_707_998_400_123_456


def test_what_is_told_is_read_again() -> None:
    for micros in (-1, 0, 1, 365 * DAY, 1_707_998_400_123_456):
        assert parse_iso(iso(micros)) == micros


@pytest.mark.parametrize(
    "text", ["", "x", "2024-02-15", "2024-02-15T12:00:00", "2024-02-30T12:00:00Z", "NaN", "1e9", "\x00"]
)
def test_what_is_no_time(text: str) -> None:
    assert parse_iso(text) is None
