"""The ways in: sockets and HTTP, with what guards them."""

from starlette.types import ASGIApp

from tertulia.composition.core import Core
from tertulia.composition.places import hosts_of, lifetimes_of, where_of
from tertulia.dialects.dialect import Bounds, Ground
from tertulia.dialects.lines import Lines
from tertulia.dialects.mounts import Mounts, register_sockets
from tertulia.gateway.admission import Admission
from tertulia.gateway.asgi import WithSockets
from tertulia.gateway.gateway import Gateway, Limits
from tertulia.http.api import ApiConfig, build_http
from tertulia.http.operations import Readiness
from tertulia.http.throttle import Throttle
from tertulia.protocol.forwarded import Forwarded
from tertulia.protocol.origins import Hosts, Origins, Sites, is_loopback
from tertulia.services import Services
from tertulia.settings import Settings


class Edges:
    """`gateway` and `lines` have the sockets of v1 and of the dialects, `admission` lets them in, `asgi` is all."""

    def __init__(self, core: Core, services: Services) -> None:
        settings, limits = core.settings, limits_of(core.settings)
        self.gateway = Gateway(services, core.hub, core.clock, core.tasks, core.metrics, limits)
        self.lines = Lines(services, core.hub, core.clock, core.tasks, core.metrics, limits, self.gateway.wheel)
        self.readiness = Readiness(core.db.probe, core.clock)
        self.admission = _admission(core)
        self.admission.register("/ws", self.gateway.admit)
        throttle = _throttle(core)
        where, ground = where_of(settings), _ground(core, services, self.lines, throttle)
        register_sockets(self.admission, where, ground)
        config = _api_config(settings)
        names = Hosts(config.allowed_hosts, config.more_hosts, loopback=config.listens_on_loopback)

        def mount(inner: ASGIApp) -> ASGIApp:
            return Mounts(inner, where, ground, names, config.max_body_bytes)

        http = build_http(services, config, core.metrics, self.readiness, core.clock, throttle, mount)
        self.asgi = WithSockets(http, self.admission)

    async def resync(self, user: int) -> None:
        """What the user's connections follow may have changed elsewhere: let them look."""
        await self.gateway.resync(user)
        await self.lines.resync(user)


def limits_of(settings: Settings) -> Limits:
    """Of each connection."""
    return Limits(
        unsent=settings.unsent_limit_kb * 1024,
        per_user=settings.connections_per_user,
        command_rate=settings.command_rate,
        large=settings.large_room,
    )


def _admission(core: Core) -> Admission:
    settings, loopback = core.settings, is_loopback(core.settings.host)
    return Admission(
        core.clock,
        visitors=Forwarded(settings.trusted_proxies),
        origins=Origins(settings.allowed_origins, loopback=loopback),
        hosts=Hosts(settings.allowed_hosts, hosts_of(settings), loopback=loopback),
        max_connections=settings.max_connections or 100_000,
        per_address=settings.connections_per_address or settings.max_connections or 100_000,
    )


def _throttle(core: Core) -> Throttle:
    settings = core.settings
    return Throttle(
        core.clock, settings.registrations_per_minute, settings.logins_per_minute, settings.requests_per_minute
    )


def _api_config(settings: Settings) -> ApiConfig:
    return ApiConfig(
        allowed_origins=settings.allowed_origins,
        allowed_hosts=settings.allowed_hosts,
        more_hosts=hosts_of(settings),
        trusted_proxies=settings.trusted_proxies,
        metrics_token=settings.metrics_token or None,
        max_body_bytes=settings.max_body_kb * 1024,
        max_avatar_bytes=settings.max_avatar_kb * 1024,
        listens_on_loopback=is_loopback(settings.host),
    )


def _ground(core: Core, services: Services, lines: Lines, throttle: Throttle) -> Ground:
    settings = core.settings
    return Ground(
        services,
        lines,
        core.clock,
        throttle,
        Bounds(settings.dialect_list, settings.dialect_history, settings.dialect_greeting),
        lifetimes_of(settings),
        settings.dialect_origins,
        settings.max_avatar_kb * 1024,
        Sites((*settings.allowed_hosts, *hosts_of(settings)), settings.allowed_origins),
    )
