"""Bytes to commands, events to bytes; and the errors that say what was wrong with the bytes."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json

from tertulia.domain.errors import Rejection
from tertulia.protocol.commands import Command, command_adapter

MAX_FAULTS = 200
"""Errors of a frame that are looked at; each costs time on the event loop."""

_NAME = re.compile(r"[A-Za-z0-9_\[\]-]+")

_validate: Callable[[bytes | str], Command] = command_adapter.validator.validate_json

encode = to_json
"""A resource, event or reply as JSON bytes (UTF-8)."""


def decode_command(text: bytes | str) -> Command:
    """The command in a frame; raises `Rejection`."""
    try:
        return _validate(text)
    except ValidationError as error:
        if error.error_count() > MAX_FAULTS:
            raise Rejection("invalid", "Nearly everything in this frame is wrong; see docs/protocol.md.") from None
        # Pydantic puts the command's name in front of each path: it is left out
        raise rejection_of(error.errors(include_url=False, include_input=False), skip=1) from None


def command_id(text: bytes | str) -> int | None:
    """The `id` of a frame that could not be decoded, so that its refusal can name it."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None
    number = frame.get("id") if isinstance(frame, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= 2**53 else None


def rejection_of(errors: list[ErrorDetails], *, skip: int = 0) -> Rejection:
    """What Pydantic found, in the words of the API; never repeats the input.

    `skip` path parts are left out at the front (`body`, or the command's name).
    """
    first = errors[0]
    kind, text = first["type"], first["msg"]
    if kind == "json_invalid":
        if "hex escape" in text:  # "lone leading surrogate in …", "unexpected end of …"
            return Rejection("invalid_text", "Text may not contain unpaired surrogates.")
        return Rejection("invalid_json", "This is not valid JSON.")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return Rejection("unknown_command", "`cmd` must name a command of docs/protocol.md.", field="cmd")
    fields = {_path(error, skip): _message(error) for error in errors[:20]}
    name, message = next(iter(fields.items()))
    return Rejection("invalid", f"{name}: {message}" if name else message, fields=fields)


def _path(error: ErrorDetails, skip: int) -> str:
    return ".".join(_part(str(part)) for part in error["loc"][skip:])


def _part(name: str) -> str:
    """Names of unknown fields, and keys of maps, are input: only what looks like a name of ours is repeated."""
    return name if len(name) <= 64 and _NAME.fullmatch(name) else "?"


def _message(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if context.get("field_type") == "Value":  # a text that was checked first; Pydantic would speak of items
        least = "min_length" in context
        length = context["min_length" if least else "max_length"]
        return f"String should have at {'least' if least else 'most'} {length} character{'s' * (length != 1)}"
    return error["msg"].removeprefix("Value error, ")


def encode_with(event: Mapping[str, Any], **lists: Iterable[bytes]) -> bytes:
    """`event`, which is not empty, with more fields: lists of what is JSON already."""
    rest = [b',"%b":[%b]' % (name.encode(), b",".join(items)) for name, items in lists.items()]
    return b"".join((encode(event)[:-1], *rest, b"}"))


def text_frame(payload: bytes) -> bytes:
    """`payload` as one unmasked WebSocket text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def error_body(rejection: Rejection) -> dict[str, Any]:
    """A rejection as the `error` of a reply."""
    body: dict[str, Any] = {"code": rejection.code, "message": rejection.message}
    if rejection.retry_after is not None:
        body["retry_after"] = round(rejection.retry_after, 3)
    if rejection.fields:
        body["fields"] = rejection.fields
    return body
