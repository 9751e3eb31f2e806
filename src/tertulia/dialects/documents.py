"""The OpenAPI document of a dialect, made from its routes, and its Swagger page at `<dialect root>/swagger/`."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tertulia import __version__
from tertulia.dialects.dialect import Answering, Dialect
from tertulia.dialects.routes import Auth, Operation, Route
from tertulia.http.assets import Asset
from tertulia.http.docs import icon, swagger_files
from tertulia.protocol.codec import encode

PICTURE = {"type": "string", "format": "binary"}
PICTURE_BODY = {
    "multipart/form-data": {"schema": {"type": "object", "properties": {"picture": PICTURE}, "required": ["picture"]}},
    "image/*": {"schema": PICTURE},
}
_REF = "#/components/schemas/{model}"


def documents(dialect: Dialect) -> Mapping[str, Answering]:
    """What is served as it is: the dialect's own files, and what is for developers. By path."""
    files: dict[str, Callable[[], Asset]] = {
        **{f"/swagger/{name}": make for name, make in swagger_files().items()},
        "/swagger/openapi.json": lambda: Asset(encode(openapi(dialect)), "application/json"),
        "/assets/icon.svg": icon,
    }
    # Without the slash the links of the page would lead elsewhere.
    page = {"": lambda _request: RedirectResponse(f"{dialect.name}/", status_code=308)} if "/" in dialect.files else {}
    return {
        **page,
        **dialect.files,
        "/swagger": lambda _request: RedirectResponse("swagger/", status_code=308),
        **{path: partial(_answer, cache(make)) for path, make in files.items()},
    }


def _answer(make: Callable[[], Asset], request: Request) -> Response:
    return make().answer(request)


def openapi(dialect: Dialect) -> dict[str, Any]:
    """As OpenAPI 3.1. Paths are relative to the dialect's root, where this document stands one level below."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for route in dialect.routes.all:
        shown = {
            method.lower(): _operation(route, method, operation, dialect, schemas)
            for method, operation in route.operations.items()
            if operation.shown
        }
        if shown:
            paths[_path(route)] = shown
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Tertulia: {dialect.title}", "version": __version__, "description": dialect.summary},
        "servers": [{"url": ".."}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": dict(dialect.security)},
    }


def _path(route: Route) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)


def _operation(
    route: Route, method: str, operation: Operation, dialect: Dialect, schemas: dict[str, Any]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": f"{method.lower()}{re.sub(r'[^a-z0-9]+', '_', route.path.lower())}".rstrip("_"),
        "responses": {str(status): _response(answer, schemas) for status, answer in operation.answers.items()},
    }
    parameters = list(_parameters(route))
    if parameters:
        described["parameters"] = parameters
    if operation.raw:
        described["requestBody"] = {"content": PICTURE_BODY}
    if operation.form is not None and operation.form.fields:
        schema = operation.form.schema()
        kinds = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
        described["requestBody"] = {"content": {kind: {"schema": schema} for kind in kinds}}
    if operation.auth is not Auth.NONE:
        ways: list[dict[str, list[str]]] = [{name: []} for name in dialect.security]
        described["security"] = ways if operation.auth is Auth.REQUIRED else [{}, *ways]
    return described


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in route.pattern.groupindex:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _response(answer: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if answer is None or isinstance(answer, str):
        return {"description": answer or "Done."}
    schema = TypeAdapter(answer).json_schema(ref_template=_REF, mode="serialization")
    schemas.update(schema.pop("$defs", {}))
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}
