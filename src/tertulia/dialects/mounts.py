"""Where dialects are reached: under `/compat/<name>/`, one at the root, others at the root of a host name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tertulia.dialects.application import DialectHttp
from tertulia.dialects.cors import DialectCors
from tertulia.dialects.dialect import Dialect, Ground, Hail
from tertulia.dialects.errors import refused_as
from tertulia.domain.errors import Rejection, not_found
from tertulia.gateway.admission import Admission, Decision, UpgradeRequest
from tertulia.http.exchange import find_exchange, visitor_of
from tertulia.http.middleware import BodyLimit, KnownHosts
from tertulia.protocol.codec import encode
from tertulia.protocol.origins import Hosts, Origins

log = structlog.get_logger(__name__)

PREFIX = "/compat"
SOCKET = "/ws/chat/{room}"
CORE = re.compile(
    r"/(api/(v1|docs|openapi\.json|asyncapi\.json)|app|client|about|auth|avatars|healthz|readyz|metrics)(/.*)?"
)
"""Paths that stay the core's wherever a dialect is at the root; the core's other files are in `SHARED`."""
SHARED = re.compile(r"/(favicon\.ico|assets/.*)")

AROUND_A_PICTURE = 4 * 1024
"""Bytes of a form that holds one."""


@dataclass(frozen=True, slots=True)
class Where:
    """`dialects`: those that are served, by name. `root`: the one at the root; `hosts`: by host name (lower case)."""

    dialects: Mapping[str, Dialect] = field(default_factory=dict)
    root: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)

    def at_root(self, host: str) -> Dialect | None:
        """The dialect at the root of this host (a port is left out), if there is one."""
        name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
        return self.dialects.get(self.hosts.get(name.lower(), self.root))


class Mounts:
    """ASGI: hands a request to its dialect, or on to `core`."""

    def __init__(self, core: ASGIApp, where: Where, ground: Ground, hosts: Hosts, max_body: int) -> None:
        self._core = core
        self._where = where
        self._apps = {name: _stack(dialect, ground, hosts, max_body) for name, dialect in where.dialects.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope)
        if found is None:
            await self._core(scope, receive, send)
            return
        dialect, root, path = found
        await self._apps[dialect.name]({**scope, "path": path, "root_path": root}, receive, send)

    def _find(self, scope: Scope) -> tuple[Dialect, str, str] | None:
        """The dialect, its root, and the path below it: nothing at all where the last slash of the root is missing."""
        path: str = scope["path"]
        if path.startswith(f"{PREFIX}/"):
            name, slash, rest = path.removeprefix(f"{PREFIX}/").partition("/")
            dialect = self._where.dialects.get(name)
            return None if dialect is None else (dialect, f"{PREFIX}/{name}", f"{slash}{rest}")
        dialect = self._where.at_root(visitor_of(scope).host)
        if dialect is None or _is_core(path, dialect):
            return None
        return dialect, "", path


def _is_core(path: str, dialect: Dialect) -> bool:
    if path == "/":
        return path not in dialect.files
    return CORE.fullmatch(path) is not None or (
        SHARED.fullmatch(path) is not None and dialect.routes.find(path) is None
    )


def _stack(dialect: Dialect, ground: Ground, hosts: Hosts, max_body: int) -> ASGIApp:
    pictures = [route for route in dialect.routes.all if any(each.raw for each in route.operations.values())]
    limits = dict.fromkeys([route.pattern for route in pictures], ground.max_avatar_bytes + AROUND_A_PICTURE)
    app: ASGIApp = BodyLimit(DialectHttp(dialect, ground), max_body, limits)
    app = Net(KnownHosts(app, hosts))
    return DialectCors(app, Origins(ground.cookie_origins) if dialect.cookies else None)


class Net:
    """The last net: a rejection from what stands around becomes the dialect's error, a bug is logged and a plain 500.

    HEAD is GET without the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            if scope["method"] == "HEAD" and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Rejection as rejection:
            exchange = find_exchange(scope)
            if exchange is not None:
                exchange.code = rejection.code
            refused = refused_as(rejection)
            answer = Response(encode(refused.body), refused.status, refused.headers, "application/json")
        except Exception:
            log.exception("http.failed")
            answer = Response(encode({"detail": "A server error occurred."}), 500, media_type="application/json")
        else:
            return
        if not started:
            await answer(scope, receive, send)


def register_sockets(admission: Admission, where: Where, ground: Ground) -> None:
    """The sockets of all that `where` says, with and without the last slash."""
    for name, dialect in where.dialects.items():
        root = f"{PREFIX}/{name}"
        _register(admission, root, Socket(dialect, ground, root))
    if where.root or where.hosts:
        _register(admission, "", RootSocket(where, ground))


def _register(admission: Admission, root: str, endpoint: "Socket | RootSocket") -> None:
    for path in (f"{root}{SOCKET}/", f"{root}{SOCKET}"):
        admission.register(path, endpoint, any_origin=True)


class Socket:
    """The endpoint of one dialect's sockets under `root`. It looks at the `Origin` itself, if it takes cookies."""

    def __init__(self, dialect: Dialect, ground: Ground, root: str) -> None:
        self._dialect = dialect
        self._ground = ground
        self._root = root

    async def __call__(self, request: UpgradeRequest) -> Decision:
        return await self._dialect.admit(Hail(self._ground, request, str(request.params["room"]), self._root))


class RootSocket:
    """The endpoint of sockets at the root: whose they are says the host name."""

    def __init__(self, where: Where, ground: Ground) -> None:
        self._where = where
        self._ground = ground

    async def __call__(self, request: UpgradeRequest) -> Decision:
        dialect = self._where.at_root(request.visitor.host)
        if dialect is None:
            raise not_found("socket")
        return await Socket(dialect, self._ground, "")(request)
