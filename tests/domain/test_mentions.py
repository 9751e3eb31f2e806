"""Mentions: the longest username of a member after `@`, outside of code."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.domain.mentions import MAX_MENTIONS, MAX_PREFIXES, Names, candidates, prefixes
from tertulia.domain.models import User
from tertulia.domain.text import MAX_BODY


def names(*usernames: str) -> Names:
    return Names(User(number, f"id-{number}", username) for number, username in enumerate(usernames))


def mentioned(body: str, *usernames: str) -> list[str]:
    known = names(*usernames)
    return [user.username for text in candidates(body) if (user := known.longest(text))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("@ann", ["ann"]),
        ("hi @ann!", ["ann"]),
        ("(@ann)", ["ann"]),
        ("@ann, @bob; @ann", ["ann", "bob"]),
        ("@anna", ["anna"]),
        ("@annabelle", ["anna"]),
        ("@annex", ["ann"]),
        ("@ann.", ["ann"]),
        ("@ann.b.", ["ann.b"]),
        ("@ann-", ["ann"]),
        ("line\n@ann", ["ann"]),
        ("\u3000@ann", ["ann"]),
        ("@Ann @ANN", []),
        ("@zoë @小明你好 @user+tag@example.org", ["zoë", "小明", "user+tag@example.org"]),
        ("mail me at you@ann.org", []),
        ("a@ann", []),
        ("@@ann", []),
        ("@ ann", []),
        ("@", []),
        ("ann", []),
        ("", []),
    ],
)
def test_the_longest_username_after_an_at_that_starts_a_word(body: str, expected: list[str]) -> None:
    assert mentioned(body, "ann", "anna", "ann.b", "bob", "zoë", "小明", "user+tag@example.org") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("`@ann`", []),
        ("`x` @ann `y`", ["ann"]),
        ("``@ann``", []),
        ("`` `@bob` @ann ``", []),
        ("``` @ann ```", []),
        ("```\n@ann\n```\n@bob", ["bob"]),
        ("```\n@ann", []),
        ("```py\n`x`\n@ann\n``` @bob", ["bob"]),
        ("````\n```\n@ann\n```\n````\n@bob", ["bob"]),
        ("`@ann", ["ann"]),
        ("`@ann\n`", ["ann"]),
        ("``@ann`", ["ann"]),
        ("`@ann` `@bob", ["bob"]),
        ("it`s @ann and it`s @bob", ["bob"]),
        ("`a`@ann", ["ann"]),
    ],
)
def test_code_mentions_nobody(body: str, expected: list[str]) -> None:
    """Spans of one line, and fences, which reach to the end if they are never closed."""
    assert mentioned(body, "ann", "bob") == expected


def test_the_first_fifty_are_looked_at() -> None:
    usernames = [f"user{n:03}" for n in range(60)]
    assert mentioned(" ".join(f"@{name}" for name in usernames), *usernames) == usernames[:MAX_MENTIONS]
    repeated = " ".join(["@user000"] * 100 + ["@user001"])
    assert mentioned(repeated, *usernames) == ["user000", "user001"], "the same again does not count"


WORST = {
    "at": "@",
    "at and letter": "@a ",
    "backticks": "`",
    "open code": "`a ",
    "open code in lines": "`a\n",
    "growing runs": "".join("`" * n + "a" for n in range(1, 180)),
    "two kinds": "`a``b\n",
    "fences": "```a",
    "code of ats": "`@a` @b",
    "dots": "@.",
    "long words": "@" + "é" * 149 + " ",
    "one word": "@" + "a" * MAX_BODY,
}


@pytest.mark.parametrize("part", WORST.values(), ids=WORST.keys())
def test_the_worst_bodies_take_a_few_milliseconds(part: str) -> None:
    """It runs on the event loop, for everybody's posts: linear, whatever is sent."""
    body = (part * MAX_BODY)[:MAX_BODY]
    started = perf_counter()
    for _ in range(10):
        prefixes(candidates(body))
    assert (perf_counter() - started) / 10 < 0.05


@given(st.text("@`an.\n ", max_size=80))
def test_any_body_is_looked_at_without_harm(body: str) -> None:
    found = candidates(body)
    assert len(found) <= MAX_MENTIONS
    assert len(set(found)) == len(found)
    assert all(f"@{text}" in body for text in found)
    assert len(prefixes(found)) <= MAX_PREFIXES


@given(st.lists(st.text("ab", min_size=1, max_size=4), unique=True), st.text("ab", max_size=6))
def test_longest_is_what_trying_every_name_finds(usernames: list[str], text: str) -> None:
    found = names(*usernames).longest(text)
    fits = [username for username in usernames if text.startswith(username)]
    assert (found.username if found else None) == max(fits, key=len, default=None)
    assert found is None or found.username in prefixes([text])


def test_prefixes_of_a_message_are_bounded() -> None:
    """In a room too large to know everybody, each is a look-up."""
    assert prefixes(["abc", "ab", "x"]) == {"a", "ab", "abc", "x"}
    assert len(prefixes(chr(0x100 + n) * 150 for n in range(50))) == MAX_PREFIXES


def test_names_come_and_go() -> None:
    known = names("ann")
    anna = User(7, "id-7", "anna")
    known.add(anna)
    known.add(anna)
    assert known.longest("annabelle") == anna
    assert len(known) == 2
    known.discard(anna)
    known.discard(anna)
    found = known.longest("annabelle")
    assert found is not None
    assert found.username == "ann"
    assert names().longest("ann") is None
