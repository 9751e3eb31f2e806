"""Rules 4 and 36: every field of every body of every route, bodies that are none, and cursors that nobody gave out."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.bad_input import JSON, SECRET, assert_problem, bad_wholes
from support.frames import KEY
from support.fuzzing import Target, target
from support.scene import CLOSED
from support.web import NO_SERVICES
from tertulia.domain.errors import CODES
from tertulia.http.api import build_api
from tertulia.http.openapi import openapi_document

DOCUMENT = openapi_document(build_api(NO_SERVICES))
CURSORS = [
    "", "x", "AAAA", "A" * 3_000, "%00", "%ED%A0%80", "bnVsbA", "W10", "WzFd", "Wy0xXQ", "WzFlNDAwXQ", "WyJhIl0",
    "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd", "WzksOV0", "WzEsIlx1MDAwMCJd", "WzEsIlx1ZDgwMCJd", "eyJhIjoxfQ", SECRET,
]  # fmt: skip
"""Among them, in base64: null, [], [1], [-1], [1e400], ["a"], [2**63], [9,9], [1,"\\u0000"], [1,"\\ud800"], {"a":1}."""
TEXTS = ["a\x00b", "\ud800", "a\udc00b"]
"""That no text may have in it."""
COLOUR = "\x1b[31mred, red, red, red"
"""What colours a terminal. Long enough for a secret."""
NO_CONTROL = {
    "username", "email", "first_name", "last_name", "name", "title", "avatar", "url", "secret", "until",
}  # fmt: skip
"""Fields that take no control character (docs/protocol.md); all other texts come back as they were."""
SIGNS_IN = {"/api/v1/auth/login", "/api/v1/auth/forgot"}
"""There a username or an address is only looked up."""
NEVER_EMPTY = {"url", "until"}
"""Beside all that have a `minLength`."""
NO_EMAIL = ("email", "/api/v1/auth/register")
"""Who has none leaves it out; a backend takes it away with an empty one."""


def _deep(depth: int) -> Any:
    return {"a": _deep(depth - 1)} if depth else {}


WRONG: dict[str, list[Any]] = {
    "string": [[SECRET], {KEY: SECRET}, 1, 1.5, True],
    "integer": [SECRET, "1", "", 1.0, 1.5, -0.0, True, -1, 2**63, 10**400, float("nan"), float("inf"), [1], {"a": 1}],
    "boolean": ["true", SECRET, 0, 1, [True], {"a": True}],
    "array": [SECRET, 1, {"a": 1}, [1], [[SECRET]], [None], [SECRET] * 2_000],
    "object": [SECRET, 1, [SECRET], _deep(20), {"a": float("nan")}, {"a": "\x00"}, {"\ud800": 1}, {"a": "x" * 9_000}],
}


def _schema(part: dict[str, Any]) -> dict[str, Any]:
    """With its reference followed."""
    return DOCUMENT["components"]["schemas"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _options(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [_schema(option) for option in part.get("anyOf", [part])]


def _bodies() -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, the body's schema): each route that takes JSON."""
    return [
        (method.upper(), path, _options(operation["requestBody"]["content"][JSON]["schema"])[0])
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if JSON in operation.get("requestBody", {}).get("content", {})
    ]


def _sample(schema: dict[str, Any]) -> dict[str, Any]:
    """What is required, of the right type, and of the right form where it has one."""
    forms = {"url": CLOSED, "email": "ana@example.org", "password": "correct horse battery"}
    samples = {"string": "x" * 20, "integer": 1, "boolean": True, "array": ["report"], "object": {}}
    found = {}
    for name in schema.get("required", []):
        option = _options(schema["properties"][name])[0]
        found[name] = option["enum"][0] if "enum" in option else forms.get(name) or samples[option["type"]]
    return found


def _wrong(part: dict[str, Any]) -> list[Any]:
    """Values that are not of any type the field may have."""
    types = {option.get("type", "string") for option in _options(part)}
    values = [value for type_ in types - {"null"} for value in WRONG[type_]]
    return values if "null" in types else [*values, None]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with target(tmp_path_factory.mktemp("bodies")) as world:
        world.run(world.renew())
        yield world


def ask(world: Target, method: str, path: str, body: bytes = b"", headers: Any = None) -> httpx.Response:
    """As somebody who may ask there, and about what is there."""
    here = world.here
    who = "key" if "/server/" in path else "staff" if "/staff/" in path else "owner"
    for kind, names in here.names.items():
        path = path.replace(f"{{{kind}}}", str(names[0]).replace("👍", "%F0%9F%91%8D"))
    headers = {"authorization": f"Bearer {here.token(who)}", **({"content-type": JSON} if headers is None else headers)}
    response: httpx.Response = world.run(world.node.http.request(method, path, content=body, headers=headers))
    return response


