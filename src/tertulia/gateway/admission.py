"""Who may open a socket: decided before the handshake is answered, the same for both transports.

No ASGI middleware sees a socket that is taken over, so everything that middleware does for HTTP is done here:
addresses behind proxies, `Host`, `Origin`, counting, the access line.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog
from starlette.datastructures import Headers
from starlette.routing import compile_path

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.gateway.seats import COME_BACK_SECONDS, Seat, Seats
from tertulia.gateway.transport import Peer, Transport
from tertulia.protocol.forwarded import Visitor
from tertulia.protocol.problems import Problem, problem_headers, problem_of

log = structlog.get_logger(__name__)

DECISION_SECONDS = 5.0


class Visitors(Protocol):
    """`protocol.forwarded.Forwarded`."""

    def resolve(self, peer: str, headers: Iterable[tuple[bytes, bytes]], scheme: str = ...) -> Visitor: ...


class OriginRule(Protocol):
    """`protocol.origins.Origins`."""

    def allows(self, origin: str | None, host: str, scheme: str) -> bool: ...

    def tell(self, origin: str) -> None: ...


class HostRule(Protocol):
    """`protocol.origins.Hosts`."""

    def allows(self, host: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """What a client asked for. `path` is decoded, `query` raw; `params` come from the endpoint's path pattern.

    `visitor` is who stands behind the proxies that are trusted.
    """

    path: str
    query: str
    headers: Headers
    subprotocols: tuple[str, ...]
    visitor: Visitor
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.visitor.address


@dataclass(frozen=True, slots=True)
class Refuse:
    """Plain HTTP instead of a socket."""

    status: int
    body: Problem
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rejection: Rejection) -> "Refuse":
        return cls(rejection.status, problem_of(rejection), problem_headers(rejection))


@dataclass(frozen=True, slots=True)
class Accept:
    """A socket for `peer`, which is never opened if the client left. `subprotocol` is one of those offered."""

    peer: Peer
    subprotocol: str | None = None


@dataclass(frozen=True, slots=True)
class AcceptThenClose:
    """A handshake, then a close code: for refusals that a browser must be able to read."""

    code: int
    reason: str
    subprotocol: str | None = None


Decision = Refuse | Accept | AcceptThenClose
Endpoint = Callable[[UpgradeRequest], Awaitable[Decision]]


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the transport opens. It leaves `seat` when the line is down, or was down before it could be opened."""

    peer: Peer
    subprotocol: str | None
    seat: Seat
    told: str
    """For the access line."""


