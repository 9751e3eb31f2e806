"""Which web pages elsewhere may use a dialect from a browser.

Dialects with Bearer tokens only: any page, but never with cookies. Dialects that take cookies: a fixed list, with them.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tertulia.http.exchange import visitor_of
from tertulia.protocol.origins import Origins

METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
HEADERS = "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with"
EXPOSED = "Retry-After, WWW-Authenticate, X-Request-Id"


class DialectCors:
    """`origins` None: any page, without cookies."""

    def __init__(self, app: ASGIApp, origins: Origins | None) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        marks = self._marks(headers.get("origin"), scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            allowed = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Allow-Headers": HEADERS}
            more = {**allowed, "Access-Control-Max-Age": "600"} if marks else {}
            await Response(status_code=200, headers={**marks, **more, "Vary": "Origin"})(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                given.update(marks)
                if self._origins is not None:
                    given.add_vary_header("Origin")
                elif marks:
                    given["Cross-Origin-Resource-Policy"] = "cross-origin"
                if marks:
                    given["Access-Control-Expose-Headers"] = EXPOSED
            await send(message)

        await self._app(scope, receive, marked)

    def _marks(self, origin: str | None, scope: Scope) -> dict[str, str]:
        if origin is None:
            return {}
        if self._origins is None:
            return {"Access-Control-Allow-Origin": "*"}
        visitor = visitor_of(scope)
        if not self._origins.allows(origin, visitor.host, visitor.scheme):
            return {}
        return {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
