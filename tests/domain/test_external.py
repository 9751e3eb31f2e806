import math

import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.external import (
    Profile,
    check_avatar,
    check_external_id,
    foreign_session,
    is_cut,
    is_foreign,
    micros_of,
    profile_of,
)
from tertulia.domain.models import Caller

SECOND = 1_000_000


def test_what_the_claims_of_openid_connect_say() -> None:
    claims = {
        "given_name": "Ana",
        "family_name": "García",
        "name": "somebody else",
        "email": "ana@example.org",
        "email_verified": True,
        "picture": "https://example.org/ana.png",
        "preferred_username": "ana",
    }
    assert profile_of(claims) == Profile("ana", "Ana", "García", "ana@example.org", True, "https://example.org/ana.png")
    assert profile_of({"name": "Ana García"}) == Profile("ana.garcía", "Ana García", "")
    assert profile_of({}) == Profile()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("x" * 1_000, "x" * 150),
        ("Ana\nGarcía\x00\x1b[31m", "Ana García [31m"),
        ("evil\u202etxt.exe\u2066", "eviltxt.exe"),
        ("Ana\u2028 \u2029García", "Ana García"),
        ("  Ana   María ", "Ana María"),
        ("half \ud800 a pair", "half a pair"),
        ("👩\u200d👩", "👩\u200d👩"),
    ],
)
def test_strange_names_are_mended(name: str, kept: str) -> None:
    assert profile_of({"given_name": name}).first_name == kept


@pytest.mark.parametrize("value", [None, 7, [], {}, True, "", " ", "\u202e", "\n"])
def test_what_is_no_name_says_nothing(value: object) -> None:
    claims = dict.fromkeys(("name", "given_name", "family_name", "preferred_username", "email", "picture"), value)
    assert profile_of(claims) == Profile()


@pytest.mark.parametrize("wish", ["deleted-7", "room", "..", "@", "@example.org"])
def test_usernames_that_are_not_for_people_are_not_wished(wish: str) -> None:
    assert profile_of({"preferred_username": wish}).wish is None


@pytest.mark.parametrize(
    ("wish", "kept"),
    [("ana@example.org", "ana"), ("Ana García", "Ana.García"), ("<b>ana</b>", "b.ana.b"), ("a" * 400, "a" * 100)],
)
def test_wished_usernames_are_such_as_can_be(wish: str, kept: str) -> None:
    assert profile_of({"preferred_username": wish}).wish == kept


@pytest.mark.parametrize(
    "email", ["ana", "ana@", "a b@example.org", "x" * 260 + "@example.org", "ana@example.org\n", 7]
)
def test_what_is_no_address_is_left_out(email: object) -> None:
    profile = profile_of({"email": email, "email_verified": True})
    assert (profile.email, profile.email_confirmed) == (None, False)


@pytest.mark.parametrize(("said", "confirmed"), [(True, True), ("true", True), (False, False), (1, False), ([], False)])
def test_an_address_is_confirmed_only_when_that_is_said(said: object, *, confirmed: bool) -> None:
    assert profile_of({"email": "ana@example.org", "email_verified": said}).email_confirmed is confirmed


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:image/png;base64,AAAA",
        "//example.org/a.png",
        "/a.png",
        "https://",
        "https:///a.png",
        "https://user:password@example.org/a.png",
        "https://example.org/a b.png",
        "https://example.org/\na.png",
        "https://example.org/\u202ea.png",
        "https:\\\\example.org/a.png",
        "https://example.org:x/a.png",
        "https://[::1/a.png",
        "https://example.org/" + "a" * 2_048,
        "ftp://example.org/a.png",
    ],
)
def test_no_avatars(url: str) -> None:
    assert profile_of({"picture": url}).avatar is None
    with pytest.raises(Rejection) as refused:
        check_avatar(url)
    assert (refused.value.code, list(refused.value.fields)) == ("invalid", ["avatar"])


@pytest.mark.parametrize("url", ["https://example.org/a.png?s=1", "http://[::1]:8000/a", "https://例え.jp/画.png"])
def test_avatars(url: str) -> None:
    assert check_avatar(url) == url


@pytest.mark.parametrize("text", ["", "x" * 256, "a\nb", "\x00", "\ud800", " ", "a ", " a", "\u3000", ".", ".."])
def test_no_external_ids(text: str) -> None:
    with pytest.raises(Rejection):
        check_external_id(text)


@pytest.mark.parametrize("text", ["1", "auth0|507f", "tenant/42", "é" * 255, "a b", "...", ".a", "external:1"])
def test_external_ids(text: str) -> None:
    assert check_external_id(text) == text


@pytest.mark.parametrize("value", [None, True, "1", -1, -0.5, math.nan, math.inf, [], {}])
def test_no_times(value: object) -> None:
    assert micros_of(value) is None


def test_times() -> None:
    assert [micros_of(value) for value in (0, 1, 1.5)] == [0, SECOND, 1_500_000]
    assert micros_of(10**400) == micros_of(1e300) == 253_402_300_799 * SECOND


def test_a_token_is_cut_within_the_second_of_the_end_and_without_a_time() -> None:
    assert not is_cut(5 * SECOND, None)
    assert is_cut(None, 5 * SECOND)
    assert is_cut(4 * SECOND, 5 * SECOND)
    assert is_cut(5 * SECOND + 900_000, 5 * SECOND)
    assert not is_cut(6 * SECOND, 5 * SECOND + 900_000)


def test_sessions_of_foreign_tokens_are_known_as_such() -> None:
    assert is_foreign(Caller(1, "id", foreign_session("id"), 0))
    assert not is_foreign(Caller(1, "id", "0197a1b0-0000-7000-8000-000000000001", 0))
