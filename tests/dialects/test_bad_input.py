"""Every field of every body of every dialect, bodies and paths that are none, and every field of every frame."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from support.bad_input import JSON, SECRET, bad_wholes
from support.dialect_world import LISTS, World, dialect_world
from support.dialects import Line, Place
from tertulia.dialects import DIALECTS
from tertulia.dialects.documents import openapi
from tertulia.domain.text import MAX_BODY

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORM = "application/x-www-form-urlencoded"
DEEP = "[" * 200 + "]" * 200
NEVER = [
    "[[]]", f'["{SECRET}"]', "{}", f'{{"{SECRET}": "{SECRET}"}}', DEEP, f'"{SECRET}\\u0000"', f'"{SECRET}\\ud800"',
    f'"\\udc00{SECRET}"', f'"{SECRET * (2 * MAX_BODY // len(SECRET))}"', "NaN", "-Infinity", "9" * 5_000,
    f'"{SECRET}\\ud8"', f'"{SECRET}\x01"', f'"{SECRET}',
]  # fmt: skip
"""JSON, or nearly, that no field may hold: refused, whichever it is."""
PERHAPS = [
    "null", "[]", "true", "0", "-1", "1.5", "-0.0", "1e400", str(2**63), "9" * 400, '""', '" \\t "', '"1"',
    '"\\u001b[31m"', '"\\u202e\\u200b"', '"0197a1b0-0000-7000-8000-000000000001"', '"..\\/%2e%2e"', '"a/b?c#d"',
]  # fmt: skip
"""Such as a field may hold if it is of that type, or is taken as text."""
SEGMENTS = [
    "%00", "a%00b", "%ff", "%ED%A0%80", "%0a", "%2e%2e", "%2F", "-2", "00", "2.5", str(10**30), "9" * 5_000, "%C2%B2",
    SECRET * 200, str(uuid4()), "%F0%9F%8E%88", "' OR 1=1 --",
]  # fmt: skip
TOKENS = ["", "%00", "%ff", "%ED%A0%80", "a.b.c", "x" * 5_000, "..", "%7B%7D.%7B%7D."]
HEADERS = [
    "", "Bearer", "Bearer \xff", "Bearer a.b.c", "Bearer e30.e30.", f"Bearer {'x' * 5_000}", "Basic !",
    "Basic AAAA", "Basic /////w==", "Basic 7aCAOng=", "Basic " + "QUFB" * 1_000, "Digest x",
]  # fmt: skip
PICTURES = [
    ("image/png", b""), ("image/png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 100), (JSON, b"{}"),
    ("image/svg+xml", b"<svg/>"), ("image/gif", b"GIF89a" + b"\xff" * 300 * 1024),
    ("multipart/form-data; boundary=x", b"--x\r\n"), (FORM, b"picture=x"),
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with dialect_world(tmp_path_factory.mktemp("dialects")) as world:
        yield world


def operations(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation)"""
    paths = openapi(DIALECTS[name])["paths"].items()
    return [(method.upper(), path, operation) for path, item in paths for method, operation in item.items()]


BODIES = [
    pytest.param(name, method, path, operation["requestBody"]["content"], id=f"{name} {method} {path}")
    for name in DIALECTS
    for method, path, operation in operations(name)
    if "requestBody" in operation
]
JSON_BODIES = [each for each in BODIES if JSON in each.values[3]]  # type: ignore[operator]


def spoilt(good: dict[str, Any], name: str, value: str) -> bytes:
    """Of a field that stands there twice the last one counts."""
    return f"{json.dumps(good)[:-1]}, {json.dumps(name)}: {value}}}".encode()


@pytest.mark.parametrize(("name", "method", "path", "content"), JSON_BODIES)
async def test_every_field_of_every_body(
    world: World, name: str, method: str, path: str, content: dict[str, Any]
) -> None:
    schema = content[JSON]["schema"]
    good = world.fields(schema, name)
    usual = await world.ask(name, method, path, json.dumps(good).encode())
    assert usual.is_success or {"password", "refresh"} & {*good}, usual.text
    for unknown in ({"unknown": SECRET}, {"\ud800": "\x00"}, {f"f{n}": [n] for n in range(2_000)}):
        body = {**world.fields(schema, name), **unknown}
        assert (await world.ask(name, method, path, json.dumps(body).encode())).status_code == usual.status_code
    for field_name in good:
        for value in NEVER:
            response = await world.ask(name, method, path, spoilt(good, field_name, value))
            assert response.is_client_error, (field_name, value[:80])
        for value in PERHAPS:
            await world.ask(name, method, path, spoilt(world.fields(schema, name), field_name, value))
        form = {key: value for key, value in good.items() if key != field_name}
        for text in (b"%00", b"%ff", b"%ED%A0%80", b"\xff", b"x&a" * 300):
            pairs = b"&".join([f"{field_name}=".encode() + text, *(f"{key}={form[key]}".encode() for key in form)])
            assert (await world.ask(name, method, path, pairs, content_type=FORM)).is_client_error, (field_name, text)
        if field_name in schema.get("required", ()):
            assert (await world.ask(name, method, path, json.dumps(form).encode())).status_code == 400
    await world.check(name)