def assert_refused(response: httpx.Response) -> dict[str, Any]:
    assert 400 <= response.status_code < 500, response.text
    return assert_problem(response, response.status_code, *CODES)


@pytest.mark.parametrize(("method", "path", "schema"), _bodies(), ids=lambda value: str(value)[:60])
def test_every_field_of_every_body(world: Target, method: str, path: str, schema: dict[str, Any]) -> None:
    valid = _sample(schema)
    for name, part in schema["properties"].items():
        for value in _wrong(part):
            response = ask(world, method, path, json.dumps({**valid, name: value}).encode())
            problem = assert_problem(response, 400, "invalid", "invalid_text", "too_long")
            if problem["code"] == "invalid":
                assert any(field.split(".")[0] == name for field in problem["fields"]), (name, value, problem)
        if name in dict(_texts(schema)):
            for text in TEXTS:
                assert_refused(ask(world, method, path, json.dumps({**valid, name: text}).encode()))
            assert_refused(ask(world, method, path, json.dumps({**valid, name: SECRET * 2_000}).encode()))
    for name in schema.get("required", []):
        lacking = {field: value for field, value in valid.items() if field != name}
        assert_problem(ask(world, method, path, json.dumps(lacking).encode()), 400, "invalid")
    for unknown in ({"unknown": SECRET}, {KEY: 1}, {"\ud800": 1}, {f"f{n}": 1 for n in range(2_000)}):
        assert_problem(ask(world, method, path, json.dumps({**valid, **unknown}).encode()), 400, "invalid")
    world.run(world.check())


def _texts(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, its schema without null) of each field that takes a text."""
    for name, part in schema["properties"].items():
        yield from ((name, option) for option in _options(part) if option.get("type") == "string")


@pytest.mark.parametrize(("method", "path", "schema"), _bodies(), ids=lambda value: str(value)[:60])
def test_every_text_with_a_control_character(world: Target, method: str, path: str, schema: dict[str, Any]) -> None:
    for name, option in _texts(schema):
        response = ask(world, method, path, json.dumps({**_sample(schema), name: COLOUR}).encode())
        if "enum" in option or (name in NO_CONTROL and path not in SIGNS_IN):
            assert name in assert_problem(response, 400, "invalid")["fields"], (name, response.text)
        else:
            assert_not_blamed(response, name)
            assert not response.content or response.json().get(name, COLOUR) == COLOUR, (name, response.text)
        _restore(world, method, path)
    world.run(world.check())


@pytest.mark.parametrize(("method", "path", "schema"), _bodies(), ids=lambda value: str(value)[:60])
def test_every_text_empty(world: Target, method: str, path: str, schema: dict[str, Any]) -> None:
    for name, option in _texts(schema):
        response = ask(world, method, path, json.dumps({**_sample(schema), name: ""}).encode())
        if "enum" in option or "minLength" in option or name in NEVER_EMPTY or (name, path) == NO_EMAIL:
            assert name in assert_problem(response, 400, "invalid")["fields"], (name, response.text)
        else:
            assert_not_blamed(response, name)
        _restore(world, method, path)
    world.run(world.check())


def assert_not_blamed(response: httpx.Response, name: str) -> None:
    """It was taken, or refused for something else than its form."""
    if not response.is_success:
        problem = assert_refused(response)
        assert problem["code"] != "unauthorized" or "auth" in response.request.url.path
        assert name not in problem.get("fields", {}), (name, problem)


def _restore(world: Target, method: str, path: str) -> None:
    """Who has no password deletes the account with any."""
    if (method, path) == ("DELETE", "/api/v1/me"):
        world.run(world.replace())


@pytest.mark.parametrize(("method", "path", "schema"), _bodies(), ids=lambda value: str(value)[:60])
def test_every_body_as_a_whole(world: Target, method: str, path: str, schema: dict[str, Any]) -> None:
    optional = [] if "required" in schema else ["empty_object"]
    if not DOCUMENT["paths"][path][method.lower()]["requestBody"].get("required"):
        optional += ["no_body", "null"]
    for bad in bad_wholes(_sample(schema)):
        if bad.name not in optional:
            response = ask(world, method, path, bad.content, bad.headers)
            assert_problem(response, bad.status, *bad.codes)
    world.run(world.check())


def test_forged_cursors(world: Target) -> None:
    """Of another list, or made up: refused, or a page."""
    lists = [
        path
        for path, item in DOCUMENT["paths"].items()
        if any(each["name"] == "cursor" for each in item.get("get", {}).get("parameters", []))
    ]
    assert len(lists) > 8
    for path in lists:
        for cursor in CURSORS:
            response = ask(world, "GET", f"{path}?cursor={cursor}")
            if response.status_code != 200:
                assert_problem(response, 400, "invalid", "invalid_text")
    world.run(world.check())