class Admission:
    """Asks the endpoint of a path about each upgrade, and answers for it where the answer is the same for all."""

    def __init__(
        self,
        clock: Clock,
        *,
        visitors: Visitors,
        origins: OriginRule,
        hosts: HostRule,
        max_connections: int = 100_000,
        per_address: int = 100_000,
        decision_seconds: float = DECISION_SECONDS,
    ) -> None:
        self._clock = clock
        self._visitors = visitors
        self._origins = origins
        self._hosts = hosts
        self._decision_seconds = decision_seconds
        self._log = log.bind()  # else each line binds it anew, also when it is not written
        self._endpoints: list[tuple[re.Pattern[str], Mapping[str, Any], Endpoint, bool]] = []
        self._seats = Seats(max_connections, per_address)
        self.quiet = False
        """No access lines: it is only asked whether it works."""
        self.draining = False
        """No new sockets; /readyz looks here too."""
        self.outcomes: Counter[str] = Counter()
        """How upgrades ended so far: `accepted`, `closed_4500` and its like, or the code of the refusal."""

    def register(self, path: str, endpoint: Endpoint, *, any_origin: bool = False) -> None:
        """`path` as Starlette writes it: `/ws`, `/ws/chat/{room}/`, `/ws/{number:int}`. The first match counts.

        `endpoint` has 5 seconds; it may raise `Rejection`. `any_origin`: it looks at the `Origin` itself, where it
        matters.
        """
        pattern, _, convertors = compile_path(path)
        self._endpoints.append((pattern, convertors, endpoint, any_origin))

    @property
    def open(self) -> int:
        """Sockets that are open, or about to be."""
        return len(self._seats)

    def drain(self) -> None:
        """Refuse everybody from now on."""
        self.draining = True

    def transports(self) -> list[Transport]:
        """Every socket that is open."""
        return self._seats.transports()

    async def admit(
        self, *, peer: str, scheme: str, path: str, query: str, headers: list[tuple[bytes, bytes]]
    ) -> Refuse | Admitted:
        """Decide about one upgrade; raises nothing but cancellation. `headers` have their names in lower case."""
        started = self._clock.monotonic()
        visitor = self._visitors.resolve(peer, headers, scheme)
        request = UpgradeRequest(path, query, Headers(raw=headers), _subprotocols(headers), visitor)
        try:
            outcome = await self._seated(request)
        except Rejection as rejection:
            outcome = Refuse.of(rejection)
        self._note(request, outcome, self._clock.monotonic() - started)
        return outcome

    async def _seated(self, request: UpgradeRequest) -> Refuse | Admitted:
        self._check(request)
        params, endpoint, any_origin = self._find(request.path)
        if not any_origin:
            self._check_origin(request)
        seat = self._seats.take(request.address)
        admitted = False
        try:
            outcome = await self._decide(replace(request, params=params) if params else request, endpoint, seat)
            admitted = isinstance(outcome, Admitted)
        finally:
            if not admitted:
                seat.leave()
        return outcome

    def _find(self, path: str) -> tuple[Mapping[str, Any], Endpoint, bool]:
        for pattern, convertors, endpoint, any_origin in self._endpoints:
            if found := pattern.fullmatch(path):
                params = {name: convertors[name].convert(value) for name, value in found.groupdict().items()}
                return params, endpoint, any_origin
        raise Rejection("not_found", "There is no socket at this address.")

    def _check(self, request: UpgradeRequest) -> None:
        """What needs no endpoint."""
        visitor = request.visitor
        if self.draining:
            raise Rejection(
                "unavailable", "The server is going down. Come back shortly.", retry_after=COME_BACK_SECONDS
            )
        if not self._hosts.allows(visitor.host):
            raise Rejection("host_refused", "This server does not answer to that host name.")

    def _check_origin(self, request: UpgradeRequest) -> None:
        visitor = request.visitor
        origin = request.headers.get("origin")
        if not self._origins.allows(origin, visitor.host, visitor.scheme):
            self._origins.tell(origin or "")
            raise Rejection("origin_refused", "Pages of your origin may not use this server.")

    async def _decide(self, request: UpgradeRequest, endpoint: Endpoint, seat: Seat) -> Refuse | Admitted:
        try:
            async with asyncio.timeout(self._decision_seconds):
                return _admitted(await endpoint(request), request, seat)
        except Rejection:
            raise
        except TimeoutError:
            log.warning("socket.slow_admission", path=request.path[:200])
            raise Rejection("unavailable", "This took too long.", retry_after=COME_BACK_SECONDS) from None
        except Exception:
            log.exception("socket.admission_failed", path=request.path[:200])
            raise Rejection("internal", "Something went wrong here, and it is logged.") from None

    def _note(self, request: UpgradeRequest, outcome: Refuse | Admitted, seconds: float) -> None:
        status, code = (outcome.status, outcome.body["code"]) if isinstance(outcome, Refuse) else (101, outcome.told)
        self.outcomes[code] += 1
        if self.quiet:
            return
        self._log.info(
            "socket.upgrade",
            path=request.path[:200],
            status=status,
            code=code,
            address=request.address,
            ms=round(seconds * 1000, 1),
        )


class Goodbye:
    """The peer of `AcceptThenClose`."""

    def __init__(self, code: int, reason: str) -> None:
        self._code = code
        self._reason = reason

    def opened(self, transport: Transport) -> None:
        transport.close(self._code, self._reason)

    def received(self, text: bytes) -> None:
        """Too late."""

    def received_binary(self) -> None: ...

    def heard(self) -> None: ...

    def congested(self) -> None: ...

    def drained(self) -> None: ...

    def closed(self, code: int) -> None: ...


def _admitted(decision: Decision, request: UpgradeRequest, seat: Seat) -> Refuse | Admitted:
    if isinstance(decision, Refuse):
        return decision
    chosen = decision.subprotocol
    assert chosen is None or chosen in request.subprotocols, "the client did not offer this subprotocol"
    if isinstance(decision, Accept):
        return Admitted(decision.peer, chosen, seat, "accepted")
    return Admitted(Goodbye(decision.code, decision.reason), chosen, seat, f"closed_{int(decision.code)}")


def _subprotocols(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, ...]:
    offered = b",".join([value for name, value in headers if name == b"sec-websocket-protocol"])
    return tuple(part.strip() for part in offered.decode("latin-1").split(",") if part.strip())
