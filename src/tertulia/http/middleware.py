"""What stands around the API: plain ASGI, each class one concern, outermost first in `wrap`.

No `BaseHTTPMiddleware`: it costs a task a request and hides the receiving side.
"""

import re
import secrets
from collections.abc import Mapping
from urllib.parse import quote

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tertulia.clock import Clock
from tertulia.domain.avatars import PREFIX as AVATARS_PREFIX
from tertulia.domain.errors import Rejection
from tertulia.http.exchange import Exchange, begin_exchange, visitor_of
from tertulia.http.problems import internal_error, problem_response
from tertulia.http.throttle import Throttle
from tertulia.metrics import Metrics
from tertulia.protocol.forwarded import Forwarded, Visitor
from tertulia.protocol.origins import HOSTS_SETTING, Hosts

log = structlog.get_logger(__name__)

API_PREFIX = "/api/v1/"
SERVER_PREFIX = "/api/v1/server/"
PROBES = frozenset(("/healthz", "/readyz", "/metrics"))
"""Asked by machines every few seconds, often by address: not in the log, and under any host name."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
_CODE = re.compile(rb"(?<=/invites/)[^/?]+|(?<=/avatars/)[^/?]+")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LOGGED_PATH = 256


class Exchanges:
    """Names each request, finds out who asks, and writes its line in the log.

    Inside, the scope's client, scheme and Host header are those that the visitor sees.
    """

    def __init__(self, app: ASGIApp, forwarded: Forwarded, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._forwarded = forwarded
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # the socket's path is taken before; there is none at others
            await send({"type": "websocket.close", "code": 1000})
            return
        assert scope["type"] == "http", scope["type"]
        started = self._clock.monotonic()
        visitor = self._visitor(scope)
        exchange = Exchange(_request_id(scope), visitor)
        scope = _as_seen_by(visitor, scope)
        begin_exchange(scope, exchange)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = exchange.id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=exchange.id):
            try:
                await self._app(scope, receive, named)
            finally:
                self._count(exchange)
                _write_line(scope, exchange, self._clock.monotonic() - started)

    def _visitor(self, scope: Scope) -> Visitor:
        peer = scope.get("client")
        return self._forwarded.resolve(peer[0] if peer else "", scope["headers"], scope.get("scheme", "http"))

    def _count(self, exchange: Exchange) -> None:
        self._metrics.requests.labels(str(exchange.status)).inc()
        if exchange.code is not None:
            self._metrics.errors.labels(exchange.code).inc()


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _as_seen_by(visitor: Visitor, scope: Scope) -> Scope:
    peer = scope.get("client")
    port = peer[1] if peer and peer[0] == visitor.address else 0
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {
        **scope,
        "client": (visitor.address, port),
        "scheme": visitor.scheme,
        "headers": [(b"host", visitor.host.encode("latin-1")), *others],
    }


def _write_line(scope: Scope, exchange: Exchange, seconds: float) -> None:
    """No query string: tokens and search words stand there. No code of an invitation, and no address of a picture: who
    has it may come in, or see it.

    The path escaped, so that it stays one line.
    """
    path = _CODE.sub(b"***", scope.get("raw_path") or quote(scope["path"], errors="replace").encode())
    write = log.debug if scope["path"] in PROBES else log.info
    write(
        "http.request",
        method=scope["method"],
        path=path.split(b"?")[0][:_LOGGED_PATH].decode("ascii", "backslashreplace"),
        status=exchange.status,
        milliseconds=round(seconds * 1000, 1),
        address=exchange.visitor.address,
        **({"code": exchange.code} if exchange.code else {}),
    )


class SecurityHeaders:
    """Headers that every answer has; a page may set its own Content-Security-Policy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(API_PREFIX):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, guarded)


class Failures:
    """The last net: a rejection becomes its problem, a bug is logged once and answered with `internal`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Rejection as rejection:
            answer = problem_response(rejection, scope)
        except Exception:  # this is the edge; `Exception` leaves cancellation alone
            log.exception("http.failed")
            answer = problem_response(internal_error(), scope)
        else:
            return
        if not started:  # half an answer cannot be taken back: the server cuts the line
            await answer(scope, receive, send)


class KnownHosts:
    """Refuses names that this server does not answer to."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = visitor_of(scope).host
        if scope["path"] not in PROBES and not self._hosts.allows(host):
            log.warning("host.refused", host=host[:200], setting=HOSTS_SETTING)
            raise Rejection("host_refused", f"The server does not answer to this host name; see {HOSTS_SETTING}.")
        await self._app(scope, receive, send)


class Throttled:
    """Counts the calls of each address to API v1, and the pictures it asks for."""

    def __init__(self, app: ASGIApp, throttle: Throttle) -> None:
        self._app = app
        self._throttle = throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith((API_PREFIX, AVATARS_PREFIX)):
            self._throttle.check(visitor_of(scope).address, _kind(scope))
        await self._app(scope, receive, send)


def _kind(scope: Scope) -> str:
    if scope["path"].startswith(AVATARS_PREFIX):
        return "picture"
    if scope["path"].startswith(SERVER_PREFIX):
        return "server"
    if scope["method"] == "POST":
        return _KINDS.get(scope["path"].removeprefix(API_PREFIX), "call")
    return "call"


_KINDS = {
    "auth/register": "register",
    "auth/login": "login",
    "auth/forgot": "forgot",
    "auth/reset": "login",  # guesses, too
    "auth/confirm": "login",
}


class BodyLimit:
    """Refuses a body of more than `limit` bytes: by its declared length unread, else when it passes the limit.

    `others`: the limits of paths that have one of their own, by what the whole path matches.
    """

    def __init__(self, app: ASGIApp, limit: int, others: Mapping[re.Pattern[str], int] | None = None) -> None:
        self._app = app
        self._limit = limit
        self._others = others or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._limit_of(scope["path"])
        declared = Headers(scope=scope).get("content-length", "0")
        if len(declared) > 18 or (declared.isascii() and declared.isdigit() and int(declared) > limit):
            raise _too_large(limit)
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, limited, send)

    def _limit_of(self, path: str) -> int:
        return next((limit for where, limit in self._others.items() if where.fullmatch(path)), self._limit)


def _too_large(limit: int) -> Rejection:
    return Rejection("too_large", f"A body holds at most {limit:,} bytes.")


class HeadAsGet:
    """HEAD is GET without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, bodiless)