@pytest.mark.parametrize(("name", "method", "path", "content"), JSON_BODIES)
async def test_every_body_as_a_whole(world: World, name: str, method: str, path: str, content: dict[str, Any]) -> None:
    schema = content[JSON]["schema"]
    good = world.fields(schema, name)
    may_be_empty = set() if "required" in schema else {"empty_object", "no_body", "form", "multipart"}
    for bad in bad_wholes(good):
        response = await world.ask(name, method, path, bad.content, content_type=bad.content_type or "")
        status = 400 if bad.name in ("form", "multipart") else bad.status
        assert response.status_code == status or bad.name in may_be_empty, bad.name
    for kind in (JSON, FORM, "multipart/form-data; boundary=x"):
        assert (await world.ask(name, method, path, b"x" * 300 * 1024, content_type=kind)).status_code == 413
    part = b'--x\r\ncontent-disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    first = next(iter(good)).encode()
    for more, text in ((b'; filename="a"', b"x"), (b"", b"\xff"), (b"", b"\x00"), (b"", b"x" * 200_000)):
        body = part % (first, more, text) + b"--x--\r\n"
        kind = "multipart/form-data; boundary=x"
        assert (await world.ask(name, method, path, body, content_type=kind)).is_client_error, text[:9]
    await world.check(name)


@pytest.mark.parametrize(("name", "method", "path", "content"), [each for each in BODIES if each not in JSON_BODIES])
async def test_what_is_no_picture(world: World, name: str, method: str, path: str, content: dict[str, Any]) -> None:
    assert "image/*" in content
    for kind, body in PICTURES:
        assert (await world.ask(name, method, path, body, content_type=kind)).is_client_error, kind
    await world.check(name)


@pytest.mark.parametrize("name", DIALECTS)
async def test_paths_of_nothing(world: World, name: str) -> None:
    for method, path, operation in operations(name):
        schema = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {"properties": {}})
        body = json.dumps(world.fields(schema, name)).encode()
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in ("room", "message"):
                nothing = str(10**9) if name == "chatrooms" else str(uuid4())
                answers = [
                    await world.ask(name, method, path.replace(f"{{{parameter['name']}}}", segment), body)
                    for segment in (world.hidden[name][parameter["name"]], nothing)
                ]
                assert len({(answer.status_code, answer.text) for answer in answers}) == 1, (method, path)
            for segment in SEGMENTS:
                there = path.replace(f"{{{parameter['name']}}}", segment)
                response = await world.ask(name, method, there, body)
                assert response.is_client_error or response.json() == [], (method, there)
    for segment in SEGMENTS:
        response = await world.ask(name, "GET", f"{LISTS[name]}?room_uuid={segment}&{segment}&token={segment}")
        assert response.is_success
        if name == "channels":
            response = await world.ask(name, "GET", f"/api/messages/?room_uuid={segment}")
            assert response.status_code == 400 or response.json() == []
    await world.check(name)


@pytest.mark.parametrize("name", DIALECTS)
async def test_credentials_that_are_none(world: World, name: str) -> None:
    """For each operation that looks at nothing else; those that need none may take no notice."""
    for method, path, operation in operations(name):
        if "requestBody" in operation or "parameters" in operation:
            continue
        for header in HEADERS:
            response = await world.ask(name, method, path, authorization=header)
            assert response.is_client_error or {} in operation.get("security", [{}]), (method, path, header)
        for token in TOKENS:
            cookies = f"access_token={token}; refresh_token={token}; sessionid={token}"
            response = await world.ask(name, method, path, authorization="", cookie=cookies)
            assert response.is_client_error or {} in operation.get("security", [{}]), (method, path, token)
    await world.check(name)


