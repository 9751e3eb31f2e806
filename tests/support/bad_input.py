"""Bad requests, for any JSON route: what clients send by mistake, by accident, or to hurt.

@pytest.mark.parametrize("bad", bad_bodies({"username": "ana", "password": "…"}, text="username"), ids=str)
async def test_bad_body(bad, http):
    assert_problem(await http.post(path, content=bad.content, headers=bad.headers), bad.status, *bad.codes)
"""

import json
from dataclasses import dataclass
from typing import Any

import httpx

JSON = "application/json"
SECRET = "do-not-repeat-me"
MEMBERS = {"type", "title", "status", "detail", "code", "fields", "retry_after"}


@dataclass(frozen=True)
class Bad:
    """A body that must be refused with `status` and one of `codes`."""

    name: str
    content: bytes
    codes: tuple[str, ...] = ("invalid",)
    status: int = 400
    content_type: str | None = JSON

    def __str__(self) -> str:
        return self.name

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.content_type is None else {"content-type": self.content_type}


def assert_problem(response: httpx.Response, status: int, *codes: str) -> dict[str, Any]:
    """It is a problem of one of `codes`, in the one shape, and repeats nothing."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] in codes, problem
    assert problem["status"] == status
    assert problem["type"] == f"urn:tertulia:problem:{problem['code']}"
    assert set(problem) <= MEMBERS
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    assert len(response.content) < 4096
    return problem


def bad_bodies(valid: dict[str, Any], text: str, number: str | None = None) -> list[Bad]:
    """Bad variants of the `valid` body of a route; `text` is a required text field, `number` an integer field."""
    assert isinstance(valid[text], str)
    return [*bad_wholes(valid), *_bad_texts(valid, text), *_bad_numbers(valid, number)]


def bad_wholes(valid: dict[str, Any]) -> list[Bad]:
    """What is no JSON, no object, or does not say that it is JSON."""
    good = json.dumps(valid).encode()
    return [*_not_json(good), *_not_an_object(), *_types(good)]


def _not_json(good: bytes) -> list[Bad]:
    syntax = ("invalid_json",)
    return [
        Bad("no_body", b""),
        Bad("half", good[:-1], syntax),
        Bad("not_json", f"username={SECRET}".encode(), syntax),
        Bad("twice", good + good, syntax),
        Bad("nul", b"\x00", syntax),
        Bad("not_utf8", b'{"a": "\xff\xfe\xfa"}', syntax),
        Bad("half_a_character", b'{"a": "\xe2\x82"}', syntax),
        Bad("control_character", b'{"a": "\x01"}', syntax),
        Bad("deep_lists", b"[" * 100_000, syntax),
        Bad("deep_closed_lists", b"[" * 100_000 + b"]" * 100_000, syntax),
        Bad("deep_objects", b'{"a":' * 40_000, syntax),
    ]


def _not_an_object() -> list[Bad]:
    return [
        Bad("null", b"null"),
        Bad("list", b"[]"),
        Bad("string", json.dumps(SECRET).encode()),
        Bad("integer", b"7"),
        Bad("true", b"true"),
        Bad("empty_object", b"{}"),
    ]


def _bad_texts(valid: dict[str, Any], text: str) -> list[Bad]:
    def bad(name: str, value: object, *codes: str) -> Bad:
        return Bad(f"text_{name}", json.dumps({**valid, text: value}).encode(), codes or ("invalid",))

    missing = {key: value for key, value in valid.items() if key != text}
    unknown = {**valid, "unknown": SECRET}
    surrogate_key = {**valid, "\ud800": 1}
    huge_key = {**valid, SECRET * 1000: 1}
    many = {**valid, **{f"unknown_{i}": SECRET for i in range(5_000)}}
    return [
        bad("null", None),
        bad("integer", 7),
        bad("true", True),
        bad("list", [SECRET]),
        bad("object", {SECRET: SECRET}),
        bad("empty", ""),
        bad("nul", f"{SECRET}\x00", "invalid_text"),
        bad("high_surrogate", f"{SECRET}\ud800", "invalid_text"),
        bad("low_surrogate", f"\udc00{SECRET}", "invalid_text"),
        bad("huge", SECRET * 5_000, "invalid", "too_long"),
        Bad("text_missing", json.dumps(missing).encode()),
        Bad("unknown_field", json.dumps(unknown).encode()),
        Bad("surrogate_key", json.dumps(surrogate_key).encode()),
        Bad("huge_key", json.dumps(huge_key).encode()),
        Bad("many_unknown_fields", json.dumps(many).encode()),
    ]


def _bad_numbers(valid: dict[str, Any], number: str | None) -> list[Bad]:
    if number is None:
        return []
    rest = json.dumps({key: value for key, value in valid.items() if key != number}).encode()
    values = {
        "float": b"1.5",
        "text": b'"1"',
        "true": b"true",
        "nan": b"NaN",
        "infinity": b"Infinity",
        "negative": b"-1",
        "1e400": b"1e400",
        "2_to_63": str(2**63).encode(),
        "4000_digits": b"9" * 4_000,
        "5000_digits": b"9" * 5_000,
    }
    return [
        Bad(f"number_{name}", rest[:-1] + b', "' + number.encode() + b'": ' + value + b"}")
        for name, value in values.items()
    ]


def _types(good: bytes) -> list[Bad]:
    wrong = ("unsupported_media_type",)
    return [
        Bad("without_type", good, wrong, 415, None),
        Bad("plain_text", good, wrong, 415, "text/plain"),
        Bad("form", b"a=b", wrong, 415, "application/x-www-form-urlencoded"),
        Bad("multipart", b"--x\r\n", wrong, 415, "multipart/form-data; boundary=x"),
        Bad("senseless_type", good, wrong, 415, "application"),
    ]
