"""Frames as no client library would send them: right, nearly right, and wrong in every way. For Hypothesis."""

import json
import re
from typing import Any

from hypothesis import strategies as st

from support.bad_input import SECRET
from support.scene import Scene
from tertulia.protocol.asyncapi import COMMANDS

MAX_ID = 2**53
KEY = f"{SECRET}!"
"""As a name. What looks like a field of ours, letters and hyphens, may be named in an answer."""
SPOILT: list[Any] = [
    SECRET, f"{SECRET}\x00", f"\ud800{SECRET}", f"{SECRET}\n\x1b[31m", "", " ", "x" * 5_000, "\u202e",
    None, True, 0, -1, 1.0, 1.5, 2**53 + 1, 2**63, 10**400, float("nan"), float("inf"), -0.0,
    [], {}, [SECRET], {KEY: SECRET}, {"\ud800": 1}, [[[[[[[[[[[[]]]]]]]]]]]],
]  # fmt: skip
"""Instead of a field's value, in frames and bodies alike."""

_TEXTS = ["hello", "@owner1 `@` 👍🏽", "a\u202eb", "x" * 16_384]
_INTEGERS = [0, 1, 2, 3, 99, 2**53, 2**63 - 1]
_ROOMS = [f"$room{number}" for number in range(8)]
_NAMES: dict[str, list[Any]] = {
    "room": _ROOMS,
    "user": [f"$user{number}" for number in range(7)],
    "token": ["$token"],
    "index": [1, 2, 3, 99],
    "emoji": ["👍", "a"],
    "resume": [{}, dict.fromkeys(_ROOMS, 0), {_ROOMS[0]: 3, KEY: 1}],
    "read": [{}, dict.fromkeys(_ROOMS, 2), {_ROOMS[0]: 2**63 - 1, KEY: 1}],
}
"""For each kind of field, values that lead somewhere, and some that do not; see `filled`."""


_LEFT_OUT = object()


def commands() -> st.SearchStrategy[dict[str, Any]]:
    """Commands by their schemas, without `id`: as they should be, or with one field spoilt, left out or made up."""
    return st.one_of(*(_command(name, kind) for name, kind in sorted(COMMANDS.items())))


def _command(name: str, kind: Any) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, Any] = {"cmd": st.just(name)}
    optional: dict[str, Any] = {}
    for field, about in kind.model_fields.items():
        if field not in ("cmd", "id"):
            place = required if about.is_required() else optional
            place[field] = st.sampled_from(_NAMES.get(field) or _values(kind, field))
    good = st.fixed_dictionaries(required, optional=optional)
    fields = sorted({"cmd", *required, *optional, "unknown"})
    wrong = st.tuples(st.sampled_from(fields), st.sampled_from([*SPOILT, _LEFT_OUT, _LEFT_OUT]))
    return st.builds(_spoil, good, st.one_of(st.none(), wrong))


def _values(kind: Any, field: str) -> list[Any]:
    """That the field's schema takes."""
    schema = kind.model_json_schema()["properties"][field]
    found: list[Any] = []
    for option in schema.get("anyOf", [schema]):
        match option:
            case {"enum": values}:
                found += values
            case {"type": "string"}:
                found += _TEXTS
            case {"type": "integer"}:
                found += _INTEGERS
            case {"type": "boolean"}:
                found += [True, False]
            case {"type": "object"}:
                found += [{}, {"a": [1, {"b": None}]}]
            case {"type": "null"}:
                found.append(None)
    return found


def _spoil(frame: dict[str, Any], wrong: tuple[str, Any] | None) -> dict[str, Any]:
    if wrong is None:
        return frame
    field, value = wrong
    rest = {name: frame[name] for name in frame if name != field}
    return rest if value is _LEFT_OUT else {**rest, field: value}


COMMAND = commands()
NO_COMMANDS = [b"", b" ", b"null", b"[]", b"[" * 5_000, b'{"cmd":' * 2_000, b'{"cmd":"ping"}' * 2, b"\x00"]
HOW = ["plain"] * 4 + ["escaped"] * 4 + ["twice", "cut", "other", "text"]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """What stands in a text frame, always UTF-8: mostly a command; else JSON that is none, or no JSON."""
    how = draw(st.sampled_from(HOW))
    if how == "other":
        return draw(st.sampled_from(NO_COMMANDS))
    if how == "text":
        return draw(st.text(max_size=20)).encode(errors="replace")
    text = _encode(draw(COMMAND), how == "escaped")
    if how == "twice":
        return text[:-1] + b"," + text[1:]
    return text[: draw(st.integers(0, 200))] if how == "cut" else text


def _encode(frame: dict[str, Any], escaped: bool) -> bytes:
    """Unpaired surrogates can only stand there as escapes: as bytes they would be no UTF-8."""
    return json.dumps(frame, ensure_ascii=escaped or "\\ud800" in json.dumps(frame)).encode()


def filled(text: bytes, here: Scene) -> bytes:
    """`text` with `$room0` and its like as they are called here."""

    def name(found: re.Match[bytes]) -> bytes:
        kind, number = found[1].decode(), int(found[2] or 0)
        return here.owner.token.encode() if kind == "token" else str(here.names[kind][number]).encode()

    return re.sub(rb"\$(room|user|token)(\d*)", name, text)


def with_id(text: bytes, number: Any) -> bytes:
    """`text` with an `id` in front, if it looks like an object."""
    return b'{"id":' + json.dumps(number).encode() + b"," + text[1:] if text[:2] == b'{"' else text


def said(text: bytes) -> tuple[int | None, str]:
    """The id for which a client would look in the reply, and the command; of several the last one."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None, ""
    if not isinstance(frame, dict):
        return None, ""
    number, cmd = frame.get("id"), frame.get("cmd")
    is_id = type(number) is int and 0 <= number <= MAX_ID
    return number if is_id else None, cmd if isinstance(cmd, str) else ""
