"""One dialect over HTTP: finds the route, counts the call, knows who asks, reads the body, answers."""

import asyncio
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tertulia.dialects.bodies import read_body
from tertulia.dialects.dialect import Dialect, Ground
from tertulia.dialects.documents import documents
from tertulia.dialects.errors import Refused, detail, not_signed_in, refused_as
from tertulia.dialects.routes import Ask, Auth, Cookie, Operation, Reply, Route
from tertulia.domain.errors import Rejection
from tertulia.domain.models import Caller
from tertulia.http.exchange import find_exchange, visitor_of
from tertulia.protocol.codec import encode

SLICE = 100
NO_STORE = {"Cache-Control": "no-store"}


class DialectHttp:
    """An ASGI application for scopes of type `http`. The scope's `root` was cut from its path: see `mounts.py`."""

    def __init__(self, dialect: Dialect, ground: Ground) -> None:
        self._dialect = dialect
        self._ground = ground
        self._documents = documents(dialect)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as refused:
            response = _response(Reply(refused.body, refused.status, refused.headers), refused.status, request, "")
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path, root = request.scope["path"], request.scope["root_path"]
        if path in self._documents:
            if request.method not in ("GET", "HEAD"):
                raise _not_allowed(request.method, ["GET", "HEAD", "OPTIONS"])
            return self._documents[path](request)
        found = self._dialect.routes.find(path)
        if found is None:
            self._count(request, "call")
            raise detail(404, "Not found.")
        route, params = found
        operation = _operation(route, request.method)
        self._count(request, operation.throttle)
        ask = Ask(self._ground, request, root, self._dialect.name, params)
        try:
            reply = await self._handle(ask, operation)
            return _response(await _with_content(reply), operation.status, request, root)
        except Rejection as rejection:
            _note(request, rejection)
            raise refused_as(rejection) from None

    def _count(self, request: Request, kind: str) -> None:
        try:
            self._ground.throttle.check(visitor_of(request.scope).address, kind)
        except Rejection as rejection:
            raise refused_as(rejection) from None

    async def _handle(self, ask: Ask, operation: Operation) -> Reply:
        ask.caller = await self._who(ask, operation.auth)
        if operation.form is not None:
            ask.form = operation.form.clean(await read_body(ask.request))
        answer = await operation.handler(ask)
        return answer if isinstance(answer, Reply) else Reply(answer)

    async def _who(self, ask: Ask, auth: Auth) -> Caller | None:
        if auth is Auth.NONE:
            return None
        try:
            caller = await self._dialect.guard(ask)
        except Refused:
            if auth is Auth.LENIENT:
                return None
            raise
        if caller is None and auth is Auth.REQUIRED:
            raise not_signed_in()
        return caller


def _operation(route: Route, method: str) -> Operation:
    operation = route.operations.get("GET" if method == "HEAD" else method)
    if operation is not None:
        return operation
    raise _not_allowed(method, [*route.operations, *(("HEAD",) if "GET" in route.operations else ()), "OPTIONS"])


def _not_allowed(method: str, allowed: list[str]) -> Refused:
    headers = {"Allow": ", ".join(allowed)}
    if method == "OPTIONS":
        return Refused(200, {}, headers)
    return detail(405, f'Method "{method[:20]}" not allowed.', headers)


def _note(request: Request, rejection: Rejection) -> None:
    exchange = find_exchange(request.scope)
    if exchange is not None:
        exchange.code = rejection.code


async def _with_content(reply: Reply) -> Reply:
    """A long list is encoded in slices, and others get their turn in between."""
    body = reply.body
    if not isinstance(body, list) or len(body) <= SLICE:
        return reply
    parts: list[bytes] = []
    for start in range(0, len(body), SLICE):
        parts.append(encode(body[start : start + SLICE])[1:-1])
        await asyncio.sleep(0)  # noqa: TID251 - the turn of the others
    return replace(reply, content=b"[" + b",".join(parts) + b"]")


def _response(reply: Reply, usual: int, request: Request, root: str) -> Response:
    status = reply.status or usual
    content = reply.content
    if content is None:
        content = b"" if status == 204 or reply.body is None else encode(reply.body)
    response = Response(content, status, {**NO_STORE, **reply.headers}, reply.media_type if content else None)
    for cookie in reply.cookies:
        _set(response, cookie, request, root)
    return response


def _set(response: Response, cookie: Cookie, request: Request, root: str) -> None:
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=cookie.seconds,
        path=f"{root}/",
        secure=visitor_of(request.scope).scheme == "https",
        httponly=True,
        samesite="Lax",  # type: ignore[arg-type]  # as documents write it; any case is good
    )
