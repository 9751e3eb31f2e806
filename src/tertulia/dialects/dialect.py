"""What a dialect is: its name, its routes, its sockets; and what all of them stand on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from tertulia.clock import Clock
from tertulia.domain.models import Caller
from tertulia.gateway.admission import Decision, UpgradeRequest
from tertulia.protocol.origins import Sites
from tertulia.services import Services
from tertulia.services.tokens import Lifetimes

if TYPE_CHECKING:
    from tertulia.dialects.lines import Lines
    from tertulia.dialects.routes import Ask, Routes
    from tertulia.http.throttle import Throttle

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a bare list, a history, and what a socket is sent when it opens may hold at most."""

    rooms: int = 1_000
    history: int = 1_000
    greeting: int = 200


@dataclass(frozen=True, slots=True)
class Ground:
    """What dialects stand on. `lifetimes` of tokens: by the dialect's name."""

    services: Services
    lines: "Lines"
    clock: Clock
    throttle: "Throttle"
    bounds: Bounds
    lifetimes: Mapping[str, Lifetimes]
    cookie_origins: tuple[str, ...] = ()
    """Pages elsewhere that may use the dialects with cookies."""
    max_avatar_bytes: int = 5 * 1024 * 1024
    sites: Sites = field(default_factory=Sites)
    """Whose pages may open the sockets of dialects that ask only for the host."""


@dataclass(frozen=True, slots=True)
class Hail:
    """A socket that wants to open. `room`: the last part of its path, decoded; `root`: as in `Ask`."""

    ground: Ground
    request: UpgradeRequest
    room: str
    root: str


Admit = Callable[[Hail], Awaitable[Decision]]
Answering = Callable[[Request], Response]
Guard = Callable[["Ask"], Awaitable[Caller | None]]
"""Who asks, None without credentials; raises `Refused`."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the five. `lifetimes`: the usual ones of its tokens. `files`: what is served as it is, by path below its
    root; "/" is its page.

    `cookies`: it takes them, so that only pages of `Ground.cookie_origins` and its own may use it from a browser;
    else any page may, without cookies.
    """

    name: str
    title: str
    summary: str
    routes: "Routes"
    guard: Guard
    admit: Admit
    lifetimes: Lifetimes
    cookies: bool = False
    files: Mapping[str, Answering] = field(default_factory=dict)
    security: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    )
    """For the OpenAPI document."""
    tries: tuple[str, str] = ("", "")
    """Two lines for a shell, to try it: the first asks with curl, and keeps what the second needs to open a socket.

    In them stand {base} and {ws}, the dialect's root as http and ws address; {name}, {password} and {email} of
    somebody; {room}, the name of a public room; {partner}, the id of somebody else; {json}, a command that takes the
    member named behind it out of JSON; {sockets}, one that opens the socket whose address is behind it.
    """
