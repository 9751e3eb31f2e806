"""For those who run the server: does it live, may it get traffic, what does it count."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, cast

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from typing_extensions import TypedDict

from tertulia.clock import Clock
from tertulia.domain.errors import Rejection
from tertulia.http.exchange import visitor_of
from tertulia.metrics import CONTENT_TYPE, Metrics
from tertulia.protocol.origins import LOOPBACK_HOSTS, Hosts

log = structlog.get_logger(__name__)

PROBE_SECONDS = 2.0
"""How long the database may take to answer a read before it counts as away."""
FRESH_SECONDS = 1.0
"""How long an answer of the database is good for everybody who asks."""
_OWN_NAMES = Hosts(LOOPBACK_HOSTS)

router = APIRouter(tags=["operations"])
"""/healthz, /readyz and /metrics."""


class Status(TypedDict):
    status: Literal["ok", "ready"]


class Readiness:
    """Whether this process should get traffic: the database answers, and nobody said `set_draining`."""

    def __init__(self, probe: Callable[[], Awaitable[object]], clock: Clock) -> None:
        """`probe` reads from the database and raises if that fails."""
        self._probe = probe
        self._clock = clock
        self._draining = False
        self._answers = False
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    def set_draining(self) -> None:
        """From now on not ready: load balancers look elsewhere while this process finishes."""
        self._draining = True

    async def check(self) -> None:
        """Raises `unavailable` while not ready."""
        if self._draining:
            raise Rejection("unavailable", "The server is stopping.", retry_after=5)
        async with self._asking:  # a million probes are one read a second
            if self._asked_at is None or self._clock.monotonic() - self._asked_at >= FRESH_SECONDS:
                self._answers = await self._ask()
                self._asked_at = self._clock.monotonic()
        if not self._answers:
            raise Rejection("unavailable", "The database does not answer.", retry_after=5)

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._probe()
        except Exception:  # whatever it is, the answer is "not ready"
            log.warning("readiness.database_away", exc_info=True)
            return False
        return True


@dataclass(frozen=True, slots=True)
class Operations:
    """What these routes tell of an application: its `app.state.operations`."""

    readiness: Readiness
    metrics: Metrics
    metrics_token: str | None


@router.get("/healthz", summary="The process lives")
async def healthz() -> Status:
    return {"status": "ok"}


@router.get("/readyz", summary="The server can work: it is not stopping, and its database answers")
async def readyz(request: Request) -> Status:
    await _of(request).readiness.check()
    return {"status": "ready"}


@router.get("/metrics", include_in_schema=False)
async def show_metrics(request: Request) -> Response:
    visitor, operations = visitor_of(request.scope), _of(request)
    here = visitor.is_local and _OWN_NAMES.allows(visitor.host)
    if not here and not _has_token(request, operations.metrics_token):
        raise HTTPException(404)  # the very answer for what is not there
    return Response(operations.metrics.text(), media_type=CONTENT_TYPE)


def _of(request: Request) -> Operations:
    return cast(Operations, request.app.state.operations)


def _has_token(request: Request, token: str | None) -> bool:
    if not token:
        return False
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode("latin-1"), f"Bearer {token}".encode())
