"""The OpenAPI document: what FastAPI makes of the routes, with errors as they really are.

FastAPI documents its own 422 for each route; this API answers every error as a problem.
"""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from tertulia.domain.errors import TITLES
from tertulia.protocol.problems import PROBLEM_TYPE, Problem

_METHODS = ("get", "put", "post", "patch", "delete")
_NOT_OURS = ("HTTPValidationError", "ValidationError")

EVERYWHERE = (
    "invalid", "invalid_json", "invalid_text", "too_long", "host_refused", "method_not_allowed", "too_large",
    "unsupported_media_type", "rate_limited", "busy", "unavailable", "internal",
)  # fmt: skip
"""Codes that any request may be refused with, whatever its route."""

DESCRIPTION = """\
REST of Tertulia. Errors are problem details (RFC 9457) with a stable `code`; lists are `{"items": […], "next": …}`,
and `next` is given back as `cursor` for the following page. Live events come over the socket at `/ws`, whose
document is [AsyncAPI](asyncapi.json).
"""


def openapi_document(api: FastAPI) -> dict[str, Any]:
    """The finished document; FastAPI keeps its own part for the next call."""
    document = dict(api.openapi())
    components = dict(document.get("components", {}))
    schemas = {name: schema for name, schema in components.get("schemas", {}).items() if name not in _NOT_OURS}
    components["schemas"] = {**schemas, "Problem": TypeAdapter(Problem).json_schema()}
    components["responses"] = {"Problem": _problem_response()}
    document["components"] = components
    document["paths"] = {path: _with_problems(item) for path, item in document.get("paths", {}).items()}
    return document


def _with_problems(item: dict[str, Any]) -> dict[str, Any]:
    return {key: _operation(value) if key in _METHODS else value for key, value in item.items()}


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    answers = {status: answer for status, answer in operation["responses"].items() if status != "422"}
    return {**operation, "responses": {**answers, "default": {"$ref": "#/components/responses/Problem"}}}


def _problem_response() -> dict[str, Any]:
    codes = "; ".join(f"`{code}`: {TITLES[code]}" for code in EVERYWHERE)
    return {
        "description": f"Refused, or failed: `code` says why. Whatever the route, it may be one of these. {codes}",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
