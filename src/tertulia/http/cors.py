"""CORS: which web pages elsewhere may call API v1. Never with credentials: its one cookie is for pages of our own."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tertulia.domain.errors import Rejection
from tertulia.http.exchange import visitor_of
from tertulia.http.middleware import API_PREFIX
from tertulia.http.problems import problem_response
from tertulia.protocol.origins import ORIGINS_SETTING, Origins

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Request-Id",
    "Access-Control-Max-Age": "600",
}
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Headers of the files that pages elsewhere load from here: the client library. Never for anything of a user's."""
_EXPOSED = "X-Request-Id, Retry-After, Location, WWW-Authenticate"


class Cors:
    """Answers preflights, and marks answers for the pages that `origins` allows.

    A refused page's plain request still runs, as it would from any program; the browser does not show it the
    answer, and what changes something needs a preflight (JSON, PUT, PATCH, DELETE).
    """

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(API_PREFIX):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = self._allows(origin, scope)
        if origin and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = _preflight(origin) if allowed else _refusal(scope)
            await answer(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                marks = MutableHeaders(scope=message)
                marks.add_vary_header("Origin")
                if origin and allowed:
                    marks["Access-Control-Allow-Origin"] = origin
                    marks["Access-Control-Expose-Headers"] = _EXPOSED
            await send(message)

        await self._app(scope, receive, marked)

    def _allows(self, origin: str | None, scope: Scope) -> bool:
        visitor = visitor_of(scope)
        if self._origins.allows(origin, visitor.host, visitor.scheme):
            return True
        self._origins.tell(origin or "")
        return False


def _preflight(origin: str) -> Response:
    vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    headers = {**_PREFLIGHT, "Access-Control-Allow-Origin": origin, "Vary": vary}
    return Response(status_code=204, headers=headers)


def _refusal(scope: Scope) -> Response:
    text = f"Pages of this origin may not call the API; see {ORIGINS_SETTING}."
    answer = problem_response(Rejection("origin_refused", text), scope)
    answer.headers["Vary"] = "Origin"
    return answer