FRAMES: dict[str, list[dict[str, Any]]] = {
    "chatrooms": [{"message": "hi", "username": "", "user_id": 1}],
    "realtime": [
        {"type": "message", "content": "hi"}, {"message": "hi"}, {"type": "typing", "is_typing": True},
        {"type": "read_status", "message_id": ""},
    ],
    "shh": [{"message": "hi"}, {"type": "typing"}],
    "conversations": [{"message": "hi", "recipient_id": ""}],
    "channels": [{"message": "hi", "username": ""}],
}  # fmt: skip
"""Each with every field that its dialect looks at; what is empty here is filled in."""
NO_FRAMES: list[str | bytes] = [
    "", " \n", "{", "\x00", "hi", "null", "[]", '"hi"', "7", "true", "NaN", "9" * 5_000, "{}", '{"\\ud800": 1}',
    '{"message": "hi"}{', '[{"message": "hi"}]', "[" * 100_000, DEEP, "[" * 100_000 + "]" * 100_000,
    '{"message":' * 20_000, "{" + ",".join(f'"{n}": {n}' for n in range(10_000)) + "}", b"", b"\x00\xff",
    b'{"message": "hi"}', b"x" * 100_000,
]  # fmt: skip
ENDS = [(b'{"message": "\xff"}', 1007), (b'{"message": "\xed\xa0\x80"}', 1007), (b"x" * 300 * 1024, 1009)]


async def until(line: Line, mark: str) -> str:
    """All frames before the one that has it."""
    found = ""
    while mark not in (frame := json.dumps(await line.receive())):
        found += frame
    return found


@pytest.mark.parametrize("name", DIALECTS)
async def test_every_field_of_every_frame(world: World, name: str) -> None:
    here, room = Place(world.server, name, "prefix"), world.rooms[name]
    sent: list[str | bytes] = list(NO_FRAMES)
    known = {"recipient_id": world.ben.id, "message_id": world.names["shh"]["message"], "username": world.ann.name}
    for sample in FRAMES[name]:
        frame = {key: known.get(key, value) for key, value in sample.items()}
        for field_name in frame:
            sent += [spoilt(frame, field_name, value).decode() for value in NEVER + PERHAPS]
            sent.append(json.dumps({key: value for key, value in frame.items() if key != field_name}))
    async with (
        here.socket(room, world.ann.tokens["access"], headers=world.ann.headers) as line,
        here.socket(room, world.ben.tokens["access"], headers=world.ben.headers) as witness,
    ):
        for mark, frames in ((f"{name} 1", []), (f"{name} 2", sent)):
            for each in frames:
                await line.send(each)
            await line.send({"message": mark})
            answers = [await until(one, mark) for one in (line, witness)]  # first what was said before
        for text in answers:
            assert "Traceback" not in text
            assert SECRET not in text
            assert len(text) < 512 * len(sent)
        for data, code in ENDS:
            async with here.socket(room, world.ann.tokens["access"], headers=world.ann.headers) as other:
                await other.line.send(data, text=True)
                assert await other.closed() == code
        await line.send({"message": f"{name} 3"})
        await until(witness, f"{name} 3")
    await world.check(name)


async def hail(url: str) -> tuple[int, int | None]:
    """The status of the answer, and the code with which the socket is closed if it is opened."""
    try:
        async with connect(url, compression=None) as line:
            pass
    except InvalidStatus as error:
        return error.response.status_code, None
    return 101, line.close_code


@pytest.mark.parametrize("name", DIALECTS)
async def test_sockets_of_nothing(world: World, name: str) -> None:
    """Refused, or closed with a code, or, where a name makes a room, open."""
    base = f"ws://127.0.0.1:{world.server.port}/compat/{name}/ws/chat"
    token = world.ann.tokens["access"]
    new = "new-" if name == "realtime" else ""  # rooms that are made there are nothing that others look for
    paths = [f"{new}{segment}/?token={token}" for segment in SEGMENTS if " " not in segment]
    paths += [f"{world.rooms[name]}/?token={bad}" for bad in TOKENS]
    paths += [f"{world.rooms[name]}/?{'a=1&' * 100}token={token}", "", "/", "a/b/", f"{world.rooms[name]}//"]
    for path in paths:
        status, code = await hail(f"{base}/{path}")
        assert 400 <= status < 500 or code != 1011, path
    await world.check(name)
