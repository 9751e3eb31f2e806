"""The real routes behind all that stands around them."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from structlog.testing import capture_logs

from support.accounts import node
from support.bad_input import Bad, assert_problem, bad_bodies
from support.web import NO_SERVICES, http_client
from tertulia.domain.ids import MAX_INTEGER
from tertulia.domain.text import MAX_BODY
from tertulia.http.api import MAX_BODY_BYTES, build_api
from tertulia.http.openapi import openapi_document
from tertulia.settings import Settings

REGISTER = {"username": "ana", "password": "correct horse battery", "email": "ana@example.org"}
BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "register": (REGISTER, "username"),
    "login": ({"username": "ana", "password": "correct horse battery"}, "password"),
}


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with node(tmp_path) as running, http_client(running.services) as client:
        yield client


def cases() -> Iterator[Any]:
    for route, (valid, text) in BODIES.items():
        for bad in bad_bodies(valid, text):
            yield pytest.param(route, bad, id=f"{route}-{bad}")


@pytest.mark.parametrize(("route", "bad"), list(cases()))
async def test_bad_bodies_of_real_routes(http: httpx.AsyncClient, route: str, bad: Bad) -> None:
    with capture_logs() as lines:
        response = await http.post(f"/api/v1/auth/{route}", content=bad.content, headers=bad.headers)
    assert_problem(response, bad.status, *bad.codes)
    assert [line["event"] for line in lines] == ["http.request"]


async def test_what_was_bad_can_be_put_right(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/v1/auth/register", json=REGISTER)).status_code == 201


async def test_a_missing_field_is_named_even_if_it_is_called_refresh(http: httpx.AsyncClient) -> None:
    problem = assert_problem(await http.post("/api/v1/auth/refresh", json={}), 400, "invalid")
    assert problem["fields"] == {"refresh": "Field required"}


async def test_401_comes_before_what_else_is_wrong(http: httpx.AsyncClient) -> None:
    assert_problem(await http.get("/api/v1/me"), 401, "unauthorized")
    assert_problem(await http.patch("/api/v1/me", json={"unknown": 1}), 401, "unauthorized")


async def test_many_calls_of_one_address_get_through_and_then_not(http: httpx.AsyncClient) -> None:
    statuses = [(await http.get("/api/v1/nothing")).status_code for _ in range(1_201)]
    assert statuses == [404] * 1_200 + [429]
    assert (await http.get("/healthz")).status_code == 200


def document() -> dict[str, Any]:
    return openapi_document(build_api(NO_SERVICES))


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    whole = document()
    for reference in set(references(whole)):
        place: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_operation_is_described() -> None:
    operations = [
        (path, method, operation)
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert operations
    for path, method, operation in operations:
        assert operation.get("description") or operation.get("summary"), (path, method)
        assert "default" in operation["responses"], (path, method)
        assert "422" not in operation["responses"], (path, method)
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))


async def test_a_problem_keeps_its_schema(http: httpx.AsyncClient) -> None:
    schema = document()["components"]["schemas"]["Problem"]
    response = await http.post("/api/v1/auth/register", json={})
    jsonschema_rs.validator_for(schema).validate(response.json())


async def test_a_body_of_tens_of_thousands_of_fields_is_one_fault(http: httpx.AsyncClient) -> None:
    """Story: listing all of its errors held up the event loop for 400 ms, for whoever asked."""
    many = {f"field{number}": number for number in range(10_000)}
    for route in ("auth/register", "auth/login", "auth/refresh"):
        problem = assert_problem(await http.post(f"/api/v1/{route}", json=many), 400, "invalid")
        assert len(problem["fields"]) == 1


async def test_the_longest_message_fits_the_largest_body() -> None:
    """In whatever way JSON writes its characters."""
    longest = json.dumps({"body": "🙂" * MAX_BODY, "client_id": "🙂" * 64, "reply_to": MAX_INTEGER})
    assert len(longest) < Settings().max_body_kb * 1024 == MAX_BODY_BYTES
