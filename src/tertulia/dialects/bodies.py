"""Reading a request's body: JSON, `application/x-www-form-urlencoded` or `multipart/form-data`, whichever it says.

How large it may be stands around the applications (`http/middleware.py`).
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from tertulia.dialects.errors import Refused, detail, invalid
from tertulia.domain.text import MAX_BODY

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAX_FIELDS = 200
UNREADABLE_FORM = "Multipart form parse error - the form could not be read."
NOT_UTF_8 = "Form parse error - the form is not UTF-8."


async def read_body(request: Request) -> Mapping[str, Any]:
    """The fields of the body, by name; none when it is empty. Raises `Refused`."""
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    if kind == MULTIPART:
        return _fields(await _read_form(request))
    content = await request.body()
    if not content:
        return {}
    if kind == URLENCODED:
        return _fields(_pairs(content))
    if kind != "application/json" and not kind.endswith("+json"):
        raise detail(415, f'Unsupported media type "{_shown(declared)}" in request.')
    return _parse(content)


async def read_picture(request: Request) -> bytes:
    """A body that is a picture, or the file `picture` of a form. Raises `Refused`."""
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    try:
        if kind == MULTIPART:
            return await _read_file(request)
        if kind.startswith("image/"):
            return await request.body()
    except ClientDisconnect:
        raise detail(400, "The picture did not arrive as a whole.") from None
    raise detail(415, f'Unsupported media type "{_shown(declared)}" in request.')


async def _read_file(request: Request) -> bytes:
    try:
        async with request.form(max_files=1, max_fields=MAX_FIELDS) as form:
            file = form.get("picture")
            if not isinstance(file, UploadFile):
                raise invalid(picture="No file was submitted.")
            return await file.read()
    except MultiPartException:
        raise detail(400, UNREADABLE_FORM) from None


def _shown(declared: str) -> str:
    return declared[:100] if declared.isprintable() else ""


async def _read_form(request: Request) -> list[tuple[str, str]]:
    """Files are not taken here, so that all of it is text. The parser would take what is not UTF-8 for Latin-1."""
    most = 4 * MAX_BODY + 1024
    try:
        (await request.body()).decode()
        async with request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=most) as form:
            return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    except MultiPartException:
        raise detail(400, UNREADABLE_FORM) from None
    except UnicodeDecodeError:
        raise detail(400, NOT_UTF_8) from None


def _pairs(content: bytes) -> list[tuple[str, str]]:
    """Bytes that should have been escaped and were not are UTF-8, too."""
    try:
        return parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise detail(400, NOT_UTF_8) from None
    except ValueError:
        raise detail(400, "Form parse error - too many fields.") from None


def _fields(pairs: list[tuple[str, str]]) -> Mapping[str, Any]:
    """Of a field that is there twice the last one, of a list its name with `[]` all."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields[name] = value
        fields.setdefault(f"{name}[]", []).append(value)
    return fields


def _parse(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content.decode(), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise _malformed("the body is not UTF-8") from None
    except RecursionError:
        raise _malformed("nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg}: line {error.lineno} column {error.colno}") from None
    except ValueError:
        raise _malformed("a number is out of range") from None
    if not isinstance(found, dict):
        raise invalid(non_field_errors=f"Invalid data. Expected a dictionary, but got {type(found).__name__}.")
    return found


def _malformed(why: str) -> Refused:
    return detail(400, f"JSON parse error - {why}")


def _no_number(_name: str) -> NoReturn:
    raise ValueError
