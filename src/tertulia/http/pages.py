"""The page, and the client library for pages of others."""

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tertulia.domain.errors import not_found
from tertulia.http.assets import Asset
from tertulia.http.cors import ANY_ORIGIN
from tertulia.http.exchange import visitor_of
from tertulia.web import Web, media_type

START = "index.html"
PACKAGE = "tertulia.tgz"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "manifest-src 'self'",
        "connect-src 'self' {sockets}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)


def hand_out_router(web: Web) -> APIRouter:
    """`/`, `/app/…` and `/client/…`."""
    router = APIRouter(include_in_schema=False)
    client, app = dict(_client(web)), dict(_app(web))

    @router.get("/client/{path:path}")
    async def client_file(path: str, request: Request) -> Response:
        asset = client.get(path) if path != PACKAGE else _package(web)
        if asset is None:
            raise not_found("file")
        return asset.answer(request)

    @router.get("/app/{path:path}")
    async def page(path: str, request: Request) -> Response:
        asset = app.get(path) or app.get(START if _is_place(path) else "")
        if asset is None:
            raise not_found("file")
        return asset.answer(request, {"Content-Security-Policy": page_policy(request)})

    router.add_api_route("/", _to_page, methods=["GET"])
    router.add_api_route("/app", _to_page, methods=["GET"])
    return router


async def _to_page() -> Response:
    return RedirectResponse("app/", status_code=307)


def _client(web: Web) -> Iterator[tuple[str, Asset]]:
    for path, content in web.client.items():
        if path.endswith(".js"):
            yield path, Asset(content, "text/javascript", ANY_ORIGIN)


def _package(web: Web) -> Asset:
    return Asset(web.package, "application/gzip", ANY_ORIGIN)


def _app(web: Web) -> Iterator[tuple[str, Asset]]:
    for path, content in web.app.items():
        kind = media_type(path)
        if kind is not None:
            yield path, Asset(content, kind)


def _is_place(path: str) -> bool:
    """A place in the page, such as a room, and no file that is missing."""
    return "." not in path.rpartition("/")[2]


def page_policy(request: Request) -> str:
    """A strict Content-Security-Policy for pages whose files are all of this origin.

    With the socket's address by name: not every browser counts it as 'self'.
    """
    visitor = visitor_of(request.scope)
    scheme = "wss" if visitor.scheme == "https" else "ws"
    return _POLICY.format(sockets=f"{scheme}://{visitor.host}" if visitor.host else "").replace(" ;", ";")
