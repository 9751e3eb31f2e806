"""Frames that cannot be decoded are refused in the words of the API, and without repeating them."""

import json
from typing import Any

import pytest

from tertulia.domain.errors import Rejection
from tertulia.protocol.codec import command_id, decode_command, encode_with, error_body, text_frame
from tertulia.protocol.commands import Ping, Post

SECRET = "do-not-repeat-me"


def refused(frame: object) -> Rejection:
    text = frame if isinstance(frame, (bytes, str)) else json.dumps(frame)
    with pytest.raises(Rejection) as caught:
        decode_command(text)
    assert SECRET not in f"{caught.value.message} {caught.value.fields}"
    return caught.value


def post(**fields: object) -> dict[str, Any]:
    return {"cmd": "post", "room": "r", "body": "hi", **fields}


def test_good_frames() -> None:
    assert decode_command(b'{"cmd":"ping","id":7}') == Ping(cmd="ping", id=7)
    assert decode_command(json.dumps(post(body="a\n👋"))) == Post(cmd="post", room="r", body="a\n👋")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        SECRET.encode(),
        b"\xff",
        b'{"cmd":"ping"}{"cmd":"ping"}',
        b"[" * 100_000,
        b'{"cmd":"ping","id":NaN}',
        b'{"a":' * 40_000,
    ],
)
def test_what_is_no_json(text: bytes) -> None:
    assert refused(text).code in {"invalid_json", "invalid"}


@pytest.mark.parametrize("frame", [None, 7, "[7]", True, [], [{"cmd": "ping"}]])
def test_what_is_no_object(frame: object) -> None:
    assert refused(frame).code in {"invalid", "unknown_command"}


@pytest.mark.parametrize("cmd", [SECRET, "", None, 7, [], {}, "PING"])
def test_unknown_commands(cmd: object) -> None:
    rejection = refused({"cmd": cmd})
    assert (rejection.code, list(rejection.fields)) == ("unknown_command", ["cmd"])


@pytest.mark.parametrize(
    ("frame", "fields"),
    [
        ({"cmd": "post"}, {"room", "body"}),
        (post(room=None), {"room"}),
        (post(room=7), {"room"}),
        (post(body=["hi"]), {"body"}),
        (post(reply_to=0), {"reply_to"}),
        (post(reply_to=2**63), {"reply_to"}),
        (post(reply_to=1.5), {"reply_to"}),
        (post(id=-1), {"id"}),
        (post(id=True), {"id"}),
        (post(post=SECRET), {"post"}),  # a field by the name of a command
        (post(**{SECRET * 10: 1}), {"?"}),
        (post(**{"a b": 1}), {"?"}),
        ({"cmd": "hello", "resume": {"r": -1}}, {"resume.r"}),
        ({"cmd": "hello", "resume": {SECRET * 10: -1, "é": -1}}, {"resume.?", "resume.?.[key]"}),
        ({"cmd": "refresh"}, {"token"}),
        ({"cmd": "history", "room": "r", "limit": 101}, {"limit"}),
    ],
)
def test_fields_are_named(frame: dict[str, Any], fields: set[str]) -> None:
    rejection = refused(frame)
    assert rejection.code == "invalid"
    assert set(rejection.fields) == fields


def test_what_is_wrong_with_all_of_a_command() -> None:
    rejection = refused({"cmd": "read", "room": "r"})
    assert rejection.message == "give `index`, `delivered` or both"


def test_lengths_are_told_in_characters() -> None:
    assert refused(post(client_id="")).fields == {"client_id": "String should have at least 1 character"}
    assert refused(post(client_id="x" * 65)).fields == {"client_id": "String should have at most 64 characters"}


@pytest.mark.parametrize("text", [b'"a\\u0000"', b'"\\ud800"', b'"\\ud800x"', b'"\\udc00"'])
def test_text_that_cannot_be_stored(text: bytes) -> None:
    assert refused(b'{"cmd":"post","room":"r","body":' + text + b"}").code == "invalid_text"


def test_many_errors_are_few_words() -> None:
    rejection = refused(post(**{f"unknown_{number}": 1 for number in range(150)}))
    assert len(rejection.fields) == 20


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'{"cmd":"x","id":7}', 7),
        (b'{"id":0}', 0),
        (b'{"id":true}', None),
        (b'{"id":-1}', None),
        (b'{"id":1.5}', None),
        (b'{"id":' + b"9" * 5_000 + b"}", None),
        (b'{"id":9007199254740993}', None),
        (b"[7]", None),
        (b"{", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_the_id_of_a_bad_frame(text: bytes, found: int | None) -> None:
    assert command_id(text) == found


def test_lists_of_what_is_json_already_are_put_into_an_event() -> None:
    text = encode_with({"ev": "ready", "more": False}, rooms=[b'{"id":"\xc3\xb1"}', b"{}"], presence=[])
    assert json.loads(text) == {"ev": "ready", "more": False, "rooms": [{"id": "\u00f1"}, {}], "presence": []}


def test_the_error_of_a_reply() -> None:
    rejection = Rejection("rate_limited", "Slower.", retry_after=0.12345, field="body")
    assert error_body(rejection) == {
        "code": "rate_limited",
        "message": "Slower.",
        "retry_after": 0.123,
        "fields": {"body": "Slower."},
    }
    assert error_body(Rejection("busy", "Later.")) == {"code": "busy", "message": "Later."}


@pytest.mark.parametrize(
    ("size", "head"),
    [(0, b"\x81\x00"), (125, b"\x81\x7d"), (126, b"\x81\x7e\x00\x7e"), (65_536, b"\x81\x7f" + (65_536).to_bytes(8))],
)
def test_frames(size: int, head: bytes) -> None:
    assert text_frame(b"x" * size) == head + b"x" * size


@pytest.mark.parametrize(
    "frame",
    [
        {"cmd": "ping", **{f"k{number}": 1 for number in range(15_000)}},
        {"cmd": "hello", "resume": {str(number): "x" for number in range(1_900)}},
    ],
)
def test_a_frame_with_thousands_of_faults_is_not_told_all_of_them(frame: dict[str, Any]) -> None:
    """Story: a list of 20,000 errors held up the event loop for 60 ms a frame."""
    with pytest.raises(Rejection) as refused:
        decode_command(json.dumps(frame))
    assert refused.value.code == "invalid"
    assert refused.value.fields == {}
