"""REST: the FastAPI application, and everything that stands around it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.types import ASGIApp

from tertulia import __version__
from tertulia.clock import Clock
from tertulia.domain.avatars import MAX_BYTES as MAX_AVATAR_BYTES
from tertulia.domain.errors import Rejection
from tertulia.domain.text import check_text
from tertulia.http import (
    auth,
    avatars,
    bans,
    blocks,
    docs,
    invites,
    me,
    members,
    messages,
    operations,
    pins,
    recovery,
    reports,
    rooms,
    server,
    staff,
    users,
    webhooks,
)
from tertulia.http.cors import Cors
from tertulia.http.middleware import (
    BodyLimit,
    Exchanges,
    Failures,
    HeadAsGet,
    KnownHosts,
    SecurityHeaders,
    Throttled,
)
from tertulia.http.openapi import DESCRIPTION
from tertulia.http.operations import Operations, Readiness
from tertulia.http.pages import hand_out_router
from tertulia.http.paths import EncodedPaths
from tertulia.http.problems import add_problems
from tertulia.http.throttle import Throttle
from tertulia.metrics import Metrics
from tertulia.protocol.forwarded import Forwarded
from tertulia.protocol.origins import Hosts, Origins
from tertulia.services import Services
from tertulia.web import own_web

MAX_BODY_BYTES = 256 * 1024
"""JSON is read on the event loop; the longest message, all of it escaped, has 197 KB."""
ROUTERS: tuple[APIRouter, ...] = (
    auth.router,
    recovery.router,
    me.router,
    avatars.router,
    blocks.router,
    users.router,
    rooms.router,
    members.router,
    bans.router,
    messages.router,
    pins.router,
    invites.router,
    reports.router,
    staff.router,
    webhooks.router,
    *server.ROUTERS,
)


Mount = Callable[[ASGIApp], ASGIApp]


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """Settings of the HTTP edge, as plain values.

    `more_hosts`: allowed, too, whatever `allowed_hosts` says. `trusted_proxies`: addresses or CIDR networks.
    `listens_on_loopback`: on nothing but loopback, which widens the default of `allowed_origins` and narrows that of
    `allowed_hosts` to this machine.
    """

    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    more_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    metrics_token: str | None = field(default=None, repr=False)
    max_body_bytes: int = MAX_BODY_BYTES
    max_avatar_bytes: int = MAX_AVATAR_BYTES
    listens_on_loopback: bool = False


def build_http(
    services: Services,
    config: ApiConfig,
    metrics: Metrics,
    readiness: Readiness,
    clock: Clock,
    throttle: Throttle | None = None,
    mount: Mount | None = None,
) -> ASGIApp:
    """The whole of HTTP as one ASGI application: documents, operations and API v1; `mount` puts more before it."""
    api = build_api(services)
    api.router.routes.extend(_beside().routes)
    api.state.operations = Operations(readiness, metrics, config.metrics_token)
    api.state.throttle = throttle = throttle or Throttle(clock)
    return wrap(api, config, metrics, clock, throttle, mount)


def build_api(services: Services) -> FastAPI:
    """The routes alone, without what stands around them; errors are problems all the same."""
    api = FastAPI(
        title="Tertulia",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,  # served by docs.py
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(check_query)],
        routes=list(_v1().routes),
    )
    api.state.services = services
    api.state.throttle = None
    add_problems(api)
    return api


@cache
def _v1() -> APIRouter:
    """One for all applications of a process: FastAPI works a route out at its first use, and that takes its time."""
    v1 = APIRouter(prefix="/api/v1", dependencies=[Depends(check_query)])
    for router in ROUTERS:
        v1.include_router(router)
    return v1


@cache
def _beside() -> APIRouter:
    """The same of what stands beside v1."""
    beside = APIRouter(dependencies=[Depends(check_query)])
    for router in (operations.router, docs.router, hand_out_router(own_web()), avatars.shown):
        beside.include_router(router)
    return beside


def wrap(
    app: ASGIApp,
    config: ApiConfig,
    metrics: Metrics,
    clock: Clock,
    throttle: Throttle,
    mount: Mount | None = None,
) -> ASGIApp:
    """`app` behind all of the middleware; read upwards, the first line is the innermost."""
    app = HeadAsGet(EncodedPaths(app))
    app = BodyLimit(app, config.max_body_bytes, {avatars.UPLOAD: config.max_avatar_bytes})
    app = Throttled(app, throttle)
    app = KnownHosts(app, hosts_of(config))
    app = Failures(app)
    app = Cors(app, Origins(config.allowed_origins, loopback=config.listens_on_loopback))
    app = mount(app) if mount is not None else app
    app = SecurityHeaders(app)
    return Exchanges(app, Forwarded(config.trusted_proxies), metrics, clock)


def hosts_of(config: ApiConfig) -> Hosts:
    """The names to which this server answers."""
    return Hosts(config.allowed_hosts, config.more_hosts, loopback=config.listens_on_loopback)


async def check_query(request: Request) -> None:
    """Each name at most once, or two readers could read two things; and no text that cannot be stored."""
    pairs = request.query_params.multi_items()
    for name, value in pairs:
        check_text(name)
        check_text(value)
    repeated = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
    if repeated:
        raise Rejection("invalid", "Give each query parameter once.")
