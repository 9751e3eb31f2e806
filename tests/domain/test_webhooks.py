import hashlib
import hmac
from random import Random

import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.webhooks import (
    EVENTS,
    MAX_DELAY,
    Webhook,
    check_events,
    check_secret,
    check_url,
    delay,
    new_secret,
    signature,
)

GOOD = [
    "https://app.example.org/hooks",
    "http://app.example.org:8080/hooks?tenant=7",
    "https://xn--bcher-kva.example/",
    "https://[2606:4700::1]/x",
    "http://127.0.0.1:9000",
    "https://example.org",
]
BAD = [
    "",
    "example.org",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    "https://user@example.org/",
    "https://user:password@example.org/",
    "https://example.org@127.0.0.1/",
    "https://example.org/#part",
    "https://example.org\\@127.0.0.1/",
    "https://example.org/a b",
    "https://example.org/\r\nX: y",
    "https://exämple.org/",
    "https://example.org:0/",
    "https://example.org:99999/",
    "https://example.org:x/",
    "https://[::1/",
    "https://example.org/" + "x" * 2048,
    "HTTPS ://example.org",
]


@pytest.mark.parametrize("url", GOOD)
def test_good_addresses_stay_as_they_are(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize("url", BAD)
def test_bad_addresses_are_refused(url: str) -> None:
    with pytest.raises(Rejection) as refused:
        check_url(url)
    assert refused.value.code == "invalid"


def test_events_are_some_of_ours_each_once() -> None:
    assert check_events(["report", "message", "report"]) == ("message", "report")
    assert check_events(EVENTS) == EVENTS
    for bad in ([], ["test"], ["message", "other"]):
        with pytest.raises(Rejection):
            check_events(bad)


def test_secrets_are_given_or_made() -> None:
    assert check_secret("x" * 16) == "x" * 16
    assert len(check_secret(None)) > 40
    assert new_secret() != new_secret()
    for bad in ("", "x" * 15, "x" * 256, "é" * 20, "x" * 16 + "\n"):
        with pytest.raises(Rejection):
            check_secret(bad)


def test_the_signature_is_of_time_and_body() -> None:
    expected = hmac.new(b"secret", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert signature("secret", 1_700_000_000, b'{"a":1}') == f"t=1700000000,v1={expected}"


def test_waiting_doubles_up_to_six_hours_and_lasts_about_a_day() -> None:
    random = Random(1)
    for attempts, expected in ((1, 5), (2, 10), (3, 20), (10, 2_560), (16, MAX_DELAY), (10_000, MAX_DELAY)):
        waits = [delay(attempts, random) for _ in range(200)]
        assert 0.75 * expected <= min(waits) < max(waits) <= 1.25 * expected
        assert len(set(waits)) > 100
    day = sum(delay(attempts, random) for attempts in range(1, 16))
    assert 16 * 3600 < day < 32 * 3600


def test_what_is_logged_of_a_webhook_is_its_host() -> None:
    webhook = Webhook(1, "id", "https://app.example.org:8080/secret/path?key=1", "s" * 20, ("message",), 0)
    assert webhook.host == "app.example.org"
    assert "secret" not in repr(webhook)
    assert "s" * 20 not in repr(webhook)
