import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.times import SECOND
from tertulia.domain.voice import Voice

NOW = 100 * SECOND


@pytest.mark.parametrize("voice", [Voice(), Voice(muted_until=NOW), Voice(muted_until=NOW - 1)])
def test_who_may_speak(voice: Voice) -> None:
    voice.check(NOW)


@pytest.mark.parametrize(
    ("voice", "code", "retry_after"),
    [
        (Voice(archived=True), "archived", None),
        (Voice(blocked=True), "blocked", None),
        (Voice(muted_until=NOW + SECOND), "muted", 1),
        (Voice(archived=True, muted_until=NOW + 1, blocked=True), "archived", None),
    ],
)
def test_who_may_not(voice: Voice, code: str, retry_after: float | None) -> None:
    with pytest.raises(Rejection) as refused:
        voice.check(NOW)
    assert (refused.value.code, refused.value.retry_after) == (code, retry_after)
