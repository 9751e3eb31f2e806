"""The OpenAPI document says how errors really look."""

from typing import Any

from fastapi import FastAPI

from support.web import NO_SERVICES
from tertulia.http.api import build_api
from tertulia.http.openapi import openapi_document
from tertulia.protocol.fields import Index, Strict


class Body(Strict):
    name: str


def small_api() -> FastAPI:
    api = build_api(NO_SERVICES)

    @api.put("/api/v1/small/{index}")
    async def put_small(index: Index, body: Body) -> int:
        return index

    return api


def operation(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/api/v1/small/{index}"]["put"]
    return found


def test_errors_are_problems() -> None:
    document = openapi_document(small_api())
    assert list(operation(document)["responses"]) == ["200", "default"]
    problem = document["components"]["responses"]["Problem"]
    assert list(problem["content"]) == ["application/problem+json"]
    schemas = document["components"]["schemas"]
    assert set(schemas["Problem"]["required"]) == {"type", "title", "status", "detail", "code"}
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)
    assert "Body" in schemas


def test_every_reference_leads_somewhere() -> None:
    document = openapi_document(small_api())
    text = str(document)
    for name in ("HTTPValidationError", "ValidationError"):
        assert name not in text


def test_fastapi_s_own_copy_stays_as_it_is() -> None:
    api = small_api()
    assert openapi_document(api) == openapi_document(api)
    assert "422" in operation(api.openapi())["responses"]
