"""What a developer sees in a browser: what runs here, Swagger UI, and the documents behind it.

Everything comes from this package and from `fastapi-swagger`: nothing is fetched from elsewhere.
"""

from collections.abc import Awaitable, Callable
from functools import cache, partial
from importlib.resources import files
from typing import Any, cast

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tertulia import __version__
from tertulia.http.assets import Asset
from tertulia.http.openapi import openapi_document
from tertulia.protocol.asyncapi import asyncapi_document
from tertulia.protocol.codec import encode

OPENAPI = "/api/openapi.json"
ASYNCAPI = "/api/asyncapi.json"
_SWAGGER = "fastapi_swagger.resources"
_SCRIPTS = ("reset.js", "confirm.js", "link.js")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_SWAGGER_POLICY = _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""Swagger UI writes style attributes; scripts stay strict."""


def _pages() -> APIRouter:
    """The pages and documents; each is made at its first use, then kept."""
    router = APIRouter(include_in_schema=False)
    swagger = swagger_files()
    assets: dict[str, Callable[[], Asset]] = {
        "/about": _about,
        "/favicon.ico": partial(_file, "tertulia", "web/favicon.ico", "image/x-icon"),
        "/assets/page.css": partial(_file, "tertulia", "web/page.css", "text/css"),
        "/assets/link.css": partial(_file, "tertulia", "web/link.css", "text/css"),
        "/assets/icon.svg": icon,
        ASYNCAPI: lambda: _document(asyncapi_document(__version__)),
        "/auth/reset": partial(_page, "reset.html", _POLICY),
        "/auth/confirm": partial(_page, "confirm.html", _POLICY),
        **{f"/assets/{name}": partial(_file, "tertulia", f"web/{name}", "text/javascript") for name in _SCRIPTS},
        "/api/docs": swagger[""],
        **{f"/swagger/{name}": make for name, make in swagger.items()},
    }
    for path, make in assets.items():
        router.add_api_route(path, _answering(make), methods=["GET"])
    for path in (OPENAPI, "/swagger/openapi.json"):
        router.add_api_route(path, _openapi, methods=["GET"])
    router.add_api_route("/swagger", _to_swagger, methods=["GET"])
    return router


def swagger_files() -> dict[str, Callable[[], Asset]]:
    """A Swagger page ("") and its files. It shows the `openapi.json` beside it."""
    return {
        "": partial(_page, "swagger.html", _SWAGGER_POLICY),
        "swagger.js": partial(_file, "tertulia", "web/swagger.js", "text/javascript"),
        "swagger-ui.css": partial(_file, _SWAGGER, "swagger-ui.css", "text/css"),
        "swagger-ui-bundle.js": partial(_file, _SWAGGER, "swagger-ui-bundle.js", "text/javascript"),
    }


def icon() -> Asset:
    return _file("tertulia", "web/icon.svg", "image/svg+xml")


def _answering(make: Callable[[], Asset]) -> Callable[[Request], Awaitable[Response]]:
    asset = cache(make)

    async def answer(request: Request) -> Response:
        return asset().answer(request)

    return answer


async def _openapi(request: Request) -> Response:
    """The document of the application that is asked."""
    state = request.app.state
    if not hasattr(state, "openapi"):
        state.openapi = _document(openapi_document(request.app))
    return cast(Asset, state.openapi).answer(request)


async def _to_swagger() -> Response:
    return RedirectResponse("swagger/", status_code=308)


def _about() -> Asset:
    return _asset(_read("tertulia", "web/about.html").replace(b"{version}", __version__.encode()), "text/html", _POLICY)


def _page(name: str, policy: str) -> Asset:
    return _asset(_read("tertulia", f"web/{name}"), "text/html", policy)


def _file(package: str, name: str, media_type: str) -> Asset:
    return _asset(_read(package, name), media_type)


def _document(document: dict[str, Any]) -> Asset:
    return _asset(encode(document), "application/json")


def _read(package: str, name: str) -> bytes:
    return files(package).joinpath(*name.split("/")).read_bytes()


def _asset(content: bytes, media_type: str, policy: str | None = None) -> Asset:
    return Asset(content, media_type, {"Content-Security-Policy": policy} if policy else {})


router = _pages()
